"""The journal: what may be an answer, and that it comes back from the store as it was."""

import dataclasses
import math
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.errors import UnstorableValue
from flowdsl.journal import PROMPT, Entry, decode, encode, named_types


class Plan(Enum):
    """A plan, whose values are of several types."""

    DAY = 1
    WEEK = "week"
    MONTH = (30, "days")


class Colour(StrEnum):
    """Members that are equal to texts."""

    RED = "red"


class Level(IntEnum):
    """Members that are equal to numbers."""

    LOW = 0
    HIGH = 1


class Rights(Flag):
    """Members that can be combined."""

    READ = 1
    WRITE = 2


@dataclasses.dataclass(frozen=True)
class Town:
    """A dataclass of plain fields."""

    name: str
    people: int


@dataclasses.dataclass
class Order:
    """A dataclass that holds what JSON lacks, another dataclass included."""

    town: Town
    price: Decimal
    due: date | None
    plan: Colour
    lines: list[tuple[str, int]]


@dataclasses.dataclass
class Reading:
    """A dataclass with a number that need not be finite."""

    value: float


@dataclasses.dataclass
class Note:
    """A dataclass with a text."""

    text: str


@dataclasses.dataclass
class Stock:
    """A dataclass with keys that are no texts."""

    left: dict[int, str]


@dataclasses.dataclass
class Loose:
    """A dataclass that says nothing about its field."""

    anything: Any


class Point(msgspec.Struct, frozen=True):
    """A msgspec struct."""

    x: int
    y: float = 0.5


class Row(msgspec.Struct, array_like=True):
    """A msgspec struct that is stored as an array."""

    name: str
    due: datetime


TYPES = named_types([Plan, Colour, Level, Rights, Town, Order, Reading, Note, Stock, Loose, Point, Row])


def through_the_store(value: Any) -> Any:
    """Write a value down as JSON text and read it back."""
    text = msgspec.json.encode(Entry(PROMPT, "key", "", encode(value, TYPES)))
    return decode(msgspec.json.decode(text, type=Entry).value, TYPES)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of the same type all the way down; NaN is like NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    if isinstance(one, msgspec.Struct):
        return all(same(getattr(one, field), getattr(other, field)) for field in one.__struct_fields__)
    if isinstance(one, float):
        both = (math.isnan(one) and math.isnan(other)) or (one == other and math.copysign(1, one) == math.copysign(1, other))
        return bool(both)
    if isinstance(one, Decimal):
        return bool(one.as_tuple() == other.as_tuple())
    if isinstance(one, datetime | time):
        return bool(one.replace(tzinfo=None) == other.replace(tzinfo=None) and one.utcoffset() == other.utcoffset())
    return bool(one == other)


T = TypeVar("T", time, datetime)


def unfolded(value: T) -> T:
    """Take the first of two equal hours; the second is refused."""
    return value.replace(fold=0)


