"""What is one gateway's own: its settings, its limits, and what it does otherwise than all others."""

import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import (
    AuthorError,
    Checkout,
    ConfigurationError,
    Ended,
    Flow,
    Inbound,
    Media,
    Paid,
    Prompt,
    Reply,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    flow,
    signals,
)
from flowdsl.errors import BadPayload, UserInputError
from flowdsl.testing import Conversation
from flowdsl_adapters import (
    Advanta,
    AfricasTalking,
    Beem,
    Cellulant,
    DMark,
    Field,
    Flares,
    FlaresXml,
    Gateway,
    Hollatags,
    HttpJson,
    Hubtel,
    ImiMobile,
    Infobip,
    MtnMadapi,
    Nalo,
    Nsano,
    Person,
    Query,
    Request,
    Safaricom,
    Stage,
    TruRoute,
    UssdGateway,
    Wigal,
    mount,
)
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.gateways.http_json import in_headers
from flowdsl_adapters.handset import Handset
from flowdsl_adapters.wires import Form

Client = TestClient[Any, Any]


@asynccontextmanager
async def served(gateway: Gateway, flow: Flow[..., Any], **options: Any) -> AsyncIterator[Client]:
    """Serve a flow to a gateway."""
    app = web.Application()
    mount(app, "/ussd", gateway, flow, **options)
    async with TestClient(TestServer(app)) as client:
        yield client


def message(gateway: Gateway, **request: Any) -> Inbound:
    """Read a request that is a message."""
    decoded = gateway.decode(Request(**{"body": b"", **request}))
    assert isinstance(decoded, Inbound)
    return decoded


@flow(shortcuts=True)
def transfer() -> Steps[None]:
    """Ask to whom, and how much."""
    to = yield from Prompt("to", "To whom?", choices=["Ama", "Kofi"])
    amount = yield from Prompt("amount", f"How much to {to}?", transform=int)
    yield Say(f"Sent {amount} to {to}.")


AT = {"sessionId": "ATUid_1", "serviceCode": "*384*1234#", "phoneNumber": "+254711082300", "networkCode": "63902"}

DIALS: list[tuple[str, UssdGateway, Mapping[str, Any], tuple[str, ...]]] = [
    ("the code is given", Nalo(code="*920*77#"), {"USERDATA": "*920*77*2*500#"}, ("2", "500")),
    ("nobody tells the code", Nalo(), {"USERDATA": "*920*77*2*500#"}, ()),
    ("another code was dialled", Nalo(code="*920*78#"), {"USERDATA": "*920*77*2*500#"}, ()),
    ("the code alone", Nalo(code="*920*77#"), {"USERDATA": "*920*77#"}, ()),
    ("the gateway tells a code, which may not be all of it", Hubtel(), {"Message": "*711*2*500#", "ServiceCode": "711"}, ()),
    ("the code is longer than the gateway's", Hubtel(code="*711*23#"), {"Message": "*711*23*2#", "ServiceCode": "711"}, ("2",)),
    ("all answers come", AfricasTalking(), {"text": "2*500"}, ()),
    ("all answers come, and the code is given", AfricasTalking(code="*384*1234#"), {"text": "2*500"}, ("2", "500")),
    ("the first of them is the extension", AfricasTalking(code="*384*1234*14#"), {"text": "14*2*500"}, ("2", "500")),
    ("what is dialled comes with the answers", Safaricom(), {"DEST": "167", "USSD_PARAMS": "7*2"}, ()),
    ("of that the code is known", Safaricom(code="*167*7#"), {"DEST": "167", "USSD_PARAMS": "7*2"}, ("2",)),
    ("all of it comes", Advanta(), {"INPUT": "*415*33*2#"}, ()),
    ("of all the code is known", Advanta(code="*415*33#"), {"INPUT": "*415*33*2#"}, ("2",)),
    ("it comes bare", Flares(), {"input": "121*2"}, ()),
    ("it comes bare, and the code is given", Flares(code="*121*5#"), {"input": "121*5*2"}, ("2",)),
    ("it comes apart", USSD["moolre"](), {"data": "2*500"}, ("2", "500")),
    ("nothing of it comes", USSD["beem"](), {}, ()),
]


@pytest.mark.parametrize(("gateway", "fields", "shortcut"), [case[1:] for case in DIALS], ids=[case[0] for case in DIALS])
def test_what_is_dialled_behind_the_code(gateway: UssdGateway, fields: Mapping[str, Any], shortcut: tuple[str, ...]) -> None:
    """The service code is never an answer, whoever tells it."""
    decoded = gateway.decode(gateway.wire.write({**gateway.about.sample, **fields}))
    assert isinstance(decoded, Inbound)
    assert decoded.shortcut == shortcut


