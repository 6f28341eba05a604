"""Replay: start the generator again, feed it its answers, and stop at the first step that has none.

Pure: no clock, no chance, no I/O. The same journal and the same answer give the same outcome.
"""

from collections.abc import Generator, Mapping
from contextlib import suppress
from inspect import isgeneratorfunction
from typing import Any, Final

from flowdsl.choices import seen_as
from flowdsl.errors import AuthorError, BadPrompt, BadStep, LimitExceeded, UnstorableValue
from flowdsl.flow import UNKNOWN, Flow, position, source_line
from flowdsl.journal import PLAIN, PROMPT, Entry, decode
from flowdsl.outcome import Asked, Divergence, Limits, Outcome
from flowdsl.steps import Prompt, Say
from flowdsl.verdict import Accepted, Rejected, known_types, verdict

__all__ = ["play"]


_DEFAULT_LIMITS: Final = Limits()
_WILL_NOT_CLOSE: Final = (
    "it goes on when it is told to stop: an `except` that names no class, or a `finally` that yields, stands around a yield"
)


def play(
    flow: Flow[..., Any],
    chat: Any,
    journal: list[Entry],
    answer: str | None = None,
    *,
    params: Mapping[str, Any] = {},
    aside: list[Entry] = [],
    asked: Asked | None = None,
    page_key: bool = False,
    limits: Limits = _DEFAULT_LIMITS,
) -> Outcome:
    """Play a flow up to the step that waits, or to its end.

    Args:
        flow: the conversation.
        chat: its chat.
        journal: what was answered so far.
        answer: what the person typed now; ``None`` to see where they stand.
        params: keyword parameters of the flow.
        aside: entries set aside in earlier turns.
        asked: the question that was on the screen. The answer is used only if the code still asks it.
        page_key: the text turns pages, and is an answer only where the prompt does not take just any text.
        limits: when to stop a flow that grows or loops.

    Raises:
        AuthorError: the flow did something that it may not; the message says what and where.
        Exception: whatever the flow itself raises.

    >>> from flowdsl import Prompt, Say, flow
    >>> @flow
    ... def greeting():
    ...     name = yield Prompt("name", "Who is there?")
    ...     yield Say(f"Hello, {name}!")
    >>> play(greeting, None, [], "Ama").said[0].text
    'Hello, Ama!'
    """
    generator = flow.start(chat, params)
    try:
        outcome = _Player(flow, generator, limits).play(journal, aside, answer, asked, page_key)
        try:
            generator.close()
        except RuntimeError as error:
            if getattr(generator, "gi_frame", None) is None:
                raise  # of the flow's own clean-up
            raise BadStep(_WILL_NOT_CLOSE) from error
        return outcome
    except AuthorError as error:
        running = getattr(generator, "gi_frame", None) is not None
        where = position(generator) if running else source_line(error)
        where = flow.where if where == UNKNOWN else where
        with suppress(RuntimeError):
            generator.close()
        placed = type(error)(f"flow {flow.name!r} at {where}: {error}")
        placed.where = where
        raise placed from error


