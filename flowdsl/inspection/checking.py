"""What becomes of live conversations under the code as it is now, one by one and counted. Pure."""

from collections import Counter
from typing import Any, Final, Literal, get_args

import msgspec

from flowdsl.errors import UnreadableRecord
from flowdsl.inspection.listing import stands_in
from flowdsl.inspection.secrecy import Mask
from flowdsl.inspection.standing import Failure, Standing, Subject, stand
from flowdsl.inspection.transcript import retold
from flowdsl.record import FlowState, Record, read

__all__ = ["KINDS", "Case", "Change", "Kind", "Report", "Tally", "check"]

Kind = Literal["continues", "reordered", "continues anew", "ends", "waits", "asked again", "begins again", "fails"]
"""What may become of a conversation.

It continues where it is, or does so with its answers in another order, or although the code has not come to one of them; it
has ended, and only its last pages are read; it waits for a call; it is asked something else than was on the screen; it
begins again; or it fails.
"""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""All of them, in the order in which they are told."""

# How many sessions, and how many different messages, are named in a group.
_EXAMPLES: Final = 3
# What is raised may tell an answer, and so be another text in every session.
_MOST_MESSAGES: Final = 1000


class Change(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """What happens at one place of the code: the group in which conversations are counted.

    Args:
        where: ``file:line``.
        expected: key of what was answered, or was on the screen.
        found: key of what the code asks or calls instead; ``""`` where it ends.
        raised: name of what it raises.
    """

    where: str
    expected: str = ""
    found: str = ""
    raised: str = ""


class Case(msgspec.Struct, frozen=True):
    """What becomes of one conversation: the kind, where that is, and what was raised."""

    kind: Kind
    change: Change | None = None
    message: str = ""
    parked: bool = False


def check(subject: Subject, record: Record, state: FlowState) -> Case:
    """Tell what becomes of a conversation with the next message.

    Args:
        subject: the flow, as its code is now.
        record: the session.
        state: where the flow stands there.
    """
    trouble = record.trouble.get(subject.flow.name)
    parked = trouble is not None and trouble.parked
    if state.over:
        return Case("ends", parked=parked)
    standing = stand(subject, record, state)
    if standing.failure is not None:
        failure = standing.failure
        raised = Change(failure.where, raised=failure.name)
        return Case("fails", raised, _masked(subject, record, state, failure), parked)
    kind, change = _compared(state, standing)
    return Case(kind, change, parked=parked)


def _compared(state: FlowState, standing: Standing) -> tuple[Kind, Change | None]:
    opened = state.open
    here = standing.where
    if standing.intent is not None:
        intent = opened.intent if opened is not None else None
        called = standing.intent.key
        if opened is not None and (intent is None or (intent.key, intent.choices) == (called, standing.intent.choices)):
            return "waits", Change(here, found=called)
        expected = intent.key if intent is not None else state.asked.key if state.asked is not None else ""
        return "asked again", Change(here, expected, called)
    now, parted = standing.asked, standing.divergence
    found = "" if now is None else now.key
    if opened is not None:
        # Which question comes after a turn that is not finished, nobody knows; whether it is the same turn, its call tells.
        if opened.intent is not None and parted is None:
            return "asked again", Change(here, opened.intent.key, found)
        same = parted is None or found != (parted.found or "")
    else:
        same = state.asked is None or now == state.asked
    if parted is None:
        return ("continues", None) if same else ("asked again", Change(here, _asked(state), found))
    at = Change(parted.where, parted.expected, parted.found or "")
    if standing.on_change == "restart":
        return "begins again", at
    if same:
        return "continues anew" if _set_aside(state, standing) else "reordered", at
    # Where the first difference is not where it comes to stand, only the latter tells what the person is asked.
    stops_there = (parted.found or "") == found and parted.where == here
    return "asked again", at if stops_there else Change(here, _asked(state) or parted.expected, found)


def _set_aside(state: FlowState, standing: Standing) -> bool:
    """Tell whether the code does not come to all that was answered and called."""
    journal = state.journal if state.open is None else state.open.journal
    left = Counter((entry.key, entry.choices) for entry in journal)
    left.subtract((entry.key, entry.choices) for entry in standing.journal)
    return any(count > 0 for count in left.values())


def _asked(state: FlowState) -> str:
    return "" if state.asked is None else state.asked.key


def _masked(subject: Subject, record: Record, state: FlowState, failure: Failure) -> str:
    mask = Mask()
    retold(subject, record, state, state.journal if state.open is None else state.open.journal, mask)
    return mask.text(failure.message)


class Tally(msgspec.Struct):
    """The conversations to which the same happens: how many, a few of them, and what was said."""

    count: int = 0
    sessions: list[str] = []
    messages: dict[str, int] = {}

    def add(self, session_id: str, message: str = "") -> None:
        """Count one more."""
        self.count += 1
        # The first by name, so that the same sessions are named every time.
        self.sessions = sorted([*self.sessions, session_id])[:_EXAMPLES]
        if message in self.messages or (message and len(self.messages) < _MOST_MESSAGES):
            self.messages[message] = self.messages.get(message, 0) + 1

    def told(self) -> list[str]:
        """Give a few of the messages, those that came most often first."""
        return sorted(self.messages, key=lambda each: (-self.messages[each], each))[:_EXAMPLES]


class Report:
    """What becomes of many sessions.

    Args:
        subject: the flow, as its code is now.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.groups: dict[tuple[Kind, Change | None], Tally] = {}
        self.unreadable: dict[str, Tally] = {}
        self.others = 0
        self.strangers = 0
        self.parked = 0
        self.masked = 0

    def add(self, session_id: str, stored: str) -> None:
        """Take in a session as it is stored."""
        try:
            record = read(stored)
        except UnreadableRecord as error:
            self.unread(session_id, str(error))
            return
        flow = self.subject.flow.name
        names = [name for name in sorted(record.flows) if stands_in(flow, name, record)]
        self.others += not names
        for name in names:
            case = check(self.subject, _by_the_name(flow, name, record), record.flows[name])
            self.parked += case.parked
            self.groups.setdefault((case.kind, case.change), Tally()).add(session_id, case.message)

    def unread(self, session_id: str, reason: str) -> None:
        """Take in a session that cannot be read."""
        self.unreadable.setdefault(reason, Tally()).add(session_id)

    def total(self, *kinds: Kind) -> int:
        """Count the conversations of some kinds; of all where none is given."""
        return sum(tally.count for (kind, _), tally in self.groups.items() if kind in (kinds or KINDS))

    @property
    def failing(self) -> int:
        """How many fail or cannot be read."""
        return self.total("fails") + sum(tally.count for tally in self.unreadable.values())

    @property
    def changed(self) -> int:
        """How many are asked something else than was on their screens."""
        return self.total("asked again", "begins again")

    def of(self, kind: Kind) -> list[tuple[Change | None, Tally]]:
        """Give the groups of one kind, the largest first."""
        found = [(change, tally) for (each, change), tally in self.groups.items() if each == kind]
        return sorted(found, key=lambda group: (-group[1].count, group[0] or Change("")))

    def content(self) -> dict[str, Any]:
        """Give all of it as JSON can hold it."""
        flow = self.subject.flow
        return {
            "flow": flow.name,
            "where": flow.where,
            "on_change": flow.on_change,
            "sessions": self.total(),
            "counts": {kind: self.total(kind) for kind in KINDS},
            "groups": [
                {"kind": kind, **_filled(change), "count": tally.count, "sessions": tally.sessions, **_messages(tally)}
                for kind in KINDS
                for change, tally in self.of(kind)
                if change is not None
            ],
            "parked": self.parked,
            "masked": self.masked,
            "others": self.others,
            "strangers": self.strangers,
            "unreadable": [
                {"reason": reason, "count": tally.count, "sessions": tally.sessions}
                for reason, tally in sorted(self.unreadable.items())
            ],
        }


def _by_the_name(flow: str, name: str, record: Record) -> Record:
    """Let a record hold a conversation by the name of the flow that it has become, with which it is played here."""
    if name == flow:
        return record
    flows, trouble = {**record.flows, flow: record.flows[name]}, {**record.trouble}
    trouble.pop(flow, None)
    if name in record.trouble:
        trouble[flow] = record.trouble[name]
    return msgspec.structs.replace(record, flows=flows, trouble=trouble)


def _filled(change: Change) -> dict[str, str]:
    return {name: value for name in change.__struct_fields__ if (value := getattr(change, name))}


def _messages(tally: Tally) -> dict[str, list[str]]:
    messages = tally.told()
    return {"messages": messages} if messages else {}
