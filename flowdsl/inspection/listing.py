"""Sessions in a table: where each stands, how long it has been there and will be. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from flowdsl.journal import ASKED
from flowdsl.record import FlowState, Record

__all__ = ["Row", "ago", "rows", "stands_in", "table"]

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


class Row(msgspec.Struct, frozen=True):
    """A flow in a session.

    Args:
        session: the session's id.
        flow: the flow, and the one that it was handed over to; ``""`` where no conversation is under way.
        at: key of the question that its person is asked, or what else it waits for.
        answers: how many answers it has.
        age: seconds since it began; ``None`` where that is not known.
        left: seconds that the session will live; ``None`` for ever.
        parked: it was given up.
    """

    session: str
    flow: str
    at: str
    answers: int
    age: float | None
    left: float | None
    parked: bool


def rows(session_id: str, record: Record, left: float | None, now: float, flow: str | None = None) -> list[Row]:
    """Tell where the flows of a session stand.

    Args:
        session_id: its id.
        record: the session.
        left: seconds that it will live.
        now: seconds since 1970.
        flow: only this one, whether a conversation began with it or has become it.
    """
    found = []
    for name in sorted({*record.flows, *record.trouble}):
        if flow is not None and not stands_in(flow, name, record):
            continue
        state, trouble = record.flows.get(name), record.trouble.get(name)
        parked = trouble is not None and trouble.parked
        if state is None:
            if parked:
                found.append(Row(session_id, name, "", 0, None, left, parked))
            continue
        root = "" if state.root is None else f" > {state.root.name}"
        age = max(0.0, now - state.opening.at) if state.opening.at else None  # of what is over, but not shown yet
        found.append(Row(session_id, name + root, _at(state), _answers(state), age, left, parked))
    if not found and flow is None and record.alive:
        found.append(Row(session_id, "", "(data only)", 0, None, left, parked=False))
    return found


def stands_in(flow: str, name: str, record: Record) -> bool:
    """Tell whether a conversation began with a flow, or has become it.

    Args:
        flow: name of the flow.
        name: the name under which the session holds the conversation, which is that of the flow that it began with.
        record: the session.
    """
    state = record.flows.get(name)
    return name == flow or (state is not None and state.root is not None and state.root.name == flow)


def _at(state: FlowState) -> str:
    if state.over:
        return "(the end)"
    if state.open is not None:
        intent = state.open.intent
        return f"(calling {intent.key})" if intent is not None else "(in a turn)"
    return state.asked.key if state.asked is not None else ""


def _answers(state: FlowState) -> int:
    journal = state.journal if state.open is None else state.open.journal
    return sum(entry.kind in ASKED for entry in journal)


def ago(seconds: float | None) -> str:
    """Write a time in its largest unit.

    >>> [ago(each) for each in (None, 5, 90, 7200, 200_000)]
    ['-', '5s', '1m', '2h', '2d']
    """
    if seconds is None:
        return "-"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def table(listed: Iterable[Row]) -> Iterator[str]:
    """Write rows below each other.

    >>> list(table([Row("s:1", "shop", "item", 2, 90, 3600, False)]))
    ['SESSION  FLOW  AT    ANSWERS  AGE  LEFT', 's:1      shop  item  2        1m   1h']
    """
    cells = [("SESSION", "FLOW", "AT", "ANSWERS", "AGE", "LEFT", "")]
    for row in listed:
        parked = "parked" if row.parked else ""
        cells.append((row.session, row.flow or "-", row.at or "-", str(row.answers), ago(row.age), ago(row.left), parked))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