class _Player:
    __slots__ = ("answered", "divergence", "flow", "generator", "limits", "said")

    def __init__(self, flow: Flow[..., Any], generator: Generator[Any, Any, Any], limits: Limits) -> None:
        self.flow = flow
        self.generator = generator
        self.limits = limits
        self.said: list[Say] = []
        self.answered: str | None = None
        self.divergence: Divergence | None = None

    def play(self, journal: list[Entry], aside: list[Entry], answer: str | None, asked: Asked | None, page_key: bool) -> Outcome:
        """Replay what fits, then look at the rest step by step."""
        step, used, result = self.replay(journal)
        done, rest = journal, aside
        if used < len(journal):
            self.diverged(journal[used].key, step)
            done, rest = journal[:used], [*journal[used:], *aside]
        while step is not None:
            if step.__class__ is Say:
                self.tell(step)
                step, result = self.send(None)
                continue
            if step.__class__ is not Prompt:
                raise BadStep(_not_a_step(step))
            prompt: Prompt[Any] = step
            identity = Asked(prompt.key, prompt.menu.fingerprint if prompt.choices is not None else "")
            entry = _matching(rest, identity) if rest else None
            if entry is not None:
                rest = [each for each in rest if each is not entry]
            elif answer is None or (asked is not None and asked != identity):
                if answer is not None and asked is not None:
                    self.diverged(asked.key, step)  # what was typed for another question is used for nothing
                return self.outcome(done, rest, prompt, identity)
            else:
                judged = self.judged(prompt, answer)
                if page_key and (isinstance(judged, Rejected) or judged.free):
                    return self.outcome(done, rest, prompt, identity, stray=True)
                if isinstance(judged, Rejected):
                    if not isinstance(judged.message, str):
                        raise BadPrompt(f"prompt {prompt.key!r}: its invalid is {judged.message!r}, which is not a text")
                    return self.outcome(done, rest, prompt, identity, rejected=judged.message)
                _require_listener(self.generator)
                entry = Entry(PROMPT, prompt.key, identity.choices, judged.stored)
                answer, self.answered = None, prompt.key
            done = [*done, entry]
            if len(done) > self.limits.entries:
                raise LimitExceeded(f"more than {self.limits.entries} answers in one conversation")
            self.said.clear()
            step, result = self.send(_value(entry, prompt, self.flow.types))
        if answer is not None and asked is not None:
            self.diverged(asked.key, None)
        if isinstance(result, Prompt | Say | Generator):
            raise BadStep(f"it returns {_named(result)}, which nobody sees: write `yield` before it")
        return self.outcome(done, rest, None, None, result=result)

    def replay(self, journal: list[Entry]) -> tuple[Any, int, Any]:
        """Feed the entries that fit, one comparison each; this loop is the cost of a long conversation."""
        used = heard = 0
        types = self.flow.types
        step, result = None, None
        try:
            send = self.generator.send
            step = send(None)
            for entry in journal:
                if step.__class__ is not Prompt:
                    heard = used
                    step = self.heard(step)
                    if step.__class__ is not Prompt:
                        break
                if entry.key != step.key:
                    break
                choices = entry.choices
                if choices:
                    seen = seen_as(choices)
                    # A call costs as much as the rest of this round, and as a rule the choices are the very same list.
                    if (seen is None or seen[0] is not step.choices or seen[1] != step.keys) and not _is_menu(
                        seen, step, choices
                    ):
                        break
                elif step.keys:
                    break
                used += 1
                value = entry.value
                step = send(value if value.__class__ is str or value.__class__ in PLAIN else _value(entry, step, types))
            step = _real(step)
        except StopIteration as stop:
            step, result = None, stop.value
        if used > heard:
            self.said.clear()
        return step, used, result

    def heard(self, step: Any) -> Any:
        """Collect what is said, and give the step after it; what was said before has been answered."""
        self.said.clear()
        while step.__class__ is Say:
            self.tell(step)
            step = self.generator.send(None)
        return step

    def send(self, value: Any) -> tuple[Any, Any]:
        """Go on to the next step; ``None`` and the result where the flow has ended."""
        try:
            return _real(self.generator.send(value)), None
        except StopIteration as stop:
            return None, stop.value

    def tell(self, say: Say) -> None:
        """Collect what is said."""
        self.said.append(say)
        if len(self.said) > self.limits.steps:
            raise LimitExceeded(f"it said {self.limits.steps} things without waiting for an answer: is it in a loop?")

    def judged(self, prompt: Prompt[Any], answer: str) -> Accepted | Rejected:
        """Hold the person's text against the prompt."""
        try:
            return verdict(prompt, answer, self.flow.types)
        except (BadPrompt, UnstorableValue) as error:
            raise type(error)(f"prompt {prompt.key!r}: {error}") from error
        except Exception as error:
            if source_line(error) != UNKNOWN:
                raise
            # What is not written in Python has no line of its own.
            raise BadPrompt(f"prompt {prompt.key!r}: its validate or transform raised {error!r}") from error

    def diverged(self, expected: str, step: Any) -> None:
        """Note where the code goes another way, the first time that it does."""
        if self.divergence is None:
            found = step.key if isinstance(step, Prompt) else None
            self.divergence = Divergence(expected, found, position(self.generator))

    def outcome(
        self,
        done: list[Entry],
        rest: list[Entry],
        prompt: Prompt[Any] | None,
        asked: Asked | None,
        result: Any = None,
        rejected: str | None = None,
        stray: bool = False,
    ) -> Outcome:
        """Put together what the turn came to."""
        said = tuple(self.said)
        # By place, because names take longer, and every turn comes here.
        return Outcome(said, prompt, asked, done, rest, result, self.answered, rejected, stray, self.divergence)


