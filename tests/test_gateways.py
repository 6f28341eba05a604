"""The gateways: every composed payload, and the contract, over all of them."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from flowdsl import Inbound, Prompt, Reply, Runtime, Say, Screen, Steps, Stored, StoreUnavailable, flow
from flowdsl.testing import Conversation
from flowdsl_adapters import Gateway, Handset, HttpJson, Nalo, Person, Request, Response, Wigal, mount
from flowdsl_adapters.curl import address
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.gateways.http_json import in_headers
from flowdsl_adapters.routing import delivery
from flowdsl_adapters.testing import Caller, GatewayContract
from flowdsl_adapters.ussd import UssdGateway


class Proving(GatewayContract):
    """The contract, for one gateway after the other."""

    make: Callable[[], UssdGateway]

    def gateway(self) -> Gateway:
        return type(self).make()


class OfInfobip(Proving):
    """Its refusals are in the body."""

    def status(self, response: Response) -> int:
        code = json.loads(response.body).get("responseExitCode", response.status)
        return code if isinstance(code, int) else response.status


class OfImiMobile(Proving):
    """It has no session: a dial string begins one, and is no answer."""

    def carries(self, text: str) -> bool:
        return not (text.startswith("*") and text.endswith("#"))


_WRONG: Final[tuple[object, ...]] = ([], "x", None, {"input": 1}, {"input": "\ud83d"})


class OfHttpJson(GatewayContract):
    """A front end of one's own, whose people its proxy knows."""

    numbers = {number: number for number in ("+233244123456", "+233501234567")}

    def gateway(self) -> Gateway:
        return HttpJson(known)

    def opening(self, caller: Caller) -> Request:
        return self.answering(caller, ["Hi"])

    def answering(self, caller: Caller, texts: Sequence[str]) -> Request:
        return self.posting({"input": texts[-1]}, session=caller.session, number=caller.number)

    def posting(self, fields: object, *, session: str = "1", number: str = "+233244123456") -> Request:
        """Make what the front end posts."""
        headers = {"X-Session-Id": session, "X-User-Id": number, "X-Number": number}
        return Request(body=json.dumps(fields).encode(), content_type="application/json", headers=headers, method="POST")

    def read(self, response: Response) -> Reply:
        shown = json.loads(response.body)
        return Reply(shown["message"], end=shown["type"] == "terminal")

    def malformed(self) -> Mapping[str, Request]:
        sound = self.posting({"input": "x"})
        return {
            **{repr(wrong): self.posting(wrong) for wrong in _WRONG},
            "no JSON": msgspec.structs.replace(sound, body=b"{"),
            "nobody": msgspec.structs.replace(sound, headers={}),
            "a media address that is none": self.posting({"media_url": 1}),
        }

    def carries(self, text: str) -> bool:
        return bool(text.strip()) or not text  # what is blank is nothing

    def echoed(self, part: Request | Response) -> object:
        if isinstance(part, Request):
            return part.headers["X-Session-Id"], part.headers["X-User-Id"]
        shown = json.loads(part.body)
        return shown["session_id"], shown["user_id"]


def known(request: Request) -> Person | None:
    """Find the person, as a proxy has named them."""
    person = in_headers()(request)
    numbers = [value for name, value in request.headers.items() if name.lower() == "x-number"]
    return None if person is None else msgspec.structs.replace(person, msisdn=numbers[0])


_OF: Final[dict[str, type[Proving]]] = {"infobip": OfInfobip, "imimobile": OfImiMobile}
_VARIANTS: Final[dict[str, Callable[[], UssdGateway]]] = {
    **USSD,
    "wigal_1": lambda: Wigal(version=1),
    "nalo_in_gsm": lambda: Nalo(screen=Screen(septets=120, transliterate=True)),
}
CONTRACTS: Final[dict[str, type[GatewayContract]]] = {
    "http_json": OfHttpJson,
    **{name: type(f"Of{name}", (_OF.get(name, Proving),), {"make": staticmethod(make)}) for name, make in _VARIANTS.items()},
}
PROMISES: Final = [name for name in dir(GatewayContract) if name.startswith("test_")]
# Who writes in a browser has no screen, and does not dial.
_OF_USSD: Final = ("test_long_texts_are_paged", "test_who_dials_again_has_answered_nothing")
CASES: Final = [(name, promise) for name in CONTRACTS for promise in PROMISES if name != "http_json" or promise not in _OF_USSD]


