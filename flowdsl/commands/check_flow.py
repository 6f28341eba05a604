"""``flowdsl check``: a flow is read and explored, and every screen of it measured, before anybody dials it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowdsl.commands.exploring import Task, add_exploring, at_least, explored, task_of
from flowdsl.commands.shared import out, out_json, quiet
from flowdsl.errors import CallFailed
from flowdsl.inspection import counted

if TYPE_CHECKING:
    from flowdsl.linting import Finding
    from flowdsl.testing import Exploration, Fault, Fit

__all__ = ["SUMMARY", "prepare", "run"]

SUMMARY: Final = "find what is wrong with a flow: by its code, by walking all of it, and by measuring every screen"
"""One line of help."""

_DESCRIPTION: Final = """
Find what is wrong with a flow. Its code is read for what replay does not bear: the clock, chance, I/O outside of a Call, steps
that nobody yields. Then every path of it is walked, in memory, and nothing is called: what calls come to is told by --calls, or
guessed. Told are paths that raise, end without a word, cannot be gone on or never end, calls of which nothing can be guessed,
what a chat cannot show, and with --pages screens that are too long. That a call fails and nobody catches it is told where --calls
has that failure. The exit status is 0 where nothing is wrong, 1 where something is, and 2 for wrong usage.
"""


class _Found(NamedTuple):
    """All that was found out about a flow."""

    task: Task
    findings: list[Finding]
    exploration: Exploration
    faults: list[Fault]
    fit: Fit

    @property
    def problems(self) -> int:
        return len(self.findings) + len(self.faults) + len(self.fit.misfits)


def prepare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    add_exploring(parser)
    parser.add_argument(
        "--page", type=at_least(1), default=140, help="septets on a screen, or half as many UCS-2 units (default %(default)s)"
    )
    parser.add_argument(
        "--pages", type=at_least(0), default=0, help="how many pages a text may take, 1 for no paging; any number unless given"
    )
    parser.add_argument("--transliterate", action="store_true", help="screens are written in the GSM 7-bit alphabet")
    parser.add_argument("--locales", default="", metavar="LIST", help="languages in which screens are measured, such as en,fr")
    parser.add_argument(
        "--endless", action="store_true", help="the conversation need not come to an end, as a menu without an exit"
    )
    parser.add_argument("--visit-all", action="store_true", help="status 1 also where a yield was not come to")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(chosen: argparse.Namespace) -> int:
    """Check the flow, and give the exit status.

    Raises:
        ConfigurationError: there is no such flow, or a setting is wrong.
    """
    from flowdsl.linting import findings
    from flowdsl.testing import Fit

    task = task_of(chosen)
    exploration = explored(task)
    faults = [fault for fault in exploration.faults if _counts(fault, task, endless=chosen.endless)]
    fit = _fit(chosen, task) if exploration.complete else Fit(0, None, complete=False)
    known = {(fault.kind, fault.where) for fault in faults}
    faults += [fault for fault in fit.faults if (fault.kind, fault.where) not in known]
    read = findings(task.subject.flow) + [_unknown(key, where) for key, where in task.calls.unknown.items()]
    found = _Found(task, read, exploration, faults, fit)
    if chosen.json:
        out_json(_content(found))
    else:
        out(_lines(found))
    missing = chosen.visit_all and exploration.unvisited
    return int(bool(found.problems or missing or not exploration.complete))


def _counts(fault: Fault, task: Task, *, endless: bool) -> bool:
    if endless and fault.kind == "endless":
        return False
    # Whoever does not catch that a call fails has chosen the apology, unless it is a failure that they have told.
    return not isinstance(fault.raised, CallFailed) or fault.raised.key in task.calls


def _fit(chosen: argparse.Namespace, task: Task) -> Fit:
    from flowdsl.testing import assert_fits
    from flowdsl.ussd import Screen

    screen = None
    if chosen.platform == "ussd":
        screen = Screen(septets=chosen.page, units=chosen.page // 2, transliterate=chosen.transliterate)
    locales: Sequence[str | None] = [each.strip() for each in chosen.locales.split(",") if each.strip()] or (None,)
    with quiet():
        return assert_fits(
            task.subject.flow,
            check=False,
            page=screen,
            pages=chosen.pages or None,
            locales=locales,
            calls=task.calls,
            answers=task.answers,
            rounds=task.rounds,
            turns=task.turns,
            **task.options,
        )


def _unknown(key: str, where: str) -> Finding:
    from flowdsl.linting import Finding

    message = f"what the call {key!r} gives is not known, so nothing that comes after it was looked at"
    return Finding(where, "unknown-call", message, f"annotate what it returns, or give --calls '{{\"{key}\": …}}'")


def _content(found: _Found) -> dict[str, Any]:
    return {
        "flow": found.task.subject.flow.name,
        "paths": found.exploration.paths,
        "complete": found.exploration.complete,
        "unvisited": [site.where for site in found.exploration.unvisited],
        "findings": [
            {"where": each.where, "rule": each.rule, "message": each.message, "cure": each.cure} for each in found.findings
        ],
        "faults": [
            {
                "kind": each.kind,
                "where": each.where,
                "message": each.message,
                "dialogue": str(each.dialogue),
                "test": each.dialogue.as_test(),
            }
            for each in found.faults
        ],
        "misfits": [
            {
                "text": each.text,
                "length": each.length,
                "room": each.room,
                "unit": each.unit,
                "locale": each.locale,
                "dialogue": str(each.dialogue),
            }
            for each in found.fit.misfits
        ],
    }


def _lines(found: _Found) -> Iterator[str]:
    from flowdsl.linting import is_readable
    from flowdsl.testing.exploration import many

    flow, exploration = found.task.subject.flow, found.exploration
    if not is_readable(flow):
        yield "the code of this flow cannot be read, so only its paths were checked"
    yield from (_nearer(str(each)) for each in found.findings)
    for fault in found.faults:
        yield f"\n{_nearer(fault.where)}: {fault.message}\n\n{_indented(str(fault.dialogue))}"
        yield f"\nas a test:\n\n{_indented(fault.dialogue.as_test())}"
    for misfit in found.fit.misfits:
        yield f"\n{_indented(str(misfit)).lstrip()}"
    if found.faults or found.fit.misfits:
        yield ""
    for fault in exploration.faults:
        if fault not in found.faults and isinstance(fault.raised, CallFailed):
            yield f"not caught: {_nearer(fault.where)}: where the call {fault.raised.key!r} fails, the person reads the apology"
    for site in exploration.unvisited if exploration.complete else ():
        yield f"not come to: {_nearer(site.where)}"
    if not exploration.complete:
        yield f"not all was walked: {_nearer(exploration.why_not)} (--answers, --rounds, --turns)"
    yield (
        f"{flow.name}: {many(exploration.paths)} of at most {counted(exploration.depth, 'message')}, "
        f"{counted(len(exploration.questions), 'question')}, {found.fit!r}; {counted(found.problems, 'problem')}"
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _nearer(where: str) -> str:
    """Write a path as it is from here."""
    here = f"{Path.cwd()}{os.sep}"
    return where.replace(here, "")
