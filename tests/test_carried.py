"""What a codec takes out of a request besides the answer: what goes back as it came, counters, and notices."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from flowdsl import Ended, Inbound, Prompt, Reply, Runtime, Steps, flow
from flowdsl.errors import BadPayload
from flowdsl_adapters import (
    Arkesel,
    Cellulant,
    Emergent,
    Field,
    Hubtel,
    Json,
    Request,
    TruRoute,
    UssdGateway,
    Wigal,
    mount,
)
from flowdsl_adapters.gateways import USSD

_JSON: Final = "application/json"


def posting(fields: Mapping[str, Any]) -> Request:
    """Make a request of JSON."""
    return Request(body=json.dumps(fields).encode(), content_type=_JSON, method="POST")


def message(gateway: UssdGateway, request: Request) -> Inbound:
    """Read a request that is a message."""
    decoded = gateway.decode(request)
    assert isinstance(decoded, Inbound)
    return decoded


def written(gateway: UssdGateway, **fields: Any) -> str:
    """Answer the gateway's sample, in which these fields are others."""
    inbound = message(gateway, gateway.wire.write({**gateway.about.sample, **fields}))
    return gateway.encode(Reply("Name?", key="name"), inbound).body.decode()


@pytest.mark.parametrize("value", ["7f2c", "", "Ɔ🙂", 7, 10**30, True, None, 1.5, {"a": [1, "é", None]}, [], [[{}]]])
def test_what_goes_back_is_as_it_came(value: object) -> None:
    """Text or not, a reply in JSON has the same value."""
    assert json.loads(written(Wigal(), trafficid=value))["trafficid"] == value


def test_what_never_came_goes_back_as_nothing() -> None:
    """There is no value that it could have."""
    sample = {name: value for name, value in Wigal.about.sample.items() if name != "trafficid"}
    gateway = Wigal()
    body = gateway.encode(Reply("Name?"), message(gateway, posting(sample))).body
    assert json.loads(body)["trafficid"] == ""


_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(_VALUES)
def test_any_value_goes_back_or_is_refused(value: Any) -> None:
    """Whatever JSON can hold."""
    gateway = Wigal()
    body = json.dumps({**gateway.about.sample, "trafficid": value}).encode().replace(b"\\u0000", b"\\ufffd")
    shown = gateway.encode(Reply("Name?"), message(gateway, Request(body=body, content_type=_JSON))).body
    assert json.loads(shown)["trafficid"] == json.loads(body)["trafficid"]


class OfText(UssdGateway):
    """Answers JSON by a line."""

    name = "of_text"
    wire = Json()
    number, text, account = Field("phone"), Field("input", blank=True), Field("id", number=True)
    more, last = "CON {text}|{id}|{rest}", "END {text}|{id}|{rest}"
    _rest = Field("rest", required=False)
    replaced = {"|": "/"}


@pytest.mark.parametrize(("rest", "shown"), [(7, "7"), (True, "true"), (None, "null"), ({"a": ["|"]}, '{"a":["/"]}'), ("x", "x")])
def test_what_is_no_text_stands_in_a_line_as_json(rest: object, shown: str) -> None:
    """And cannot end a field either."""
    request = posting({"phone": "233244123456", "input": "1", "id": 5, "rest": rest})
    gateway = OfText()
    assert gateway.encode(Reply("Hi"), message(gateway, request)).body.decode() == f"CON Hi|5|{shown}"


@pytest.mark.parametrize("value", ["\ud800", ["\ud800"], {"\ud800": 1}])
async def test_half_a_character_is_refused_before_anything_is_kept(value: object) -> None:
    """Nobody's answer is taken whose reply could not be written."""
    seen: list[Inbound] = []

    async def note(inbound: Inbound, next: Any) -> Reply:
        seen.append(inbound)
        reply: Reply = await next(inbound)
        return reply

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("a", "A?")
        yield from Prompt("b", "B?")

    app = web.Application()
    mount(app, "/ussd", Wigal(), asking, runtime=Runtime(middleware=[note]))
    answer = {**Wigal.about.sample, "mode": "MORE", "userdata": "x"}
    async with TestClient(TestServer(app)) as client:
        await client.post("/ussd", json=dict(Wigal.about.sample))
        async with client.post("/ussd", json={**answer, "trafficid": value}) as response:
            assert (response.status, "trafficid" in await response.text()) == (400, True)
        assert len(seen) == 1
        async with client.post("/ussd", json=answer) as response:
            assert (await response.json())["userdata"] == "B?"


@pytest.mark.parametrize("value", [b"1e400", b"[1e400]", b"[" * 400 + b"1e400" + b"]" * 400])
def test_a_number_that_json_does_not_have_is_refused(value: bytes) -> None:
    """Python reads it as infinity, which no reply can have."""
    body = json.dumps({**Wigal.about.sample, "trafficid": "?"}).encode().replace(b'"?"', value)
    with pytest.raises(BadPayload, match=r"trafficid|JSON"):
        Wigal().decode(Request(body=body, content_type=_JSON))


def test_what_comes_twice_does_not_go_back() -> None:
    """Nobody can tell which of the two is meant."""
    request = Request(body=b"", query=dict(Wigal.about.sample), twice=frozenset({"trafficid"}))
    with pytest.raises(BadPayload, match="trafficid comes twice"):
        Wigal(version=1).decode(request)


def test_nothing_that_goes_back_can_end_a_field() -> None:
    """Neither what the request had in it nor the key of a prompt."""
    gateway = Wigal(version=1)
    sample = {**gateway.about.sample, "network": "mtn|END", "sessionid": "1\n2", "trafficid": "a|b"}
    line = gateway.encode(Reply("A|B", key="na|me\n"), message(gateway, gateway.wire.write(sample))).body.decode()
    assert line == "mtn/END|MORE|233244123456|1^2|A/B|sika|a/b|na/me^"


