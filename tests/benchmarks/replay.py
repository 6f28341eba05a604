"""Replay of a long conversation, against the bare loop that feeds a generator its answers."""

from collections.abc import Callable, Iterator
from typing import Any

from flowdsl import Flow, Say
from flowdsl.chat import Opening
from flowdsl.compaction import compacted
from flowdsl.interpreter import play
from flowdsl.journal import CALL, Entry
from flowdsl.record import VERSION, FlowState, Record, read, write
from tests.benchmarks.conversations import calling, replies, survey, talkative
from tests.benchmarks.measuring import interleaved, timed
from tests.benchmarks.table import Finding, Limit, times

__all__ = ["measure"]

_LIMIT = Limit(1.5)
_LENGTHS = (10, 100, 400)
# Whole rounds of that conversation, so that it stops at a question: to prepare a call is no replay.
_LENGTHS_WITH_CALLS = (12, 100, 400)
# Answers in one timed block: some milliseconds, long for the clock and short for what may disturb it.
_BLOCK = 20_000


def measure(rounds: int) -> Iterator[Finding]:
    """Replay conversations of several lengths."""
    for count in _LENGTHS:
        yield _compared(f"replay of {count} answers", survey, count, rounds, _LIMIT)
    for count in _LENGTHS_WITH_CALLS:
        yield _compared(f"replay of {count} answers, results of calls and of flows within", calling, count, rounds, _LIMIT)
    yield _compared("replay of 100 answers with something said after each", talkative, 100, rounds, None)


def _compared(what: str, flow: Flow[..., Any], count: int, rounds: int, limit: Limit | None) -> Finding:
    journal = _journal(flow, count)
    answers = [entry.value for entry in journal]
    outcome = play(flow, None, journal)
    assert outcome.divergence is None
    assert len(outcome.journal) == count
    floor = _block(lambda: _bare(flow, answers), count)
    ours = _block(lambda: play(flow, None, journal), count)
    return times(what, interleaved(floor, ours, rounds), limit)


def _block(work: Callable[[], object], count: int) -> Callable[[], float]:
    return lambda: timed(work, _BLOCK // count)


def _journal(flow: Flow[..., Any], count: int) -> list[Entry]:
    """Play so many answers, and read the journal back from JSON, so that its texts are not the flow's own."""
    journal: list[Entry] = []
    for text in replies(2 * count):
        outcome = play(flow, None, journal, text)
        at = outcome.at
        while outcome.wanted is not None:
            made = Entry(CALL, outcome.wanted.call.key, outcome.wanted.choices, len(text))
            outcome = play(flow, None, [*outcome.journal, made])
        journal = compacted(outcome, at)[0].journal
        if len(journal) >= count:
            break
    del journal[count:]
    state = FlowState(opening=Opening("", 0.0, "ussd", "nalo"), journal=journal)
    stored = write(Record(version=VERSION, revision=1, flows={flow.name: state}), 10**9)
    return read(stored).flows[flow.name].journal


def _bare(flow: Flow[..., Any], answers: list[Any]) -> None:
    """Feed a generator its answers, with nothing around it."""
    generator = flow()
    send = generator.send
    step = send(None)
    for answer in answers:
        while step.__class__ is Say:
            step = send(None)
        step = send(answer)
    while step.__class__ is Say:
        step = send(None)
    generator.close()
