"""Every way through a flow: each choice of each question is taken, and equal places are gone on from once."""

from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.journal import ASKED
from flowdsl.messages import Inbound, Reply
from flowdsl.prompt import Prompt
from flowdsl.testing.dialogue import Input, Passage
from flowdsl.testing.failing import Unproved
from flowdsl.testing.samples import Answers, Sampler, Samples, as_inputs, given_for, near, why_stuck
from flowdsl.testing.setting import Setting
from flowdsl.testing.sites import Sites
from flowdsl.testing.stage import Moment
from flowdsl.testing.variables import written
from flowdsl.testing.visits import Step, Visit

__all__ = ["Bounds", "Mistakes", "Walk"]


_REQUEST: Final = "1"


Mistakes = Literal["none", "once", "each"]
"""Whether questions are also answered wrongly: not at all, each once, or each as often as it reads otherwise."""


class Bounds(NamedTuple):
    """Where a walk is cut.

    Args:
        rounds: how often a path may come to one question with all that can be typed there, unless a ``for`` leads there.
            After that it goes on with one thing at a time.
        longest: how many messages a path may have after that.
        turns: how many turns are taken in all.
        varied: at how many questions without choices a path may have another than the first of what can be typed.
    """

    rounds: int = 2
    longest: int = 60
    turns: int = 50_000
    varied: int = 2


