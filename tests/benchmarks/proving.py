"""How long it takes to prove a flow: to walk all of it, and to draw conversations with it."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from hypothesis import given, settings

from flowdsl import Prompt, Say, Steps, flow
from flowdsl.loading import load_flow
from flowdsl.testing import Conversation, conversations, explore
from tests.benchmarks.measuring import interleaved, timed
from tests.benchmarks.table import Finding, Limit

__all__ = ["measure"]

_LIMIT = Limit(2.0)
_CHOICES = ["A", "B", "C", "D", "E"]
_QUESTIONS = 6
_DRAWN = 300

registration = load_flow(str(Path(__file__).parents[2] / "examples" / "registration.py"))


@flow
def six() -> Steps[None]:
    """Ask six questions with five choices each."""
    chosen = ""
    for number in range(_QUESTIONS):
        chosen += yield from Prompt(f"q{number}", f"Question {number}?", choices=_CHOICES)
    yield Say(chosen)


def measure(rounds: int) -> Iterator[Finding]:
    """Walk all 15,625 paths of a flow, and draw 300 conversations."""
    rounds = min(rounds, 5)
    yield _compared("all 15,625 paths of six questions with five choices", _explored, _bare, rounds)
    yield _compared("300 drawn conversations of the registration example", _drawn, _drawn_bare, rounds)


def _compared(what: str, work: Any, floor: Any, rounds: int) -> Finding:
    samples = interleaved(lambda: timed(floor, 1), lambda: timed(work, 1), rounds)
    ours, bare = (f"{median(side) * 1e3:.0f} ms" for side in (samples.ours, samples.floor))
    return Finding(what, ours, bare, median(samples.ours), _LIMIT, " s")


def _explored() -> None:
    assert explore(six).paths == len(_CHOICES) ** _QUESTIONS


def _bare(chosen: tuple[str, ...] = ()) -> None:
    """Start the generator for each place, and feed it its answers."""
    generator = six()
    step = generator.send(None)
    for answer in chosen:
        step = generator.send(answer)
    generator.close()
    if step.__class__ is not Say:
        for choice in _CHOICES:
            _bare((*chosen, choice))


def _drawn() -> None:
    @settings(max_examples=_DRAWN, database=None, deadline=None)
    @given(conversations(registration))
    def test(talk: Conversation) -> None:
        assert talk.screen

    test()


def _drawn_bare() -> None:
    """Hold as many conversations without drawing them."""
    for _ in range(_DRAWN):
        Conversation(registration).type("ama").type("40").choose("Twi").choose("week").choose(True)
