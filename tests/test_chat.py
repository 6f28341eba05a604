"""The chat: who is speaking, and session data that replay does not change twice."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import Chat, Inbound, Prompt, Say, Session, Steps, flow
from flowdsl.chat import Opening
from flowdsl.deliveries import Delivery
from flowdsl.effects import Effects
from flowdsl.errors import UnstorableValue
from flowdsl.flow import Flow
from flowdsl.interpreter import play
from flowdsl.journal import Entry
from flowdsl.outcome import Limits
from flowdsl.record import VERSION, Record, read
from flowdsl.service import Service
from flowdsl.turn import Turn, take_turn


class Plan(Enum):
    """A value that only some flows know."""

    DAY = 1
    WEEK = 7


TYPES: Mapping[str, type] = {"Plan": Plan}


def opened(began: dict[str, Any], types: Mapping[str, type]) -> tuple[Session, Effects]:
    """Give session data as a flow sees them, and what is done to them."""
    effects = Effects(began, types)
    return Session(effects), effects


def message(**fields: Any) -> Inbound:
    known: dict[str, Any] = {"platform": "ussd", "gateway": "nalo", "msisdn": "+233244123456"}
    return Inbound(**known | fields)


def merged(began: dict[str, Any], changes: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Apply changes to what was stored, as the last turn of a flow does, and pass it through JSON text."""
    data = {**began, **{key: value[0] for key, value in changes.items() if value}}
    kept = {key: value for key, value in data.items() if changes.get(key) != ()}
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(kept))
    return found


def played(code: Flow[..., Any], began: dict[str, Any], *texts: str) -> list[dict[str, tuple[Any, ...]]]:
    """Play a flow turn by turn, each with a new session over the same beginning; give the changes of each turn."""
    journal: list[Entry] = []
    changes = []
    for text in (None, *texts):
        effects = Effects(began, TYPES)
        chat = Chat(message(), Opening("*920*1#", 0.0, "ussd", "nalo"), effects)
        journal = play(code, chat, journal, text, effects=effects).journal
        changes.append(effects.changes())
    return changes


@flow
def counting(chat: Chat) -> Steps[None]:
    """Count the questions in the session's data."""
    for _ in range(4):
        chat.session.set("count", chat.session.get("count", 0) + 1)
        yield Prompt("again", "Again?")
    chat.session.set("done", True)


def test_counting_up_counts_once_however_often_it_is_replayed() -> None:
    """Each turn starts from what was there when the flow began, so no turn counts the earlier ones again."""
    counts = [{"count": (11,)}, {"count": (12,)}, {"count": (13,)}, {"count": (14,)}, {"count": (14,), "done": (True,)}]
    assert played(counting, {"count": 10}, "a", "b", "c", "d") == counts


def test_counting_begins_from_nothing() -> None:
    """A value that is not there has its default, on every replay."""
    assert played(counting, {}, "a")[-1] == {"count": (2,)}


@flow
def filling(chat: Chat) -> Steps[None]:
    """Change a list where it lies."""
    basket = chat.session.get("basket", [])
    while True:
        basket.append((yield Prompt("item", "Item?")))
        yield Say(f"{len(basket)} items.")
        chat.session.set("basket", basket)


def test_a_value_changed_in_place_changes_once() -> None:
    """A list that the flow changes where it lies is as it was at the beginning of every replay, and is saved as it became."""
    began = {"basket": ["rice"]}
    assert played(filling, began, "oil", "salt")[-1] == {"basket": (["rice", "oil", "salt"],)}
    assert began == {"basket": ["rice"]}


def test_a_value_changed_in_place_is_saved_without_being_set() -> None:
    """What ``get`` gave is the session's own value, so changing it is a change of the session."""
    session, effects = opened({"basket": ["rice"], "other": {"$tuple": [[1]]}}, {})
    session.get("basket").append("oil")
    session.get("other")[0].append(2)
    assert effects.changes() == {"basket": (["rice", "oil"],), "other": ({"$tuple": [[1, 2]]},)}


def test_a_value_changed_after_it_was_set_is_saved_as_it_became() -> None:
    """A list that was set and then filled is not saved empty."""
    session, effects = opened({}, {})
    basket: list[str] = []
    session.set("basket", basket)
    basket.append("rice")
    assert session.get("basket") == ["rice"]
    assert effects.changes() == {"basket": (["rice"],)}


def test_nothing_read_is_nothing_changed() -> None:
    """Reading changes nothing, and neither does doing nothing."""
    session, effects = opened({"a": [1], "b": {"$decimal": "2.50"}}, {})
    assert effects.changes() == {}
    assert (session.get("a"), session.get("b"), session.get("c"), session.get("c", 5)) == ([1], Decimal("2.50"), None, 5)
    assert effects.changes() == {}


def test_a_value_set_back_is_no_change() -> None:
    """Changes are told against the beginning, not step by step."""
    session, effects = opened({"a": 1}, {})
    session.set("a", 2)
    session.set("a", 1)
    session.set("b", 2)
    session.delete("b")
    assert effects.changes() == {}