def offsets() -> st.SearchStrategy[timezone]:
    """Draw time zones of a fixed distance from UTC, in whole minutes as all of today are."""
    return st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def scalars() -> st.SearchStrategy[Any]:
    """Draw values of every listed type that holds no other."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=2**60, max_value=2**300),
        st.floats(),
        st.text(),
        st.sampled_from(["$", "$decimal", "$dict", "$enum", "", "\x00", "\u2028", "Ama Ɔsɛe 🙂"]),
        st.dates(),
        st.times(timezones=st.none() | offsets()).map(unfolded),
        st.datetimes(timezones=st.none() | st.just(UTC) | offsets()).map(unfolded),
        st.decimals(),
        st.uuids(),
        st.sampled_from([*Plan, *Colour, *Level, *Rights]),
        st.builds(Town, st.text(), st.integers()),
        st.builds(Point, st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
        st.builds(
            Order,
            st.builds(Town, st.text(), st.integers()),
            st.decimals(allow_nan=False),
            st.none() | st.dates(),
            st.just(Colour.RED),
            st.lists(st.tuples(st.text(), st.integers())),
        ),
    )


def odd_scalars() -> st.SearchStrategy[Any]:
    """Draw values that may be refused, or stored, but must never come back as something else."""
    texts = st.text(st.characters(), max_size=3)
    return st.one_of(
        texts,
        st.binary(),
        st.complex_numbers(),
        st.frozensets(st.integers()),
        st.timedeltas(),
        st.times(timezones=st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)),
        st.datetimes(timezones=st.timedeltas(timedelta(seconds=-1), timedelta(seconds=1)).map(timezone)),
        st.sampled_from([Rights(0), Rights.READ | Rights.WRITE, Plan, int, ..., object()]),
        st.builds(Reading, st.floats()),
        st.builds(Note, texts),
        st.builds(Stock, st.dictionaries(st.integers(), st.text(), max_size=2)),
        st.builds(Loose, scalars()),
        st.builds(Loose, st.tuples(st.integers())),
    )


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw lists, tuples and dicts of leaves, to any depth."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=8,
    )


KEYS = st.text(max_size=5) | st.sampled_from(["$", "$dict", "$tuple", "$enum", "$data", "$float", "$decimal", "a", "b"])


@given(nested(scalars(), KEYS))
@settings(deadline=None, max_examples=200)
def test_every_listed_type_comes_back_as_it_was(value: object) -> None:
    """Whatever the journal says it holds is read back equal and of the same type, to any depth."""
    assert same(through_the_store(value), value)


@given(nested(scalars() | odd_scalars(), KEYS | st.integers() | st.text(st.characters(), max_size=2)))
@settings(deadline=None, max_examples=200)
def test_what_is_accepted_comes_back_as_it_was(value: object) -> None:
    """A value is either refused when it is given or read back as it was, never as something else."""
    try:
        encode(value, TYPES)
    except UnstorableValue:
        return
    assert same(through_the_store(value), value)


@pytest.mark.parametrize(
    "value",
    [
        False,
        0,
        0.0,
        -0.0,
        "",
        None,
        [],
        (),
        {},
        1,
        1.0,
        True,
        2**64,
        -(2**200),
        10**4000,
        math.nan,
        math.inf,
        -math.inf,
        5e-324,
        "line\none\x00",
        Decimal("2.50"),
        Decimal("NaN"),
        Decimal("-Infinity"),
        Decimal("1E+400"),
        date(2024, 2, 29),
        time(23, 59, 59, 999999),
        time(8, tzinfo=UTC),
        datetime(2024, 1, 31, 8, 30),  # noqa: DTZ001
        datetime(2024, 1, 31, 8, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        uuid.UUID(int=7),
        Plan.DAY,
        Plan.MONTH,
        Colour.RED,
        Level.HIGH,
        Rights.WRITE,
        Town("Accra", 2_500_000),
        Order(Town("Kumasi", 1), Decimal("9.90"), date(2025, 1, 1), Colour.RED, [("rice", 2)]),
        Reading(1.5),
        Note("Ɔsɛe 🙂"),
        Point(3),
        Row("first", datetime(2024, 1, 31, tzinfo=UTC)),
        [1, (2, [3, (4,)]), {"five": (6, Plan.WEEK)}],
        {"": {"$": 1}},
        {"plain": 1, "$late": 2},
        {"$decimal": "2.50"},
        {"$dict": {"$dict": {}}},
        {"$tuple": [1, 2]},
        {"$enum": ["Plan", "DAY"]},
        {"$data": ["Town", {"name": "Accra", "people": 1}]},
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    """Each listed type, and each value that looks like another one, is read back as itself."""
    assert same(through_the_store(value), value)


@pytest.mark.parametrize("value", ["Ama", 7, 2.5, True, None, [1, "two"], {"a": [None]}])
def test_what_json_has_is_stored_as_it_is(value: object) -> None:
    """A store can be read by people: JSON's own values are not dressed up."""
    assert same(encode(value, {}), value)