@pytest.mark.parametrize("code", ["", "#", "*#", "*920*x#", "920 77", "*920**77#", 920, None])
def test_a_code_that_nobody_can_dial_is_refused(code: Any) -> None:
    """It would never be found in what was dialled."""
    if code is None:
        assert Nalo(code=code).decode(Handset(Nalo()).dialled(Handset(Nalo()).example()))
        return
    with pytest.raises(ConfigurationError, match="write what people dial, such as"):
        Nalo(code=code)


async def later(request: Request) -> Person | None:
    """Find out who is speaking, too late."""


SETTINGS: list[tuple[str, Callable[[], object], str]] = [
    ("Nsano's closing field", lambda: Nsano(closing="text"), "title or menus"),  # type: ignore[arg-type]
    ("a version of Wigal", lambda: Wigal(version=3), "Wigal has 1 and 2"),  # type: ignore[arg-type]
    ("a break that ends a field", lambda: Wigal(version=1, line_break="|"), "is one visible character"),
    ("no break at all", lambda: Wigal(version=1, line_break=""), "is one visible character"),
    ("a break of two", lambda: Wigal(version=1, line_break="^^"), "is one visible character"),
    ("a break of CR LF", lambda: Wigal(version=1, line_break="\r\n"), "is one visible character"),
    ("a letter as a break", lambda: Wigal(version=1, line_break="x"), "is one visible character"),
    ("a break that no screen has", lambda: Wigal(version=1, line_break="\u2028"), "is one visible character"),
    ("no screen in version 1", lambda: Wigal(version=1, screen=160), "the screen is 160"),  # type: ignore[arg-type]
    ("a user without a password", lambda: Flares(user="u"), "give both, or neither"),
    ("a password without a user", lambda: Flares(password="p"), "give both, or neither"),
    ("an empty password", lambda: Flares(user="u", password=""), "give both, or neither"),
    ("an empty key", lambda: MtnMadapi(api_key=""), "the API key is empty"),
    ("a key that is no text", lambda: MtnMadapi(api_key=1), "the API key is no text"),  # type: ignore[arg-type]
    ("a key of no characters", lambda: MtnMadapi(api_key="\ud800"), "the API key has half of a surrogate pair"),
    ("a user that is no text", lambda: Flares(user=1, password="p"), "the user is no text"),  # type: ignore[arg-type]
    ("a password that is no text", lambda: Flares(user="u", password=2), "the password is no text"),  # type: ignore[arg-type]
    ("a password of no characters", lambda: Flares(user="u", password="\udfff"), "the password has half of a surrogate pair"),
    ("a field of MADAPI", lambda: MtnMadapi(text_field="message"), "inboundResponse or outboundResponse"),  # type: ignore[arg-type]
    ("Hubtel's checkout", lambda: Hubtel(checkout="Pay"), "AddToCart or Release"),  # type: ignore[arg-type]
    ("a screen", lambda: Hubtel(screen=160), "the screen is 160"),  # type: ignore[arg-type]
    ("a region", lambda: Hubtel(region="Ghana"), "no region"),
    ("who is speaking", lambda: HttpJson("Ama"), "give a function of the request"),  # type: ignore[arg-type]
    ("who is speaking takes time", lambda: HttpJson(later), "it cannot be a coroutine"),  # type: ignore[arg-type]
    ("a person without an id", lambda: Person(session_id=" ", user_id="1"), "give one that is theirs alone"),
    ("a person of no characters", lambda: Person(session_id="s", user_id="\ud800"), "half of a surrogate pair"),
]


@pytest.mark.parametrize(("make", "says"), [case[1:] for case in SETTINGS], ids=[case[0] for case in SETTINGS])
def test_a_setting_that_cannot_work_is_refused(make: Callable[[], object], says: str) -> None:
    """When it is made, and not when the first person dials."""
    with pytest.raises(ConfigurationError, match=says):
        make()


def encoded(gateway: UssdGateway, reply: Reply) -> str:
    """Write a reply to the gateway's sample."""
    decoded = gateway.decode(gateway.wire.write(gateway.about.sample))
    assert isinstance(decoded, Inbound)
    return gateway.encode(reply, decoded).body.decode()


def test_nsano_may_close_by_menus() -> None:
    """One client of 2015 has it so."""
    written = json.loads(encoded(Nsano(closing="menus"), Reply("Bye.", end=True)))
    assert written == {"USSDResp": {"action": "prompt", "menus": "Bye.", "title": ""}}


