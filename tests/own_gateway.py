"""A gateway of the tests' own, which shows what it was given; and requests that no client library would send."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp.test_utils import BaseTestServer

from flowdsl import Ended, Inbound, Paid, Reply, Screen
from flowdsl.errors import BadPayload, UserInputError
from flowdsl_adapters import Request, Response
from flowdsl_adapters.gateway import Decoded, Probe


class Own:
    """Sessions and texts are parameters of the address, replies begin with ``CON`` or ``END``.

    A notice of an end goes to ``/events``; ``/session/{id}/status`` asks whether a session is alive.

    Args:
        members: what this one has else than others.
    """

    name = "own"
    platform = "ussd"
    routes = (("*", ""), ("POST", "/events"), ("GET", "/session/{id}/status"))
    screen: Screen | None = Screen()
    deadline: float | None = 4.0
    lost = "begin"
    payments = False

    def __init__(self, **members: Any) -> None:
        self.seen: list[Request] = []
        vars(self).update(members)

    def decode(self, request: Request) -> Decoded:
        """Read a message, a notice or a question."""
        self.seen.append(request)
        here: dict[str, Any] = {"platform": self.platform, "gateway": self.name, "url": request.url}
        if "id" in request.parts:
            return Probe(request_id=request.parts["id"], **here)
        if "id" not in request.query:
            raise BadPayload("id is missing")
        session = request.query["id"]
        if "why" in request.query:
            return Ended(reason="timeout", request_id=session, detail=request.query["why"], **here)
        text = request.query.get("text", "")
        new = "text" not in request.query
        return Inbound(request_id=session, user_id=session, text=text, new=new, locale=request.query.get("lang"), **here)

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write a reply."""
        word = "END" if reply.end else "CON"
        return Response(body=f"{word} {reply.text}".encode(), content_type="text/plain", headers={"Freeflow": word})

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        """Say whether the session was there."""
        return Response(body=f"{type(decoded).__name__} {alive}".encode(), content_type="text/plain", status=202)

    def refuse(self, error: UserInputError) -> Response:
        """Write an error."""
        return Response(body=f"ERR {error}".encode(), status=error.status, headers={"X-Error": type(error).__name__})


async def raw(
    server: BaseTestServer, target: bytes, *, headers: Mapping[str, str] = {}, method: str = "GET", body: bytes = b""
) -> tuple[int, dict[str, str], str]:
    """Send a request whose target is exactly these bytes, and give status, headers and body of the answer."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        lines = [f"{name}: {value}" for name, value in {"Host": "h", "Content-Length": "0", **headers}.items()]
        head = "\r\n".join([" HTTP/1.1", "Connection: close", *lines, "", ""])
        writer.write(method.encode() + b" " + target + head.encode("utf-8", "surrogateescape") + body)
        await writer.drain()
        first, text = (await reader.read()).decode().split("\r\n\r\n", 1)
        status, *rest = first.split("\r\n")
        return int(status.split()[1]), dict(line.split(": ", 1) for line in rest), text
    finally:
        writer.close()
        await writer.wait_closed()