def test_values_can_be_deleted() -> None:
    """What is deleted is gone, for the flow and in the changes; deleting nothing is no error and no change."""
    session, effects = opened({"a": 1, "b": 2}, {})
    session.delete("a")
    session.delete("missing")
    assert "a" not in session
    assert "b" in session
    assert session.get("a", "gone") == "gone"
    assert effects.changes() == {"a": ()}


def test_values_of_others_stay_as_they_are_stored() -> None:
    """Flows that share a session need not know each other's types, until they read what is of one."""
    stored = {"$enum": ["Plan", "DAY"]}
    session, effects = opened({"plan": stored, "a": 1}, {})
    session.set("b", 2)
    assert (session.get("a"), "plan" in session) == (1, True)
    assert effects.stored() == {"plan": stored, "a": 1, "b": 2}
    with pytest.raises(UnstorableValue, match="Plan"):
        session.get("plan")
    assert effects.changes() == {"b": (2,)}
    session.delete("plan")
    assert effects.changes() == {"plan": (), "b": (2,)}


def test_all_values_can_be_forgotten() -> None:
    """Clearing forgets all that was there and all that was set; what is set afterwards stays."""
    session, effects = opened({"a": 1, "b": 2}, {})
    session.set("c", 3)
    session.clear()
    session.set("b", 4)
    assert effects.changes() == {"a": (), "b": (4,)}


def test_a_session_exists_while_anything_is_remembered() -> None:
    """A session that remembers nothing is as good as none; even a falsy value is something."""
    session, _ = opened({}, {})
    assert not session.exists()
    session.set("a", None)
    assert session.exists()
    session.delete("a")
    assert not session.exists()
    assert opened({"a": 1}, {})[0].exists()


@pytest.mark.parametrize("value", [False, 0, "", None, [], {}])
def test_a_falsy_value_is_a_value(value: object) -> None:
    """None, zero and no are remembered like anything else, and are not what is missing."""
    session, effects = opened({}, {})
    session.set("a", value)
    assert "a" in session
    assert session.get("a", "default") == value
    assert effects.changes() == {"a": (value,)}
    again, _ = opened({"a": value}, {})
    assert again.get("a", "default") == value


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Plan.DAY, {"$enum": ["Plan", "DAY"]}),
        ((1, Decimal("2.50")), {"$tuple": [1, {"$decimal": "2.50"}]}),
        ({"$": 1}, {"$dict": {"$": 1}}),
    ],
    ids=["enum", "tuple", "dollar"],
)
def test_session_data_may_be_whatever_an_answer_may_be(value: object, stored: object) -> None:
    """A value of any type of the journal is stored in its form and read back as it was."""
    session, effects = opened({}, TYPES)
    session.set("a", value)
    assert effects.changes() == {"a": (stored,)}
    assert opened(merged({}, effects.changes()), TYPES)[0].get("a") == value


@pytest.mark.parametrize("key", ["$dict", "$", "a:b", "", "ключ"])
def test_any_text_is_a_key(key: str) -> None:
    """Keys of the flow do not collide with anything of ours."""
    session, effects = opened({}, {})
    session.set(key, {"$dict": 1})
    assert opened(merged({}, effects.changes()), {})[0].get(key) == {"$dict": 1}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("path", object(), "session data 'path' is a value of type builtins.object"),
        ("path", {1, 2}, "session data 'path' is a value of type builtins.set"),
        ("path", {"deep": [b"raw"]}, "session data 'path' is a value of type builtins.bytes"),
        ("plan", Plan.DAY, r"session data 'plan' is a Plan, which this flow does not know: name it in @flow\(types=\[Plan\]\)"),
        ("numbers", {1: "one"}, "session data 'numbers' is a dict with the key 1"),
        ("half", "\ud800", "session data 'half' is the text"),
        (5, "five", "the key 5 of session data is not a text"),
        (None, "nothing", "the key None of session data is not a text"),
        (b"a", "raw", "the key b'a' of session data is not a text"),
        ("half \ud800", "key", "session data"),
    ],
)
def test_what_cannot_be_stored_is_refused_when_it_is_set(key: Any, value: object, reason: str) -> None:
    """The refusal names key and type, and the session stays as it was."""
    session, effects = opened({"path": "before"}, {})
    with pytest.raises(UnstorableValue, match=reason):
        session.set(key, value)
    assert effects.changes() == {}
    assert session.get("path") == "before"


def test_what_became_unstorable_is_refused_by_name() -> None:
    """A list into which something unstorable was put later is found when the changes are written down."""
    session, effects = opened({"basket": []}, {})
    session.get("basket").append({1})
    with pytest.raises(UnstorableValue, match=r"session data 'basket' is a value of type builtins\.set"):
        effects.changes()


