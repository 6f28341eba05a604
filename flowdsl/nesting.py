"""The flows of one conversation: those that run within each other, and those that one becomes after the other. Pure."""

from collections.abc import Callable, Generator, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from flowdsl.effects import Effects, Snapshot
from flowdsl.errors import BadStep, LimitExceeded, UnstorableValue
from flowdsl.flow import Flow
from flowdsl.journal import Entry, encode, is_run
from flowdsl.misuse import real, require_result
from flowdsl.outcome import NO_TRAIL, Asked, Became, Finished, Limits, Trail
from flowdsl.source import position
from flowdsl.steps import Say
from flowdsl.subflows import Become, Run

__all__ = ["NOTHING", "Nesting", "segment"]


class _Outer(NamedTuple):
    """A flow that waits for one within it: its own place, and where the inner one began."""

    generator: Generator[Any, Any, Any]
    prefix: str
    types: Mapping[str, type]
    run: Run[Any]
    start: int
    bars: int
    calls: int
    raisers: Mapping[str, int]
    before: Snapshot | None


_NO_RAISERS: Final[Mapping[str, int]] = MappingProxyType({})

NOTHING: Final = object()
"""Stands for a step or a result where there is none yet."""

_WILL_NOT_CLOSE: Final = (
    "it goes on when it is told to stop: an `except` that names no class, or a `finally` that yields, stands around a yield"
)


