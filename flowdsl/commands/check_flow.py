"""``flowdsl check``: a flow is read and explored, and every screen of it measured, before anybody dials it."""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from flowdsl.commands.exploring import add_exploring, answers_of, at_least, calls_of, explored, options_of
from flowdsl.commands.shared import loaded, out, out_json, quiet
from flowdsl.errors import CallFailed
from flowdsl.inspection import Subject, counted
from flowdsl.linting import Finding, findings, is_readable
from flowdsl.testing import Exploration, Fault, Fit, assert_fits
from flowdsl.testing.guessing import Guessing

__all__ = ["SUMMARY", "prepare", "run"]

SUMMARY: Final = "find what is wrong with a flow: by its code, by walking all of it, and by measuring every screen"
"""One line of help."""

_DESCRIPTION: Final = """
Find what is wrong with a flow. Its code is read for what replay does not bear: the clock, chance, I/O outside of a Call, steps
that nobody yields. Then every path of it is walked, in memory, and nothing is called: what calls come to is told by --calls, or
guessed. Told are paths that raise, end without a word, cannot be gone on or never end, and screens that do not fit. The exit
status is 0 where nothing is wrong, 1 where something is, and 2 for wrong usage.
"""


def prepare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    add_exploring(parser)
    parser.add_argument(
        "--page", type=at_least(1), default=140, help="septets on a screen, or half as many UCS-2 units (default %(default)s)"
    )
    parser.add_argument("--pages", type=at_least(0), default=0, help="how many pages a screen may take, 0 for any number")
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
    subject = loaded(chosen)
    found = findings(subject.flow)
    calls = calls_of(chosen)
    exploration = explored(chosen, subject, calls)
    faults = [fault for fault in exploration.faults if _counts(fault, endless=chosen.endless)]
    fit = _fit(chosen, subject, calls)
    found += [_unknown(key, where) for key, where in calls.unknown.items()]
    if chosen.json:
        out_json(
            {
                "flow": subject.flow.name,
                "paths": exploration.paths,
                "complete": exploration.complete,
                "unvisited": [site.where for site in exploration.unvisited],
                "findings": [{"where": e.where, "rule": e.rule, "message": e.message, "cure": e.cure} for e in found],
                "faults": [
                    {
                        "kind": e.kind,
                        "where": e.where,
                        "message": e.message,
                        "dialogue": str(e.dialogue),
                        "test": e.dialogue.as_test(),
                    }
                    for e in faults
                ],
                "misfits": [
                    {
                        "text": e.text,
                        "length": e.length,
                        "room": e.room,
                        "unit": e.unit,
                        "locale": e.locale,
                        "dialogue": str(e.dialogue),
                    }
                    for e in fit.misfits
                ],
            }
        )
    else:
        out(_lines(subject, exploration, faults, fit, [str(each) for each in found]))
    missing = chosen.visit_all and exploration.unvisited
    return int(bool(found or faults or fit.misfits or missing or not exploration.complete))


def _counts(fault: Fault, *, endless: bool) -> bool:
    # Whoever does not catch that a call fails has chosen the apology.
    return not (endless and fault.kind == "endless") and not isinstance(fault.raised, CallFailed)


def _unknown(key: str, where: str) -> Finding:
    message = f"what the call {key!r} gives is not known, so nothing that comes after it was looked at"
    return Finding(where, "unknown-call", message, f"annotate what it returns, or give --calls '{{\"{key}\": …}}'")


def _fit(chosen: argparse.Namespace, subject: Subject, calls: Guessing) -> Fit:
    locales: Sequence[str | None] = [each.strip() for each in chosen.locales.split(",") if each.strip()] or (None,)
    with quiet():
        return assert_fits(
            subject.flow,
            check=False,
            page=chosen.page if chosen.platform == "ussd" else None,
            pages=chosen.pages or None,
            locales=locales,
            calls=calls,
            answers=answers_of(chosen),
            rounds=chosen.rounds,
            turns=chosen.turns,
            **options_of(chosen, subject),
        )


def _lines(subject: Subject, exploration: Exploration, faults: list[Fault], fit: Fit, found: list[str]) -> Iterator[str]:
    if not is_readable(subject.flow):
        yield "the code of this flow cannot be read, so only its paths were checked"
    yield from map(_nearer, found)
    for fault in faults:
        yield f"\n{_nearer(fault.where)}: {fault.message}\n\n{_indented(str(fault.dialogue))}"
        yield f"\nas a test:\n\n{_indented(fault.dialogue.as_test())}"
    for misfit in fit.misfits:
        yield f"\n{_indented(str(misfit)).lstrip()}"
    if faults or fit.misfits:
        yield ""
    for site in exploration.unvisited:
        yield f"not come to: {_nearer(site.where)}"
    if not exploration.complete:
        yield "not all was walked: give fewer --answers, or more --turns"
    yield (
        f"{subject.flow.name}: {counted(exploration.paths, 'path')} of at most {counted(exploration.depth, 'message')}, "
        f"{counted(len(exploration.questions), 'question')}, {fit!r}; "
        f"{counted(len(found) + len(faults) + len(fit.misfits), 'problem')}"
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _nearer(where: str) -> str:
    """Write a path as it is from here."""
    here = f"{Path.cwd()}{os.sep}"
    return where.replace(here, "")
