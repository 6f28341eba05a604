"""Every composed payload, over HTTP: what each request means to the flow, and how each reply is written."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from flowdsl import Checkout, Choice, Inbound, Media, Next, Prompt, Reply, Runtime, SessionConfig, Steps, flow, signals
from flowdsl_adapters import (
    AfricasTalking,
    Flares,
    Gateway,
    HttpJson,
    Hubtel,
    MtnMadapi,
    Nalo,
    Person,
    Request,
    Response,
    UssdGateway,
    Wigal,
    mount,
)
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.handset import Handset

DATA: Final = Path(__file__).parent / "data"
CASES: Final[dict[str, dict[str, Any]]] = {
    case["case"]: case for path in sorted(DATA.glob("*/*.json")) for case in [json.loads(path.read_text())]
}
INBOUND: Final = [name for name, case in CASES.items() if case["direction"] == "inbound"]
OUTBOUND: Final = [name for name, case in CASES.items() if case["direction"] == "outbound"]

AMA: Final = Person(session_id="sess_123", user_id="user_456", name="Ama", msisdn="0244123456")


def at_eight() -> datetime:
    """Give the time that the composed replies have."""
    return datetime(2026, 11, 23, 20, 10, tzinfo=UTC)


def heading(reply: Reply) -> str:
    """Give the headings that the composed replies have, which nothing in them tells."""
    return "Checkout" if reply.checkout else "Goodbye" if reply.end else "Main menu"


GATEWAYS: Final[dict[str, Callable[[], Gateway]]] = {
    **USSD,
    "africastalking_ussd": lambda: AfricasTalking(code="*384*1234#"),
    "infobip_ussd": USSD["infobip"],
    "nalo": lambda: Nalo(code="*920*77#"),
    "hubtel": lambda: Hubtel(label=heading, code="*711#"),
    "mtn_madapi": lambda: MtnMadapi(api_key="test-key", transaction=lambda: "tx-1"),
    "flares_airtel": lambda: Flares(user="u", password="p", code="*121#"),
    "http_simple": lambda: HttpJson(lambda request: AMA, clock=at_eight),
}


def gateway_of(name: str) -> Gateway:
    """Make the gateway of a case."""
    return Wigal(version=1) if name.startswith("wigal/v1") else GATEWAYS[name.partition("/")[0]]()


@flow(shortcuts=True)
def recorder() -> Steps[None]:
    """Show the answers so far, and ask for another one."""
    answers: list[str] = []
    while True:
        answers.append((yield from Prompt("q", json.dumps(answers))))


class Service(NamedTuple):
    """A recorder behind a gateway, with the messages it has seen and the signals that were told."""

    client: TestClient[Any, Any]
    runtime: Runtime
    gateway: Gateway
    seen: list[Inbound]
    told: list[tuple[str, Any]]

    async def send(self, case: Mapping[str, Any]) -> Response:
        """Send the request of a case."""
        request = case["request"]
        body, query = request.get("raw_body") or "", request.get("query_string", "")
        address = f"{request['path']}?{query}" if query else request["path"]
        async with self.client.request(
            request["method"],
            URL(address, encoded=True),
            data=body.encode() or None,
            headers=request["headers"],
            skip_auto_headers=["Content-Type"],
        ) as answer:
            return Response(body=await answer.read(), status=answer.status, headers=answer.headers)

    def answers(self, response: Response) -> list[str]:
        """Read the answers that the recorder shows."""
        assert isinstance(self.gateway, UssdGateway)
        shown: list[str] = json.loads(Handset(self.gateway).shown(response).text)
        return shown


def path_of(case: Mapping[str, Any]) -> str:
    """Tell where the gateway of a case is mounted."""
    path: str = case["request"]["path"]
    return path.partition("/session/")[0].removesuffix("/events").removesuffix("/fulfilment")


_TOLD: Final = ("session.ended", "message.duplicate", "payment.received")


@asynccontextmanager
async def serving(name: str) -> AsyncIterator[Service]:
    """Serve the recorder to the gateway of a case."""
    gateway, seen, told = gateway_of(name), list[Inbound](), list[tuple[str, Any]]()

    async def note(inbound: Inbound, next: Next) -> Reply:
        seen.append(inbound)
        return await next(inbound)

    def receiver(kind: str) -> Callable[..., None]:
        def receive(sender: object, *, event: object) -> None:
            told.append((kind, event))

        return receive

    runtime, app = Runtime(middleware=[note]), web.Application()
    mount(app, path_of(CASES[name]), gateway, recorder, runtime=runtime)
    receivers = {kind: receiver(kind) for kind in _TOLD}
    for kind, each in receivers.items():
        signals.namespace[kind].connect(each, weak=False)
    try:
        async with TestClient(TestServer(app)) as client:
            yield Service(client, runtime, gateway, seen, told)
    finally:
        for kind, each in receivers.items():
            signals.namespace[kind].disconnect(each)


async def prepare(service: Service, case: Mapping[str, Any]) -> int:
    """Send what has come before a case, and tell how many requests that were."""
    given = case.get("given") or ""
    if not isinstance(given, str) or given.startswith(("session id never", "session never", "no stored", "nothing stored")):
        return 0
    before = re.search(r'"(.*)"$', given)
    if before is not None:
        texts = grown(case["case"], before[1])
    elif given.startswith(("session", "sequence", "a live session")):
        texts = [DIALLED[case["case"].partition("/")[0]]]
    else:
        assert not given, f"a state that nothing prepares: {given}"
        return 0
    for text in texts:
        assert (await service.send(with_text(case, text))).status == 200
    if given.startswith("sequence"):
        await service.send(case)
        return 2
    return len(texts)


def grown(name: str, before: str) -> list[str]:
    """Give the texts with which one has come to be what it was: the dial, and one more answer each time."""
    parts = before.split("*")
    if name.startswith("advanta"):
        return [before]
    first = 1 if name.startswith(("safaricom", "africastalking_ussd/shared")) else 0
    return list(dict.fromkeys("*".join(parts[:count]) for count in range(first, len(parts) + 1)))


def with_text(case: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Put another text into the request of a case, and let it be a first one."""
    changed: dict[str, Any] = json.loads(json.dumps(case))
    request, field = changed["request"], TEXTS[case["case"].partition("/")[0]]
    if request["body_format"] == "json":
        request["raw_body"] = json.dumps({**request["body"], field: text, **FIRSTS.get(case["case"].partition("/")[0], {})})
    elif request["body_format"] == "xml":
        request["raw_body"] = re.sub(f"<{field}>.*</{field}>", f"<{field}>{text}</{field}>", request["raw_body"])
    elif request["body_format"] == "form":
        request["raw_body"] = re.sub(f"{field}=[^&]*", f"{field}={quote(text)}", request["raw_body"])
    else:
        request["query_string"] = re.sub(f"(?<![A-Z_a-z]){field}=[^&]*", f"{field}={quote(text)}", request["query_string"])
    return changed


