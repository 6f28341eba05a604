"""Replay: start the generator again and feed it what its journal holds, as far as that fits.

Pure, and the cost of a long conversation: the loop in :meth:`Replay.fit` is measured.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import length_hint
from typing import Any, Final, NamedTuple

from flowdsl.calls import Call
from flowdsl.chat import Chat, Snapshot
from flowdsl.choices import seen_as
from flowdsl.errors import BadStep, CallFailed, LimitExceeded, TooManyAttempts, UnstorableValue
from flowdsl.flow import Flow, position
from flowdsl.journal import CALL, FAILED, LEFT, PLAIN, RUN, Entry, decode, encode, has_failed
from flowdsl.navigation import Checkpoint
from flowdsl.outcome import Became, Finished, Limits, Undoable
from flowdsl.steps import Prompt, Say
from flowdsl.subflows import Become, Run
from flowdsl.verdict import known_types

__all__ = ["Replay", "real", "segment"]


class _Outer(NamedTuple):
    """A flow that waits for one within it: its own place, and where the inner one began."""

    generator: Generator[Any, Any, Any]
    prefix: str
    types: Mapping[str, type]
    run: Run[Any]
    start: int
    bars: int
    calls: int
    before: Snapshot | None


_NOTHING: Final = object()
_WILL_NOT_CLOSE: Final = (
    "it goes on when it is told to stop: an `except` that names no class, or a `finally` that yields, stands around a yield"
)
_SAID_TOO_MUCH: Final = "it said {} things without waiting for an answer: is it in a loop?"


class Replay:
    """A flow being played: its generators, and what they have said and done so far.

    ``generator``, ``prefix`` and ``types`` are those of the flow that is playing, which may be within another.

    Args:
        flow: the conversation.
        chat: its chat, for flows that take one.
        params: keyword parameters of the flow.
        limits: when to stop a flow that grows or loops.
    """

    __slots__ = (
        "_bars",
        "_hand_overs",
        "_outer",
        "_start",
        "barrier",
        "became",
        "chat",
        "eventful",
        "finished",
        "flow",
        "generator",
        "limits",
        "prefix",
        "result",
        "said",
        "types",
        "undoable",
    )

    def __init__(self, flow: Flow[..., Any], chat: Any, params: Mapping[str, Any], limits: Limits) -> None:
        self.flow = flow
        self.generator = flow.start(chat, params)
        """The innermost generator, where the flow stands."""
        self.types = flow.types
        """Enums and dataclasses that the innermost flow names."""
        self.prefix = ""
        """What comes before the fingerprints of the innermost flow's entries."""
        self.chat = chat if chat.__class__ is Chat else None
        """Who is speaking, where that is known."""
        self.said: list[Say] = []
        self.result: Any = _NOTHING
        """What the flow returned, once it is over."""
        self.barrier = 0
        """How many entries nobody goes back past."""
        self.became: tuple[Became, ...] = ()
        """The hand-overs."""
        self.undoable: tuple[Undoable, ...] = ()
        """Calls that can be taken back."""
        self.finished: tuple[Finished, ...] = ()
        """Sub-flows that are done."""
        self.eventful = False
        """Whether anything has happened beside questions that were answered before."""
        self.limits = limits
        self._start = (flow, chat, params)
        self._outer: tuple[_Outer, ...] = ()
        self._bars = self._hand_overs = 0

    def restart(self) -> None:
        """Begin the conversation again."""
        self.close()
        flow, chat, params = self._start
        if self.chat is not None:
            self.chat.begin()
        Replay.__init__(self, flow, chat, params, self.limits)
        self.eventful = True

    def fit(self, journal: list[Entry], aside: list[Entry]) -> tuple[Any, int]:
        """Feed the entries that fit, one comparison each.

        Args:
            journal: the entries.
            aside: entries that fitted nowhere before; a sub-flow that is done among them, or later, is not entered.

        Returns:
            The step that has no entry, or ``None`` where the flow has ended, and how many entries were used.
        """
        # How many were used is told by how many are left, and only where somebody asks: a count would cost a tenth.
        count, entries, used = len(journal), iter(journal), 0
        said = self.said
        in_hand, answered, moved = 0, False, False
        step: Any = _NOTHING
        while step is not None:
            send, bare = self.generator.send, self.prefix
            called, ran = (bare + CALL, bare + RUN) if bare else (CALL, RUN)
            try:
                if step is _NOTHING:
                    step = send(None)
                for entry in entries:
                    if step.__class__ is not Prompt:
                        in_hand = 1
                        while step.__class__ is Say:
                            if answered:
                                said.clear()
                                answered = False
                            said.append(step)
                            if len(said) > self.limits.steps:
                                raise LimitExceeded(_SAID_TOO_MUCH.format(self.limits.steps))
                            step = send(None)
                        kind = step.__class__
                        if kind is Call and entry.choices == called and entry.key == step.key:
                            in_hand, value = 0, entry.value
                            if value.__class__ in PLAIN and step.undo is None and not step.irreversible:
                                step = send(value)
                            else:
                                step = self.feed(step, entry, count - length_hint(entries))
                            continue
                        if kind is Run and entry.choices == ran and entry.key == step.key:
                            in_hand, value = 0, entry.value
                            step = send(value) if value.__class__ in PLAIN else self.feed(step, entry, 0)
                            continue
                        if kind is not Prompt:
                            if answered:
                                said.clear()
                                answered = False
                            used = count - length_hint(entries) - 1
                            here, step = step, self.reached(step, (entry,), used, (journal, aside))
                            if moved := step is not here:
                                break
                            if not self.fits(step, entry):
                                break
                            in_hand = 0
                            step = self.feed(step, entry, used + 1)
                            continue
                        in_hand = 0
                    if entry.key != step.key:
                        break
                    choices = entry.choices
                    if choices != bare:
                        seen = seen_as(choices)
                        # A call costs as much as the rest of this round, and as a rule the choices are the very same list.
                        if (seen is None or seen[0] is not step.choices or seen[1] != step.keys or bare) and not _is_menu(
                            step, choices, bare
                        ):
                            break
                    elif step.keys:
                        break
                    answered = True
                    value = entry.value
                    step = send(value) if value.__class__ is str or value.__class__ in PLAIN else self.feed(step, entry, 0)
                else:
                    used = count
                    if step is None:
                        real(step)
                    break
                used = count - length_hint(entries) - 1
                step = real(step)
                if not moved:
                    break
                in_hand, moved = 1, False
            except StopIteration as stop:
                used = count - length_hint(entries) - in_hand
                step = self.left(stop.value, used)
            except Exception as error:
                used = count - length_hint(entries) - in_hand
                step = self.raised(error, used)
            if in_hand:
                entries, in_hand = iter(journal[used:]), 0
        if answered and said:
            said.clear()
        return step, used

    def waiting(self, step: Any, entries: Sequence[Entry], used: int) -> Any:
        """Go on to the next step that waits or may have one of these entries; ``None`` where the flow ends before it."""
        while step is not None:
            here = step
            step = self.going_on(lambda: self.reached(here, entries, used), used)  # noqa: B023 (called at once)
            if step is here:
                return step
        return None

    def fits(self, step: Any, entry: Entry) -> bool:
        """Tell whether an entry is a call's, or that of a sub-flow which is done."""
        kind = CALL if step.__class__ is Call else RUN if step.__class__ is Run else None
        if kind is None or entry.key != step.key:
            return False
        return entry.choices.removesuffix("!") == self.prefix + kind

    def reached(
        self, step: Any, entries: Sequence[Entry], used: int, ahead: tuple[list[Entry], list[Entry]] | None = None
    ) -> Any:
        """Go on to the next step that an entry could be for: hear what is said, and enter flows that are not done."""
        send = self.generator.send
        while True:
            kind = step.__class__
            if kind is Say:
                self.said.append(step)
                if len(self.said) > self.limits.steps:
                    raise LimitExceeded(_SAID_TOO_MUCH.format(self.limits.steps))
                step = send(None)
            elif kind is Checkpoint:
                self.bar(used)
                step = send(None)
            elif kind is Become or (kind is Run and not self.is_done(step, entries, used, ahead)):
                step = self.handed_over(step, used) if kind is Become else self.entered(step, used)
                send = self.generator.send
            else:
                return step

    def is_done(self, run: Run[Any], entries: Sequence[Entry], used: int, ahead: tuple[list[Entry], list[Entry]] | None) -> bool:
        """Tell whether one of the entries is a flow's result, or one of those ahead where the code has changed."""
        if any(self.fits(run, entry) for entry in entries):
            return True
        if ahead is None or entries[0].choices.startswith(f"{self.prefix}{segment(run.key)}/"):
            return False
        journal, aside = ahead
        return any(self.fits(run, entry) for entry in chain(islice(journal, used + 1, None), aside))

    def entered(self, run: Run[Any], used: int) -> Any:
        """Begin a flow within."""
        if len(self._outer) >= self.limits.depth:
            raise LimitExceeded(f"{self.limits.depth} flows run within each other: does {run.key!r} run itself?")
        flow = run.flow
        generator = flow.start(self._start[1], run.params)
        outer = _Outer(self.generator, self.prefix, self.types, run, used, self._bars, len(self.undoable), self.done_so_far())
        self._outer = (*self._outer, outer)
        self.generator = generator
        self.prefix = f"{self.prefix}{segment(run.key)}/"
        if flow.types != self.types:
            self.types = {**self.types, **flow.types}
        self.know(flow)
        return generator.send(None)

    def handed_over(self, step: Become, used: int) -> Any:
        """Begin the flow that comes instead."""
        answered = self.became and used > self.became[-1].at
        self._hand_overs = 1 if answered else self._hand_overs + 1
        if self._hand_overs > self.limits.depth:
            raise LimitExceeded(f"it has become another flow {self.limits.depth} times without an answer: is it in a loop?")
        flow = step.flow
        # Before anything is closed: the errors tell the line of the step.
        _require_storable(step)
        generator = flow.start(self._start[1], step.params)
        self.close()
        self.flow = flow
        # Within that of the hand-over before, of which nothing may be left when this one's entries are found again.
        self.prefix = f"{self.became[-1].prefix if self.became else ''}{segment(step.key)}!/"
        self.eventful = True
        self.became = (*self.became, Became(used, step, self.prefix, self.done_so_far()))
        self._outer = ()
        self.generator = generator
        self.types = flow.types
        self.know(flow)
        self.bar(used)
        return self.generator.send(None)

    def know(self, flow: Flow[..., Any]) -> None:
        """Let session data be of the types that another flow names, beside those that were named before."""
        if flow.types and self.chat is not None:
            self.chat.session.types = {**self.chat.session.types, **flow.types}

    def done_so_far(self) -> Snapshot | None:
        """Tell what has been done to the session."""
        return None if self.chat is None else self.chat.snapshot()

    def feed(self, step: Any, entry: Entry, used: int) -> Any:
        """Give the flow what an entry holds, or raise it there."""
        failed = has_failed(entry)
        if step.__class__ is Call:
            if step.irreversible:
                self.bar(used)
            elif step.undo is not None and not failed:
                self.undoable, self.eventful = (*self.undoable, Undoable(used - 1, step, self.types)), True
        elif entry.choices.endswith("!"):
            self.bar(used)
        value = entry.value
        if failed:
            return self.generator.throw(_error(step, value[FAILED]))
        if value.__class__ is dict and LEFT in value:
            value, left = value[LEFT]
            if self.chat is not None:
                self.know(step.flow)
                self.chat.repeat(left)
        if value.__class__ in PLAIN:
            return self.generator.send(value)
        types = self.types
        if step.__class__ is Prompt:
            types = known_types(step, types)
        elif step.__class__ is Run:
            types = {**types, **step.flow.types}
        return self.generator.send(decode(value, types))

    def bar(self, used: int) -> None:
        """Let nobody go back past this place."""
        self.barrier = used
        self._bars += 1

    def left(self, result: Any, used: int) -> Any:
        """Go on after a generator has ended; ``None`` where it was the flow's own."""
        _require_result(result)
        if not self._outer:
            self.result = result
            return None
        types, inner = self.types, self.come_out()
        barred, undoable = self._bars > inner.bars, len(self.undoable) > inner.calls
        left = None if self.chat is None or inner.before is None else self.chat.done_since(inner.before)
        done = Finished(inner.start, used, inner.run, self.prefix, types, result, barred, undoable, left)
        self.finished, self.eventful = (*self.finished, done), True
        return self.going_on(lambda: self.generator.send(result), used)

    def raised(self, error: Exception, used: int) -> Any:
        """Let a flow that runs another one catch what that raised, as ``yield from`` would."""
        if not self._outer or getattr(self.generator, "gi_frame", None) is not None:
            raise error
        self.come_out()
        return self.going_on(lambda: self.generator.throw(error), used)

    def come_out(self) -> _Outer:
        """Go on with the flow around one that has ended."""
        *others, outer = self._outer
        self._outer = tuple(others)
        self.generator, self.prefix, self.types = outer.generator, outer.prefix, outer.types
        return outer

    def going_on(self, move: Callable[[], Any], used: int) -> Any:
        """Make a move of the innermost generator, and give the next step; ``None`` where the flow has ended."""
        try:
            return real(move())
        except StopIteration as stop:
            return self.left(stop.value, used)
        except Exception as error:
            return self.raised(error, used)

    def generators(self) -> Iterator[Generator[Any, Any, Any]]:
        """Give the generators of the flows that have begun, the outermost first."""
        yield from (outer.generator for outer in self._outer)
        yield self.generator

    def runs(self) -> Iterator[tuple[str, Run[Any]]]:
        """Give the flows within that were come to, each with what comes before the fingerprint of its entry."""
        yield from ((outer.prefix, outer.run) for outer in self._outer)
        yield from ((done.within, done.run) for done in self.finished)

    def close(self) -> None:
        """Close the generators, the innermost first.

        Raises:
            BadStep: one of them goes on instead.
        """
        generator = self.generator
        try:
            generator.close()
            if self._outer:
                for outer in reversed(self._outer):
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


