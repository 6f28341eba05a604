"""A conversation as its person saw it, as far as it can be made again of what was answered. Pure."""

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from flowdsl.errors import UnstorableValue
from flowdsl.flow import Flow
from flowdsl.inspection.secrecy import TELLING, Mask, is_telling, may_ask_secretly
from flowdsl.inspection.standing import Subject, stand
from flowdsl.journal import ASKED, CALL, FAILED, PROMPT, RUN, Entry, decode, has_failed
from flowdsl.messages import Contact, Location, Media, Reply
from flowdsl.prompt import Prompt
from flowdsl.record import FlowState, Record
from flowdsl.replay import Replay
from flowdsl.verdict import known_types

__all__ = ["Told", "lines", "retold"]

_IN_WORDS: Final = (str, bool, int, float, Decimal, date, time, UUID)


class Told(msgspec.Struct, frozen=True):
    """One entry of a journal, told again.

    Args:
        kind: that of the entry.
        key: its key.
        shown: what was on the screen when it came.
        given: what the person answered, in words; ``""`` where it is best told as it is stored.
        hidden: it must not be shown.
    """

    kind: str
    key: str
    shown: list[str]
    given: str
    hidden: bool


def retold(
    subject: Subject, record: Record, state: FlowState, journal: list[Entry], mask: Mask, *, answers: bool = False
) -> list[Told]:
    """Tell a conversation again, one entry after the other, and learn what is secret in it.

    Args:
        subject: the flow.
        record: the session.
        state: where it stands there.
        journal: what was answered and called.
        mask: learns what is secret. What is told is not masked yet: a secret may be repeated before it is known to be one.
        answers: do not hide that of which it is not known whether it is secret.
    """
    before, params = state.began, {} if state.root is None else state.root.params
    for held in (record.data, before, params):
        mask.notice("", held)
    if not answers and may_ask_secretly(subject.flow):
        # What was asked before the hand-over, or in an earlier conversation, is not known any more.
        mask.learn(before, params, least=TELLING)
    return [_told(subject, record, state, journal, place, mask, answers) for place in range(len(journal))]


def _told(
    subject: Subject, record: Record, state: FlowState, journal: list[Entry], place: int, mask: Mask, answers: bool
) -> Told:
    entry = journal[place]
    before = msgspec.structs.replace(state, journal=journal[:place], aside=[], open=None, asked=None, kept=None, attempts=0)
    types: Mapping[str, type] = {}
    runs: dict[tuple[str, str], Flow[..., Any]] = {}

    def watch(replay: Replay) -> None:
        nonlocal types, runs
        types = replay.types
        runs = {(run.key, prefix): run.flow for prefix, run in replay.runs()}

    standing = stand(subject, record, before, watch)
    shown = [] if standing.shown is None or entry.kind not in ASKED else lines(standing.shown)
    mask.notice(entry.key, entry.value)
    if entry.kind == PROMPT:
        prompt, asked = standing.prompt, standing.asked
        if prompt is not None and asked is not None and (asked.key, asked.choices) == (entry.key, entry.choices):
            return _answer(entry, prompt, types, shown, mask)
        shown, doubtful = [], True
    else:
        within = runs.get((entry.key, entry.choices.removesuffix("!").removesuffix(RUN).rstrip("*")))
        doubtful = entry.kind != CALL and (within is None or may_ask_secretly(within))
    hidden = is_telling(entry.key) or (doubtful and not answers)
    if hidden:
        mask.learn(entry.value, least=TELLING)
    return Told(entry.kind, entry.key, shown, _failed(entry), hidden)


def _answer(entry: Entry, prompt: Prompt[Any], types: Mapping[str, type], shown: list[str], mask: Mask) -> Told:
    if has_failed(entry):
        return Told(PROMPT, entry.key, shown, "answered in vain too often", hidden=False)
    try:
        value = decode(entry.value, known_types(prompt, types))
    except UnstorableValue:  # which the replay tells as its failure
        value = entry.value
    if prompt.secret or is_telling(entry.key):
        mask.learn(entry.value, value)
        return Told(PROMPT, entry.key, shown, "", hidden=True)
    return Told(PROMPT, entry.key, shown, _as_given(prompt, value), hidden=False)


def _failed(entry: Entry) -> str:
    if not has_failed(entry):
        return ""
    name, message = entry.value[FAILED]
    return f"{name}: {message}"


def _as_given(prompt: Prompt[Any], value: Any) -> str:
    if (label := prompt.menu.label(value)) is not None:
        return label
    if isinstance(value, Media):
        return value.url
    if isinstance(value, Location | Contact):
        return value.name or str(value)
    return str(value) if isinstance(value, _IN_WORDS) else ""


def lines(reply: Reply) -> list[str]:
    """Write a reply down as a person reads it, choices and attachments included.

    >>> from flowdsl.messages import Choice
    >>> lines(Reply("Which?", choices=(Choice("1", "Tea"),)))
    ['Which?', '1. Tea']
    """
    text = reply.text.split("\n") if reply.text else []
    media = [f"[{medium.kind} {medium.url}]" for medium in reply.media]
    return [*media, *text, *(f"{choice.key}. {choice.label}" for choice in reply.choices)]
