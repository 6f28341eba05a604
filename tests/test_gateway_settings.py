"""What is one gateway's own: its settings, its limits, and what it does otherwise than all others."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import (
    Checkout,
    ConfigurationError,
    Flow,
    Inbound,
    Media,
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
from flowdsl.errors import UserInputError
from flowdsl_adapters import (
    Advanta,
    AfricasTalking,
    Cellulant,
    DMark,
    Flares,
    FlaresXml,
    Gateway,
    Hollatags,
    HttpJson,
    Hubtel,
    Infobip,
    MtnMadapi,
    Nalo,
    Nsano,
    Person,
    Request,
    Safaricom,
    TruRoute,
    UssdGateway,
    Wigal,
    mount,
)
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.handset import Handset

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
    ("the gateway tells the code", USSD["hubtel"](), {"Message": "*711*2*500#", "ServiceCode": "711"}, ("2", "500")),
    ("more of it is the code", Hubtel(code="*711*23#"), {"Message": "*711*23*2#", "ServiceCode": "711"}, ("2",)),
    ("answers are all that comes", AfricasTalking(), {"text": "2*500"}, ("2", "500")),
    ("the first of them is the extension", AfricasTalking(code="*384*1234*14#"), {"text": "14*2*500"}, ("2", "500")),
    ("what is dialled comes with the answers", Safaricom(), {"DEST": "167", "USSD_PARAMS": "7*2"}, ()),
    ("of that the code is known", Safaricom(code="*167*7#"), {"DEST": "167", "USSD_PARAMS": "7*2"}, ("2",)),
    ("all of it comes", Advanta(), {"INPUT": "*415*33*2#"}, ()),
    ("of all the code is known", Advanta(code="*415*33#"), {"INPUT": "*415*33*2#"}, ("2",)),
    ("it comes bare", Flares(), {"input": "121*2"}, ("2",)),
    ("it comes bare, and the code is longer", Flares(code="*121*5#"), {"input": "121*5*2"}, ("2",)),
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


SETTINGS: list[tuple[str, Callable[[], object], str]] = [
    ("Nsano's closing field", lambda: Nsano(closing="text"), "title or menus"),  # type: ignore[arg-type]
    ("a version of Wigal", lambda: Wigal(version=3), "Wigal has 1 and 2"),  # type: ignore[arg-type]
    ("a break that ends a field", lambda: Wigal(version=1, line_break="|"), "whose fields end with"),
    ("no break at all", lambda: Wigal(version=1, line_break=""), "whose fields end with"),
    ("a user without a password", lambda: Flares(user="u"), "give both, or neither"),
    ("a password without a user", lambda: Flares(password="p"), "give both, or neither"),
    ("an empty password", lambda: Flares(user="u", password=""), "give both, or neither"),
    ("an empty key", lambda: MtnMadapi(api_key=""), "protects nothing"),
    ("a field of MADAPI", lambda: MtnMadapi(text_field="message"), "inboundResponse or outboundResponse"),  # type: ignore[arg-type]
    ("Hubtel's checkout", lambda: Hubtel(checkout="Pay"), "AddToCart or Release"),  # type: ignore[arg-type]
    ("a screen", lambda: Hubtel(screen=160), "the screen is 160"),  # type: ignore[arg-type]
    ("a region", lambda: Hubtel(region="Ghana"), "no region"),
    ("who is speaking", lambda: HttpJson("Ama"), "give a function of the request"),  # type: ignore[arg-type]
    ("a person without an id", lambda: Person(session_id=" ", user_id="1"), "give one that is theirs alone"),
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
    """Nobody waits for a payment prompt that never comes: they read an apology."""
    async with served(Nalo(), paying, runtime=Runtime(apology="Sorry.")) as client:
        first = dict(Nalo.about.sample)
        await client.post("/ussd", json=first)
        async with client.post("/ussd", json={**first, "MSGTYPE": False, "USERDATA": "5"}) as response:
            assert (await response.json())["MSG"] == "Sorry."


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
        ({"OrderId": ""}, "OrderId is empty"),
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


async def test_a_form_is_read_as_json_is() -> None:
    """With a file beside it."""
    gateway = HttpJson(lambda request: Person(session_id="s1", user_id="u1"))
    body = b"input=Ama+Serwaa&media_url=https%3A%2F%2Fexample.com%2Fa.jpg&media_type=image"
    inbound = message(gateway, body=body, content_type="application/x-www-form-urlencoded", method="POST")
    assert (inbound.text, inbound.attachment) == ("Ama Serwaa", Media("https://example.com/a.jpg", kind="image"))
    with pytest.raises(UserInputError, match="media_url comes twice"):
        message(gateway, query={"media_url": "a"}, twice=frozenset({"media_url"}), method="GET")
