"""What is hidden of sessions, what is taken out of them, and how they are written for people: without a server."""

import functools
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from types import NoneType, SimpleNamespace
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import msgspec
import pytest

from flowdsl import Call, Flow, Prompt, Run, Steps, flow
from flowdsl.chat import Opening
from flowdsl.errors import UnreadableRecord
from flowdsl.inspection import exported, imported, look, masked, masked_id, printable, rows, table
from flowdsl.inspection.frames import legible
from flowdsl.inspection.secrecy import HIDDEN, Mask, is_telling, may_ask_secretly
from flowdsl.journal import CALL, PROMPT, Entry, decode, encode
from flowdsl.messages import Reply
from flowdsl.owing import owing
from flowdsl.record import FlowState, Open, Record, Root, Seen, read, write


class Colour(Enum):
    """An answer of few."""

    RED = "red"


@dataclass
class Address:
    """A value of fields."""

    street: str
    since: date


class Loop(list[Any]):
    """A list that holds itself."""


class Broken:
    """A value that cannot be written."""

    def __repr__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        *((name, True) for name in ("pin", "PIN", "newPin", "pin2", "old_pin", "pincode", "otp", "OTPCode", "cvv", "userToken")),
        *((name, True) for name in ("password", "passwordHash", "client_secret", "access-token", "passcode")),
        *((name, False) for name in ("name", "shipping", "option", "opinion", "spinner", "", "ping", "pine", "åäö")),
    ],
)
def test_what_is_called_like_a_secret(name: str, telling: bool) -> None:
    """Names are told by their words, in any way in which programs write them."""
    assert is_telling(name) is telling


@pytest.mark.parametrize(
    ("secret", "value", "written"),
    [
        ("4242", "my 4242", HIDDEN),
        (4242, 14242.5, HIDDEN),
        (4242, {"a": [4242, 1]}, "{'a': [****, 1]}"),
        (4242, {4242: "x"}, "{****: 'x'}"),
        (Decimal("4.20"), (Decimal("4.20"),), "(****,)"),
        ({"$decimal": "4.20"}, Decimal("4.20"), HIDDEN),
        (date(2000, 1, 2), date(2000, 1, 2), HIDDEN),
        ({"$date": "2000-01-02"}, [date(2000, 1, 2)], "[****]"),
        ('it\'s a "word"\n', ['it\'s a "word"\n!'], "[****]"),
        ("ɛ", "ɛ", HIDDEN),
        ("ɛdwom", '{"a": "\\u025bdwom"}', HIDDEN),
        (Colour.RED, Colour.RED, HIDDEN),
        ({"$enum": ["Colour", "RED"]}, Colour.RED, HIDDEN),
        (7, 7, HIDDEN),
        (7, "17", "'17'"),
        (7, "it is 7, ok?", HIDDEN),
        (7, "7th", "'7th'"),
        ("é", "née", "'née'"),
        ("-", "a - b", "'a - b'"),
        (True, True, "True"),
        (None, None, "None"),
        ("", "", "''"),
        ({"deep": ["Word"]}, "a word in it", HIDDEN),
        ("x", Address("x", date(2000, 1, 1)), "Address(street=****, since=datetime.date(2000, 1, 1))"),
        ("yy", SimpleNamespace(a="yy"), HIDDEN),
    ],
)
def test_values_with_a_secret_in_them(secret: Any, value: Any, written: str) -> None:
    """A secret is hidden in whatever holds it, however it is written there; yes, no and nothing are no secrets."""
    mask = Mask()
    mask.learn(secret)
    assert legible(value, mask) == written


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        (987, "Your code is 987, ok?", "Your code is ****, ok?"),
        ("ab", "(AB) for a_ab_b", "(****) for a_****_b"),
        (987, "98765 and 1987", "98765 and 1987"),
        ("1", "1. Tea\n11. Milk", "****. Tea\n11. Milk"),
        ({"deep": [12, "longer"]}, "12 longerlonger 123", "**** ******** 123"),
    ],
)
def test_short_secrets_are_words_of_their_own(secret: Any, text: str, shown: str) -> None:
    """What may be a secret is hidden however short, but where it has fewer than four characters only as a word of its own."""
    mask = Mask()
    mask.notice("pin", secret)
    assert mask.text(text) == shown
    assert mask.hides(text) is (text != shown)


