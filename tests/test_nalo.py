"""Nalo: every composed payload, and every way in which a request can be wrong."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl import ConfigurationError, Inbound, Prompt, Reply, Runtime, Say, SessionConfig, Steps, flow
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import BadPayload, UserInputError
from flowdsl_adapters import Nalo, Request, Response, mount
from flowdsl_adapters.gateway import Decoded
from flowdsl_adapters.testing import Caller, GatewayContract

CASES = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "data" / "nalo").glob("*.json"))}
INBOUND = [name for name, case in CASES.items() if case["direction"] == "inbound"]
OUTBOUND = [name for name, case in CASES.items() if case["direction"] == "outbound"]

FIRST = {
    "USERID": "NALOTEST",
    "MSISDN": "233244123456",
    "USERDATA": "*920*77#",
    "MSGTYPE": True,
    "NETWORK": "MTN",
    "SESSIONID": "17954658000000101",
}
LATER = {**FIRST, "USERDATA": "Ama", "MSGTYPE": False}


def posted(case: dict[str, Any]) -> Request:
    """Make the request of a composed case."""
    request = case["request"]
    return Request(body=request["raw_body"].encode(), content_type=request["headers"]["Content-Type"])


def message(decoded: Decoded) -> Inbound:
    """Take it that a message was read."""
    assert isinstance(decoded, Inbound)
    return decoded


def seen(inbound: Inbound) -> dict[str, Any]:
    """Tell what was understood, in the words of the composed cases."""
    event = {
        "kind": "turn",
        "session": {"id": inbound.request_id, "new": inbound.new},
        "sender": {"msisdn": inbound.msisdn},
        "text": inbound.text,
        "account": inbound.account,
        "network": inbound.network,
        "dialled": inbound.dialled,
    }
    return {key: value for key, value in event.items() if value is not None}


@pytest.mark.parametrize("name", INBOUND)
def test_composed_requests_are_understood(name: str) -> None:
    """Each means what the reference says it means."""
    (expected,) = CASES[name]["expect"]["events"]
    # Which answers a dialled string carries depends on how many of its parts are the service code.
    expected.pop("shortcut", None)
    assert seen(message(Nalo().decode(posted(CASES[name])))) == expected


@pytest.mark.parametrize("name", OUTBOUND)
def test_composed_replies_are_written(name: str) -> None:
    """Each is written as the reference writes it, byte for byte."""
    case = CASES[name]
    inbound = message(Nalo().decode(posted(CASES[case["answers"].removeprefix("nalo/")])))
    response = Nalo().encode(Reply(case["reply"]["text"], end=case["reply"]["end"]), inbound)
    wire = case["wire"]
    assert (response.status, response.content_type) == (wire["status"], wire["headers"]["Content-Type"])
    assert response.body.decode() == wire["raw_body"]


def test_a_byte_order_mark_is_ignored() -> None:
    """Some senders put one before their JSON."""
    assert message(Nalo().decode(Request(body="\ufeff".encode() + json.dumps(LATER).encode()))).text == LATER["USERDATA"]


@pytest.mark.parametrize("session", [None, "", "  "])
def test_a_session_that_is_blank_is_none(session: str | None) -> None:
    """Without a session the number is one, as the older integrations had it."""
    inbound = message(Nalo().decode(Request(body=json.dumps({**LATER, "SESSIONID": session}).encode())))
    assert inbound.request_id == f"nalo:{LATER['MSISDN']}"


async def test_a_session_by_number_begins_anew_with_an_unseen_session() -> None:
    """Older integrations tell by the session alone that somebody dialled; what was dialled answers nothing."""
    app = web.Application()
    mount(app, "/ussd", Nalo(session_field="USERID"), greeting, sessions=SessionConfig().durable())
    async with TestClient(TestServer(app)) as client:
        shown = []
        for session, text in [
            ("s1", "*920#"),
            ("s2", "*920#"),
            ("s2", "Ama"),
            ("s3", "*920#"),
            ("s3", "Kumasi"),
            ("s4", "*920#"),
        ]:
            response = await client.post("/ussd", json={"USERID": session, "MSISDN": "233244123456", "USERDATA": text})
            shown.append((await response.json())["MSG"])
    assert shown == [
        *("What is your name?", "What is your name?", "Ama, which town?"),
        *("Ama, which town?", "Welcome to Kumasi!", "What is your name?"),
    ]


def test_another_region() -> None:
    """National numbers are read in the region that is configured."""
    inbound = message(Nalo(region="NG").decode(Request(body=json.dumps({**LATER, "MSISDN": "08031234567"}).encode())))
    assert inbound.msisdn == "+2348031234567"


def test_older_integrations_carry_the_session_in_userid() -> None:
    """There the flag and the text may be missing, and an unseen session is a new one."""
    gateway = Nalo(session_field="USERID")
    inbound = message(gateway.decode(Request(body=b'{"USERID":"session_1","MSISDN":"256700123456"}')))
    assert (inbound.request_id, inbound.new, inbound.text, inbound.msisdn) == ("session_1", None, "", "+256700123456")
    with pytest.raises(BadPayload, match="MSGTYPE is missing"):
        message(Nalo().decode(Request(body=b'{"USERID":"session_1","MSISDN":"256700123456","USERDATA":"1"}')))


def test_a_session_field_that_does_not_exist_is_refused() -> None:
    """A misspelt field would put people into sessions of nobody."""
    with pytest.raises(ConfigurationError, match="SESSIONID or USERID"):
        Nalo(session_field="SESSION")  # type: ignore[arg-type]


def test_a_screen_that_is_none_is_refused() -> None:
    """The size alone is no screen."""
    with pytest.raises(ConfigurationError, match="the screen is 120"):
        Nalo(screen=120)  # type: ignore[arg-type]


def test_a_region_may_be_written_small() -> None:
    """Two letters are a country in either case."""
    inbound = message(Nalo(region="gh").decode(Request(body=json.dumps({**LATER, "MSISDN": "0244123456"}).encode())))
    assert inbound.msisdn == "+233244123456"


@pytest.mark.parametrize("region", ["Ghana", "", "ZZ"])
def test_a_region_that_does_not_exist_is_refused(region: str) -> None:
    """With a misspelt region every national number would be refused, one person at a time."""
    with pytest.raises(ConfigurationError, match="no region"):
        Nalo(region=region)


@pytest.mark.parametrize(
    ("flag", "new"), [(True, True), (False, False), ("true", True), ("False", False), (1, True), (0, False), ("1", True)]
)
def test_the_flag_is_read_leniently(flag: object, new: bool) -> None:
    """Relays re-type the flag; ``"false"`` must not be true."""
    assert message(Nalo().decode(Request(body=json.dumps({**LATER, "MSGTYPE": flag}).encode()))).new is new


@flow
def greeting() -> Steps[None]:
    """Ask a name and greet."""
    name = yield from Prompt("name", "What is your name?")
    town = yield from Prompt("town", f"{name}, which town?")
    yield Say(f"Welcome to {town}!")


class Service:
    """A service on a real port, with the cache in which its sessions are."""

    def __init__(self, client: TestClient[web.Request, web.Application], cache: MemoryCache) -> None:
        self.client = client
        self.cache = cache

    async def post(self, body: Any, **options: Any) -> aiohttp.ClientResponse:
        """Post fields as JSON, or bytes as they are."""
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json", **options.pop("headers", {})}
            return await self.client.post("/ussd", data=body, headers=headers, **options)
        return await self.client.post("/ussd", json=body, **options)

    def stored(self) -> dict[str, Any]:
        """Copy what is stored."""
        return dict(self.cache._values)


async def serving(**options: Any) -> AsyncIterator[Service]:
    """Serve the greeting, with a conversation that waits for a name."""
    cache = MemoryCache()
    app = web.Application()
    mount(app, "/ussd", Nalo(), greeting, runtime=Runtime(cache=cache), **options)
    async with TestClient(TestServer(app)) as client:
        yield Service(client, cache)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Serve the greeting on a real port."""
    async for each in serving():
        response = await each.post(FIRST)
        assert (await response.json())["MSG"] == "What is your name?"
        yield each


