"""What was found out about sessions, as lines for people to read. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from flowdsl.inspection.checking import Change, Kind, Report, Tally
from flowdsl.inspection.listing import ago
from flowdsl.inspection.secrecy import HIDDEN
from flowdsl.inspection.showing import FlowView, SessionView

__all__ = ["counted", "printable", "report_lines", "view_lines"]

_WORDS: Final[dict[Kind, str]] = {
    "continues": "continue where they are",
    "reordered": "continue where they are, with their answers in another order",
    "continues anew": "continue where they are, with an answer set aside that was not asked for so far",
    "ends": "have ended, and only their last pages are read",
    "waits": "wait for a call in the middle of a turn",
    "asked again": "are asked something else than is on the screen",
    "begins again": "begin again",
    "fails": "fail",
}


def printable(text: str) -> str:
    r"""Write what would move the cursor, or is no character, so that it can be seen.

    >>> printable("a\x1b[2Jb\nɛ")
    'a\\x1b[2Jb\\nɛ'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode() for each in text)


def counted(count: int, noun: str) -> str:
    """Write a number of things.

    >>> counted(1, "session"), counted(2000, "session")
    ('1 session', '2,000 sessions')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def report_lines(report: Report) -> Iterator[str]:
    """Write down what becomes of sessions."""
    flow = report.subject.flow
    if total := report.total():
        yield f"{counted(total, 'session')} of flow {flow.name!r} at {flow.where}:"
        for kind, words in _WORDS.items():
            if count := report.total(kind):
                yield ""
                yield f"{count:>9,}  {words}"
                for change, tally in report.of(kind):
                    if change is not None:
                        yield from _group(change, tally)
    else:
        renamed = ": was it renamed? `@flow(name=…)` keeps the name by which sessions are found" if report.others else ""
        yield f"no sessions of flow {flow.name!r} at {flow.where}{renamed}"
    for reason, tally in sorted(report.unreadable.items()):
        yield ""
        yield f"{tally.count:>9,}  cannot be read: {printable(reason)}"
        yield f"{'':>15}{_named(tally)}"
    beside = [
        (report.parked, "of these {} given up after failing again and again: `flowdsl sessions retry` lets them go on"),
        (report.masked, "of all that were read {} without their answers, and may go another way here than they would"),
        (report.others, "{} of other flows only"),
        (report.strangers, "what is kept beside them under {} no session"),
    ]
    told = [words.format(_are(count)) for count, words in beside[:3] if count]
    told += [beside[3][1].format(f"{counted(report.strangers, 'key')} is")] if report.strangers else []
    if told:
        yield ""
        yield from (f"{each[0].upper()}{each[1:]}." for each in told)


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"


def _group(change: Change, tally: Tally) -> Iterator[str]:
    yield f"{tally.count:>15,}  {_what(change)}"
    for message in tally.told():
        yield f"{'':>17}{printable(message)}"
    yield f"{'':>17}{_named(tally)}"


def _what(change: Change) -> str:
    if change.raised:
        return f"{change.raised} at {change.where}"
    found = f"{change.found!r} at {change.where}" if change.found else "the end"
    return f"{change.expected!r} was, and now comes {found}" if change.expected else found


def _named(tally: Tally) -> str:
    named = ", ".join(map(printable, tally.sessions))
    return f"such as {named}" if tally.count > len(tally.sessions) else named


def view_lines(session: SessionView, now: float) -> Iterator[str]:
    """Write down what a session holds.

    Args:
        session: the session.
        now: seconds since 1970.
    """
    lives = "for ever" if session.left is None else f"for {ago(session.left)} from now"
    spoken = f", in {session.locale}" if session.locale else ""
    yield printable(f"session {session.id}, which lives {lives}, at revision {session.revision}{spoken}")
    for view in session.flows:
        yield ""
        yield from map(printable, _view(view, now))
    yield ""
    data = [f"{key} = {_json(value)}" for key, value in session.data.items()]
    yield from map(printable, _section("session data", data, "none"))


def _view(view: FlowView, now: float) -> Iterator[str]:
    yield f"flow {view.flow!r}"
    trouble = view.trouble
    if trouble is not None:
        parked = ", and was given up" if trouble["parked"] else ""
        yield f"  raised {counted(trouble['count'], 'time')} in a row at {trouble['where']}{parked}"
    if view.began is None:
        return
    if view.root is not None:
        params = ", ".join(f"{key}={_json(value)}" for key, value in view.root["params"].items())
        yield f"  handed over to flow {view.root['flow']!r} of module {view.root['module']!r} ({params})"
    yield f"  began {ago(max(0.0, now - view.began))} ago on {view.origin} with {view.opener!r}"
    yield f"  {_standing(view)}"
    if view.changed:
        yield f"  {view.changed}"
    if view.attempts:
        yield f"  answered in vain {counted(view.attempts, 'time')}"
    if view.unfinished is not None:
        yield from _turn(view.unfinished, now)
    for frame in view.frames:
        yield from _section(f"in {frame.name} at {frame.where}", [f"{key} = {value}" for key, value in frame.variables.items()])
    if view.transcript is not None:
        yield "  transcript"
        for told in view.transcript:
            yield from (f"    {line}" for line in told.shown)
            yield (
                f"    > {told.given}"
                if told.kind == "prompt"
                else f"    ({told.kind.partition(' ')[0]} {told.key!r}: {told.given})"
            )
        yield from (f"    {line}" for line in view.screen)
    yield from _section("journal", _journal(view.journal), "empty")
    yield from _section("set aside", _journal(view.aside))
    if view.changes:
        yield f"  changed session data: {', '.join(view.changes)}"


def _standing(view: FlowView) -> str:
    if view.failure:
        return f"fails at {view.where}: {view.failure}"
    at = f" at {view.where}" if view.where and view.waits != "end" else ""
    words = {"question": f"is asked {view.key!r}", "call": f"waits for the call {view.key!r}", "end": "has ended"}
    return words[view.waits] + at


def _turn(unfinished: dict[str, Any], now: float) -> Iterator[str]:
    left = unfinished["until"] - now
    lease = f"another {ago(left)}" if left > 0 else "nobody, so the next message goes on with it"
    yield f"  is in the middle of a turn, with {counted(unfinished['calls'], 'call')}; it is held by {lease}"
    if "call" in unfinished:
        verb = "taking back" if unfinished["undoes"] else "calling"
        yield f"  {verb} {unfinished['call']!r} with idempotency key {unfinished['idempotency_key']}"


def _section(title: str, content: Iterable[str], nothing: str = "") -> Iterator[str]:
    found = list(content)
    if found or nothing:
        yield f"  {title}{'' if found else f': {nothing}'}"
    yield from (f"    {line}" for line in found)


def _journal(entries: Iterable[tuple[str, str, Any]]) -> Iterator[str]:
    rows = [(kind, key, _json(value)) for kind, key, value in entries]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return (f"{kind:<{widths[0]}}  {key:<{widths[1]}}  {value}" for kind, key, value in rows)


def _json(value: Any) -> str:
    return HIDDEN if value == HIDDEN else msgspec.json.encode(value).decode()