TEXTS: Final = {
    "africastalking_ussd": "text",
    "advanta": "INPUT",
    "arkesel": "userData",
    "crossgate": "ussd_string",
    "flares_airtel": "input",
    "flares_xml": "subscriberInput",
    "hubtel": "Message",
    "nsano": "msg",
    "safaricom": "USSD_PARAMS",
}
DIALLED: Final = {
    "arkesel": "*928*70#",
    "flares_airtel": "121",
    "flares_xml": "*123#",
    "hubtel": "*711#",
    "nsano": "*365#",
}
FIRSTS: Final[dict[str, dict[str, Any]]] = {"hubtel": {"Type": "Initiation", "Sequence": 1}, "arkesel": {"newSession": True}}


@pytest.mark.parametrize("name", INBOUND)
async def test_a_request_means_what_the_reference_says(name: str) -> None:
    """Told by what the flow was asked, and by what was signalled."""
    case = CASES[name]
    async with serving(name) as service:
        before = await prepare(service, case)
        shown = await service.send(case)
        await service.runtime.settle()
        http = case["expect"].get("http", {})
        assert shown.status == http.get("status", 200), shown.body
        if isinstance(http.get("body"), dict):
            assert json.loads(shown.body) == http["body"] | ({"sessionActive": False} if "sessionActive" in http["body"] else {})
        if not case["expect"]["events"]:
            assert not service.seen
        for event in case["expect"]["events"]:
            {
                "turn": means_a_turn,
                "message": means_a_message,
                "session_end": means_an_end,
                "duplicate": means_a_duplicate,
                "payment": means_a_payment,
                "session_query": means_no_message,
                "error": means_a_lost_session,
            }[event["kind"]](service, event, shown, before)