@pytest.mark.parametrize(
    ("gateway", "text", "written"),
    [
        (Wigal(version=1), "A|B\nC^D", "A/B^C'D"),
        (Wigal(version=1, line_break="~"), "A\nB", "A~B"),
        (Wigal(version=1, line_break="~"), "A~B^C", "A'B^C"),
        (Wigal(version=1, line_break="/"), "A|B/C", "A-B'C"),
        (Wigal(version=1, line_break="'"), "A|B'C", "A/B-C"),
        (Cellulant(), "A|B\nC", "1|A/B\nC|null|null|null|null"),
        (Hollatags(), "A\nB", "A\\r\\nB"),
        (TruRoute(), "A & <B>\x00", "A &amp; &lt;B&gt;</msg>"),
        (FlaresXml(), "A & <B>", "A &amp; &lt;B&gt;</applicationResponse>"),
        (AfricasTalking(), "END of it", "CON END of it"),
        (Flares(), "\n A", "A"),
    ],
)
def test_what_a_wire_cannot_carry(gateway: UssdGateway, text: str, written: str) -> None:
    """No text can end a field, or a session."""
    assert written in encoded(gateway, Reply(text))


@flow
def menu() -> Steps[None]:
    """Ask with a screen of many lines, as somebody wrote it who ends them by CR LF."""
    yield from Prompt("which", "Welcome to Sika Susu\r\n" + "".join(f"{number}. Item {number}\r\n" for number in range(1, 16)))


@pytest.mark.parametrize(
    ("line_break", "screen"),
    [("^", None), ("~", None), ("*", None), ("^", Screen(septets=80)), ("^", Screen(septets=80, line_break="\r\n"))],
)
async def test_wigals_line_breaks_are_counted(line_break: str, screen: Screen | None) -> None:
    """A page holds what the screen does, with what stands in the line for each break; a bare CR is none more."""
    gateway = Wigal(version=1, line_break=line_break, screen=screen)
    broken = "\r\n" if screen is not None and screen.line_break != "\n" else line_break
    handset = Handset(gateway)
    query = handset.dialled(handset.example()).query
    async with served(gateway, menu) as client, client.get("/ussd", params=query) as response:
        shown = (await response.text()).split("|")[4]
    assert "Next" in shown
    assert "\r" not in shown
    assert Screen(septets=80 if screen else 140, line_break=broken).fits(shown.replace(line_break, "\n")), shown
    assert shown.startswith(f"Welcome to Sika Susu{line_break}1. Item 1{line_break}2.")


BEEM = b'{"command":"%s","msisdn":"255712345678","session_id":"bm-1","payload":{"request_id":%s,"response":"1"}}'


@pytest.mark.parametrize(
    "place",
    ['"%s"' % ("9" * 5000), '"%s"' % ("9" * 19), "9" * 19, '"\u0661"', '"\u00b2"', '"1.0"', "-1", "null", '""', "true", '" 1"'],
)
@pytest.mark.parametrize("command", ["initiate", "continue", "terminate"])
def test_beem_counts_on_from_a_number(command: str, place: str) -> None:
    """Nothing is done for a request whose reply could not be written."""
    with pytest.raises(BadPayload, match=r"payload\.request_id"):
        Beem().decode(Request(body=BEEM % (command.encode(), place.encode()), content_type="application/json"))


@pytest.mark.parametrize("place", ["0", '"7"', "9" * 18])
def test_beem_counts_on(place: str) -> None:
    """As a number, or as its digits."""
    gateway = Beem()
    inbound = message(gateway, body=BEEM % (b"continue", place.encode()))
    assert json.loads(gateway.encode(Reply("Hi"), inbound).body)["payload"]["request_id"] == int(place.strip('"')) + 1


CELLULANT = {"MSISDN": "254722000000", "INPUT": "hello", "opCode": "", "sessionID": "c1"}
ABORTED = {"msisdn": "919876543210", "msg": "Map Dialog User Abort User Reason", "code": "*777#"}
CLEAN = {"clean": "clean-session", "SessionID": "7", "msisdn": "254733123456"}
EVENT = {**AT, "status": "Failed"}