@pytest.mark.parametrize(
    "value",
    [
        Rights.READ | Rights.WRITE,
        Rights(0),
        Reading(math.inf),
        Reading(math.nan),
        Note("half \ud800"),
        Stock({1: "one"}),
        Loose((1, 2)),
        Loose({1: 2}),
        Loose(math.inf),
        Loose([(1,)]),
        Loose(Decimal(1)),
        Loose(Colour.RED),
        Loose([Level.HIGH]),
        Loose(b"raw"),
        Loose(Town("Accra", 1)),
        [Reading(-math.inf)],
        1 << 20_000,
        time(8, tzinfo=timezone(timedelta(microseconds=1))),
    ],
    ids=[
        "flags combined",
        "no flags",
        "infinite field",
        "NaN field",
        "half a surrogate pair in a field",
        "numbers as keys in a field",
        "tuple in an untyped field",
        "numbers as keys in an untyped field",
        "infinite untyped field",
        "tuple in a list in an untyped field",
        "Decimal in an untyped field",
        "text of an enum in an untyped field",
        "number of an enum in an untyped field",
        "bytes in an untyped field",
        "dataclass in an untyped field",
        "infinite field in a list",
        "more digits than Python writes",
        "a microsecond from UTC",
    ],
)
def test_a_value_that_json_would_change_is_refused_or_kept(value: object) -> None:
    """What looks storable but is lost or changed by JSON text is refused when it is given, if it is not kept exactly."""
    try:
        encode(value, TYPES)
    except UnstorableValue:
        return
    assert same(through_the_store(value), value)


class Other:
    """A class that is no data."""


@dataclasses.dataclass
class Unnamed:
    """A dataclass that no flow names."""

    x: int = 0


class Unlisted(Enum):
    """An enum that no flow names."""

    A = 1