@pytest.fixture
async def impatient() -> AsyncIterator[Service]:
    """Serve it to those who do not stall."""
    async for each in serving(patience=0.2):
        yield each


async def test_a_conversation_over_http(service: Service) -> None:
    """The wire format is spoken in both directions to the end of the conversation."""
    response = await service.post(LATER)
    assert response.headers["Content-Type"] == "application/json"
    assert await response.json() == {
        "USERID": "NALOTEST",
        "MSISDN": "233244123456",
        "MSG": "Ama, which town?",
        "MSGTYPE": True,
    }
    response = await service.post({**LATER, "USERDATA": "Kumasi"})
    assert (await response.json())["MSG"] == "Welcome to Kumasi!"
    assert (await response.json())["MSGTYPE"] is False


WRONG_BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "not JSON"),
    "not JSON": (b"MSISDN=233244123456", 400, "not JSON"),
    "half of it": (json.dumps(LATER).encode()[:-5], 400, "not JSON"),
    "a list": (b"[]", 400, "not an object"),
    "two byte order marks": (2 * "\ufeff".encode() + json.dumps(LATER).encode(), 400, "not JSON"),
    "a text": (b'"MSISDN"', 400, "not an object"),
    "null": (b"null", 400, "not an object"),
    "not UTF-8": (b'{"MSISDN": "\xff"}', 400, "not UTF-8"),
    "UTF-16": (json.dumps(LATER).encode("utf-16"), 400, "not UTF-8"),
    "nested deeply": (b"[" * 30_000, 400, "nested too deeply"),
    "nested deeply in a field": (b'{"MSISDN":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, 400, "nested too deeply"),
    "a huge number": (b'{"MSISDN": ' + b"9" * 10_000 + b"}", 400, "not JSON"),
    "no number at all": (b'{"MSGTYPE": NaN}', 400, "not JSON"),
    "a field twice": (json.dumps(LATER).encode()[:-1] + b', "USERDATA": "Kofi"}', 400, "'USERDATA' comes twice"),
    "half a character": (json.dumps({**LATER, "USERDATA": "\ud83d"}).encode(), 400, "USERDATA has half of a surrogate pair"),
    "half a session": (json.dumps({**LATER, "SESSIONID": "\udc00"}).encode(), 400, "SESSIONID has half of a surrogate pair"),
    "too large": (json.dumps({**LATER, "USERDATA": "a" * 70_000}).encode(), 413, "more than 65536 bytes"),
}
_ODD_VALUES: tuple[Any, ...] = (1, 1.5, True, [], {"a": 1})
_ODD_FLAGS: tuple[Any, ...] = (2, -1, 1e300, "yes", "", [], {}, 10**400, None, 0.5)
WRONG_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"{name} missing": ({name: ...}, f"{name} is missing") for name in ("USERID", "MSISDN", "USERDATA", "MSGTYPE")},
    "USERID blank": ({"USERID": " "}, "USERID is empty"),
    **{f"{name} null": ({name: None}, f"{name} is") for name in ("USERID", "MSISDN", "USERDATA")},
    **{
        f"{name} {type(value).__name__}": ({name: value}, f"{name} is not a text")
        for name in ("USERID", "MSISDN", "USERDATA", "NETWORK", "SESSIONID")
        for value in _ODD_VALUES
    },
    **{f"MSGTYPE {value!r}": ({"MSGTYPE": value}, "MSGTYPE is none of") for value in _ODD_FLAGS},
    **{
        f"MSISDN {value!r}": ({"MSISDN": value}, "MSISDN is")
        for value in ("", " ", "1", "233", "+", "not a number", "233XXXXXXXXX", "9" * 400, "٢٣٣٢٤٤١٢٣٤٥٦", "07123ABCDE")
    },
}