def test_a_refusal_inside_a_flow_names_flow_and_line() -> None:
    """An author who stores the wrong thing learns where."""

    @flow
    def stores(chat: Chat) -> Steps[None]:
        chat.session.set("path", object())
        yield Prompt("name", "Name?")

    with pytest.raises(UnstorableValue, match=r"flow 'stores' at .*test_chat\.py:\d+: session data 'path' is a value of type"):
        played(stores, {})


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (True, 1), (0, False), (1, 1.0), ([1], [True]), ({"a": 0}, {"a": False}), ((1,), (True,))],
    ids=repr,
)
def test_a_value_of_another_type_is_a_change(before: object, after: object) -> None:
    """Python holds 1 and True for equal; whoever reads the session later does not."""
    session, effects = opened({}, {})
    session.set("a", before)
    began = merged({}, effects.changes())
    session, effects = opened(began, {})
    session.set("a", after)
    found = opened(merged(began, effects.changes()), {})[0].get("a")
    assert repr(found) == repr(after)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from([0.0, 1.0, "a", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab$"), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from("abc")
DATA = st.dictionaries(KEYS, VALUES, max_size=3)
ACTS = st.lists(
    st.tuples(st.just("set"), KEYS, VALUES)
    | st.tuples(st.just("delete"), KEYS)
    | st.tuples(st.just("get"), KEYS)
    | st.tuples(st.just("clear")),
    max_size=6,
)


@given(DATA, ACTS)
@settings(deadline=None, max_examples=300)
def test_changes_lead_from_the_beginning_to_the_end(began: dict[str, Any], acts: list[tuple[Any, ...]]) -> None:
    """Whatever is done to a session, its changes applied to the beginning give what the flow saw last; as often as told."""
    writing, written = opened({}, {})
    for key, value in began.items():
        writing.set(key, value)
    stored = merged({}, written.changes())
    before = msgspec.json.encode(stored)
    session, effects = opened(stored, {})
    model = dict(began)
    for what, *rest in acts:
        getattr(session, what)(*rest)
        if what == "set":
            model[rest[0]] = rest[1]
        elif what == "delete":
            model.pop(rest[0], None)
        elif what == "clear":
            model.clear()
    changes = effects.changes()
    assert effects.changes() == changes
    assert msgspec.json.encode(stored) == before
    reading, _ = opened(merged(stored, changes), {})
    assert {key: repr(reading.get(key)) for key in "abc" if key in reading} == {key: repr(model[key]) for key in sorted(model)}


@given(DATA, st.lists(ACTS, min_size=1, max_size=4))
@settings(deadline=None, max_examples=300)
def test_the_record_holds_what_the_flow_saw_last(began: dict[str, Any], turns: list[list[tuple[Any, ...]]]) -> None:
    """Turn by turn, and replayed every time, the stored data is what one uninterrupted run of the flow would have left."""

    @flow
    def acting(chat: Chat) -> Steps[None]:
        for number, acts in enumerate(turns):
            yield Prompt(f"turn {number}", "Go on?")
            for what, *rest in acts:
                getattr(chat.session, what)(*rest)
        yield Prompt("last", "Done?")

    service = Service(flow=acting, params={}, screen=None, limits=Limits())
    writing, written = opened({}, {})
    for key, value in began.items():
        writing.set(key, value)
    began = merged({}, written.changes())
    record = Record(version=VERSION, revision=1, data=began)
    model, expected = opened(record.data, {})
    for number, acts in enumerate([[], *turns]):
        for what, *rest in acts:
            getattr(model, what)(*rest)
        turn = take_turn(service, Delivery(inbound=message(text="x"), mark=f"t{number}", owner="", by="", now=0.0), record)
        assert isinstance(turn, Turn)
        record = read(turn.stored)
        assert msgspec.json.encode(record.data, order="sorted") == msgspec.json.encode(
            merged(began, expected.changes()), order="sorted"
        )


# Who is speaking.


def test_a_chat_tells_who_is_speaking() -> None:
    """Number and user id are those of the message; name, platform and gateway stay what they were, as replay must."""
    inbound = message(platform="ussd", gateway="nalo", user_id="user-7", name="Ama Mensah", text="2", message_id="m-9")
    chat = Chat(inbound, Opening("Hi", 1_700_000_000.5, "telegram", "bot", "m-1", "Ama"), Effects({}, {}))
    assert (chat.msisdn, chat.user_id, chat.name) == ("+233244123456", "user-7", "Ama")
    assert (chat.platform, chat.gateway) == ("telegram", "bot")


def test_what_may_be_missing_is_none() -> None:
    """A gateway that tells little gives None, not an empty text."""
    chat = Chat(Inbound(platform="ussd", gateway="nalo"), Opening("", 0.0, "ussd", "nalo"), Effects({}, {}))
    assert (chat.msisdn, chat.user_id, chat.name, chat.message_id) == (None, None, None, None)
    assert chat.opener == ""


def test_the_opening_is_that_of_the_first_message() -> None:
    """Opener, time and id are those of the message that began the conversation, not of the one being answered."""
    opening = Opening("*920*1#", 1_700_000_000.5, "ussd", "nalo", "m-1")
    chat = Chat(message(text="2", message_id="m-9", timestamp=9e9), opening, Effects({}, {}))
    assert chat.opener == "*920*1#"
    assert chat.message_id == "m-1"
    assert chat.timestamp == datetime(2023, 11, 14, 22, 13, 20, 500_000, UTC)
    assert chat.timestamp.tzinfo is UTC