@pytest.mark.parametrize(
    ("gateway", "request_", "says"),
    [
        (Cellulant(), Request(body=b"", query=CELLULANT | {"ABORT": "0"}, twice=frozenset({"ABORT"})), "ABORT comes twice"),
        (Cellulant(), Request(body=b"", query=CELLULANT | {"ABORT": "yes"}), "ABORT is none of 1, 0"),
        (Cellulant(), Request(body=b"", query=CELLULANT | {"ABORT": ""}), "ABORT is none of 1, 0"),
        (Cellulant(), Request(body=b"", query=CELLULANT | {"ABORT": "1"}, twice=frozenset({"MSISDN"})), "MSISDN comes twice"),
        (Cellulant(), Request(body=b"", query={"opCode": "ABO", "sessionID": "c1"}), "MSISDN is missing"),
        (Cellulant(), Request(body=b"", query={"opCode": "ABO", "MSISDN": "254722000000"}), "sessionID is missing"),
        (ImiMobile(), Request(body=b"", query=ABORTED, twice=frozenset({"msisdn"})), "msisdn comes twice"),
        (ImiMobile(), Request(body=b"", query={**ABORTED, "msisdn": ""}), "msisdn is empty"),
        (ImiMobile(), Request(body=b"", query={**ABORTED, "msg": "5"}, twice=frozenset({"code"})), "code comes twice"),
        (Flares(), Request(body=b"", query={**CLEAN, "error": "1"}, twice=frozenset({"error"})), "error comes twice"),
        (AfricasTalking(), Form().write(EVENT | {"errorMessage": "a"}), None),
        (
            AfricasTalking(),
            Request(body=Form().write(EVENT).body + b"&errorMessage=a&errorMessage=b"),
            "errorMessage comes twice",
        ),
        (
            Infobip(),
            Request(body=b'{"reason":"\\ud83d"}', parts={"session": "1", "step": "end"}),
            "reason has half of a surrogate",
        ),
        (Infobip(), Request(body=b'{"reason":{"a":1}}', parts={"session": "1", "step": "end"}), "reason is not a text"),
        (Infobip(), Request(body=b'{"reason":null}', parts={"session": "1", "step": "end"}), None),
    ],
)
def test_a_notice_is_read_as_a_message_is(gateway: UssdGateway, request_: Request, says: str | None) -> None:
    """What cannot be told is refused, and what is told of the end is a text."""
    if says is None:
        decoded = gateway.decode(request_)
        assert isinstance(decoded, Ended)
        assert isinstance(decoded.detail, str)
    else:
        with pytest.raises(BadPayload, match=says):
            gateway.decode(request_)


def test_cellulant_tells_an_abort_in_either_field() -> None:
    """``ABORT`` may be missing, and then only ``opCode`` counts."""
    ends = [{"ABORT": "1"}, {"ABORT": "0", "opCode": "ABO"}, {"opCode": "ABO"}]
    assert all(isinstance(Cellulant().decode(Request(body=b"", query=CELLULANT | each)), Ended) for each in ends)
    assert message(Cellulant(), query=CELLULANT).text == "hello"
    assert message(Cellulant(), query=CELLULANT | {"ABORT": "0"}).text == "hello"


def test_imimobile_is_in_no_country() -> None:
    """A national number is one only where a region is given."""
    query = {**ABORTED, "msg": "5", "msisdn": "09876543210"}
    with pytest.raises(BadPayload, match="msisdn is not a phone number"):
        ImiMobile().decode(Request(body=b"", query=query))
    assert message(ImiMobile(region="IN"), query=query).msisdn == "+919876543210"


def test_braces_are_texts() -> None:
    """What stands in a reply is not filled in again."""
    assert json.loads(encoded(Nalo(), Reply("{MSISDN} {text}")))["MSG"] == "{MSISDN} {text}"
    assert encoded(AfricasTalking(), Reply("{sessionId}")) == "CON {sessionId}"


@pytest.mark.parametrize("shown", [{}, {"userid": "u"}, {"userid": "u", "password": "wrong"}, {"userid": "p", "password": "u"}])
async def test_flares_shows_its_password(shown: dict[str, str]) -> None:
    """A request without it gets 403, and nothing is known of it."""
    async with served(Flares(user="u", password="p"), transfer) as client:
        query = {**Flares.about.sample, "userid": "u", "password": "p"}
        async with client.get("/ussd", params=query) as response:
            assert (response.status, await response.text()) == (200, "To whom?\n1. Ama\n2. Kofi")
        async with client.get("/ussd", params={**Flares.about.sample, **shown}) as response:
            assert response.status == 403


@pytest.mark.parametrize("key", [None, "", "another", "test-key ", "tést-key"])
async def test_madapi_shows_its_key(key: str | None) -> None:
    """A request without it gets 401, in the form of MTN's errors."""
    async with served(MtnMadapi(api_key="test-key"), transfer) as client:
        headers = {} if key is None else {"x-api-key": key}
        async with client.post("/ussd", json=dict(MtnMadapi.about.sample), headers=headers) as response:
            assert (response.status, (await response.json())["statusCode"]) == (
                401 if key != "test-key " else 200,
                "3001" if key != "test-key " else "0000",
            )


def test_madapi_may_write_into_the_other_field() -> None:
    """The schema lists both."""
    written = json.loads(encoded(MtnMadapi(text_field="outboundResponse"), Reply("Bye.", end=True)))
    assert written["data"]["outboundResponse"] == "Bye."
    assert "inboundResponse" not in written["data"]
    assert written["transactionId"] != json.loads(encoded(MtnMadapi(), Reply("Bye.")))["transactionId"]


DEADLINES = {"africastalking": 9.0, "arkesel": 24.0}


@pytest.mark.parametrize("name", USSD)
def test_every_gateway_is_answered_in_time(name: str) -> None:
    """A second before it gives up; where nobody knows when, a second before the strictest one does."""
    gateway = USSD[name]()
    assert gateway.deadline == DEADLINES.get(name, 4.0)
    if gateway.about.within is not None:
        assert gateway.deadline < gateway.about.within


SEPTETS = {"nalo": 120, "hubtel": 160, "hollatags": 160}