class TestNalo(GatewayContract):
    """Nalo keeps the contract of a gateway."""

    # A national number is normalised for the flow and echoed as it was written.
    numbers = {**GatewayContract.numbers, "0244123456": "+233244123456", "+233244123456": "+233244123456"}

    def gateway(self) -> Nalo:
        return Nalo()

    def opening(self, caller: Caller) -> Request:
        return self.message(caller, USERDATA=caller.code, MSGTYPE=True)

    def answering(self, caller: Caller, texts: Sequence[str]) -> Request:
        return self.message(caller, USERDATA=texts[-1], MSGTYPE=False)

    def message(self, caller: Caller, **fields: object) -> Request:
        """Make what Nalo posts."""
        return posting({**LATER, "MSISDN": caller.number, "SESSIONID": caller.session, **fields})

    def read(self, response: Response) -> Reply:
        shown = json.loads(response.body)
        return Reply(shown["MSG"], end=not shown["MSGTYPE"])

    def malformed(self) -> dict[str, Request]:
        bodies = {name: Request(body=body, content_type="application/json") for name, (body, *_) in WRONG_BODIES.items()}
        fields = {name: posting({**LATER, **change}) for name, (change, _) in WRONG_FIELDS.items()}
        return {**bodies, **fields}

    def echoed(self, part: Request | Response) -> object:
        fields = json.loads(part.body)
        return {name: fields[name] for name in ("USERID", "MSISDN")}


