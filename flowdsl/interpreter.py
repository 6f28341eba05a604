"""One turn of a flow: replay its journal, take the answer, and stop at the first step that has none.

Pure: no clock, no chance, no I/O. The same journal and the same answer give the same outcome.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

from flowdsl.calls import Call
from flowdsl.effects import Effects
from flowdsl.errors import AuthorError, BadPrompt, BadStep, Diverged, LimitExceeded, TooManyAttempts, UnstorableValue
from flowdsl.flow import Flow
from flowdsl.journal import CALL, CALLED, PROMPT, Entry, failure
from flowdsl.messages import Attachment
from flowdsl.misuse import delegated_to_coroutine, not_a_step, real, require_callable, require_listener
from flowdsl.navigation import Back, Navigation
from flowdsl.outcome import NO_TRAIL, Asked, Divergence, Limits, Outcome, Refused, Wanted
from flowdsl.prompt import Prompt
from flowdsl.replay import Replay
from flowdsl.source import UNKNOWN, position, source_line
from flowdsl.steps import Say
from flowdsl.subflows import Run
from flowdsl.verdict import Accepted, Rejected, verdict
from flowdsl.ways import first, one_before, previous, ways_from

__all__ = ["play"]


_DEFAULT_LIMITS: Final = Limits()


def play(
    flow: Flow[..., Any],
    chat: Any,
    journal: list[Entry],
    answer: str | None = None,
    # By name as a rule. Python takes longer over defaults that can be given by name only, and every turn comes here.
    attachment: Attachment | None = None,
    params: Mapping[str, Any] = {},
    aside: list[Entry] = [],
    asked: Asked | None = None,
    tried: int = 0,
    missed: Mapping[str, int] = {},
    page_key: bool = False,
    navigation: Navigation | None = None,
    kept: Entry | None = None,
    read_in: str | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    watch: Callable[[Replay], None] | None = None,
    effects: Effects | None = None,
    transliterated: bool = False,
) -> Outcome:
    """Play a flow up to the step that waits, or to its end.

    Args:
        flow: the conversation.
        chat: its chat.
        journal: what was answered so far.
        answer: what the person typed now; ``None`` to see where they stand.
        attachment: what came with it.
        params: keyword parameters of the flow.
        aside: entries set aside in earlier turns.
        asked: the question that was on the screen. The answer is used only if the code still asks it.
        tried: how often it was answered in vain.
        missed: the same of other questions, by name.
        page_key: the text turns pages, and is an answer only where the prompt does not take just any text.
        navigation: the keys with which a person goes back.
        kept: the old answer to the question, where the person came back to it.
        read_in: the language in which the question is on the screen.
        limits: when to stop a flow that grows or loops.
        watch: is shown the replay where it has stopped, before its generators are closed.
        effects: what is done through the chat.
        transliterated: the question is on the screen in the GSM 7-bit alphabet.

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
    begun = flow.start(chat, params)
    player = _Player(flow, chat, params, limits, effects, begun, flow.types, navigation=navigation, kept=kept, missed=missed)
    if answer is not None:
        player.answer = answer
        player.attachment = attachment
        player.asked = asked
        player.tried = tried
        player.page_key = page_key
        player.read_in = read_in
        if transliterated:
            player.transliterated = True
    try:
        outcome = player.play(journal, aside)
        if watch is not None:
            watch(player)
        player.close()
        return outcome
    except (AuthorError, TypeError) as raised:
        wrong = raised if isinstance(raised, AuthorError) else delegated_to_coroutine(raised)
        if wrong is None:
            raise
        running = getattr(player.generator, "gi_frame", None) is not None
        where = wrong.where or (position(player.generator) if running else source_line(wrong))
        where = flow.where if where == UNKNOWN else where
        with suppress(RuntimeError, BadStep):
            player.close()
        placed = type(wrong)(f"flow {flow.name!r} at {where}: {wrong}")
        placed.where = where
        raise placed from raised