@pytest.mark.parametrize("name", USSD)
def test_every_gateway_has_its_screen(name: str) -> None:
    """As its vendor documents, or as is usual in this field."""
    screen = USSD[name]().screen
    assert screen is not None
    assert (screen.septets, screen.units) == (SEPTETS.get(name, 140), 70)


@flow
def paying() -> Steps[None]:
    """Ask for an amount, and for the payment."""
    amount = yield from Prompt("amount", "How much?", transform=Decimal)
    yield Say("Approve the payment to finish.", checkout=Checkout("Susu deposit", amount))


def hubtel(text: str, kind: str = "Response", sequence: int = 2, **fields: object) -> dict[str, object]:
    """Make what Hubtel posts."""
    return {**Hubtel.about.sample, "Type": kind, "Message": text, "Sequence": sequence, **fields}


@pytest.mark.parametrize("kind", ["AddToCart", "Release"])
async def test_hubtel_asks_for_a_payment(kind: Any) -> None:
    """The reply carries the item, and ends the conversation."""
    async with served(Hubtel(checkout=kind), paying) as client:
        await client.post("/ussd", json=hubtel("*711#", "Initiation", 1))
        async with client.post("/ussd", json=hubtel("20.60")) as response:
            written = await response.json()
    assert (written["Type"], written["Item"]) == (kind, {"ItemName": "Susu deposit", "Qty": 1, "Price": 20.6})


async def test_another_gateway_takes_no_payments() -> None:
    """Nobody waits for a payment prompt that never comes: the flow fails, and a test of it does so first."""
    failed: list[Any] = []

    def receive(sender: object, *, event: object) -> None:
        failed.append(event)

    signals.flow_failed.connect(receive)
    try:
        async with served(Nalo(), paying, runtime=Runtime(apology="Sorry.")) as client:
            first = dict(Nalo.about.sample)
            await client.post("/ussd", json=first)
            async with client.post("/ussd", json={**first, "MSGTYPE": False, "USERDATA": "5"}) as response:
                shown = await response.json()
    finally:
        signals.flow_failed.disconnect(receive)
    assert shown["MSG"] == "Sorry."
    assert "behind a gateway that takes none" in str(failed[0].exception)
    Conversation(paying, gateway=Hubtel()).type("5").see("Approve the payment")
    with pytest.raises(AuthorError, match=r"paying.*'Susu deposit' behind a gateway that takes none"):
        Conversation(paying, gateway=Nalo()).type("5")


async def test_apps_have_no_screen() -> None:
    """Their choices come as data, and long texts on one page."""

    @flow
    def long() -> Steps[None]:
        yield from Prompt("which", "word " * 100, choices=["Save", "Balance"])

    async with served(Hubtel(), long) as client:
        async with client.post("/ussd", json=hubtel("", "Initiation", 1, Platform="Hubtel-App")) as response:
            written = await response.json()
        async with client.post("/ussd", json=hubtel("*711#", "Initiation", 1, SessionId="other")) as response:
            on_ussd = await response.json()
    assert written["Data"] == [{"Display": "Save", "Value": "1"}, {"Display": "Balance", "Value": "2"}]
    assert (written["DataType"], written["Message"].count("word")) == ("menu", 100)
    assert "Data" not in on_ussd
    assert "# Next" in on_ussd["Message"]


async def test_hubtel_releases_what_is_not_known() -> None:
    """An answer in a session that is gone begins no conversation."""
    async with served(Hubtel(), transfer, expired="Too late.") as client, client.post("/ussd", json=hubtel("1")) as response:
        written = await response.json()
    assert (response.status, written["Type"], written["Message"]) == (200, "Release", "Too late.")


PAID: dict[str, Any] = {
    "SessionId": "5a1e",
    "OrderId": "0d9c",
    "OrderInfo": {
        "CustomerMobileNumber": "233200585542",
        "Currency": "GHS",
        "Payment": {"AmountPaid": 20.6, "IsSuccessful": True},
    },
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"OrderInfo": None}, "OrderInfo"),
        ({"OrderInfo": {"Currency": "GHS"}}, "Payment"),
        ({"OrderInfo": {"Currency": "GHS", "Payment": {"AmountPaid": True, "IsSuccessful": True}}}, "AmountPaid"),
        ({"OrderInfo": {"Currency": "GHS", "Payment": {"AmountPaid": "1", "IsSuccessful": True}}}, "AmountPaid"),
        ({"OrderInfo": {"Currency": "GHS", "Payment": {"AmountPaid": 1, "IsSuccessful": "yes"}}}, "IsSuccessful"),
        ({"OrderInfo": {"Payment": {"AmountPaid": 1, "IsSuccessful": True}}}, "Currency is missing"),
        ({"OrderInfo": {"Currency": "GHS", "currency": "USD", "Payment": {}}}, "Currency comes twice"),
        ({"OrderInfo": {"Currency": "GHS", "Payment": {"AmountPaid": 1234567.00000000089, "IsSuccessful": True}}}, "15 digits"),
        ({"OrderInfo": {"Currency": "GHS", "Payment": {"AmountPaid": 10**16 + 1, "IsSuccessful": True}}}, "15 digits"),
        ({"OrderId": ""}, "OrderId is empty"),
        ({"Orderid": "0d9c"}, "a field comes twice"),
    ],
)
async def test_a_payment_that_cannot_be_read_is_refused(changes: Mapping[str, Any], says: str) -> None:
    """Nobody is told that something was paid for which was not."""
    told: list[object] = []

    def receive(sender: object, *, event: object) -> None:
        told.append(event)

    signals.payment_received.connect(receive)
    try:
        async with served(Hubtel(), paying) as client:
            async with client.post("/ussd/fulfilment", json={**PAID, **changes}) as response:
                assert (response.status, says in await response.text()) == (400, True), await response.text()
            async with client.post("/ussd/fulfilment", json=PAID) as response:
                assert response.status == 200
    finally:
        signals.payment_received.disconnect(receive)
    assert len(told) == 1


