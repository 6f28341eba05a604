"""Requests as commands that a person can copy: the other side of a gateway, typed by hand."""

from collections.abc import Mapping
from shlex import quote
from urllib.parse import quote as escaped
from urllib.parse import urlencode

from flowdsl_adapters.gateway import Request

__all__ = ["address", "curl"]


def address(request: Request, url: str, query: Mapping[str, str] = {}) -> str:
    """Write the address to which a request goes.

    Args:
        request: the request.
        url: the address of the mount; what the request has in its address is put behind it.
        query: parameters besides those of the request.

    >>> address(Request(body=b"", query={"input": "*121#"}), "/ussd")
    '/ussd?input=%2A121%23'
    """
    written = "/".join((url, *(escaped(part, safe="") for part in _behind(request))))
    parameters = {**query, **request.query}
    return f"{written}?{urlencode(parameters)}" if parameters else written


def curl(request: Request, url: str, query: Mapping[str, str] = {}) -> str:
    r"""Write the command that sends a request.

    Args:
        request: the request.
        url: the address of the mount; what the request has in its address is put behind it.
        query: parameters besides those of the request.

    >>> curl(Request(body=b'{"text":"1"}', content_type="application/json"), "http://127.0.0.1:8080/ussd")
    'curl -s http://127.0.0.1:8080/ussd -H \'Content-Type: application/json\' -d \'{"text":"1"}\''
    >>> curl(Request(body=b"", query={"input": "*121#"}), "http://127.0.0.1:8080/ussd")
    "curl -s 'http://127.0.0.1:8080/ussd?input=%2A121%23'"
    """
    words = ["curl", "-s", address(request, url, query)]
    if request.method == "PUT":
        words += ["-X", "PUT"]
    if request.body:
        words += ["-H", f"Content-Type: {request.content_type}", "-d", request.body.decode()]
    return " ".join(map(quote, words))


def _behind(request: Request) -> list[str]:
    return ["session", *request.parts.values()] if request.parts else []
