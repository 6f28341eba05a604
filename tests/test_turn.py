"""One turn, without a runtime: how messages are told apart, and what a record keeps of them."""

from typing import Any

import msgspec
import pytest

from flowdsl import Inbound, Limits, Prompt, Say, Screen, Steps, flow
from flowdsl.deliveries import Delivery, answered_before, mark
from flowdsl.errors import LimitExceeded
from flowdsl.record import Record
from flowdsl.service import Service
from flowdsl.turn import Turn, take_turn


@flow
def listing() -> Steps[None]:
    """Ask for one thing after the other."""
    while True:
        yield from Prompt("item", "Item?")


MESSAGE = Inbound(platform="ussd", gateway="nalo", request_id="1", msisdn="+233244123456", text="x")


def turn(
    record: Record | None, *, owner: str = "", now: float = 0.0, by: str = "them", limits: Limits = Limits(), **fields: Any
) -> Turn:
    """Take one turn."""
    inbound = msgspec.structs.replace(MESSAGE, **fields)
    service = Service(flow=listing, params={}, screen=Screen(), limits=limits)
    done = take_turn(service, delivery(inbound, owner=owner, now=now, by=by), record)
    assert isinstance(done, Turn)
    return done


def delivery(inbound: Inbound, *, owner: str = "", now: float = 0.0, by: str = "me") -> Delivery:
    """Name a message as the runtime does."""
    return Delivery(inbound=inbound, mark=mark(inbound, listing.name), owner=owner, by=by, now=now)


@pytest.mark.parametrize(
    "changed",
    [{"platform": "chat"}, {"gateway": "hubtel"}, {"text": "y"}, {"new": True}, {"dialled": "*920#"}, {"message_id": "m1"}],
    ids=lambda fields: next(iter(fields)),
)
@pytest.mark.parametrize("text", ["x", "a text that few people type"], ids=["short", "long"])
@pytest.mark.parametrize("secret", [None, "key"])
def test_what_makes_another_message(changed: dict[str, Any], text: str, secret: str | None) -> None:
    """Messages that differ in one of these are never taken for each other; neither are those to two flows."""
    message = msgspec.structs.replace(MESSAGE, text=text)
    name = mark(message, "listing", secret)
    assert mark(message, "listing", secret) == name
    assert mark(msgspec.structs.replace(message, **changed), "listing", secret) != name
    assert mark(message, "other", secret) != name
    assert mark(message, "listing", "another key") != name


def test_a_dial_is_another_one_in_another_session_of_the_gateway() -> None:
    """Where only the session tells that somebody dialled, it makes the same text another message; else it does not."""
    for new, alike in ((None, False), (False, True)):
        one, other = (msgspec.structs.replace(MESSAGE, new=new, request_id=session) for session in "12")
        assert (mark(one, "listing") == mark(other, "listing")) is alike


def test_an_id_alone_names_a_message() -> None:
    """With an id two deliveries are one message whatever else is in them."""
    first, again = (msgspec.structs.replace(MESSAGE, message_id="m1", text=text) for text in "xy")
    assert mark(first, "listing") == mark(again, "listing")


def test_no_two_states_of_a_session_have_one_revision() -> None:
    """A revision only grows, also when the session is somebody else's now, and begins with the time."""
    first = turn(None, now=1.0).record
    assert first.revision == 1000
    assert turn(None, now=2.0).record.revision > first.revision
    assert turn(first, now=0.0).record.revision > first.revision
    assert turn(first, owner="other", now=0.0).record.revision > first.revision


def test_a_record_remembers_a_bounded_number_of_messages() -> None:
    """The newest messages are kept with their replies, older ones by name, and the oldest not at all."""
    record: Record | None = None
    for number in range(100):
        record = turn(record, message_id=f"m{number}").record
    assert record is not None
    assert len(record.seen) == 64
    assert [seen.reply is not None for seen in record.seen] == [False] * 56 + [True] * 8
    found = [
        answered_before(record, delivery(msgspec.structs.replace(MESSAGE, message_id=f"m{number}")), -1)
        for number in (99, 36, 35)
    ]
    assert [seen is not None for seen in found] == [True, True, False]