def small(value: Any) -> Any:
    """Write the names of fields as Hubtel's SDK does."""
    return {f"{name[:1].lower()}{name[1:]}": small(each) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(PAID),
        json.dumps(small(PAID)),
        json.dumps({**PAID, "OrderInfo": small(PAID["OrderInfo"])}),
        json.dumps(PAID).replace("OrderId", "Order\\u0049d"),
    ],
)
def test_what_was_paid_is_read_in_any_case(body: str) -> None:
    """Its pages write names in capitals and its SDK in small letters; JSON may escape any of them."""
    decoded = Hubtel().decode(Request(body=body.encode()))
    assert isinstance(decoded, Paid)
    told = (decoded.order_id, decoded.amount, decoded.currency, decoded.msisdn, decoded.successful)
    assert told == ("0d9c", Decimal("20.6"), "GHS", "+233200585542", True)


@pytest.mark.parametrize("amount", ["1e400", "-1e400", "123456789012345678.91", "9" * 400])
def test_an_amount_that_no_number_holds_is_refused(amount: str) -> None:
    """Rather than told of as another one."""
    with pytest.raises(BadPayload, match="AmountPaid"):
        Hubtel().decode(Request(body=json.dumps(PAID).replace("20.6", amount).encode()))


@pytest.mark.parametrize(("amount", "read"), [("20", "20"), ("0.10", "0.1"), ("1234567890123.45", "1234567890123.45")])
def test_an_amount_is_what_is_written(amount: str, read: str) -> None:
    """And no binary fraction near it."""
    decoded = Hubtel().decode(Request(body=json.dumps(PAID).replace("20.6", amount).encode()))
    assert isinstance(decoded, Paid)
    assert decoded.amount == Decimal(read)


def test_a_typed_order_is_an_answer() -> None:
    """The name of a field is none where somebody types it."""
    assert message(Hubtel(), body=json.dumps(hubtel('"OrderId"')).encode()).text == '"OrderId"'
    assert message(Hubtel(), body=json.dumps(hubtel("1", OrderId=None)).encode()).text == "1"


async def posted(client: Client, path: str, **fields: str) -> ClientResponse:
    """Post what Africa's Talking posts."""
    response = await client.post(path, data={**AT, **fields})
    await response.read()
    return response


@pytest.mark.parametrize("path", ["/ussd", "/ussd/events"])
async def test_a_notice_ends_the_session_wherever_it_comes(path: str) -> None:
    """Its address is configured with the vendor, perhaps as that of messages."""
    async with served(AfricasTalking(), transfer) as client:
        await posted(client, "/ussd", text="")
        assert "How much to Ama" in await (await posted(client, "/ussd", text="1")).text()
        assert (await posted(client, path, status="Incomplete", durationInMillis="1")).status == 200
        assert "To whom" in await (await posted(client, "/ussd", text="")).text()


async def test_a_notice_with_an_unknown_status_is_refused() -> None:
    """It ends nothing."""
    async with served(AfricasTalking(), transfer) as client:
        await posted(client, "/ussd", text="")
        assert (await posted(client, "/ussd/events", status="Odd")).status == 400
        assert "How much to Ama" in await (await posted(client, "/ussd", text="1")).text()


async def test_a_durable_session_outlasts_the_gateways() -> None:
    """Who dials again goes on where they stopped."""
    async with served(AfricasTalking(), transfer, sessions=SessionConfig().durable()) as client:
        await posted(client, "/ussd", text="")
        await posted(client, "/ussd", text="1")
        await posted(client, "/ussd/events", status="Incomplete")
        shown = await (await posted(client, "/ussd", text="", sessionId="ATUid_2")).text()
        assert "How much to Ama" in shown
        assert "Sent 5 to Ama" in await (await posted(client, "/ussd", text="5", sessionId="ATUid_2")).text()


