"""``flowdsl map``: the map of a conversation, drawn from its code."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from flowdsl._aiocache import Sessions
from flowdsl.commands.exploring import add_exploring, explored, task_of
from flowdsl.commands.shared import add_cache, note, out, quiet, with_sessions
from flowdsl.errors import ConfigurationError, UnreadableRecord
from flowdsl.inspection import Subject, imported, stand
from flowdsl.record import Record, read

if TYPE_CHECKING:
    from flowdsl.mapping import Graph
    from flowdsl.testing import Exploration
    from flowdsl.testing.charting import Chart
    from flowdsl.testing.visits import Step

__all__ = ["SUMMARY", "prepare", "run"]

SUMMARY: Final = "draw the map of a flow, from its code"
"""One line of help."""

_DESCRIPTION: Final = """
Draw the map of a flow: its questions, what it says and calls, and the ways between them. It is found by walking the flow, in
memory, and nothing is called. With sessions or counts it shows how many people came to each place, and how many stopped there.
"""

_KINDS: Final = ("dot", "html", "mermaid", "svg")
_SUFFIXES: Final = {
    ".html": "html",
    ".htm": "html",
    ".svg": "svg",
    ".mmd": "mermaid",
    ".md": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
}


def prepare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    add_exploring(parser)
    parser.add_argument("--as", dest="kind", choices=_KINDS, help="what is drawn; by the name of the file unless given")
    parser.add_argument("--to", metavar="FILE", help="where to, instead of standard output")
    place = parser.add_mutually_exclusive_group()
    add_cache(place, required=False)
    place.add_argument("--journals", metavar="FILE", help="what `flowdsl sessions export` wrote: where people are")
    place.add_argument(
        "--counts", metavar="FILE", nargs="+", help="what `flowdsl.tally.Tally` wrote: how many were asked, and answered"
    )


def run(chosen: argparse.Namespace) -> int:
    """Draw the map, and give the exit status.

    Raises:
        ConfigurationError: there is no such flow or file, or a setting is wrong.
    """
    from flowdsl.testing.charting import Chart

    task = task_of(chosen)
    subject, exploration = task.subject, explored(task)
    chart = Chart(exploration, subject.flow)
    graph = _graph(chosen, subject, exploration, chart)
    kind = chosen.kind or _SUFFIXES.get(Path(chosen.to or "").suffix.lower(), "mermaid")
    drawn = _drawing(kind)(graph)
    if chosen.to is None:
        out(drawn.splitlines())
    else:
        try:
            Path(chosen.to).write_text(drawn, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{chosen.to} cannot be written: {error.strerror}") from None
        note(f"drew {len(graph.nodes)} places of flow {subject.flow.name!r} to {chosen.to}")
    for key, where in task.calls.unknown.items():
        note(f"what the call {key!r} of {where} gives is not known, so nothing after it is drawn: give --calls")
    if exploration.unvisited:
        lines = ", ".join(site.where for site in exploration.unvisited)
        note(f"not drawn, since nothing led there: {lines}; --calls and --answers may")
    if not exploration.complete:
        note("not all was walked: give fewer --answers, or more --turns")
    return 0


def _drawing(kind: str) -> Callable[[Graph], str]:
    from flowdsl.mapping import to_dot, to_html, to_mermaid, to_svg

    return {"dot": to_dot, "html": to_html, "mermaid": to_mermaid, "svg": to_svg}[kind]


def _graph(chosen: argparse.Namespace, subject: Subject, exploration: Exploration, chart: Chart) -> Graph:
    from flowdsl.tally import Counts

    if chosen.counts is not None:
        counts = Counts()
        for name in chosen.counts:
            try:
                counts.add(msgspec.json.decode(Path(name).read_bytes(), type=Counts))
            except (OSError, msgspec.DecodeError) as error:
                raise ConfigurationError(f"{name} cannot be read: {error}") from None
        return chart.tallied(counts)
    if chosen.cache is None and chosen.journals is None:
        return chart.graph()
    records: list[Record] = []
    if chosen.cache is not None:
        with_sessions(chosen.cache, lambda sessions: _live(sessions, records))
    else:
        records.extend(_exported(chosen.journals))
    with quiet():
        return chart.graph(_journeys(records, subject, exploration), counted=True)


async def _live(sessions: Sessions, records: list[Record]) -> None:
    async for batch in sessions.scan():
        for held in batch:
            if held.stored is None:
                continue
            try:
                records.append(read(held.stored))
            except UnreadableRecord:
                continue


def _exported(name: str) -> Iterator[Record]:
    try:
        lines = Path(name).read_bytes().splitlines()
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from None
    for line in filter(bytes.strip, lines):
        try:
            yield read(bytes(imported(line).record).decode("utf-8", "replace"))
        except UnreadableRecord:
            note(f"a line of {name} is no session, and is not counted")


def _journeys(records: Sequence[Record], subject: Subject, exploration: Exploration) -> Iterator[Sequence[Step]]:
    for record in records:
        state = record.flows.get(subject.flow.name)
        if state is not None:
            yield exploration.journey(partial(stand, subject, record, state))