def test_a_short_secret_is_no_part_of_a_longer_one() -> None:
    """Of two secrets that begin at the same place the longer one is hidden, and nothing of it is left."""
    mask = Mask()
    mask.notice("pin", ["12", "12-4567"])
    assert mask.text("12-4567 or 12") == "**** or ****"


def test_values_of_any_kind_are_legible() -> None:
    """What is called like a secret is hidden at any depth; what cannot be written is named; nothing is endless."""
    loop = Loop()
    loop.append(loop)
    endless: list[Any] = []
    endless.append(endless)
    values = {
        "pin": 1,
        "at": {"token": "a", "b": None},
        "opaque": SimpleNamespace(password="a"),
        "prompt": Prompt("a", "A?"),
        "call": Call(print, key="p"),
        "run": Run(flow(openly)),
        "object": object(),
        "broken": Broken(),
        "many": {1, 2},
    }
    assert {name: legible(value, Mask(), name) for name, value in values.items()} == {
        "pin": HIDDEN,
        "at": "{'token': ****, 'b': None}",
        "opaque": HIDDEN,
        "prompt": "<prompt 'a'>",
        "call": "<call 'p'>",
        "run": "<run of flow 'openly'>",
        "object": "<object object>",
        "broken": "<Broken>",
        "many": "{1, 2}",
    }
    assert legible(loop, Mask()) == "[[...]]"
    assert "…" in legible(endless, Mask())
    assert len(legible("x" * 5_000, Mask())) < 250
    mask = Mask()
    mask.learn("tail")
    assert legible("x" * 5_000 + "tail", mask) == HIDDEN


WORD = Prompt("word", "Word?", secret=True, transform=str)


def asks(key: str, **options: Any) -> Prompt[str]:
    """Make a secret question."""
    return Prompt(key, "?", transform=str, **options)


def by_helper() -> Steps[Any]:
    """Ask by a function that hides what it does."""
    return (yield asks("a", secret=True))


def by_table() -> Steps[Any]:
    """Ask with options from a table."""
    return (yield asks("a", **{"secret": True}))  # noqa: PIE804


def by_a_prompt_of_the_module() -> Steps[Any]:
    """Ask what is made elsewhere."""
    return (yield WORD)


def openly() -> Steps[Any]:
    """Ask nothing secret, by a helper too."""
    name = yield Prompt("name", "Name?")
    return (yield Prompt("town", f"{name}?", validate=functools.partial(print)))


inner = flow(by_helper)


def by_a_flow_within() -> Steps[Any]:
    """Ask in a flow within."""
    return (yield Run(inner))


def by_a_nested_generator() -> Steps[Any]:
    """Ask in a function of its own."""

    def ask() -> Steps[Any]:
        return (yield Prompt("a", "?", secret=True, transform=str))

    return (yield from ask())


@pytest.mark.parametrize(
    ("function", "secretly"),
    [
        (by_helper, True),
        (by_table, True),
        (by_a_prompt_of_the_module, True),
        (by_a_flow_within, True),
        (by_a_nested_generator, True),
        (openly, False),
    ],
)
def test_flows_that_may_ask_secretly(function: Any, secretly: bool) -> None:
    """Wherever in the code of a flow a secret question is made, it is found."""
    asking: Flow[..., Any] = flow(function)
    assert may_ask_secretly(asking) is secretly