async def test_an_unescaped_plus_is_part_of_the_number() -> None:
    """As an operator writes it who does not escape addresses."""
    query = "transactionId=d1&msisdn=+256772123456&ussdServiceCode=8001&ussdRequestString=*8001#"
    async with served(DMark(), transfer) as client, client.get(f"/ussd?{query.replace('#', '%23')}") as response:
        assert response.status == 200
        assert "To whom" in (await response.json())["responseString"]


async def test_a_screen_that_transliterates_holds_more() -> None:
    """A cedi sign and curly quotes do not halve it."""

    @flow
    def balance() -> Steps[None]:
        yield Say("“Susu” balance: ₵20. " * 4)

    wide, narrow = Nalo(screen=Screen(septets=120, transliterate=True)), Nalo()
    shown = []
    for gateway in (wide, narrow):
        async with served(gateway, balance) as client, client.post("/ussd", json=dict(Nalo.about.sample)) as response:
            shown.append((await response.json())["MSG"])
    assert shown[0].startswith('"Susu" balance: GHS 20. ' * 4)
    assert "# Next" in shown[1]


async def test_infobip_is_told_errors_within_answers_that_are_fine() -> None:
    """Its HTTP status is 200 whatever is wrong."""
    async with served(Infobip(), transfer) as client:
        for path, body, says in [
            ("/session/1/response", b'{"msisdn":"385955363443","text":"1"}', "Invalid USSD session '1'"),
            ("/session/1/start", b"not JSON", "not JSON"),
            ("/session/1/start", b'{"msisdn":"nobody","text":"1"}', "msisdn is not a phone number"),
        ]:
            async with client.post(f"/ussd{path}", data=body, headers={"Content-Type": "application/json"}) as response:
                written = await response.json()
                assert (response.status, written["responseExitCode"]) == (200, 400)
                assert says in written["responseMessage"]


async def test_nobody_speaks_who_is_not_signed_in() -> None:
    """HTTP JSON takes nobody's word for who they are."""
    claim = {"input": "Hi", "user_id": "u1", "session_id": "s1"}
    async with served(HttpJson(lambda request: None), transfer) as client, client.post("/ussd", json=claim) as response:
        assert (response.status, await response.json()) == (401, {"error": "nobody is signed in"})


def unknown(request: Request) -> Person:
    """Look for somebody who is not there."""
    raise KeyError("the table of people is gone")


