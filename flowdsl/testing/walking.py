"""Every way through a flow: each choice of each question is taken, and equal places are gone on from once."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from flowdsl.choices import Menu
from flowdsl.messages import Inbound, Reply
from flowdsl.prompt import Prompt
from flowdsl.testing.dialogue import Dialogue, Input, Passage
from flowdsl.testing.samples import Answers, as_inputs, given_for, samples
from flowdsl.testing.setting import Setting
from flowdsl.testing.sites import Sites
from flowdsl.testing.stage import Moment
from flowdsl.verdict import known_types

__all__ = ["Bounds", "Step", "Visit", "Walk"]


_REQUEST: Final = "1"


class Bounds(NamedTuple):
    """Where a walk is cut.

    Args:
        rounds: how often a path may come to one question with all that can be typed there. After that it goes on with one
            thing at a time.
        longest: how many messages a path may have.
        turns: how many turns are taken in all.
    """

    rounds: int = 3
    longest: int = 60
    turns: int = 50_000


class Step(NamedTuple):
    """A step that a flow came to: its place in the code, and what it yielded there."""

    place: tuple[int, int]
    step: Any


class Visit(msgspec.Struct, eq=False, kw_only=True):
    """A place in a conversation that a walk came to.

    Args:
        before: the place before it.
        did: what the person did there.
        passage: what that came to.
        depth: how many messages lead here.
        steps: what the flow came to in this turn, the question that was answered first.
        question: where the question stands in the code, and its key.
        moment: all that is known, until the walk has gone on from here.
        merged: the place that is the same as this one, where that was gone on from.
        cut: it was not gone on from here because of a bound.
        answered: the message was an answer.
        stuck: nothing that was tried answers the question.
        after: the places after it.
    """

    before: "Visit | None"
    did: Input
    passage: Passage
    depth: int
    steps: tuple[Step, ...] = ()
    question: tuple[Any, ...] = ()
    moment: Moment | None = None
    merged: "Visit | None" = None
    cut: bool = False
    answered: bool = False
    stuck: bool = False
    after: tuple["Visit", ...] = ()

    @property
    def path(self) -> list["Visit"]:
        """The places from the beginning to this one."""
        path: list[Visit] = [self]
        visit: Visit = self
        while visit.before is not None:
            visit = visit.before
            path.append(visit)
        return path[::-1]

    def rounds(self) -> int:
        """Tell how often the path has come to this question."""
        count, visit = 0, self.before
        while visit is not None:
            count += visit.question == self.question
            visit = visit.before
        return count

    def dialogue(self, flow: str, setup: Sequence[str] = ()) -> Dialogue:
        """Give the conversation that leads here."""
        return Dialogue(flow, tuple(visit.passage for visit in self.path), tuple(setup))


class Walk:
    """A walk through all of a flow, the shortest ways first.

    Args:
        setting: what the conversations are held with.
        answers: what is typed at questions without choices.
        mistakes: also answer each question wrongly, and go back from it where that is offered.
        bounds: where the walk is cut.
    """

    def __init__(self, setting: Setting, *, answers: Answers, mistakes: bool, bounds: Bounds) -> None:
        self.sites: Final = Sites()
        self.turns = 0
        self.complete = True
        self._setting: Final = setting
        # Nothing is replayed after the last turn.
        self._stage: Final = msgspec.structs.replace(setting.stage, thorough=False)
        self._answers: Final = answers
        self._mistakes: Final = mistakes
        self._mistaken: Final[set[Any]] = set()
        self._bounds: Final = bounds
        self._places: Final[dict[Any, Visit]] = {}
        self._steps: tuple[Step, ...] = ()
        self._trails: Final[dict[tuple[tuple[int, int], ...], tuple[Step, ...]]] = {}

    @property
    def flow_in_code(self) -> str:
        """What the flow is called in its code."""
        return self._setting.flow_in_code

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
                    if after.merged is None and not after.passage.ended:
                        ahead.append(after)
                    else:  # most are ends, and what they came to takes much room
                        after.moment = None
                visit.moment = None

    def _following(self, visit: Visit) -> list[Visit]:
        """Go on from a place, with each thing that can be typed there."""
        moment = visit.moment
        if moment is None or visit.merged is not None or moment.outcome is None or moment.outcome.prompt is None:
            return []
        if visit.depth > self._bounds.longest or self.turns >= self._bounds.turns:
            visit.cut = True
            self.complete = self.complete and self.turns < self._bounds.turns
            return []
        after: list[Visit] = []
        for did in self._inputs(visit, moment.outcome.prompt, moment.menu):
            message = msgspec.structs.replace(
                self._setting.person, text=did.text, attachment=did.attachment, request_id=_REQUEST, timestamp=self._setting.now
            )
            after.extend(self._tried(visit, did, message))
        visit.stuck = not any(each.answered for each in after)
        visit.after = tuple(after)
        return after

    def _inputs(self, visit: Visit, prompt: Prompt[Any], menu: Menu) -> list[Input]:
        types = known_types(prompt, self._setting.flow.types)
        given = given_for(prompt, self._answers)
        known = samples(prompt, types, menu)
        inputs = list(known.taken if given is None else as_inputs(given, prompt.key))
        rounds = visit.rounds()
        if rounds >= self._bounds.rounds and inputs:
            inputs = [inputs[rounds % len(inputs)]]
        # Where attempts are limited, each mistake leads elsewhere; else one of them shows what all would.
        if self._mistakes and (prompt.attempts is not None or visit.question not in self._mistaken):
            self._mistaken.add(visit.question)
            inputs.extend(known.refused[:1])
            inputs.extend(_ways(visit))
        return inputs

    def _tried(self, before: Visit | None, did: Input, message: Inbound) -> list[Visit]:
        """Take a turn, once for each combination of what its calls may come to."""
        visits: list[Visit] = []
        tape: list[int] | None = []
        while tape is not None:
            counts: list[int] = []
            visits.append(self._turn(before, did, message, tape, counts))
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
            moment = self._stage.take(stored, message, str(self.turns), self._setting.now, choose, self._note)
        except AssertionError as error:
            moment = Moment(stored=None, shown=Reply(""), raised=error, where=self._setting.flow.where)
        if moment.raised is not None:
            self._note()
        answered = moment.raised is not None or (moment.outcome is not None and moment.outcome.answered is not None)
        visit = Visit(
            before=before,
            did=did,
            passage=Passage.of(did, moment),
            depth=depth,
            steps=self._steps,
            answered=answered,
            moment=moment,
        )
        if moment.raised is None and moment.outcome is not None and moment.outcome.prompt is not None:
            visit.question = (self._steps[-1].place if self._steps else None, moment.outcome.prompt.key)
            self._merge(visit, moment)
        return visit

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

    def _merge(self, visit: Visit, moment: Moment) -> None:
        state, prompt = moment.state, moment.outcome.prompt if moment.outcome is not None else None
        if state is None or prompt is None or not moment.stack.comparable or moment.turn is None:
            return
        tries = (state.attempts, tuple(state.missed.items())) if prompt.attempts is not None or state.missed else ()
        record = moment.turn.record
        data = msgspec.json.encode((record.data, state.changed, record.locale, state.locale, state.root and state.root.name))
        count = len(state.journal) if moment.stack.counts else 0
        place = (moment.stack, data, tries, count)
        known = self._places.setdefault(place, visit)
        visit.merged = None if known is visit else known


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