class TestNaloBySession(TestNalo):
    """So do older integrations, which carry the session in USERID and tell by it alone that somebody dialled."""

    def gateway(self) -> Nalo:
        return Nalo(session_field="USERID")

    def message(self, caller: Caller, **fields: object) -> Request:
        text = {"USERDATA": fields["USERDATA"]} if fields["USERDATA"] else {}
        return posting({"USERID": caller.session, "MSISDN": caller.number, **text})

    def malformed(self) -> dict[str, Request]:
        optional = ("USERDATA missing", "USERDATA null", "MSGTYPE missing", "MSGTYPE None", "SESSIONID", "half a session")
        return {name: request for name, request in super().malformed().items() if not name.startswith(optional)}


class TestNaloByNumber(TestNalo):
    """So do those that know only the number."""

    def message(self, caller: Caller, **fields: object) -> Request:
        return posting({**LATER, "SESSIONID": None, "MSISDN": caller.number, **fields})


def posting(fields: dict[str, Any]) -> Request:
    """Make a request of fields, without those that are missing."""
    body = json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()
    return Request(body=body, content_type="application/json")


@pytest.mark.parametrize("name", WRONG_BODIES)
async def test_a_wrong_body_is_refused(name: str, service: Service) -> None:
    """A clear 4xx, and the session that waits is not touched."""
    body, status, reason = WRONG_BODIES[name]
    before = service.stored()
    response = await service.post(body)
    assert (response.status, reason in await response.text()) == (status, True), await response.text()
    assert service.stored() == before


@pytest.mark.parametrize("name", WRONG_FIELDS)
async def test_a_wrong_field_is_refused(name: str, service: Service) -> None:
    """The reason names the field, and the session that waits is not touched."""
    change, reason = WRONG_FIELDS[name]
    before = service.stored()
    response = await service.post({key: value for key, value in {**LATER, **change}.items() if value is not ...})
    assert (response.status, reason in await response.text()) == (400, True), await response.text()
    assert service.stored() == before


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("application/vnd.nalo+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json; charset=us-ascii", 200),
        ("application/json; charset=utf-8; a=b", 200),
        ("application/json; a=b; charset=utf-16", 415),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=nonsense", 415),
        ("nonsense", 415),
    ],
)
async def test_content_types(content_type: str, status: int, service: Service) -> None:
    """JSON in UTF-8 is read however it is declared; anything else is refused before it is parsed."""
    before = service.stored()
    response = await service.post(json.dumps(LATER).encode(), headers={"Content-Type": content_type})
    assert response.status == status
    assert (service.stored() == before) is (status != 200)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_refused(method: str, service: Service) -> None:
    """Nalo posts; anything else is 405 and says what is allowed."""
    before = service.stored()
    response = await service.client.request(method, "/ussd", json=LATER)
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert service.stored() == before


async def raw(service: Service, request: bytes) -> bytes:
    """Send bytes as they are, and read the answer."""
    server = service.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


async def test_a_sender_that_stalled_is_hung_up_on(impatient: Service) -> None:
    """After a body that was given up, its connection carries nothing more, which would be read as a request."""
    head = b"POST /ussd HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    answer = await raw(impatient, head + b'{"USERID":')
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_stalled_body_is_given_up(impatient: Service) -> None:
    """A sender that stops in the middle of its body gets 408 and is hung up on, and nothing is stored."""
    head = b"POST /ussd HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    answer = await raw(impatient, head + b'{"USERID":')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"did not arrive within 0.2 seconds" in answer
    assert impatient.stored() == {}