@pytest.mark.parametrize(
    ("identify", "says"),
    [
        (unknown, "the table of people is gone"),
        (lambda request: {"session_id": "s1"}, "identify gave {'session_id': 's1'}"),
        (lambda request: Person(session_id="", user_id="u1"), "give one that is theirs alone"),
        (later, "identify gave <coroutine"),
    ],
)
async def test_a_fault_of_the_application_is_not_the_persons(identify: Any, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """They read an apology in the chat, and the log has what went wrong."""
    gateway = HttpJson(lambda request: identify(request))
    runtime = Runtime(apology="Sorry.")
    async with served(gateway, transfer, runtime=runtime) as client, client.post("/ussd", json={"input": "Hi"}) as response:
        written = await response.json()
    assert (response.status, written["type"], written["message"]) == (200, "terminal", "Sorry.")
    assert "session_id" not in written
    assert says in caplog.text


@pytest.mark.parametrize("odd", ["X-Session-Id", "X-User-Id"])
def test_a_header_that_is_no_text_is_refused(odd: str) -> None:
    """As aiohttp has its bytes; who sends it is to blame, and not the application."""
    gateway, headers = HttpJson(in_headers()), {"X-Session-Id": "s1", "X-User-Id": "Kofí"}
    assert message(gateway, method="GET", headers=headers).user_id == "Kofí"
    with pytest.raises(BadPayload, match=f"{odd} has half of a surrogate pair"):
        gateway.decode(Request(body=b"", method="GET", headers={**headers, odd: "caf\udce9"}))


async def test_a_form_is_read_as_json_is() -> None:
    """With a file beside it."""
    gateway = HttpJson(lambda request: Person(session_id="s1", user_id="u1"))
    body = b"input=Ama+Serwaa&media_url=https%3A%2F%2Fexample.com%2Fa.jpg&media_type=image"
    inbound = message(gateway, body=body, content_type="application/x-www-form-urlencoded", method="POST")
    assert (inbound.text, inbound.attachment) == ("Ama Serwaa", Media("https://example.com/a.jpg", kind="image"))
    with pytest.raises(UserInputError, match="media_url comes twice"):
        message(gateway, query={"media_url": "a"}, twice=frozenset({"media_url"}), method="GET")


@flow
def guide() -> Steps[None]:
    """Show the way, and ask."""
    yield Say("Look.", media=Media("https://example.com/map.png", caption="Map"))
    yield from Prompt("which", "Which?", choices=["Save", "Balance"])
    yield Say("Done.", media=Media("https://example.com/end.png"))


async def test_apps_are_shown_pictures() -> None:
    """Their addresses stand in the text, as they do on a screen."""
    async with served(Hubtel(), guide) as client:
        async with client.post("/ussd", json=hubtel("", "Initiation", 1, Platform="Web")) as response:
            written = await response.json()
        async with client.post("/ussd", json=hubtel("1", sequence=2, Platform="Web")) as response:
            last = await response.json()
    assert written["Message"] == "Look.\nWhich?\nMap: https://example.com/map.png\n1. Save\n2. Balance"
    assert written["Data"] == [{"Display": "Save", "Value": "1"}, {"Display": "Balance", "Value": "2"}]
    assert (last["Type"], last["Message"]) == ("Release", "Done.\nImage: https://example.com/end.png")


async def test_a_gateway_of_ones_own_shows_apps_their_choices() -> None:
    """A declared channel takes the screen away, and nothing of what is to be read."""

    class Telco(UssdGateway):
        name = "telco"
        wire = Query()
        session, number, text = Field("sid"), Field("phone"), Field("input", blank=True)
        channel = Field("on", required=False)
        stage = Stage("op", {"begin": "new", "continue": "on"})
        more, last = "CON {text}", "END {text}"

    query = {"sid": "1", "phone": "233244123456", "input": "", "op": "begin", "on": "App"}
    async with served(Telco(), guide) as client, client.get("/ussd", params=query) as response:
        assert await response.text() == "CON Look.\nWhich?\nMap: https://example.com/map.png\n1. Save\n2. Balance"


def test_a_screen_of_ones_own_counts_line_breaks_as_the_gateway_does() -> None:
    """CR LF takes two septets, whatever else the screen does."""
    gateway = Hollatags(screen=Screen(septets=160, transliterate=True))
    assert gateway.screen is not None
    assert gateway.screen.fits("a" * 158 + "\n")
    assert not gateway.screen.fits("a" * 159 + "\n")


async def test_who_pays_is_read_in_the_gateways_country() -> None:
    """As who speaks is."""
    fields = {**PAID, "OrderInfo": {**PAID["OrderInfo"], "CustomerMobileNumber": " 0712345678"}}
    paid = Hubtel(region="KE").decode(Request(body=json.dumps(fields).encode()))
    assert isinstance(paid, Paid)
    assert paid.msisdn == "+254712345678"


@pytest.mark.parametrize("platform", ["USSD", "Web"])
async def test_a_late_notice_ends_nothing_at_an_app_either(platform: str) -> None:
    """A session before the one in which the person stands now."""
    async with served(Hubtel(), transfer, sessions=SessionConfig().durable(), hangup="end") as client:
        for session in ("a", "b"):
            await client.post("/ussd", json=hubtel("", "Initiation", 1, SessionId=session, Platform=platform))
        await client.post("/ussd", json=hubtel("1", sequence=2, SessionId="b", Platform=platform))
        await client.post("/ussd", json=hubtel("", "Release", 2, SessionId="a", Platform=platform))
        async with client.post("/ussd", json=hubtel("5", sequence=3, SessionId="b", Platform=platform)) as response:
            assert (await response.json())["Message"] == "Sent 5 to Ama."


def test_a_blank_session_is_none() -> None:
    """And what is dialled without one is no answer."""
    body = b'{"network":"MTN","msisdn":"233244123456","msg":"*365#","UserSessionID":" "}'
    assert message(Nsano(), body=body).new is True


async def test_infobip_asks_for_a_session_that_is_known_by_the_number() -> None:
    """It does not tell the number, so it is told an error, and not that the session is gone."""
    durable = SessionConfig().durable()
    async with served(Infobip(), transfer, sessions=durable) as client, client.get("/ussd/session/1/status") as response:
        written = await response.json()
    assert (written["responseExitCode"], "has no msisdn" in written["responseMessage"]) == (400, True)


@pytest.mark.parametrize(
    ("gateway", "request_", "secret"),
    [
        (Flares(user="u", password="p"), {"query": {**Flares.about.sample, "userid": "u", "password": "p"}}, b"u\np"),
        (
            MtnMadapi(api_key="test-key"),
            {"body": json.dumps(MtnMadapi.about.sample).encode(), "headers": {"x-api-key": "test-key"}},
            b"test-key",
        ),
    ],
    ids=["flares", "mtn_madapi"],
)
def test_credentials_are_compared_in_constant_time(
    gateway: UssdGateway, request_: dict[str, Any], secret: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or they could be found letter by letter."""
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.extend((one, other))
        return compare(one, other)

    monkeypatch.setattr("hmac.compare_digest", noted)
    assert message(gateway, **request_).text is not None
    assert compared == [secret, secret]