TYPES: dict[str, type] = {"Colour": Colour, "Address": Address}
VALUES: list[Any] = [
    "Ama",
    5,
    2.5,
    True,
    None,
    ["Ama", 1],
    ("Ama",),
    {"name": "Ama"},
    {"$odd": "Ama"},
    {"$date": "Ama"},
    float("inf"),
    date(1999, 2, 3),
    time(4, 5),
    datetime(1999, 2, 3, 4, 5),  # noqa: DTZ001
    Decimal("7.25"),
    UUID(int=5),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_masked_values_keep_their_types(value: Any) -> None:
    """Without an answer its type is left, so that the flow can be played, and nothing else of it."""
    state = FlowState(opening=Opening("*1#", 0.0, "ussd", "nalo"), journal=[Entry(PROMPT, "a", "", encode(value, TYPES))])
    record = Record(version=1, revision=1, flows={"shop": state})
    kept = read(write(masked(record), 10_000)).flows["shop"].journal[0]
    back = decode(kept.value, TYPES)
    assert type(back) is type(value)
    assert "Ama" not in repr(back)
    assert back != value or value is None


def test_nothing_that_tells_answers_is_left_in_a_masked_record() -> None:
    """Answers, results, data, screens, names, parameters and digests: all of them go, wherever a record has them."""
    said = "Ama said so"
    entry = Entry(PROMPT, "a", "", said)
    failed = Entry(CALL, "b", "call", {"$failed": ["Declined", said]})
    data = Entry(PROMPT, "c", "", {"$data": ["Address", {"street": said}]})
    left = FlowState(opening=Opening(said, 0.0, "ussd", "nalo"), journal=[entry])
    opened = Open(mark="tdigest", first="x", by="x", until=0.0, found=0, journal=[entry], aside=[entry], replaced=left)
    state = FlowState(
        opening=Opening(said, 0.0, "ussd", "nalo", said, said, "fr"),
        journal=[entry, failed, data],
        aside=[entry],
        kept=entry,
        began={"a": said},
        changed={"a": (said,)},
        pages=[said],
        owed=Reply(said),
        request="tdigest",
        heard="4:tdigest:2",
        latest="tdigest",
        root=Root("shop", "module", {"$odd": said}),
        open=opened,
    )
    seen = [Seen("tdigest", 0, "x", Reply(said))]
    record = Record(version=1, revision=1, owner="tdigest", flows={"shop": state}, data={"a": [said]}, seen=seen)
    written = write(masked(record), 10_000)
    assert not [each for each in ("Ama", "tdigest") if each in written]
    assert read(written).flows["shop"].opening == Opening("*", 0.0, "ussd", "nalo", "*", "*", "fr")
    assert '{"$failed":["Declined","*"]}' in written
    assert '{"$data":["Address",{"street":"*"}]}' in written


def _filled(kind: Any, path: str) -> Any:
    """Make a value of a type in which every text is the path that leads to it."""
    content, origin = get_args(kind), get_origin(kind) or kind
    if NoneType in content:
        return None if path.count(".") > _DEEP else _filled(content[0], path)
    if origin is Any:
        return {"field": path}
    if origin is Literal:
        return content[0]
    if issubclass(origin, msgspec.Struct):
        fields = [each for each in msgspec.structs.fields(origin) if each.name not in ("screen", "media")]
        return origin(**{each.name: _filled(each.type, f"{path}.{each.name}") for each in fields})
    if origin is dict:
        return {f"{path}.key": _filled(content[1], f"{path}.value")}
    if origin in (list, tuple):
        return origin((_filled(content[0], path),))
    if origin in (int, Decimal):
        return origin(1)  # what is counted or paid for is not nothing
    return path if origin is str else origin()


_DEEP = 5
# Names that authors give, platforms and languages.
_TELLS_NOTHING = re.compile(
    r".*\.(key|choices|kind|answered|passed|refused|expected|found|where|platform|gateway|locale|shown|spoke|spot|root\.name|root\.module)"
)


def test_whoever_adds_a_field_decides_whether_it_tells_answers() -> None:
    """Every text in a record is taken out when it is masked, unless it is known to tell nothing."""
    written = write(masked(_filled(Record, "record")), 100_000)
    left = set(re.findall(r"record[\w.]*", written))
    assert len(left) > len(Record.__struct_fields__)
    assert {path for path in left if not _TELLS_NOTHING.fullmatch(path)} == set()


def test_a_session_that_only_remembers_is_listed() -> None:
    """So that it can be found, to be looked at or deleted; one that only knows what it answered last is over."""
    (row,) = rows("s:1", Record(version=1, revision=1, data={"vip": True}), 60.0, 1_700_000_000.0)
    assert (row.flow, row.at, row.age) == ("", "(data only)", None)
    assert list(table([row]))[1].split() == ["s:1", "-", "(data", "only)", "0", "-", "1m"]
    assert rows("s:1", Record(version=1, revision=1), 60.0, 1_700_000_000.0) == []


def test_a_flow_that_owes_its_last_words_has_no_age() -> None:
    """It is over, and when it began is not kept."""
    record = owing(Record(version=1, revision=1), "shop", Reply("Paid."))
    (row,) = rows("s:1", record, 60.0, 1_700_000_000.0)
    assert (row.at, row.age) == ("(the end)", None)
    (view,) = look("s:1", record).flows
    assert (view.waits, view.began) == ("end", None)


@pytest.mark.parametrize("picked", ["1a2b3c4d", "address/1a2b3c4d"])
def test_choices_can_be_kept(picked: str) -> None:
    """What was picked from a menu is kept where that is wanted, within other flows too, and nothing that was typed."""
    journal = [Entry(PROMPT, "a", picked, "Red"), Entry(PROMPT, "b", picked[:-8], "Ama"), Entry(CALL, "c", "call", "Ama")]
    record = Record(version=1, revision=1, flows={"shop": FlowState(opening=Opening("", 0, "", ""), journal=journal)})
    kept = masked(record, keep_choices=True).flows["shop"].journal
    assert [entry.value for entry in kept] == ["Red", "*", "*"]


@pytest.mark.parametrize(
    ("session_id", "without"),
    [
        ("shop:whatsapp:+233244123456", "shop:whatsapp:*#3"),
        ("233244123456", "*#3"),
        ("shop-0244123456-a", "shop-*-a#3"),
        ("shop:ussd:nalo:17954658000000101", "shop:ussd:nalo:17954658000000101"),
        ("shop:ussd:nalo:a1233244123456b", "shop:ussd:nalo:a1233244123456b"),
        ("shop:ussd:nalo:1234", "shop:ussd:nalo:1234"),
    ],
)
def test_numbers_in_ids(session_id: str, without: str) -> None:
    """What looks like a telephone number is taken out; hashes and the ids of gateways stay."""
    assert masked_id(session_id, 3) == without


@pytest.mark.parametrize("line", [b"", b"{}", b"nonsense", b"\xff", b'{"id":1,"record":{}}', b"[]"])
def test_lines_that_are_none(line: bytes) -> None:
    """A line that is no exported session is an error that says so."""
    with pytest.raises(UnreadableRecord, match="it is no line"):
        imported(line)


def test_a_record_of_several_lines_is_one_line() -> None:
    """A record that somebody has laid out for reading is one line all the same."""
    line = exported("a", '{\n  "version": 1,\n  "revision": 5\n}')
    assert line == b'{"id":"a","record":{"version":1,"revision":5}}'


@pytest.mark.parametrize(
    ("text", "written"),
    [("a b", "a b"), ("ɛ😀", "ɛ😀"), ("a\x1b[2J", "a\\x1b[2J"), ("\u202eabc", "\\u202eabc"), ("\udcff", "\\udcff")],
)
def test_texts_leave_a_terminal_whole(text: str, written: str) -> None:
    """What would move the cursor, turn the writing round, or is no character, is spelt out."""
    assert printable(text) == written
