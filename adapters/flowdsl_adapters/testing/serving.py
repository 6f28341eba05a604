"""What the author of a gateway tells its contract, and how each test serves a flow through it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import msgspec
from aiohttp import hdrs, web
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import Flow, Inbound, Next, Reply, Runtime, SessionConfig
from flowdsl.testing.contracts.promises import promise, told
from flowdsl_adapters.gateway import Gateway, Request, Response
from flowdsl_adapters.handset import Caller, Handset
from flowdsl_adapters.mounting import mount
from flowdsl_adapters.routing import delivery
from flowdsl_adapters.testing.conversations import APOLOGY, without
from flowdsl_adapters.testing.malforming import malformed
from flowdsl_adapters.ussd import UssdGateway

__all__ = ["Serving", "Wire"]

_ANSWERS: Final = (
    *("Ama", "a*b", "*", "*920*77#", "#", "0", "00", "1", "2", "Green", "a b", " a ", ""),
    *("Ɔsɛe 🙂", "a+b&c=d%20;\"'\\<", "1\n2"),
)


class Wire:
    """A flow that a gateway delivers to, and what of it has reached the flow."""

    def __init__(self, contract: "Serving", client: TestClient[Any, Any], gateway: Gateway, seen: list[Inbound]) -> None:
        self.contract = contract
        self.client = client
        self.gateway = gateway
        self.seen = seen

    async def send(self, request: Request, *, method: str | None = None, by: int = 0) -> Response:
        """Deliver a request, to one process or the other."""
        options: dict[str, Any] = {"data": request.body} if request.body else {}
        headers = {**request.headers}
        if request.content_type:
            headers[hdrs.CONTENT_TYPE] = request.content_type
        usual, suffix = delivery(self.gateway.routes, request)
        async with self.client.request(
            method or usual,
            f"/{by}{suffix}",
            params=[*request.query.items(), *((name, "another") for name in request.twice)] or None,
            headers=headers,
            skip_auto_headers=[hdrs.CONTENT_TYPE],
            **options,
        ) as answer:
            body = await answer.read()
            kind = answer.headers.get(hdrs.CONTENT_TYPE, "")
            return Response(body=body, content_type=kind, status=answer.status, headers=answer.headers)

    async def ask(self, request: Request, *, by: int = 0) -> Reply:
        """Deliver a request that the gateway understands, and read the answer."""
        return self.read(await self.send(request, by=by))

    def read(self, answer: Response) -> Reply:
        """Read an answer that must be one for the person."""
        promise(
            200 <= answer.status < 300,
            wanted="a request that the gateway documents is answered with a screen",
            found=f"it was answered with the status {answer.status}: {told(answer.body)}",
            because="the person would read the network's own words about an error",
        )
        return self.contract.read(answer)

    async def talk(self, caller: Caller, texts: Sequence[str], *, processes: int = 1) -> list[Reply]:
        """Dial and type, until the session ends."""
        shown = [await self.ask(self.contract.opening(caller))]
        for turn in range(1, len(texts) + 1):
            if shown[-1].end:
                break
            shown.append(await self.ask(self.contract.answering(caller, texts[:turn]), by=turn % processes))
        return shown


class Serving:
    """How a gateway speaks, which a subclass says, and how a flow is served through it."""

    numbers: ClassVar[Mapping[str, str]] = {"233244123456": "+233244123456", "233501234567": "+233501234567"}
    """Numbers as the gateway may write them, and in E.164 each. The first two are those of two people."""

    def gateway(self) -> Gateway:
        """Make the gateway."""
        raise NotImplementedError(f"write {type(self).__name__}.gateway(self), which returns your gateway")

    def opening(self, caller: Caller) -> Request:
        """Make the request that the gateway sends when somebody dials."""
        return self._handset("opening(self, caller), which returns the request of who dials").dialled(caller)

    def answering(self, caller: Caller, texts: Sequence[str]) -> Request:
        """Make the request that it sends when they have typed the last of these texts, and the others before."""
        return self._handset("answering(self, caller, texts), which returns the request").typed(caller, texts)

    def endings(self, caller: Caller) -> Mapping[str, Request]:
        """Make the requests that tell that the session is over, each by its reason; none where it never tells."""
        gateway = self.gateway()
        return Handset(gateway).endings(caller) if isinstance(gateway, UssdGateway) else {}

    def read(self, response: Response) -> Reply:
        """Read the answer as the gateway does: the text that it shows, and whether it ends the session."""
        return self._handset("read(self, response), which returns Reply(text, end=…)").shown(response)

    def malformed(self) -> Mapping[str, Request]:
        """Make requests that are not what the gateway documents, each by what is wrong with it."""
        handset = self._handset("malformed(self), which returns requests that are wrong, by name")
        return malformed(handset, self._caller())

    def status(self, response: Response) -> int:
        """Read the status of an answer, where the gateway does not read it in the HTTP status."""
        return response.status

    def carries(self, text: str) -> bool:
        """Tell whether the wire can bring a text as an answer. Say ``False`` only where the gateway documents it."""
        return True

    def echoed(self, part: Request | Response) -> object:
        """Read what the gateway wants back as it came, out of a request, and out of the answer to it."""
        gateway = self.gateway()
        return Handset(gateway).echoed(part) if isinstance(gateway, UssdGateway) else None

    def _handset(self, hook: str) -> Handset:
        gateway = self.gateway()
        if isinstance(gateway, UssdGateway):
            return Handset(gateway)
        raise NotImplementedError(f"write {type(self).__name__}.{hook}")

    def _caller(self, session: str = "1") -> Caller:
        return Caller(session=f"1795465800000000{session}", number=next(iter(self.numbers)))

    def _callers(self) -> tuple[Caller, Caller]:
        return self._caller(), Caller(session="17954658000000002", number=list(self.numbers)[1])

    def _answers(self) -> list[str]:
        return [text for text in _ANSWERS if self.carries(text)]

    def _wrong(self) -> dict[str, Request]:
        """List what is malformed for the author, and for every gateway."""
        answering = self.answering(self._caller(), ["a", "wrong"])
        wrong = {"nothing at all": msgspec.structs.replace(answering, body=b"", query={})}
        if answering.body:
            wrong["of another content type"] = msgspec.structs.replace(answering, content_type="application/x-unknown")
            wrong["bytes that are no text"] = msgspec.structs.replace(answering, body=b"\xff\xfe\x00", query={})
        return {**wrong, **self.malformed()}

    def _told_apart(self, texts: Sequence[str]) -> list[str]:
        """Leave out empty texts where all answers are sent, and an empty one makes no difference."""
        kept: list[str] = []
        before = self.opening(self._caller())
        for text in texts:
            request = self.answering(self._caller(), [*kept, text])
            if request != before or not self._repeats(request):
                kept, before = [*kept, text], request
        return kept

    def _repeats(self, request: Request) -> bool:
        decoded = self.gateway().decode(request)
        return isinstance(decoded, Inbound) and decoded.history is not None and decoded.history.repeats

    async def _as_without(
        self, flow: Flow[..., Any], texts: Sequence[str], params: Mapping[str, Any] = {}, *, processes: int = 1
    ) -> None:
        """Hold a conversation through the wire against the same one without it."""
        texts = self._told_apart(texts)
        async with self._served(flow, params) as wire:
            shown = await wire.talk(self._caller(), texts, processes=processes)
        wanted = await without(self.gateway(), flow, texts, params)
        for turn, (found, reply) in enumerate(zip(shown, wanted, strict=False)):
            what = f"when {told(texts[turn - 1])} was typed after {told(texts[: turn - 1])}" if turn else "when somebody dialled"
            promise(
                (found.text, found.end) == (reply.text, reply.end),
                wanted=f"{what}, the wire shows what the flow says: {told(reply.text)}, end={reply.end}",
                found=f"it shows {told(found.text)}, end={found.end}",
                because="decode() gives what the person typed last and nothing else, and encode() all of the reply and no more; "
                "neither remembers anything",
            )

    @asynccontextmanager
    async def _served(
        self, flow: Flow[..., Any], params: Mapping[str, Any] = {}, sessions: SessionConfig | None = None
    ) -> AsyncIterator[Wire]:
        """Serve a flow through two gateways of the same kind, as two processes with one store do."""
        seen: list[Inbound] = []

        async def note(inbound: Inbound, next: Next) -> Reply:  # noqa: A002 (middleware calls the rest of the chain so)
            seen.append(inbound)
            return await next(inbound)

        app, runtime, gateway = web.Application(), Runtime(middleware=[note], apology=APOLOGY), self.gateway()
        mount(app, "/0", gateway, flow, runtime=runtime, params=params, sessions=sessions)
        mount(app, "/1", self.gateway(), flow, runtime=runtime, params=params, sessions=sessions)
        async with TestClient(TestServer(app)) as client:
            yield Wire(self, client, gateway, seen)