class Name(str):
    """A text that is more than a text."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        time(1, 30, fold=1),
        datetime(2024, 10, 27, 1, 30, tzinfo=timezone(timedelta(hours=1)), fold=1),
        datetime(2024, 1, 31, 8, 30, tzinfo=ZoneInfo("Europe/Paris")),
    ],
)
def test_a_time_whose_zone_would_be_lost_is_refused(value: time | datetime) -> None:
    """A zone with rules would come back as an offset, which is another one in summer; equality does not show it."""
    with pytest.raises(UnstorableValue, match="come back as another one"):
        encode(value, TYPES)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Other(), f"{Other.__module__}.Other"),
        (b"raw", "bytes"),
        ({1, 2}, "set"),
        (frozenset(), "frozenset"),
        (1j, "complex"),
        (timedelta(1), "timedelta"),
        (Name("Ama"), "Name"),
        (range(3), "range"),
        (len, "builtin_function_or_method"),
        (Town, "type"),
        ([1, {"deep": (Other(),)}], "Other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_type_the_journal_cannot_hold_is_refused(value: object, named: str) -> None:
    """The refusal names the type that is in the way, however deep it sits, and lists what may be stored."""
    with pytest.raises(UnstorableValue, match=r"what can be stored is text, numbers, .*enums and dataclasses") as refused:
        encode(value, TYPES)
    assert named in str(refused.value)


@pytest.mark.parametrize("value", [Unnamed(), Unlisted.A, [Unlisted.A], {"a": (Unnamed(),)}])
def test_a_type_that_the_flow_does_not_name_is_refused_with_the_cure(value: object) -> None:
    """An enum or dataclass that could not be read back is refused, and the message says what to write."""
    with pytest.raises(UnstorableValue, match=r"name it in @flow\(types=\[(Unnamed|Unlisted)\]\)"):
        encode(value, TYPES)


def twin_data() -> Any:
    """Make a dataclass of its own, which has the name of others."""

    @dataclasses.dataclass
    class Twin:
        x: int

    return Twin


def twin_enum() -> Any:
    """Make an enum of its own, which has the name of others."""

    class Twin(Enum):
        A = 1

    return Twin


@pytest.mark.parametrize("make", [twin_data, twin_enum])
def test_another_class_of_the_same_name_is_refused(make: Callable[[], Any]) -> None:
    """A class is known by what it is, not by what it is called: two of one name are not taken for each other."""
    first, second = make(), make()
    assert encode(first(1), named_types([first]))
    with pytest.raises(UnstorableValue, match="Twin"):
        encode(second(1), named_types([first]))


@pytest.mark.parametrize("key", [1, None, True, (1, 2), Colour.RED, b"a"], ids=repr)
def test_a_dict_with_other_keys_than_texts_is_refused(key: object) -> None:
    """JSON would turn the key into a text, so it is refused and named."""
    with pytest.raises(UnstorableValue, match="text keys only") as refused:
        encode({"fine": 1, key: 2}, TYPES)
    assert repr(key) in str(refused.value)


@pytest.mark.parametrize("value", ["\ud83d", "a\udc00b", ["\ud800"], {"\ud800": 1}], ids=ascii)
def test_half_of_a_surrogate_pair_is_refused(value: object) -> None:
    """A text that no store can write is refused when it is given, not when the session is saved."""
    with pytest.raises(UnstorableValue, match="surrogate"):
        encode(value, {})


def test_a_dataclass_with_a_field_that_cannot_be_stored_is_refused_by_name() -> None:
    """A field of the wrong type is found when the value is given."""
    with pytest.raises(UnstorableValue, match="a Town with a field that cannot be stored"):
        encode(Town("Accra", "many"), TYPES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stored", "types"),
    [
        ({"$enum": ["Plan", "DAY"]}, {}),
        ({"$data": ["Town", {"name": "Accra", "people": 1}]}, {}),
        ([{"deep": {"$tuple": [{"$enum": ["Plan", "DAY"]}]}}], {"Town": Town}),
    ],
)
def test_a_stored_type_that_is_not_named_is_an_error_with_the_cure(stored: object, types: dict[str, type]) -> None:
    """Reading back what the flow no longer names tells which class to name again."""
    with pytest.raises(UnstorableValue, match=r"name it in @flow\(types=\[(Plan|Town)\]\)"):
        decode(stored, types)


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ({"$enum": ["Plan", "YEAR"]}, "Plan"),
        ({"$data": ["Town", {"name": "Accra"}]}, "Town"),
        ({"$data": ["Town", {"name": "Accra", "people": "many"}]}, "Town"),
        ({"$enum": ["Town", "DAY"]}, "Town"),
        ({"$data": ["Plan", {"name": "Accra"}]}, "Plan"),
    ],
    ids=["member gone", "field new", "field of another type", "enum became a dataclass", "dataclass became an enum"],
)
def test_a_stored_value_that_no_longer_fits_its_class_is_an_error_that_names_it(stored: object, name: str) -> None:
    """A class that changed under a live conversation is reported, never guessed at."""
    with pytest.raises(UnstorableValue, match=f"a stored {name} that no longer fits its class"):
        decode(stored, TYPES)


@pytest.mark.parametrize("value", [[1, [2]], {"a": {"b": [1]}}, {"$a": [1]}, (1, [2])])
def test_every_reading_gives_new_lists_and_dicts(value: Any) -> None:
    """A flow that changes a list it was given changes neither the journal nor what the next replay gets."""
    stored = encode(value, {})
    before = msgspec.json.encode(stored)
    first = decode(stored, {})
    changing: Any = first
    while isinstance(changing, tuple | dict):
        changing = changing[-1] if isinstance(changing, tuple) else next(iter(changing.values()))
    changing.append("changed")
    assert msgspec.json.encode(stored) == before
    assert decode(stored, {}) == value


def test_what_is_stored_does_not_change_with_the_value() -> None:
    """A list that its owner changes after it was given is stored as it was when it was given."""
    given_list: list[Any] = [1, {"a": [2]}]
    stored = encode(given_list, {})
    given_list[1]["a"].append(3)
    given_list.append(4)
    assert decode(stored, {}) == [1, {"a": [2]}]


def test_an_entry_is_a_short_array() -> None:
    """Kind, key, fingerprint and value are stored without names, since a session has many."""
    entry = Entry(PROMPT, "age", "", 40)
    assert msgspec.json.encode(entry) == b'["prompt","age","",40]'
    assert msgspec.json.decode(b'["prompt","age","",40]', type=Entry) == entry