def real(step: Any) -> Any:
    """Refuse ``None``, which ends loops, so that a flow that yields it does not look like one that has ended."""
    if step is None:
        raise BadStep("it yields nothing: write `yield Prompt(…)` or `yield Say(…)`")
    return step


def _is_menu(prompt: Prompt[Any], choices: str, prefix: str) -> bool:
    """Tell whether a prompt has the choices of a fingerprint: by those that had it last, or the long way."""
    if not prompt.keys or not choices.startswith(prefix):
        return False
    fingerprint = choices[len(prefix) :]
    seen = seen_as(fingerprint)
    # Keys may be equal and yet of other types.
    if seen is not None and seen[1] == prompt.keys and seen[2] == tuple(map(type, prompt.keys)):
        return True
    return fingerprint == prompt.menu.fingerprint


def _error(step: Any, failed: list[Any]) -> Exception:
    name, message = failed
    return TooManyAttempts(step.key, message) if step.__class__ is Prompt else CallFailed(step.key, name, message)


def _require_storable(step: Become) -> None:
    for name, value in step.params.items():
        try:
            encode(value, step.flow.types)
        except UnstorableValue as error:
            raise UnstorableValue(
                f"flow {step.key!r} cannot be given {name!r}, which is kept with the session: it is {error}"
            ) from error


def _require_result(result: Any) -> None:
    if isinstance(result, Prompt | Say | Call | Run | Generator):
        raise BadStep(f"it returns {_named(result)}, which nobody sees: write `yield` before it")


def _named(step: Any) -> str:
    if isinstance(step, Prompt):
        return f"the prompt {step.key!r}"
    if isinstance(step, Call | Run):
        return f"{step!r} itself"
    return "what it would say" if isinstance(step, Say) else f"the generator of {getattr(step, '__name__', 'it')!r}"
