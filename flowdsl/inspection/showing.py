"""One session, with all that it holds and tells, and without what is secret in it. Pure."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from flowdsl.inspection.frames import Frame, frames, frames_of
from flowdsl.inspection.secrecy import HIDDEN, TELLING, Mask, may_ask_secretly
from flowdsl.inspection.standing import Standing, Subject, stand
from flowdsl.inspection.transcript import Told, lines, retold
from flowdsl.journal import CALL, Entry
from flowdsl.record import FlowState, Open, Record

__all__ = ["FlowView", "SessionView", "look"]


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """A flow in a session, as it can be shown.

    Args:
        flow: its name.
        began: when it began, in seconds since 1970; ``None`` where that is not known.
        origin: on what platform and gateway.
        opener: the text that began it.
        key: key of what it waits for.
        waits: what that is: a question, a call, the end, or nothing that is known.
        where: ``file:line`` of that, where the code was looked at.
        changed: what the code does otherwise than the session says, in words; ``""`` where nothing.
        failure: what the code raised.
        attempts: how often the question was answered in vain.
        root: the flow that it was handed over to, and its parameters.
        frames: the functions that it is in.
        transcript: what was said, asked and answered; ``None`` where the code was not looked at.
        screen: what its person sees now.
        journal: kind, key and value of every entry.
        aside: the same of those that the code no longer comes to.
        changes: session data that it changed.
        unfinished: the turn that it is in the middle of.
        trouble: where it raised, how often in a row, and whether it was given up.
    """

    flow: str
    began: float | None = None
    origin: str = ""
    opener: str = ""
    key: str = ""
    waits: str = ""
    where: str = ""
    changed: str = ""
    failure: str = ""
    attempts: int = 0
    root: dict[str, Any] | None = None
    frames: list[Frame] = []
    transcript: list[Told] | None = None
    screen: list[str] = []
    journal: list[tuple[str, str, Any]] = []
    aside: list[tuple[str, str, Any]] = []
    changes: list[str] = []
    unfinished: dict[str, Any] | None = None
    trouble: dict[str, Any] | None = None


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session, as it can be shown: its id, its revision, its language, how long it will live, its flows, its data."""

    id: str
    revision: int
    locale: str | None
    left: float | None
    flows: list[FlowView]
    data: dict[str, Any]


def look(
    session_id: str, record: Record, left: float | None = None, subject: Subject | None = None, *, answers: bool = False
) -> SessionView:
    """Look at a session.

    Which answers are secret is known by the questions, and so by the code alone. Where that is not looked at, all answers
    are hidden, and with them whatever may have been made of them; so are those whose questions are not known any more.

    Args:
        session_id: its id.
        record: the session.
        left: seconds that it will live; ``None`` for ever.
        subject: the flow whose code to look at; it comes first then.
        answers: show answers of which it is not known whether they are secret, unless they are called so.
    """
    mask = Mask()
    flows: list[FlowView] = []
    if subject is not None and (state := record.flows.get(subject.flow.name)) is not None:
        flows.append(_seen(record, state, subject, mask, answers=answers))
        # What it has changed itself was made of its answers; of the rest nobody knows, if secrets are asked for.
        known = {*record.data} if answers or not may_ask_secretly(subject.flow) else {*state.changed}
    else:
        known = {*record.data} if answers else set()
    seen = [view.flow for view in flows]
    names = sorted({*record.flows, *record.trouble} - {*seen})
    flows += [_held(name, record, mask, answers=answers) for name in names]
    data = _data(record.data, mask, known)
    return SessionView(id=session_id, revision=record.revision, locale=record.locale, left=left, flows=flows, data=data)


def _data(data: Mapping[str, Any], mask: Mask, known: Collection[str]) -> dict[str, Any]:
    return {mask.text(name): mask.stored(name, value) if name in known else HIDDEN for name, value in data.items()}


def _held(name: str, record: Record, mask: Mask, *, answers: bool) -> FlowView:
    """Show what the record itself holds."""
    state = record.flows.get(name)
    if state is None:
        return FlowView(flow=name, trouble=_trouble(name, record))
    turn = state if state.open is None else state.open

    def shown(entry: Entry) -> Any:
        return mask.stored(entry.key, entry.value) if answers else HIDDEN

    return _view(name, record, state, mask, _listed(turn.journal, shown), _listed(turn.aside, shown), known=answers)


def _listed(entries: list[Entry], shown: Callable[[Entry], Any]) -> list[tuple[str, str, Any]]:
    return [(entry.kind, _path(entry), shown(entry)) for entry in entries]


