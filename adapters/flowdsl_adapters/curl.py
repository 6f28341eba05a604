"""Requests as commands that a person can copy: the other side of a gateway, typed by hand."""

from collections.abc import Mapping, Sequence
from shlex import quote
from urllib.parse import urlencode

from flowdsl_adapters.gateway import Request, Route
from flowdsl_adapters.routing import delivery

__all__ = ["address", "curl"]


def address(routes: Sequence[Route], request: Request, url: str, query: Mapping[str, str] = {}) -> str:
    """Write the address to which a request goes.

    Args:
        routes: those of the gateway.
        request: the request.
        url: the address of the mount.
        query: parameters besides those of the request.

    >>> address([("GET", "")], Request(body=b"", query={"input": "*121#"}), "/ussd")
    '/ussd?input=%2A121%23'
    """
    _, behind = delivery(routes, request)
    parameters = {**query, **request.query}
    return f"{url}{behind}?{urlencode(parameters)}" if parameters else f"{url}{behind}"


def curl(routes: Sequence[Route], request: Request, url: str, query: Mapping[str, str] = {}) -> str:
    r"""Write the command that sends a request.

    Args:
        routes: those of the gateway.
        request: the request.
        url: the address of the mount.
        query: parameters besides those of the request.

    >>> request = Request(body=b'{"text":"1"}', content_type="application/json")
    >>> print(curl([("POST", "")], request, "http://127.0.0.1:8080/ussd"))
    curl -s http://127.0.0.1:8080/ussd -H 'Content-Type: application/json' -d '{"text":"1"}'
    """
    method, _ = delivery(routes, request)
    words = ["curl", "-s", address(routes, request, url, query)]
    if method != ("POST" if request.body else "GET"):
        words += ["-X", method]
    for name, value in request.headers.items():
        words += ["-H", f"{name}: {value}"]
    if request.body:
        words += ["-H", f"Content-Type: {request.content_type}", "-d", request.body.decode()]
    return " ".join(map(quote, words))