def test_a_message_without_an_id_is_known_only_where_it_lost_to_itself() -> None:
    """The same text is a retry if both started from one state, and another answer if not."""
    before = turn(None).record
    won = turn(before).record
    assert answered_before(won, delivery(MESSAGE), before.revision) is not None
    assert answered_before(won, delivery(MESSAGE), won.revision) is None
    assert answered_before(won, delivery(msgspec.structs.replace(MESSAGE, text="y")), before.revision) is None
    assert answered_before(won, delivery(MESSAGE, owner="other"), before.revision) is None


def test_a_delivery_knows_its_own_save_though_others_have_saved_since() -> None:
    """Who answered is remembered for a few messages more, since the save of one may only have seemed to fail."""
    record = turn(None, by="me").record
    for number in range(2):
        record = turn(record, text=f"{number}").record
        own = answered_before(record, delivery(MESSAGE), 0)
        assert own is not None
        assert own.by == "me"
    assert answered_before(turn(record).record, delivery(MESSAGE), 0) is None
    assert len(turn(record).record.seen) == 3


def test_the_opening_is_the_gateways_where_it_tells() -> None:
    """What was dialled, blank or not, and when it was sent, as the gateway says; else the text, and the clock."""
    cases: list[tuple[dict[str, Any], str, float]] = [
        ({"dialled": "", "timestamp": 5.0}, "", 5.0),
        ({"dialled": "*920#", "timestamp": 5.0}, "*920#", 5.0),
        ({"new": True}, "x", 9.0),
        ({"platform": "chat"}, "x", 9.0),
        ({}, "", 9.0),  # what is typed into a session that is gone opens none
    ]
    for fields, text, at in cases:
        opening = turn(None, now=9.0, **fields).record.flows["listing"].opening
        assert (opening.text, opening.at) == (text, at)


def test_the_limit_of_a_record_is_in_bytes() -> None:
    """What is stored is measured as it is stored, and a record of just that size is one."""
    text = "\N{GRINNING FACE}" * 50
    before = turn(None, new=True)
    size = len(turn(before.record, text=text).stored.encode())
    assert size > len(turn(before.record, text=text).stored)
    assert turn(before.record, text=text, limits=Limits(bytes=size))
    with pytest.raises(LimitExceeded, match=f"flow 'listing' at .*test_turn.py:.*would take {size} bytes") as told:
        turn(before.record, text=text, limits=Limits(bytes=size - 1))
    assert told.value.where == listing.where


def test_attempts_begin_anew_with_the_next_question() -> None:
    """A refused answer counts for its question alone, also where a loop asks the same one again."""

    @flow
    def counting() -> Steps[None]:
        for _ in range(2):
            yield from Prompt("count", "Count?", transform=int)
        yield Say("Done.")

    service = Service(flow=counting, params={}, screen=Screen(), limits=Limits())
    record, attempts = None, []
    for text in ["*920#", "a", "b", "1", "c", "2"]:
        inbound = msgspec.structs.replace(MESSAGE, text=text, new=record is None)
        done = take_turn(service, delivery(inbound), record)
        assert isinstance(done, Turn)
        record = done.record
        attempts.append((done.tries, done.attempts))
    assert attempts == [(1, 0), (1, 1), (2, 2), (3, 0), (1, 1), (2, 0)]


def test_without_a_flag_an_unseen_request_id_begins_anew() -> None:
    """Where a gateway never says that a conversation begins, another of its session ids does: the text is what was dialled."""
    first = turn(None, new=None, text="*920#")
    assert first.record.flows["listing"].opening.text == "*920#"
    answered = turn(first.record, new=None, text="x")
    assert answered.record.flows["listing"].journal[0].value == "x"
    again = turn(answered.record, new=None, text="*920#", request_id="2")
    assert (again.began, len(again.record.flows["listing"].journal)) == ("again", 1)
    between = turn(again.record, new=False, text="z", request_id="3")
    more = turn(again.record, new=None, text="y", request_id="2")
    assert turn(between.record, new=None, text="y", request_id="2").began == "on"
    assert [entry.value for entry in more.record.flows["listing"].journal] == ["x", "y"]
