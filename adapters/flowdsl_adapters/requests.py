"""Requests as aiohttp has them: read with bounds, taken apart for a codec, and refused with a reason."""

import asyncio
from contextlib import suppress
from functools import lru_cache

from aiohttp import hdrs, web

from flowdsl import UserInputError
from flowdsl.errors import BadPayload, PayloadTooLarge, Stalled
from flowdsl_adapters.gateway import Request

__all__ = ["read_request", "refused"]


async def read_request(request: web.Request, *, largest: int, patience: float) -> Request:
    """Give the parts of a request that a codec may look at.

    Args:
        request: as aiohttp has it.
        largest: bytes that its body may have.
        patience: seconds in which it must have arrived.

    Raises:
        PayloadTooLarge: the body is larger.
        Stalled: it has not arrived by then.
        BadPayload: it cannot be read.
    """
    try:
        # Of a body this small all comes with the head, as a rule, and there is nothing to wait for.
        ready = request.content.is_eof()
        body = _bounded(request.content.read_nowait(), largest) if ready else await _arrived(request, largest, patience)
    except (web.RequestPayloadError, ConnectionError, ValueError) as error:
        raise BadPayload(f"the body cannot be read: {error}") from None
    target = request.raw_path
    return Request(
        body=bytes(body),
        content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
        query=request.query if "?" in target else {},
        url=_url(request.host, target if _is_bare(target) else request.path, request.match_info.get("secret")),
    )


async def refused(request: web.Request, error: UserInputError) -> web.Response:
    """Answer a request that cannot be answered otherwise, with the status and the words of the error."""
    response = web.Response(status=error.status, text=f"{error}\n")
    if isinstance(error, Stalled) or request.content.exception() is not None:
        # aiohttp would wait ten seconds for the rest of the body, or raise what broke it once more.
        response.force_close()
        with suppress(ConnectionError):  # the sender hung up, and reads nothing more
            await response.prepare(request)
            await response.write_eof()
        request.protocol.force_close()
    return response


async def _arrived(request: web.Request, largest: int, patience: float) -> bytearray:
    """Wait for the body, bounded in size and time; aiohttp bounds neither for one that is read in parts."""
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
    return body


def _bounded(body: bytes | bytearray, largest: int) -> bytes | bytearray:
    if len(body) > largest:
        raise PayloadTooLarge(f"the body has more than {largest} bytes")
    return body


def _is_bare(target: str) -> bool:
    """Tell whether what was asked for is a path and nothing else; to take it apart takes longer than to look."""
    return target.startswith("/") and "?" not in target and "%" not in target and "#" not in target


@lru_cache(maxsize=1024)
def _url(host: str, path: str, secret: str | None) -> str:
    # Of an IPv6 address in brackets only what follows them is a port.
    name, colon, port = host.rpartition(":")
    bare = name if colon and port.isdecimal() else host
    # Session ids may be made of the address, and a secret must not be in them.
    return f"{bare}{path.replace(secret, '-') if secret else path}"
