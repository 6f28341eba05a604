"""Requests and answers as they go over the wire, and settings as their class explains them. Pure."""

import re
from collections.abc import Iterator, Sequence
from inspect import cleandoc, signature
from typing import Final

from flowdsl_adapters.curl import address
from flowdsl_adapters.gateway import Request, Response, Route
from flowdsl_adapters.routing import delivery

__all__ = ["as_answered", "as_sent", "fenced", "settings"]

_ROLE: Final = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def as_sent(routes: Sequence[Route], request: Request, path: str) -> str:
    r"""Write a request as it comes over the wire.

    Args:
        routes: those of the gateway.
        request: the request.
        path: that of the mount.

    >>> as_sent([("GET", "")], Request(body=b"", query={"text": "1"}), "/ussd")
    'GET /ussd?text=1\n'
    """
    method, _ = delivery(routes, request)
    lines = [f"{method} {address(routes, request, path)}"]
    if request.body:
        lines += [f"Content-Type: {request.content_type}", "", request.body.decode()]
    return "\n".join((*lines, ""))


def as_answered(response: Response) -> str:
    r"""Write an answer as it goes over the wire.

    >>> as_answered(Response(body=b"END Bye.", content_type="text/plain"))
    'HTTP 200\nContent-Type: text/plain\n\nEND Bye.\n'
    """
    headers = {"Content-Type": response.content_type, **response.headers}
    lines = [f"HTTP {response.status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join((*lines, "", response.body.decode().removesuffix("\n"), ""))


def fenced(language: str, code: str) -> str:
    r"""Write a block of code in Markdown.

    >>> fenced("sh", "ls")
    '```sh\nls\n```'
    """
    code = code.removesuffix("\n")
    return f"```{language}\n{code}\n```"


def settings(kind: type) -> Iterator[tuple[str, str]]:
    """Give the settings of a class, with their defaults where those can be written, and what its docstring says of each.

    >>> from flowdsl_adapters import Nsano
    >>> next(settings(Nsano))
    ('closing="title"', 'the field that holds the last text: `"title"`, or `"menus"` as one older client has it.')
    """
    known = {name: each.default for name, each in signature(kind).parameters.items()}
    for name, text in _explained(kind):
        default = getattr(kind, "region", None) if name == "region" else known.get(name)
        shown = f'"{default}"' if default and isinstance(default, str) else default
        yield f"{name}={shown}" if shown and isinstance(default, str | int) else name, text


def _explained(kind: type) -> Iterator[tuple[str, str]]:
    docs = (cleandoc(each.__doc__ or "") for each in kind.__mro__)
    doc = next((doc for doc in docs if "\nArgs:\n" in doc), "")
    explained = re.match(r"(?:    .*\n?)*", doc.partition("\nArgs:\n")[2])
    for entry in re.split(r"^    (?=\w)", explained[0] if explained else "", flags=re.MULTILINE)[1:]:
        name, _, text = entry.partition(":")
        yield name, _ROLE.sub(r"`\1`", " ".join(text.split()).replace("``", "`"))
