"""Declarations of gateways that cannot work, and what their authors are told before anybody dials."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pytest

from flowdsl import ConfigurationError, Inbound, Reply, Screen
from flowdsl_adapters import About, Field, Json, Query, Response, Stage, UssdGateway
from flowdsl_adapters.gateways import USSD
from flowdsl_adapters.handset import Handset
from flowdsl_adapters.testing import GatewayContract

SOUND: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "name": "telco",
        "about": About(sample={"sid": "42", "phone": "233244123456", "op": "begin", "input": "*920*77#", "net": "01"}),
        "wire": Query(),
        "session": Field("sid"),
        "number": Field("phone"),
        "text": Field("input", blank=True),
        "stage": Stage("op", {"begin": "new", "continue": "on", "end": "released"}),
        "more": "CON {text}",
        "last": "END {text}",
    }
)


def declared(without: str = "", **members: Any) -> type[UssdGateway]:
    """Declare a gateway that is sound, but for these members."""
    kept = {name: value for name, value in SOUND.items() if name != without}
    return type("Telco", (UssdGateway,), {**kept, **members})


WRITE: Final = {
    "name": r'has no name: write name = "…"',
    "wire": r"has no wire: write wire = Query\(\), Form\(\), Json\(\) or Xml\(",
    "number": r'has no number: write number = Field\("…"\)',
    "text": r'has no text: write text = Field\("…"\)',
    "more": r"has no more: write a text with \{text\} in it",
    "last": r"has no last: write a text with \{text\} in it",
}


@pytest.mark.parametrize("name", WRITE)
def test_what_every_gateway_declares(name: str) -> None:
    """What is missing is told by the class, and with what to write."""
    with pytest.raises(ConfigurationError, match=f"the class Telco {WRITE[name]}"):
        declared(without=name)()


def of(shown: object, ended: object) -> dict[str, Any]:
    """Declare how a reply goes on, and how it ends."""
    return {"more": shown, "last": ended}


WRONG: Final[list[tuple[str, Mapping[str, Any], str]]] = [
    ("a name that is no text", {"name": 5}, "name = 5: write name ="),
    ("a blank name", {"name": " "}, "name = ' ': write name ="),
    ("a wire that is a class", {"wire": Query}, r"the class itself: write wire = Query\(\)"),
    ("a wire that is a text", {"wire": "GET"}, r"wire = 'GET': write wire = Query\(\)"),
    ("about that is a dict", {"about": {}}, r"write about = About\("),
    ("a sample that is a list", {"about": About(sample=["sid"])}, r"write about = About\("),  # type: ignore[arg-type]
    ("a number that is a text", {"number": "phone"}, r'write number = Field\("phone"\)'),
    ("a number that is none", {"number": None}, r'number = None: write number = Field\("…"\)'),
    ("a service that is a text", {"service": "code"}, r'write service = Field\("code"\)'),
    ("a field that is a class", {"session": Field}, r'the class Field itself: write session = Field\("…"\)'),
    ("a field without a name", {"session": Field("")}, "the name of the field in the request"),
    ("a field whose name is none", {"session": Field(5)}, "the name of the field in the request"),  # type: ignore[arg-type]
    ("text and number in one field", {"text": Field("phone")}, "text and number from one field, 'phone'"),
    ("a stage that is a text", {"stage": "op"}, r'write stage = Stage\("op", \{'),
    ("a stage of a list", {"stage": Stage("op", ["begin"])}, r'write stage = Stage\("op", \{'),  # type: ignore[arg-type]
    ("a stage that means nothing", {"stage": Stage("op", {"a": "start", "b": "on"})}, "'a' means 'start'"),  # type: ignore[dict-item]
    ("a stage the wrong way round", {"stage": Stage("op", {"new": "a", "on": "b"})}, "stands behind it"),  # type: ignore[dict-item]
    ("a stage that never begins", {"stage": Stage("op", {"b": "on"})}, "for no value of op that a conversation begins"),
    ("a stage that never goes on", {"stage": Stage("op", {"a": "new"})}, "for no value of op that a conversation goes on"),
    ("a stage of nothing", {"stage": Stage("op", {"a": "new", None: "on"})}, "no text, None"),  # type: ignore[dict-item]
    ("another word for cumulative", {"cumulative": "answer"}, "it is 'answers' or 'dialled'"),
    ("a flag for cumulative", {"cumulative": True}, "it is 'answers' or 'dialled'"),
    ("headers that are a list", {"more_headers": ["a"]}, "write more_headers = {"),
    ("a header that is no text", {"last_headers": {"X": 1}}, "write last_headers = {"),
    ("a header of two lines", {"more_headers": {"X": "a\nb"}}, "write more_headers = {"),
    ("a header whose name is two", {"more_headers": {"X: a": "b"}}, "write more_headers = {"),
    ("characters that are a list", {"replaced": ["|"]}, "write replaced = {"),
    ("characters that are two", {"replaced": {"||": "/"}}, "each a single character"),
    ("characters for a number", {"replaced": {"|": 1}}, "each a single character"),
    ("a slot's name for slots", {"own_slots": "label"}, r"write own_slots = \("),
    ("a form in bytes", {"more": b"CON {text}"}, "write a text with"),
    ("a form that is a list", of(["{text}"], ["{text}"]), "write a text with"),
    ("a form that is no JSON", of({"m": "{text}", "s": Screen}, {"m": "{text}"}), "cannot be written"),
    ("a number that is no JSON", of({"m": "{text}", "s": float("inf")}, {"m": "{text}"}), "cannot be written"),
    ("half a character in a form", {"more": "\ud83d{text}"}, "cannot be written"),
    ("no text in a form", {"more": "CON"}, r"no \{text\} in more"),
    ("no text in an object", of({"m": "x"}, {"m": "{text}"}), r"no \{text\} in more"),
    ("the text misspelt", {"last": "END {txt}"}, r"no \{text\} in last, but \{txt\}"),
    ("a field misspelt", {"more": "CON {text} {pone}"}, r"did you mean \{phone\}\?"),
    ("a field of no request", {"more": "CON {text} {zzz}"}, "what can stand there is input, key, net, op, phone, sid, text"),
    ("a part of a value", of({"m": "Hi {text}", "t": "{text}"}, {"m": "{text}"}), "a slot is all of a value"),
    ("a slot in a list", of({"m": ["{text}", "x{sid}"]}, {"m": "{text}"}), "'x{sid}' in more"),
    ("a slot for a name", of({"{sid}": 1, "t": "{text}"}, {"m": "{text}"}), "the name of a field in more"),
    ("a name that is no text", of({1: "{text}"}, {"m": "{text}"}), "the name of a field in more"),
    ("a text and an object", {"last": {"m": "{text}"}}, "more and last of two kinds"),
    ("a text and XML", {"last": "<a>{text}</a>"}, "more and last of two kinds"),
    ("the same twice", {"last": "CON {text}"}, "the same in more and last"),
    ("the same object twice", of({"a": 1, "m": "{text}"}, {"m": "{text}", "a": 1}), "the same in more and last"),
    ("the same headers", {**of("{text}", "{text}"), "more_headers": {"X": "1"}, "last_headers": {"x": "1"}}, "the same headers"),
    ("a stage misspelt", {"stages": SOUND["stage"]}, "'stages', which nothing reads: did you mean 'stage'"),
    ("a wire misspelt, and a class", {"wires": Query}, "'wires', which nothing reads: did you mean 'wire'"),
    ("a network misspelt", {"netwrok": Field("net")}, "'netwrok', which nothing reads: did you mean 'network'"),
]


@pytest.mark.parametrize(("members", "says"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_declaration_that_cannot_work_is_refused(members: Mapping[str, Any], says: str) -> None:
    """By the class, and with what to write in it."""
    with pytest.raises(ConfigurationError, match=says) as refused:
        declared(**members)()
    assert str(refused.value).startswith("the class Telco ")


SOUND_TOO: Final[list[tuple[str, Mapping[str, Any]]]] = [
    ("as it is", {}),
    ("the number is the session", {"session": Field("phone")}),
    ("no session", {"session": None}),
    ("the end is told by a header", {**of("{text}", "{text}"), "more_headers": {"X": "1"}, "last_headers": {"X": "0"}}),
    ("JSON tells true from 1", of({"m": "{text}", "end": 1}, {"m": "{text}", "end": True})),
    ("fields of its own", {"_other": Field("rest"), "more": "CON {text} {rest}"}),
    ("what only the sample shows", {"more": "CON {text} {net}"}),
    ("slots of its own", {"own_slots": ("label",), "more": "CON {text} {label}"}),
    ("a name with a hyphen", {"network": Field("net-work", required=False), "more": "CON {text} {net-work}"}),
    ("what is far from any name", {"colours": ["red"], "_stages": {}}),
    ("a method that is nearly another", {"encoded": lambda self: b"", "numbers": property(lambda self: "")}),
]


@pytest.mark.parametrize("members", [case[1] for case in SOUND_TOO], ids=[case[0] for case in SOUND_TOO])
def test_a_declaration_that_can_work_is_taken(members: Mapping[str, Any]) -> None:
    """Nobody is told to mend what is right."""
    assert declared(**members)().name == "telco"


def test_who_tells_the_end_by_a_method_may() -> None:
    """Forms that are the same say nothing where something else does."""

    def filling(self: UssdGateway, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        return {"key": "", "label": "end" if reply.end else "more"}

    gateway = declared(**of("{label} {text}", "{label} {text}"), own_slots=("label",), filling=filling)()
    inbound = gateway.decode(Handset(gateway).dialled(Handset(gateway).example()))
    assert isinstance(inbound, Inbound)
    assert gateway.encode(Reply("Bye", end=True), inbound).body == b"end Bye"


def test_a_form_with_a_list_is_filled_and_read() -> None:
    """The other side of the wire finds the text wherever a form has it."""
    gateway = declared(**of({"m": ["x", "{text}"], "end": False}, {"m": ["x", "{text}"], "end": True}))()
    handset = Handset(gateway)
    inbound = gateway.decode(handset.dialled(handset.example()))
    assert isinstance(inbound, Inbound)
    answer = gateway.encode(Reply("Bye", end=True), inbound)
    assert answer.body == b'{"m":["x","Bye"],"end":true}'
    assert handset.shown(answer) == Reply("Bye", end=True)


@pytest.mark.parametrize("made", USSD)
def test_what_is_declared_on_the_instance_counts(made: str) -> None:
    """Every gateway here passes, and one whose settings spoil it does not."""
    gateway = USSD[made]()

    class Spoilt(type(gateway)):  # type: ignore[misc]
        def __init__(self) -> None:
            self.more = self.last = "CON"
            UssdGateway.__init__(self)

    with pytest.raises(ConfigurationError, match=r"the class Spoilt has no \{text\} in more"):
        Spoilt()


STAGES: Final[list[tuple[Mapping[Any, Any], dict[Any, str]]]] = [
    ({"BEGIN": "new", "Continue": "on"}, {"begin": "new", "CONTINUE ": "on"}),
    ({1: "new", 2: "on"}, {1: "new", "1": "new", 2: "on", "2": "on"}),
    ({True: "new", False: "on"}, {True: "new", "true": "new", "False": "on", False: "on"}),
]


@pytest.mark.parametrize(("values", "read"), STAGES)
def test_a_stage_is_read_as_it_is_written(values: Mapping[Any, Any], read: Mapping[Any, str]) -> None:
    """Capitals, numbers and flags are their texts in small letters, on either side."""
    stage = declared(wire=Json(), stage=Stage("op", values))().stage
    assert stage is not None
    assert {value: stage.read({"op": value}) for value in read} == read


def test_a_stage_has_each_value_once() -> None:
    """Case is not looked at, so nobody could tell which one is meant."""
    with pytest.raises(ConfigurationError, match="the stage op has a value twice"):
        Stage("op", {"A": "new", "a": "on"})


@pytest.mark.parametrize("sample", [{}, {"sid": "1"}, {"phone": "233244123456"}])
def test_who_is_tried_by_hand_has_a_sample(sample: Mapping[str, Any]) -> None:
    """Without the first request nobody can dial for them."""
    handset = Handset(declared(about=About(sample=sample))())
    with pytest.raises(ConfigurationError, match=r"the sample of Telco has no .*write about = About\(sample="):
        handset.example()


class Proving(GatewayContract):
    """The contract, for a gateway whose sample is odd."""

    members: Mapping[str, Any]

    def gateway(self) -> UssdGateway:
        return declared(**self.members)()


@pytest.mark.parametrize("sample", [{"op": 1}, {"op": True}, {}])
def test_the_contract_speaks_in_words(sample: Mapping[str, Any]) -> None:
    """A sample that does not agree with the stage breaks no test of what is right."""
    proving = Proving()
    proving.members = {"about": About(sample=sample), "wire": Json()}
    proving.test_the_end_is_told()


def test_an_answer_in_no_form_is_told_in_words() -> None:
    """Whatever the bytes are that somebody's encode() gives."""
    handset = Handset(declared(**of({"m": "{text}", "end": 0}, {"m": "{text}", "end": 1}))())
    for body in (b"\xff", b"not JSON", b"[]", b'{"m": 1}'):
        with pytest.raises(ValueError, match="this is not in the form of telco"):
            handset.shown(Response(body=body))