class _Player(Replay, eq=False, kw_only=True):
    """A replay that takes an answer where the journal ends; made by :func:`play` alone, whose arguments it has."""

    navigation: Navigation | None
    kept: Entry | None
    missed: Mapping[str, int]
    answer: str | None = None
    attachment: Attachment | None = None
    asked: Asked | None = None
    tried: int = 0
    page_key: bool = False
    read_in: str | None = None
    transliterated: bool = False
    answered: str | None = None
    refused: Refused | None = None
    divergence: Divergence | None = None
    at: int = -1

    def play(self, journal: list[Entry], aside: list[Entry]) -> Outcome:
        """Replay what fits, then look at the rest step by step."""
        step, used = self.fit(journal, aside)
        done, rest = journal, aside
        if used < len(journal):
            step, done, rest = self.parted(step, journal, used, aside)
        if step.__class__ is not Prompt:
            step = self.waiting(step, rest, len(done))
        effects = self.effects
        while step is not None:
            entry: Any
            if step.__class__ is Prompt:
                if effects is not None:
                    effects.settled = True  # until the flow goes on, it is nobody's business but the reader's
                asked = Asked(step.key, self.prefix + step.menu.fingerprint if step.choices is not None else self.prefix)
                entry = _answer_to(asked, rest) if rest else None
                if entry is None:
                    step.require()
                    if self.answer is None and not (self.eventful or self.navigation is not None or step.back or step.attempts):
                        # As a rule nothing else has happened, and every turn comes here.
                        return Outcome(tuple(self.said) if self.said else (), step, asked, done, rest)
                    entry = self.reply_to(step, asked, done, rest)
                    if entry.__class__ is not Entry:
                        return cast("Outcome", entry)
            elif step.__class__ is Call or step.__class__ is Run:
                entry = self.done_before(step, rest)
                if entry is None:
                    return self.wanted(step, done, rest)
            elif step.__class__ is Back:
                return self.outcome(done, rest, back=one_before(done, self.barrier))
            else:
                raise BadStep(not_a_step(step))
            rest = _without(entry, rest) if rest else rest
            done = [*done, entry]
            if len(done) > self.limits.entries:
                raise LimitExceeded(f"more than {self.limits.entries} answers in one conversation")
            if step.__class__ is Prompt:
                self.said.clear()
            if effects is not None:
                effects.settled = False
            used = len(done)
            try:
                step = real(self.feed(step, entry, used))
            except StopIteration as stop:
                step = self.ended(stop.value, used)
            except Exception as error:
                step = self.raised(error, used)
            if step.__class__ is not Prompt:
                step = self.waiting(step, rest, used)
        if self.answer is not None and self.asked is not None:
            self.diverged(self.asked.key, None)
        return self.outcome(done, rest, result=self.result)

    def done_before(self, step: Any, rest: list[Entry]) -> Entry | None:
        """Find the entry of a call or a sub-flow."""
        return next((each for each in rest if self.fits(step, each)), None)

    def parted(self, step: Any, journal: list[Entry], used: int, aside: list[Entry]) -> tuple[Any, list[Entry], list[Entry]]:
        """Go on where the code asks something else than the journal answers, as the flow has it."""
        expected = journal[used].key
        self.diverged(expected, step)
        done, rest = journal[:used], [*journal[used:], *aside]
        policy = self.flow.on_change
        if policy == "reuse":
            return step, done, rest
        if policy == "fail":
            raise Diverged(f"it asks for {_key(step)!r} where the journal answers {expected!r}")
        if policy == "restart":
            done, rest = [], [*done, *rest]
            self.answer = None
            self.restart()
            step, _ = self.fit(done, [])
        # What was called is not called again, whatever becomes of the answers.
        return step, done, [each for each in rest if each.kind in CALLED]

    def reply_to(self, prompt: Prompt[Any], asked: Asked, done: list[Entry], rest: list[Entry]) -> Entry | Outcome:
        """Ask a question that has no entry, or take what was typed for it."""
        if self.missed and (tries := self.used_up(prompt, asked, done)):
            return self.refuse(prompt, asked, tries, done, rest)
        if self.answer is None or (self.asked is not None and self.asked != asked):
            return self.waits(prompt, asked, done, rest)
        return self.answered_by(self.answer, prompt, asked, done, rest)

    def waits(self, prompt: Prompt[Any], asked: Asked, done: list[Entry], rest: list[Entry]) -> Outcome:
        """Stop at a question that has no answer."""
        if self.answer is not None and self.asked is not None:
            self.diverged(self.asked.key, prompt)  # what was typed for another question is used for nothing
        return self.outcome(done, rest, prompt, asked)

    def answered_by(
        self, answer: str, prompt: Prompt[Any], identity: Asked, done: list[Entry], rest: list[Entry]
    ) -> Entry | Outcome:
        """Take what was typed: as the answer, as a key that leads elsewhere, or as neither."""
        if self.navigation is not None or prompt.back:
            moved = self.moved(prompt, identity, answer, done, rest)
            if moved is not None:
                return moved
        judged = self.judged(prompt, answer)
        if isinstance(judged, Accepted) and not (self.page_key and judged.free):
            return self.taken(prompt, identity, judged.stored, done)
        if self.page_key or isinstance(judged, Accepted):
            return self.outcome(done, rest, prompt, identity, stray=True)
        if prompt.attempts is None or self.tried + 1 < prompt.attempts:
            return self.outcome(done, rest, prompt, identity, rejected=judged.message)
        return self.refuse(prompt, identity, self.tried + 1, done, rest)

    def used_up(self, prompt: Prompt[Any], identity: Asked, done: list[Entry]) -> int:
        """Tell how often a question was answered in vain, where that was the last time; else 0."""
        if prompt.attempts is None:
            return 0
        tries = self.missed.get(self.spot(identity, done), 0)
        if tries < 0 and self.trail.became:
            return 0  # the flow has handed over since
        return abs(tries) if abs(tries) >= prompt.attempts else 0

    def refuse(self, prompt: Prompt[Any], identity: Asked, tries: int, done: list[Entry], rest: list[Entry]) -> Entry | Outcome:
        """Let nobody answer a question any more."""
        self.refused, self.eventful = Refused(prompt.key, self.spot(identity, done), tries), True
        if prompt.too_many is None:
            return self.taken(prompt, identity, failure(TooManyAttempts.__name__, tries), done)
        self.said[:] = [Say(prompt.too_many)]
        return self.outcome(done, rest)

    def moved(
        self, prompt: Prompt[Any], identity: Asked, answer: str, done: list[Entry], rest: list[Entry]
    ) -> Entry | Outcome | None:
        """Let a key lead elsewhere, or give the old answer again; ``None`` where what was typed is neither."""
        ways = ways_from(prompt, identity, done, self.barrier, self.navigation, self.kept, self.types)
        typed = answer.strip() if self.attachment is None else ""
        if ways is None or not typed:
            return None
        if typed == ways.back:
            return self.outcome(done, rest, back=previous(done, self.barrier))
        if typed == ways.start:
            return self.outcome(done, rest, back=first(done, self.barrier))
        if ways.kept is not None and self.kept is not None and self.navigation is not None and typed == self.navigation.keep:
            return self.taken(prompt, identity, self.kept.value, done)
        return None

    def taken(self, prompt: Prompt[Any], identity: Asked, stored: Any, done: list[Entry]) -> Entry:
        """Let what was typed be the answer."""
        require_listener(self.generator)
        self.answer, self.kept, self.at, self.eventful = None, None, len(done), True
        if self.refused is None:
            self.answered = prompt.key
        return Entry(PROMPT, prompt.key, identity.choices, stored)

    def judged(self, prompt: Prompt[Any], answer: str) -> Accepted | Rejected:
        """Hold the person's text against the prompt."""
        try:
            return verdict(prompt, answer, self.types, self.attachment, self.read_in, self.transliterated)
        except (BadPrompt, UnstorableValue) as error:
            if prompt.secret:
                raise type(error)(f"prompt {prompt.key!r}: its answer, a secret, cannot be judged or stored") from None
            raise type(error)(f"prompt {prompt.key!r}: {error}") from error
        except Exception as error:
            if prompt.secret:
                # What was typed may be in it.
                where = source_line(error)
                raise BadPrompt(
                    f"prompt {prompt.key!r}: its validate or transform raised {type(error).__name__} at {where}"
                ) from None
            if source_line(error) != UNKNOWN:
                raise
            # What is not written in Python has no line of its own.
            raise BadPrompt(f"prompt {prompt.key!r}: its validate or transform raised {error!r}") from error

    def wanted(self, call: Any, done: list[Entry], rest: list[Entry]) -> Outcome:
        """Stop before a call that has no result yet."""
        require_callable(call.function)
        call.require()
        require_listener(self.generator)
        return self.outcome(done, rest, wanted=Wanted(call, self.prefix + CALL, self.types))

    def diverged(self, expected: str, step: Any) -> None:
        """Note where the code goes another way, the first time that it does."""
        if self.divergence is None:
            self.divergence, self.eventful = Divergence(expected, _key(step), position(self.generator)), True

    def outcome(
        self,
        done: list[Entry],
        rest: list[Entry],
        prompt: Prompt[Any] | None = None,
        asked: Asked | None = None,
        result: Any = None,
        rejected: str | None = None,
        stray: bool = False,
        wanted: Wanted | None = None,
        back: int | None = None,
    ) -> Outcome:
        """Put together what the turn came to."""
        said, ways, spot = tuple(self.said), None, ""
        if prompt is not None and asked is not None and prompt.attempts is not None:
            spot = self.spot(asked, done)
        if prompt is not None and asked is not None and (self.navigation is not None or prompt.back):
            ways = ways_from(prompt, asked, done, self.barrier, self.navigation, self.kept, self.types)
        trail = None if self.trail is NO_TRAIL else self.trail
        return Outcome(
            said,
            prompt,
            asked,
            done,
            rest,
            result,
            self.answered,
            rejected,
            stray,
            self.divergence,
            self.refused,
            self.at,
            wanted,
            back,
            trail,
            ways,
            spot,
        )


def _answer_to(asked: Asked, rest: list[Entry]) -> Entry | None:
    return next((each for each in rest if each.key == asked.key and each.choices == asked.choices), None)


def _without(entry: Entry, rest: list[Entry]) -> list[Entry]:
    return [each for each in rest if each is not entry]


def _key(step: Any) -> str | None:
    return step.key if isinstance(step, Prompt | Call | Run) else None