def _view(
    name: str, record: Record, state: FlowState, mask: Mask, journal: list[Any], aside: list[Any], *, known: bool
) -> FlowView:
    opening, opened, root = state.opening, state.open, state.root
    key = opened.intent.key if opened is not None and opened.intent else state.asked.key if state.asked is not None else ""
    return FlowView(
        flow=name,
        began=opening.at or None,
        origin=f"{opening.platform} by {opening.gateway}",
        opener=mask.text(opening.text),
        key="" if state.over else key,
        waits="end" if state.over else "call" if opened is not None else "question",
        attempts=state.attempts,
        root=None
        if root is None
        else {"flow": root.name, "module": root.module, "params": _data(root.params, mask, root.params if known else ())},
        journal=journal,
        aside=aside,
        changes=sorted(state.changed),
        unfinished=None if opened is None else _unfinished(opened),
        trouble=_trouble(name, record),
    )


def _seen(record: Record, state: FlowState, subject: Subject, mask: Mask, *, answers: bool) -> FlowView:
    """Show what the code makes of the record."""
    standing = stand(subject, record, state)
    journal = state.journal if state.open is None else state.open.journal
    replayed = standing.journal if standing.failure is None else journal
    told = retold(subject, record, state, replayed, mask, answers=answers)
    if standing.prompt is not None and standing.prompt.secret and state.kept is not None:
        mask.learn(state.kept.value)
    rest = standing.aside if standing.failure is None else []
    mask.learn(*(entry.value for entry in rest if entry.kind != CALL and not answers), least=TELLING)
    # Once more, now that it is known what is secret: variables are read while the flow is alive.
    found: list[Frame] = []

    def watch(replay: Any) -> None:
        found[:] = frames(replay, mask)

    def fell(error: BaseException) -> None:
        found[:] = frames_of(error, mask)

    stand(subject, record, state, watch, fell)
    hidden = {id(entry): each.hidden for entry, each in zip(replayed, told, strict=True)}

    def shown(entry: Entry) -> Any:
        if hidden.get(id(entry), entry.kind != CALL and not answers):
            return HIDDEN
        return mask.stored(entry.key, entry.value)

    known = answers or not may_ask_secretly(subject.flow)
    view = _view(subject.flow.name, record, state, mask, _listed(replayed, shown), _listed(rest, shown), known=known)
    return msgspec.structs.replace(
        view,
        **_now(state, standing, mask),
        frames=found,
        transcript=[_masked(each, entry, mask) for each, entry in zip(told, replayed, strict=True)],
        screen=[] if standing.shown is None or state.over else [mask.text(line) for line in lines(standing.shown)],
    )


def _now(state: FlowState, standing: Standing, mask: Mask) -> dict[str, Any]:
    if state.over:  # no code is needed for what is still to be read
        return {}
    if standing.failure is not None:
        failure = standing.failure
        return {"failure": f"{failure.name}: {mask.text(failure.message)}", "where": failure.where}
    now = standing.intent.key if standing.intent is not None else standing.asked.key if standing.asked is not None else ""
    waits = "call" if standing.intent is not None else "question" if standing.asked is not None else "end"
    was = state.asked
    same = state.open is not None or was is None or was == standing.asked
    words = "" if same or was is None else f"the screen asked for {was.key!r}, and the code comes to {now or 'the end'!r} now"
    return {"key": now, "waits": waits, "where": standing.where, "changed": words}


def _masked(told: Told, entry: Entry, mask: Mask) -> Told:
    given = HIDDEN if told.hidden else mask.text(told.given)
    if not given:
        given = msgspec.json.encode(mask.stored(entry.key, entry.value)).decode()
    return msgspec.structs.replace(told, shown=[mask.text(line) for line in told.shown], given=given)


def _path(entry: Entry) -> str:
    within, slash, _ = entry.choices.rpartition("/")
    return f"{within}{slash}{entry.key}"


def _unfinished(opened: Open) -> dict[str, Any]:
    intent = opened.intent
    turn = {"calls": opened.calls, "until": opened.until, "by": opened.by}
    if intent is None:
        return turn
    return {"call": intent.key, "undoes": intent.undoes >= 0, "idempotency_key": intent.token, **turn}


def _trouble(name: str, record: Record) -> dict[str, Any] | None:
    trouble = record.trouble.get(name)
    return None if trouble is None else {"where": trouble.where, "count": trouble.count, "parked": trouble.parked}