def test_objects_and_xml_have_escapes_of_their_own() -> None:
    """What is replaced there is the text alone."""

    class Shouting(TruRoute):
        more, last = "<a t='1'>{text}<s>{sessionid}</s></a>", "<a t='2'>{text}<s>{sessionid}</s></a>"
        replaced = {"|": "/"}

    class Minding(Arkesel):
        replaced = {"|": "/"}

    assert written(Shouting(), sessionid="1|<2>", msg="") == "<a t='1'>Name?<s>1|&lt;2&gt;</s></a>"
    assert json.loads(written(Minding(), sessionID="1|2"))["sessionID"] == "1|2"
    inbound = message(Shouting(), Shouting().wire.write(Shouting.about.sample))
    assert Shouting().encode(Reply("A|&"), inbound).body.startswith(b"<a t='1'>A/&amp;<s>")


@pytest.mark.parametrize("make", [Emergent, Hubtel])
@pytest.mark.parametrize(
    ("sequence", "place"), [("", None), (" ", None), (None, None), (0, "0"), ("7", "7"), (" 7 ", "7"), (8, "8")]
)
def test_a_blank_sequence_counts_nothing(make: Any, sequence: object, place: str | None) -> None:
    """Messages that are not numbered are not all the same one."""
    gateway = make()
    inbound = message(gateway, posting({**gateway.about.sample, "Sequence": sequence}))
    session = gateway.about.sample["SessionId"]
    assert inbound.message_id == (None if place is None else f"{session}/{place}")


@pytest.mark.parametrize("sequence", ["abc", "-1", -1, "1.5", 1.5, True, "١", "1 2", "²", [1]])
def test_a_sequence_is_a_whole_number(sequence: object) -> None:
    """What is none is refused by its name."""
    with pytest.raises(BadPayload, match="Sequence is"):
        Emergent().decode(posting({**Emergent.about.sample, "Sequence": sequence}))


def test_no_text_has_a_nul() -> None:
    """JSON can hold one, and forms and addresses are read without it, too."""
    sample = {**Arkesel.about.sample, "newSession": False, "userData": "a\0b", "sessionID": "1\0"}
    inbound = message(Arkesel(), posting(sample))
    assert (inbound.text, inbound.request_id) == ("a\ufffdb", "1\ufffd")
    assert inbound.echo["sessionID"] == "1\ufffd"


@given(st.lists(st.sampled_from(["\\", "u0000", "\0", "a", '"'])).map("".join))
def test_only_a_nul_is_taken_for_one(text: str) -> None:
    """A backslash that somebody typed before u0000 is what they typed."""
    body = json.dumps({"a": text}).encode()
    assert Json().read(Request(body=body, content_type=_JSON)) == {"a": text.replace("\0", "\ufffd")}


NOTICES: Final = [name for name, make in USSD.items() if (stage := make().stage) and {*stage.values.values()} - {"new", "on"}]


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_says_which_session_is_over(name: str) -> None:
    """One that names neither a session nor a number ends nothing, and its sender is told so."""
    gateway = USSD[name]()
    stage = gateway.stage
    assert stage is not None
    over = next(value for value, kind in stage.values.items() if kind not in ("new", "on"))
    known = {field.name for field in (gateway.session, gateway.number) if field is not None}
    fields = {**{name: value for name, value in gateway.about.sample.items() if name not in known}, stage.name: over}
    sound = gateway.wire.write({**gateway.about.sample, stage.name: over})
    assert isinstance(gateway.decode(sound), Ended)
    if name == "infobip":  # its session is in the address
        return
    says = "MSISDN is" if name == "cellulant" else f"nothing says which session is over: there is no .*{gateway.number.name}"
    for blank in ({}, dict.fromkeys(known, " ")):
        with pytest.raises(BadPayload, match=says):
            gateway.decode(gateway.wire.write({**fields, **blank}))


def test_a_notice_may_lack_the_number() -> None:
    """And may have it as a number, where messages have a text."""
    ended = Wigal().decode(posting({"mode": "END", "sessionid": "1"}))
    assert isinstance(ended, Ended)
    assert (ended.request_id, ended.msisdn) == ("1", None)
    ended = Wigal().decode(posting({"mode": "END", "sessionid": "1", "msisdn": 233244123456}))
    assert isinstance(ended, Ended)
    assert ended.msisdn == "+233244123456"


@pytest.mark.parametrize("name", ["sessionid", "msisdn"])
@pytest.mark.parametrize("value", ["\ud800", [], {"a": 1}, True])
def test_a_notice_holds_texts(name: str, value: object) -> None:
    """What is none is refused by its name, as in a message."""
    with pytest.raises(BadPayload, match=f"{name} "):
        Wigal().decode(posting({"mode": "END", "sessionid": "1", "msisdn": "233244123456", name: value}))


def test_a_notice_with_two_numbers_ends_nothing() -> None:
    """Nobody can tell whose session is meant."""
    query = {**Wigal.about.sample, "mode": "END"}
    with pytest.raises(BadPayload, match="msisdn comes twice"):
        Wigal(version=1).decode(Request(body=b"", query=query, twice=frozenset({"msisdn"})))


def test_cellulants_session_is_nobodys_without_the_number() -> None:
    """Its ids alone are those of several people."""
    with pytest.raises(BadPayload, match="MSISDN is missing"):
        Cellulant().decode(Request(body=b"", query={"opCode": "ABO", "ABORT": "1", "sessionID": "c1", "INPUT": ""}))