@pytest.mark.parametrize(("name", "promise"), CASES)
def test_the_contract_is_kept(name: str, promise: str) -> None:
    """What is said through any gateway's wire is what flow and person have said."""
    getattr(CONTRACTS[name](), promise)()


@flow
def asking() -> Steps[None]:
    """Ask for texts, a choice and a number, say much, and end."""
    name = yield from Prompt("name", "Name?")
    which = yield from Prompt("which", f"<{name}> Which?", choices=["Red", "Green", "Blue"])
    yield Say(f"{which}. " * 60)
    count = yield from Prompt("count", "How many?", transform=int)
    yield Say(f"{count} for <{name}>. " * 12)


TYPED: Final = st.lists(
    st.sampled_from(["", "1", "2", "#", "0", "a*b", "*", "Ama", " x ", "*1#", "Green", "7", "Ɔsɛe", "a+b&c=d%20", "<&>"]),
    max_size=9,
)


@settings(deadline=None, max_examples=150)
@given(name=st.sampled_from(sorted(_VARIANTS)), typed=TYPED)
def test_any_conversation_is_the_scripted_one(name: str, typed: list[str]) -> None:
    """Whatever is typed, what a gateway shows is what the scripted chat shows."""
    gateway = _VARIANTS[name]()
    contract = CONTRACTS[name]()
    handset, caller = Handset(gateway), Caller(session="17954658000000001", number=gateway.about.number)
    talk = Conversation(asking, gateway=gateway)

    async def hold() -> None:
        runtime, kept, before = Runtime(), list[str](), handset.dialled(caller)
        shown = await through(runtime, gateway, handset, before)
        assert (shown.text, shown.end) == (talk.screen, False)
        for text in typed:
            request = handset.typed(caller, [*kept, text])
            told = gateway.decode(request)
            assert isinstance(told, Inbound)
            blank = told.history is not None and told.history.repeats and request == before
            if blank or not contract.carries(text):
                continue  # the wire cannot tell it
            kept, before = [*kept, text], request
            shown = await through(runtime, gateway, handset, request)
            talk.type(text)
            assert shown.text == talk.screen
            if shown.end:
                return
        await runtime.close()

    asyncio.run(hold())


async def through(runtime: Runtime, gateway: UssdGateway, handset: Handset, request: Request) -> Reply:
    """Let a request pass the codec, the flow, and the codec again."""
    inbound = gateway.decode(request)
    assert isinstance(inbound, Inbound)
    return handset.shown(gateway.encode(await runtime.handle(asking, inbound, screen=gateway.screen), inbound))


class Down:
    """A store that nobody reaches."""

    async def load(self, key: str) -> Stored | None:
        raise StoreUnavailable("no answer")

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        raise StoreUnavailable("no answer")

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        raise StoreUnavailable("no answer")

    async def touch(self, key: str, ttl: float | None) -> None:
        raise StoreUnavailable("no answer")

    async def delete(self, key: str) -> bool:
        raise StoreUnavailable("no answer")

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("name", _VARIANTS)
async def test_a_store_that_is_down_ends_the_session_in_words(name: str) -> None:
    """The person reads an apology, in the gateway's own form, and not the network's own words."""
    gateway, app = _VARIANTS[name](), web.Application()
    mount(app, "/ussd", gateway, asking, runtime=Runtime(store=Down(), apology="We are sorry."))
    handset = Handset(gateway)
    request = handset.dialled(handset.example())
    method, _ = delivery(gateway.routes, request)
    async with (
        TestClient(TestServer(app)) as client,
        client.request(
            method,
            URL(address(gateway.routes, request, "/ussd"), encoded=True),
            data=request.body or None,
            headers={"Content-Type": request.content_type} if request.body else {},
            skip_auto_headers=["Content-Type"],
        ) as answer,
    ):
        response = Response(body=await answer.read(), status=answer.status, headers=answer.headers)
    shown = handset.shown(response)
    assert (response.status, shown.text, shown.end) == (200, "We are sorry.", True)
