"""How and where a request is delivered, of all the routes that a gateway has. Pure."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from flowdsl_adapters.gateway import Request, Route

__all__ = ["delivery"]

_NAMED: Final = re.compile(r"\{([^}:]+):?([^}]*)\}")


def delivery(routes: Sequence[Route], request: Request) -> Route:
    """Find the method of a request, and what follows the path of the mount in its address.

    Args:
        routes: those of the gateway.
        request: the request. Its parts stand in the address.

    Raises:
        ValueError: it comes by none of them.

    >>> routes = [("POST", ""), ("PUT", "/session/{id}/{step:end|left}")]
    >>> delivery(routes, Request(body=b"{}", parts={"id": "7/1", "step": "end"}))
    ('PUT', '/session/7%2F1/end')
    """
    parts = request.parts
    for method, suffix in routes:
        rules = dict(_NAMED.findall(suffix))
        if rules.keys() == parts.keys() and all(re.fullmatch(rule or ".*", parts[name]) for name, rule in rules.items()):
            behind = _NAMED.sub(lambda found: quote(parts[found[1]], safe=""), suffix)
            return method if method != "*" else request.method or "POST", behind
    raise ValueError(f"no route of {list(routes)} takes {dict(parts)}")