def means_a_turn(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """The flow has what was typed, or begins where nothing was."""
    inbound = service.seen[-1]
    hold_against(
        event,
        {
            "msisdn": inbound.msisdn,
            "session": inbound.request_id,
            "network": inbound.network,
            "account": inbound.account,
            "service_code": inbound.service,
        },
    )
    new = event["session"]["new"]
    if inbound.new is not None and new is not None:
        assert inbound.new is new
        assert inbound.history is not None or inbound.text == event["text"]
    if "dialled" in event and new is not False:
        assert event["dialled"] in (inbound.dialled, inbound.text)
    if event.get("platform", "USSD") != "USSD":
        assert inbound.roomy
        return
    if not new and not before and service.gateway.lost == "end":
        assert shown.body
        assert b"[]" not in shown.body  # it is told that the session is not known
        return
    answers = service.answers(shown)
    if new:
        assert answers == event.get("shortcut", [])
    elif "history" in event:
        assert answers == event["history"]
        assert answers[-1] == event["text"]
    elif before:
        assert answers == [event["text"]]
    else:  # an answer in a session that is not known: it answers nothing
        assert answers == []


def hold_against(event: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Hold what was found against what the reference tells."""
    told = {**event, "session": event["session"]["id"], "msisdn": event["sender"]["msisdn"]}
    differing = {key: (told[key], value) for key, value in found.items() if key in told and told[key] != value}
    assert not differing


def means_a_message(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """A chat has no screen; what came with the message is an attachment."""
    (inbound,) = service.seen
    sender = event["sender"]
    assert (inbound.request_id, inbound.user_id, inbound.name, inbound.msisdn, inbound.text) == (
        event["session"]["id"],
        *(sender[name] for name in ("id", "name", "msisdn")),
        event["text"],
    )
    (medium,) = event.get("media", [None])
    if medium is None:
        assert inbound.attachment is None
    else:
        assert inbound.attachment == Media(medium["url"], kind=medium["kind"], mime=medium.get("mime", ""))


def means_an_end(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """It is told with its reason, and is no message."""
    assert not service.seen
    ((kind, told),) = service.told
    assert kind == "session.ended"
    assert told.reason == event["reason"]
    ended = Inbound(
        platform="ussd",
        gateway=service.gateway.name,
        request_id=event["session"]["id"],
        msisdn=event["sender"]["msisdn"],
    )
    assert told.session_id == SessionConfig().session_id(ended, flow=recorder)
    for detail in ("detail", "code"):
        if isinstance(event.get(detail), str):
            assert told.detail == event[detail]


def means_a_duplicate(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """It is told as one."""
    assert [kind for kind, _ in service.told] == ["message.duplicate"]
    assert service.seen[-1].request_id == event["session"]["id"]


def means_a_payment(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """It is told, and is no message."""
    assert not service.seen
    ((kind, told),) = service.told
    assert kind == "payment.received"
    assert (told.order_id, told.amount, told.currency, told.successful) == (
        event["order_id"],
        Decimal(str(event["paid"])),
        event["currency"],
        event["ok"],
    )
    assert event["session"]["id"] in told.session_id


def means_no_message(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """The flow hears nothing of it."""
    assert not service.seen


def means_a_lost_session(service: Service, event: Mapping[str, Any], shown: Response, before: int) -> None:
    """No conversation begins with an answer."""
    assert len(service.seen) == 1


@pytest.mark.parametrize("name", OUTBOUND)
def test_a_reply_is_written_as_the_reference_has_it(name: str) -> None:
    """Byte for byte, with its headers."""
    case, gateway = CASES[name], gateway_of(name)
    answered = CASES[case["answers"]]["request"]
    inbound = gateway.decode(
        Request(
            body=(answered.get("raw_body") or "").encode(),
            content_type=answered["headers"].get("Content-Type", ""),
            query=dict(parse_qsl(answered.get("query_string", ""), keep_blank_values=True)),
            method=answered["method"],
            parts=dict(zip(("session", "step"), answered["path"].split("/")[3:], strict=False)),
            headers={name.lower(): value for name, value in answered["headers"].items()},
        )
    )
    assert isinstance(inbound, Inbound)
    response, wire = gateway.encode(reply_of(case["reply"]), inbound), case["wire"]
    assert response.body.decode() == wire["raw_body"]
    assert response.status == wire["status"]
    assert {"Content-Type": response.content_type, **response.headers} == wire["headers"]


def reply_of(told: Mapping[str, Any] | None) -> Reply:
    """Make the reply of a case."""
    if told is None:
        return Reply("")
    if told.get("async"):
        return Reply("One moment.", held=True)
    choices = tuple(Choice(each["id"], each["title"]) for each in told.get("choices", []))
    media, checkout = told.get("media"), told.get("checkout")
    return Reply(
        # Where there are choices beside it, a text is without them.
        told["text"].partition("\n")[0] if choices else told["text"],
        end=told.get("end", False),
        choices=choices,
        media=() if media is None else (Media(media["url"], kind=media["kind"], caption=media["caption"]),),
        key=told.get("state", "menu" if choices else ""),
        checkout=None
        if checkout is None
        else Checkout(checkout["item"], Decimal(str(checkout["price"])), quantity=checkout["qty"]),
    )


async def test_a_live_session_is_told_so() -> None:
    """Infobip asks whether one is alive."""
    async with serving("infobip_ussd/start") as service:
        await service.send(CASES["infobip_ussd/start"])
        answer = await service.send(CASES["infobip_ussd/status"])
        assert json.loads(answer.body) == CASES["infobip_ussd/status"]["expect"]["http"]["body"]
