"""Requests as aiohttp has them: read with bounds, taken apart for a codec, and refused with a reason."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from aiohttp import hdrs, web

from flowdsl.errors import BadPayload, PayloadTooLarge, Stalled
from flowdsl_adapters.forms import Parameters, mended, read_query
from flowdsl_adapters.gateway import Request

__all__ = ["awaited_body", "carried_secret", "parts_of", "ready_body", "refused"]

_UNREADABLE: Final = (web.RequestPayloadError, ConnectionError, ValueError)
_NO_PARTS: Final[Mapping[str, str]] = MappingProxyType({})
_NO_PARAMETERS: Final[Parameters] = (MappingProxyType({}), frozenset())


def ready_body(request: web.Request, largest: int) -> bytes | None:
    """Give the body of a request, if all of it is there: it comes with the head, as a rule, and nobody has to wait.

    Args:
        request: as aiohttp has it.
        largest: bytes that its body may have.

    Raises:
        PayloadTooLarge: the body is larger.
        BadPayload: it cannot be read.
    """
    content = request.content
    try:
        return bytes(_bounded(content.read_nowait(), largest)) if content.is_eof() else None
    except _UNREADABLE as error:
        raise BadPayload(f"the body cannot be read: {error}") from None


async def awaited_body(request: web.Request, *, largest: int, patience: float) -> bytes:
    """Wait for the body of a request, bounded in size and time; aiohttp bounds neither for one that is read in parts.

    Args:
        request: as aiohttp has it.
        largest: bytes that its body may have.
        patience: seconds in which it must have arrived.

    Raises:
        PayloadTooLarge: the body is larger.
        Stalled: it has not arrived by then.
        BadPayload: it cannot be read.
    """
    if (request.content_length or 0) > largest:
        raise PayloadTooLarge(f"the body has more than {largest} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(patience):
            async for part in request.content.iter_any():
                body += part
                _bounded(body, largest)
    except TimeoutError:
        raise Stalled(f"the body did not arrive within {patience:g} seconds") from None
    except _UNREADABLE as error:
        raise BadPayload(f"the body cannot be read: {error}") from None
    return bytes(body)


def parts_of(request: web.Request, body: bytes, *, method: str = "", below: str = "") -> Request:
    """Give the parts of a request that a codec may look at.

    Args:
        request: as aiohttp has it.
        body: all of its body.
        method: its method, where that is known; each thing that aiohttp is asked for takes as long as to read a field.
        below: what of its path follows that of the mount.
    """
    # aiohttp cuts a query at "#", and gateways send "INPUT=*415*33#" without escaping it.
    path, asked, query = request.raw_path.partition("?")
    if not (path.startswith("/") and "%" not in path and "#" not in path):
        path = request.rel_url.path_safe
    headers, match = request.headers, request.match_info
    parameters, twice = _parameters(query) if asked else _NO_PARAMETERS
    return Request(
        body=body,
        content_type=headers.get(hdrs.CONTENT_TYPE, ""),
        query=parameters,
        twice=twice,
        url=_url(request.host, path, match.get("secret") if match else None, below),
        method=method or request.method,
        parts={name: mended(part) for name, part in match.items() if name != "secret"} if match else _NO_PARTS,
        headers=headers,
    )


def carried_secret(request: web.Request, header: str | None) -> str:
    """Find the secret that a request carries, in the one place where it counts; ``""`` where there is none.

    Args:
        request: as aiohttp has it.
        header: the name of the header that has it; ``None`` where the path has it, or else the query.
    """
    in_path = request.match_info.get("secret")
    if in_path is not None:
        return in_path
    if header is not None:
        return request.headers.get(header, "")
    return _parameters(request.raw_path.partition("?")[2])[0].get("secret", "")


async def refused(request: web.Request, response: web.Response, *, stalled: bool) -> web.Response:
    """Answer a request whose body may not all have been read.

    Args:
        request: as aiohttp has it.
        response: the answer.
        stalled: the rest of the body may never come.
    """
    if stalled or request.content.exception() is not None:
        # aiohttp would wait ten seconds for the rest of the body, or raise what broke it once more.
        response.force_close()
        with suppress(ConnectionError):  # the sender hung up, and reads nothing more
            await response.prepare(request)
            await response.write_eof()
        request.protocol.force_close()
    return response


def _bounded(body: bytes | bytearray, largest: int) -> bytes | bytearray:
    if len(body) > largest:
        raise PayloadTooLarge(f"the body has more than {largest} bytes")
    return body


def _parameters(query: str) -> Parameters:
    return read_query(query.encode("utf-8", "surrogateescape"))  # as aiohttp has decoded it


@lru_cache(maxsize=1024)
def _url(host: str, path: str, secret: str | None, below: str) -> str:
    # Of an IPv6 address in brackets only what follows them is a port.
    name, colon, port = host.rpartition(":")
    bare = name if colon and port.isdecimal() else host
    if below:
        # Whatever a gateway calls, and with whatever in the path, its sessions are those of the one mount.
        path = path.rsplit("/", below.lstrip("/").count("/") + 1)[0] + ("" if below.startswith("/") else "/")
    if secret:
        # Session ids may be made of the address, and a secret must not be in them. Of a path these two stay escaped.
        path = path.replace(secret.replace("%", "%25").replace("/", "%2F"), "-")
    return mended(f"{bare}{path}")