class Walk:
    """A walk through all of a flow, the shortest ways first.

    Args:
        setting: what the conversations are held with.
        answers: what is typed at questions without choices.
        mistakes: also answer questions wrongly, and go back from them where that is offered.
        bounds: where the walk is cut.
    """

    def __init__(self, setting: Setting, *, answers: Answers, mistakes: Mistakes, bounds: Bounds) -> None:
        self.sites: Final = Sites()
        self.turns = 0
        self.complete = True
        if setting.in_turn:
            raise ConfigurationError(
                f"what comes in turn is for one conversation, and here are many: give calls[{setting.in_turn[0]!r}] a "
                "function, or either(…)"
            )
        self._setting: Final = setting
        self._sampler: Final = Sampler(setting.flow.types, on_ussd=setting.on_ussd)
        self._answers: Final = answers
        self._mistakes: Final = mistakes
        self._mistaken: Final[set[Any]] = set()
        self._ends: Final[set[tuple[Step, ...]]] = set()
        self._questions: Final[dict[Any, tuple[Any, ...]]] = {}
        self._bounds: Final = bounds
        self._places: Final[dict[Any, Visit]] = {}
        self._steps: tuple[Step, ...] = ()
        self._trails: Final[dict[tuple[tuple[int, int], ...], tuple[Step, ...]]] = {}

    @property
    def flow_in_code(self) -> str:
        """What the flow is called in its code."""
        return self._setting.flow_in_code

    def most_varied(self) -> tuple[str, str, int] | None:
        """Find the variable that has had the most values at one place: its name, ``file:line``, and how many they were."""
        values: dict[tuple[str, str], set[str | None]] = {}
        for stack, *_ in self._places:
            for place in stack.places:
                for name, held in place.variables:
                    values.setdefault((name, place.where), set()).add(held)
        (name, where), held = max(values.items(), key=lambda each: len(each[1]), default=(("", ""), set()))
        return (name, where, len(held)) if held else None

    @property
    def where(self) -> str:
        """Where the flow is written, as ``file:line``."""
        return self._setting.flow.where

    @property
    def setup(self) -> tuple[str, ...]:
        """How the conversations are set up, as code."""
        return self._setting.code

    def visits(self) -> Iterator[Visit]:
        """Give the places that the walk comes to, those with the fewest messages first."""
        with self.sites.watched():
            opening = self._setting.opening(_REQUEST, self._setting.now)
            first = self._tried(None, Input("dial", self._setting.opener), opening)
            yield from first
            ahead = deque(first)
            while ahead:
                visit = ahead.popleft()
                for after in self._following(visit):
                    yield after
                    if after.is_new:
                        ahead.append(after)
                    else:  # most are ends, and what they came to takes much room
                        after.moment = None
                visit.moment = None

    def _following(self, visit: Visit) -> list[Visit]:
        """Go on from a place, with each thing that can be typed there."""
        moment = visit.moment
        if moment is None or visit.merged is not None or moment.outcome is None or moment.outcome.prompt is None:
            return []
        if visit.since > self._bounds.longest or self.turns >= self._bounds.turns:
            visit.cut = True
            self.complete = self.complete and self.turns < self._bounds.turns
            return []
        prompt = moment.outcome.prompt
        known = self._sampler.of(prompt, moment.menu)
        after = self._answered(visit, self._taken(visit, prompt, known))
        if not any(each.answered for each in after):
            given = given_for(prompt, self._answers) is not None
            visit.stuck = why_stuck(prompt, on_ussd=self._setting.on_ussd, given=given)
        if self._mistakes != "none" and self._is_new(visit, prompt, moment):
            after += [each for did in (*known.refused, *_ways(visit)) for each in self._did(visit, did)]
        visit.after = tuple(after)
        return after

    def _taken(self, visit: Visit, prompt: Prompt[Any], known: Samples) -> list[Input]:
        """Tell what is typed at a question."""
        given = given_for(prompt, self._answers)
        inputs = list(known.taken if given is None else as_inputs(given, prompt.key))
        if given is None and known.numeric:
            results = [made.result for each in visit.path for made in each.passage.made]
            inputs += [each for each in near(results, partial(self._sampler.takes, prompt)) if each not in inputs]
        if prompt.choices is None and visit.varied >= self._bounds.varied:
            visit.cut = len(inputs) > 1
            # Where screens are measured, the longest of what might be typed matters more than the first.
            inputs = [max(inputs, key=lambda did: len(did.text))] if self._mistakes == "each" and inputs else inputs[:1]
        return inputs

    def _answered(self, visit: Visit, inputs: list[Input]) -> list[Visit]:
        """Go on with each thing that is typed, or from some round on only until one of them leads to a place that is new."""
        rounds = visit.rounds()
        bounded = visit.moment is not None and visit.moment.stack.in_for and self.turns < self._bounds.turns // 2
        if rounds < self._bounds.rounds or bounded or not inputs:
            return [each for did in inputs for each in self._did(visit, did, varied=did is not inputs[0])]
        after: list[Visit] = []
        # What was typed there least: where a path has gone round, the way out of the loop is what it has not tried.
        here = [each for each in visit.path if each.before is not None and each.before.question is visit.question]
        typed = Counter(each.did.text for each in here)
        for place, did in enumerate(sorted(inputs, key=lambda did: typed[did.text])):
            after += self._did(visit, did, varied=did is not inputs[0], since=visit.since + 1)
            if any(each.is_new for each in after):
                visit.cut = place + 1 < len(inputs)
                break
        return after

    def _is_new(self, visit: Visit, prompt: Prompt[Any], moment: Moment) -> bool:
        """Tell whether a question was not answered wrongly yet; where attempts are limited, each time leads elsewhere."""
        reads: Any = visit.question
        if self._mistakes == "each":
            refuses = (written(prompt.validate), written(prompt.transform), written(prompt.invalid))
            reads = (visit.question, moment.shown.text, moment.menu.lines, refuses)
        is_new = reads not in self._mistaken
        self._mistaken.add(reads)
        return is_new or prompt.attempts is not None

    def _did(self, visit: Visit, did: Input, *, varied: bool = False, since: int = 0) -> list[Visit]:
        message = msgspec.structs.replace(
            self._setting.person, text=did.text, attachment=did.attachment, request_id=_REQUEST, timestamp=self._setting.now
        )
        count = visit.varied + (varied and did.verb != "choose")
        return self._tried(visit, did, message, count, max(since, visit.since and visit.since + 1))

    def _tried(self, before: Visit | None, did: Input, message: Inbound, varied: int = 0, since: int = 0) -> list[Visit]:
        """Take a turn, once for each combination of what its calls may come to."""
        visits: list[Visit] = []
        tape: list[int] | None = []
        while tape is not None:
            counts: list[int] = []
            visit = self._turn(before, did, message, tape, counts)
            visit.varied, visit.since = varied, since
            self._merge(visit)
            visits.append(visit)
            tape = _next(tape, counts)
        return visits

    def _turn(self, before: Visit | None, did: Input, message: Inbound, tape: list[int], counts: list[int]) -> Visit:
        def choose(count: int) -> int:
            counts.append(count)
            place = len(counts) - 1
            return tape[place] if place < len(tape) else 0

        self.turns += 1
        stored = self._setting.stored if before is None or before.moment is None else before.moment.stored
        if not self._setting.on_ussd:
            message = msgspec.structs.replace(message, message_id=str(self.turns))
        self.sites.fresh = True
        depth = 0 if before is None else before.depth + 1
        try:
            moment = self._setting.stage.take(
                stored, message, str(self.turns), self._setting.now, choose, self._note, last=self._is_new_end
            )
        except Unproved as error:
            where = self._setting.flow.where
            moment = Moment(stored=None, shown=Reply(""), made=error.made, raised=error, where=where)
        if moment.raised is not None:
            self._note()
        visit = Visit(before=before, did=did, passage=Passage.of(did, moment), depth=depth, steps=self._steps, moment=moment)
        outcome = moment.outcome
        visit.answered = outcome is None or (outcome.rejected is None and not outcome.stray)
        if moment.raised is None and outcome is not None and outcome.prompt is not None:
            question = (moment.stack.line, outcome.prompt.key)
            visit.question = self._questions.setdefault(question, question)
        return visit

    def _is_new_end(self) -> bool:
        """Tell whether no conversation has ended as this one has; else nothing new would be seen."""
        is_new = self._steps not in self._ends
        self._ends.add(self._steps)
        return is_new

    def _note(self) -> None:
        """Keep what the flow has come to since the last question that was answered."""
        path = self.sites.path
        asked = [place for place, (_, step) in enumerate(path) if isinstance(step, Prompt)]
        last = path[-1:] and isinstance(path[-1][1], Prompt)
        begin = asked[-2] if last and len(asked) > 1 else asked[-1] if asked and not last else 0
        # Most turns come to what others came to, and the steps of those are kept.
        places = tuple([place for place, _ in path[begin:]])
        self._steps = self._trails.get(places, ())
        if not self._steps:
            self._steps = self._trails[places] = tuple(Step(place, step) for place, step in path[begin:])
        self.sites.fresh = True

    def _merge(self, visit: Visit) -> None:
        """Find the place at which the flow stands exactly as it does here."""
        moment = visit.moment
        if moment is None or not visit.question or not moment.stack.comparable:
            return
        outcome, state, turn = moment.outcome, moment.state, moment.turn
        if outcome is None or outcome.prompt is None or state is None or turn is None:
            return
        tries = (state.attempts, *state.missed.items()) if outcome.prompt.attempts is not None or state.missed else ()
        record = turn.record
        data = msgspec.json.encode((record.data, state.changed, record.locale, state.locale, state.root and state.root.name))
        undoable = () if outcome.trail is None else outcome.trail.undoable
        # To which one can go back.
        previous = next((entry.key for entry in reversed(state.journal) if entry.kind in ASKED), "")
        place = (moment.stack, data, tries, len(undoable), previous)
        known = self._places.get(place)
        # From there on fewer things may have been typed.
        if known is None or known.varied > visit.varied or (known.since and not visit.since):
            self._places[place] = visit
        else:
            visit.merged = known


def _ways(visit: Visit) -> Iterator[Input]:
    """Give the keys that lead back from a question."""
    ways = None if visit.moment is None or visit.moment.outcome is None else visit.moment.outcome.ways
    if ways is not None:
        for key, label in ((ways.back, "back"), (ways.start, "back to the first")):
            if key is not None:
                yield Input("type", key, label, slip=True)


def _next(tape: list[int], counts: list[int]) -> list[int] | None:
    """Give the next combination of what several calls come to; ``None`` after the last one."""
    tape = [*tape, *[0] * (len(counts) - len(tape))][: len(counts)]
    while tape:
        if tape[-1] + 1 < counts[len(tape) - 1]:
            tape[-1] += 1
            return tape
        tape.pop()
    return None