def _require_listener(generator: Generator[Any, Any, Any]) -> None:
    inner: Any = generator
    while (inner := getattr(inner, "gi_yieldfrom", None)) is not None:
        if not hasattr(inner, "send"):
            raise BadStep(f"it delegates to {inner!r}, which takes no answers: write `yield from` a generator")


def _is_menu(seen: tuple[Any, ...] | None, prompt: Prompt[Any], fingerprint: str) -> bool:
    """Tell whether a prompt has the choices of a fingerprint: by those that had it last, or the long way."""
    if seen is not None:
        _, keys, types = seen
        # Keys may be equal and yet of other types.
        if keys == prompt.keys and types == tuple(map(type, prompt.keys)):
            return True
    return fingerprint == prompt.menu.fingerprint


def _value(entry: Entry, prompt: Prompt[Any], types: Mapping[str, type]) -> Any:
    value = entry.value
    return value if value.__class__ in PLAIN else decode(value, known_types(prompt, types))


def _matching(entries: list[Entry], identity: Asked) -> Entry | None:
    for entry in entries:
        if entry.key == identity.key and entry.choices == identity.choices:
            return entry
    return None


def _real(step: Any) -> Any:
    # None ends the loops above, so a flow that yields None must not look like one that has ended.
    if step is None:
        raise BadStep("it yields nothing: write `yield Prompt(…)` or `yield Say(…)`")
    return step


def _named(step: Any) -> str:
    if isinstance(step, Prompt):
        return f"the prompt {step.key!r}"
    return "what it would say" if isinstance(step, Say) else f"the generator of {getattr(step, '__name__', 'it')!r}"


def _not_a_step(step: Any) -> str:
    if isinstance(step, type):
        return f"it yields the class {step.__name__} itself: write `yield {step.__name__}(…)`"
    if isinstance(step, Prompt | Say):
        kind = type(step).__name__
        return f"it yields a {kind}, a class of its own: a step is a Prompt or a Say itself, and no subclass of them"
    if isinstance(step, Generator):
        code = getattr(step, "gi_code", None)
        name = getattr(step, "__name__", "it")
        place = f" at {code.co_filename}:{code.co_firstlineno}" if code else ""
        return f"it yields the generator of {name!r}{place} instead of its steps: write `yield from {name}(…)`"
    if isinstance(step, Flow):
        return f"it yields the flow {step.name!r}: write `yield from {step.name}(…)`"
    if isinstance(step, str):
        return f"it yields the text {step!r}: write `yield Say(…)` to tell it, or `yield Prompt(…)` to ask"
    if callable(step) and (name := getattr(step, "__qualname__", "")):
        verb = "yield from" if isgeneratorfunction(step) else "yield"
        return f"it yields the function {name} itself: write `{verb} {name}(…)`"
    if hasattr(step, "__await__"):
        return f"it yields {step!r}, which must be awaited: a flow cannot wait for anything but answers"
    return f"it yields {step!r}, which is neither a Prompt nor a Say"