async def test_a_chunked_body_is_bounded(service: Service) -> None:
    """A body that does not tell its length is cut off at the limit."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 4096

    response = await service.client.post("/ussd", data=endless(), headers={"Content-Type": "application/json"})
    assert response.status == 413


@pytest.mark.parametrize("chunked", [True, False])
async def test_the_limit_of_a_body_is_one(chunked: bool) -> None:
    """A body of just the limit is read, and one byte more is not, however it comes."""
    body = json.dumps(FIRST).encode()

    async def whole(data: bytes) -> AsyncIterator[bytes]:
        yield data

    async for each in serving(largest=len(body)):
        for data, status in ((body, 200), (body + b" ", 413)):
            response = await each.client.post(
                "/ussd", data=whole(data) if chunked else data, headers={"Content-Type": "application/json"}
            )
            assert response.status == status


async def test_a_compressed_bomb_is_bounded(service: Service) -> None:
    """A small body that unpacks to a large one is cut off as well, and a broken one is refused."""
    bomb = gzip.compress(b" " * 50_000_000)
    before = service.stored()
    for body in (bomb, b"not gzip at all", bomb[:100]):
        response = await service.post(body, headers={"Content-Encoding": "gzip"})
        assert 400 <= response.status < 500
    assert service.stored() == before


def test_many_fields_and_one_of_them_twice_take_no_time() -> None:
    """Looking for the field that comes twice takes the time of its length, or the loop would stand still for seconds."""
    count = 200_000
    body = b"{" + b",".join(b'"%d":0' % number for number in range(count)) + b',"x":0,"x":0}'
    with pytest.raises(BadPayload, match="'x' comes twice"):
        message(Nalo().decode(Request(body=body)))


@pytest.mark.parametrize("host", ["", "a b", "[::1", "example.com:99999999", "\xff"])
async def test_an_odd_host_header_is_no_trouble(host: str, service: Service) -> None:
    """The address is only a label, so a strange one is no error of ours."""
    body = json.dumps(LATER).encode()
    head = f"POST /ussd HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    answer = await raw(service, head.encode("latin-1") + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert answer.split(b" ")[1][:1] in (b"2", b"4")


ODD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()) | st.just("\ud800") | st.just(10**500),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from([*FIRST, "MSG", ""]), ODD)
# What it takes to be understood is left out of the game: at least one required field is of a wrong type.
BROKEN = st.tuples(FIELDS, st.sampled_from(["USERID", "MSISDN", "USERDATA"]), st.sampled_from([1, None, [], {}, True, 1e9])).map(
    lambda drawn: json.dumps({**LATER, **drawn[0], drawn[1]: drawn[2]}).encode()
)


@given(st.lists(st.binary(max_size=300) | BROKEN, min_size=1, max_size=12))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_thrown_at_it(bodies: list[bytes]) -> None:
    """Random bytes and random JSON never give a 500 and never change a record."""

    async def throw() -> None:
        async for service in serving():
            await service.post(FIRST)
            before = service.stored()
            for body in bodies:
                response = await service.post(body)
                assert 400 <= response.status < 500, (body, response.status)
            assert service.stored() == before
            assert (await (await service.post(LATER)).json())["MSG"] == "Ama, which town?"

    asyncio.run(throw())


@given(FIELDS | st.binary(max_size=500), st.text(max_size=40))
@settings(deadline=None, max_examples=400)
def test_the_codec_understands_or_refuses(fields: dict[str, Any] | bytes, content_type: str) -> None:
    """Whatever comes, decode gives a message or says what is wrong; nothing else escapes."""
    body = fields if isinstance(fields, bytes) else json.dumps({**LATER, **fields}).encode()
    for kind in ("application/json", content_type):
        for gateway in (Nalo(), Nalo(session_field="USERID")):
            try:
                inbound = message(gateway.decode(Request(body=body, content_type=kind)))
            except UserInputError:
                continue
            assert inbound.msisdn is not None
            assert inbound.request_id
