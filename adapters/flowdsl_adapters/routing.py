"""How and where a request is delivered, of all the routes that a gateway has. Pure."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from flowdsl_adapters.gateway import Request, Route

__all__ = ["delivery"]

_NAMED: Final = re.compile(r"\{([^}:]+):?([^}]*)\}")


def delivery(routes: Sequence[Route], request: Request) -> Route:
    """Find the method of a request, its own where that is one of the gateway's, and what follows the path of the mount.

    Args:
        routes: those of the gateway.
        request: the request. Its parts stand in the address.

    Raises:
        ValueError: it comes by none of them.

    >>> routes = [("POST", ""), ("PUT", "/session/{id}/{step:end|left}")]
    >>> delivery(routes, Request(body=b"{}", parts={"id": "7/1", "step": "end"}))
    ('PUT', '/session/7%2F1/end')
    """
    fitting = [behind for route in routes if (behind := _filled(route, request)) is not None]
    if not fitting:
        raise ValueError(f"no route of {list(routes)} takes {dict(request.parts)}")
    return next((route for route in fitting if route[0] == request.method), fitting[0])


def _filled(route: Route, request: Request) -> Route | None:
    method, suffix = route
    rules, parts = dict(_NAMED.findall(suffix)), request.parts
    if rules.keys() != parts.keys() or not all(re.fullmatch(rule or ".*", parts[name]) for name, rule in rules.items()):
        return None
    behind = _NAMED.sub(lambda found: quote(parts[found[1]], safe=""), suffix)
    return (method if method != "*" else request.method or "POST"), behind