# Made anew at every turn, so it must cost next to nothing: a struct, made in C.
class Nesting(msgspec.Struct, eq=False):
    """A flow being played, with those around it and those before it.

    ``generator``, ``types``, ``prefix`` and ``raisers`` are those of the flow that is playing, which may be within another.

    Args:
        flow: the conversation, or what it has become.
        chat: its chat, for flows that take one.
        params: keyword parameters with which the conversation began.
        limits: when to stop a flow that grows or loops.
        effects: what is done to the session, where that is known.
        generator: where the flow stands.
        types: enums and dataclasses that it names.
        prefix: what comes before the fingerprints of its entries.
        raisers: how often a sub-flow has raised since it last returned, by its key.
        said: what was said since the last answer.
        barrier: how many entries nobody goes back past.
        bars: how often one was set.
        trail: what was come past beside questions.
        eventful: anything has happened beside questions that were answered before.
        outer: the flows around it, the outermost first.
        first: the conversation before it became another one.
        result: what the flow returned, once it is over.
    """

    flow: Flow[..., Any]
    chat: Any
    params: Mapping[str, Any]
    limits: Limits
    effects: Effects | None
    generator: Generator[Any, Any, Any]
    types: Mapping[str, type]
    prefix: str = ""
    raisers: Mapping[str, int] = _NO_RAISERS
    said: list[Say] = []
    barrier: int = 0
    bars: int = 0
    trail: Trail = NO_TRAIL
    eventful: bool = False
    outer: tuple[_Outer, ...] = ()
    first: Flow[..., Any] | None = None
    result: Any = None

    def restart(self) -> None:
        """Begin the conversation again."""
        self.close()
        if self.effects is not None:
            self.effects.begin()
        flow, params = self.first or self.flow, self.params
        anew = Nesting(
            flow, self.chat, params, self.limits, self.effects, flow.start(self.chat, params), flow.types, eventful=True
        )
        for field in Nesting.__struct_fields__:
            setattr(self, field, getattr(anew, field))

    def entered(self, run: Run[Any], used: int) -> Any:
        """Begin a flow within."""
        if len(self.outer) >= self.limits.depth:
            raise LimitExceeded(f"{self.limits.depth} flows run within each other: does {run.key!r} run itself?")
        flow = run.flow
        generator = flow.start(self.chat, run.params)
        outer = _Outer(
            self.generator,
            self.prefix,
            self.types,
            run,
            used,
            self.bars,
            len(self.trail.undoable),
            self.raisers,
            self.done_so_far(),
        )
        self.raisers = _NO_RAISERS
        self.outer = (*self.outer, outer)
        self.generator = generator
        self.prefix = f"{self.prefix}{segment(run.key)}/"
        if flow.types != self.types:
            self.types = {**self.types, **flow.types}
        self.know(flow)
        return generator.send(None)

    def handed_over(self, step: Become, used: int) -> Any:
        """Begin the flow that comes instead."""
        became = self.trail.became
        if sum(each.at == used for each in became) >= self.limits.depth:
            raise LimitExceeded(f"it has become another flow {self.limits.depth} times without an answer: is it in a loop?")
        flow = step.flow
        # Before anything is closed: the errors tell the line of the step.
        _require_storable(step)
        generator = flow.start(self.chat, step.params)
        self.close()
        self.first, self.flow = self.first or self.flow, flow
        # Within that of the hand-over before, of which nothing may be left when this one's entries are found again.
        self.prefix = f"{became[-1].prefix if became else ''}{segment(step.key)}!/"
        self.eventful = True
        self.trail = self.trail._replace(became=(*became, Became(used, step, self.prefix, self.done_so_far())))
        self.outer, self.raisers = (), _NO_RAISERS
        self.generator = generator
        self.types = flow.types
        self.know(flow)
        self.bar(used)
        return self.generator.send(None)

    def come_out(self) -> _Outer:
        """Go on with the flow around one that has ended."""
        *others, outer = self.outer
        self.outer = tuple(others)
        self.generator, self.prefix, self.types, self.raisers = outer.generator, outer.prefix, outer.types, outer.raisers
        return outer

    def ended(self, result: Any, used: int) -> Any:
        """Go on after a generator has ended; ``None`` where it was the flow's own."""
        require_result(result)
        if not self.outer:
            self.result = result
            return None
        types, inner = self.types, self.come_out()
        barred, undoable = self.bars > inner.bars, len(self.trail.undoable) > inner.calls
        did = None if self.effects is None or inner.before is None else self.effects.since(inner.before)
        raised = self.returned(inner.run)
        done = Finished(inner.start, used, inner.run, self.prefix, types, result, barred, undoable, did, raised)
        self.trail, self.eventful = self.trail._replace(finished=(*self.trail.finished, done)), True
        return self.going_on(lambda: self.generator.send(result), used)

    def returned(self, run: Run[Any]) -> int:
        """Tell how often a sub-flow has raised before it has returned, and count anew."""
        raised = self.raisers.get(run.key, 0)
        if raised:
            self.raisers = {key: times for key, times in self.raisers.items() if key != run.key}
        return raised

    def raised(self, error: Exception, used: int) -> Any:
        """Let a flow that runs another one catch what that raised, as ``yield from`` would."""
        if not self.outer or getattr(self.generator, "gi_frame", None) is not None:
            raise error
        key = self.come_out().run.key
        self.raisers = {**self.raisers, key: self.raisers.get(key, 0) + 1}
        return self.going_on(lambda: self.generator.throw(error), used)

    def going_on(self, move: Callable[[], Any], used: int) -> Any:
        """Make a move of the innermost generator, and give the next step; ``None`` where the flow has ended."""
        try:
            return real(move())
        except StopIteration as stop:
            return self.ended(stop.value, used)
        except Exception as error:
            return self.raised(error, used)

    def spot(self, asked: Asked, done: list[Entry]) -> str:
        """Name a question among those whose attempts are counted, by how often the same was asked in its flow before.

        The name is the same whether the journal still holds what is within a flow that is done, or not.

        Args:
            asked: the question.
            done: what was answered and called before it.
        """
        became = self.trail.became
        start, prefix = (became[-1].at, became[-1].prefix) if became else (0, "")
        places: list[int] = []
        for outer in self.outer:
            key, around, before = outer.run.key, outer.prefix, range(start, outer.start + 1)
            runs = [entry.choices for entry in done[start : outer.start] if entry.key == key and is_run(entry, around)]
            ended = [
                each.raised
                for each in self.trail.finished
                if (each.run.key, each.within) == (key, around) and each.start in before and each.end in before
            ]
            raised = outer.raisers.get(key, 0) + sum(ended) + sum(choices[len(around) :].count("*") for choices in runs)
            places.append(len(runs) + len(ended) + raised)
            start = outer.start
        places.append(sum(entry.key == asked.key and entry.choices == asked.choices for entry in done[start:]))
        return f"{self.flow.name}:{'.'.join(map(str, places))}:{asked.choices.removeprefix(prefix)}:{asked.key}"

    def bar(self, used: int) -> None:
        """Let nobody go back past this place."""
        self.barrier = used
        self.bars += 1

    def know(self, flow: Flow[..., Any]) -> None:
        """Let session data be of the types that another flow names, beside those that were named before."""
        if flow.types and self.effects is not None:
            self.effects.types = {**self.effects.types, **flow.types}

    def done_so_far(self) -> Snapshot | None:
        """Tell what has been done to the session."""
        return None if self.effects is None else self.effects.snapshot()

    def generators(self) -> Iterator[Generator[Any, Any, Any]]:
        """Give the generators of the flows that have begun, the outermost first."""
        yield from (outer.generator for outer in self.outer)
        yield self.generator

    def runs(self) -> Iterator[tuple[str, Run[Any]]]:
        """Give the flows within that were come to, each with what comes before the fingerprint of its entry."""
        yield from ((outer.prefix, outer.run) for outer in self.outer)
        yield from ((done.within, done.run) for done in self.trail.finished)

    def close(self) -> None:
        """Close the generators, the innermost first.

        Raises:
            BadStep: one of them goes on instead.
        """
        generator = self.generator
        try:
            generator.close()
            if self.outer:
                for outer in reversed(self.outer):
                    generator = outer.generator
                    generator.close()
        except RuntimeError as raised:
            if getattr(generator, "gi_frame", None) is None:
                raise  # of the flow's own clean-up
            error = BadStep(_WILL_NOT_CLOSE)
            error.where = position(generator)
            raise error from raised


def segment(name: str) -> str:
    """Write the name of a flow as part of the prefix of its entries."""
    return name.replace("%", "%25").replace("/", "%2F").replace("!", "%21")


def _require_storable(step: Become) -> None:
    for name, value in step.params.items():
        try:
            encode(value, step.flow.types)
        except UnstorableValue as error:
            raise UnstorableValue(
                f"flow {step.key!r} cannot be given {name!r}, which is kept with the session: it is {error}"
            ) from error
