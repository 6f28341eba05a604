"""Replay: start the generator again and feed it what its journal holds, as far as that fits.

Pure, and the cost of a long conversation: the loop in :meth:`Replay.fit` is measured.
"""

from collections.abc import Sequence
from itertools import chain, islice
from operator import length_hint
from typing import Any, Final

from flowdsl.calls import Call
from flowdsl.choices import seen_as
from flowdsl.errors import CallFailed, LimitExceeded, TooManyAttempts
from flowdsl.journal import ASKED, CALL, FAILED, LEFT, PLAIN, RUN, Entry, decode, has_failed, is_run
from flowdsl.misuse import real
from flowdsl.navigation import Checkpoint
from flowdsl.nesting import NOTHING, Nesting, segment
from flowdsl.outcome import Undoable
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.subflows import Become, Run
from flowdsl.verdict import known_types

__all__ = ["Replay"]


_SAID_TOO_MUCH: Final = "it said {} things without waiting for an answer: is it in a loop?"


class Replay(Nesting, eq=False):
    """A flow being fed what its journal holds."""

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
        in_hand, moved = 0, False
        step: Any = NOTHING
        while step is not None:
            send, bare = self.generator.send, self.prefix
            called, ran = CALL, RUN
            if bare:
                called, ran = bare + CALL, bare + RUN
            try:
                if step is NOTHING:
                    step = send(None)
                for entry in entries:
                    if step.__class__ is not Prompt:
                        in_hand = 1
                        while step.__class__ is Say:
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
                        if kind is Run and entry.choices == ran and entry.key == step.key and not self.raisers:
                            in_hand, value = 0, entry.value
                            if said and entry.kind in ASKED:
                                said.clear()
                            step = send(value) if value.__class__ in PLAIN else self.feed(step, entry, 0)
                            continue
                        if kind is not Prompt:
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
                    choices, keys = entry.choices, step.keys
                    if keys:
                        seen = seen_as(choices)
                        # A call costs as much as the rest of this round, and as a rule the choices are the very same list.
                        if (seen is None or seen[0] is not step.choices or seen[1] != keys or bare) and not _is_menu(
                            step, choices, bare
                        ):
                            break
                    elif choices != bare:
                        break
                    if said:
                        said.clear()
                    value = entry.value
                    if value.__class__ is str or value.__class__ in PLAIN:
                        step = send(value)
                    else:
                        step = self.feed(step, entry, count - length_hint(entries))
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
                step = self.ended(stop.value, used)
            except Exception as error:
                used = count - length_hint(entries) - in_hand
                step = self.raised(error, used)
            if in_hand:
                entries, in_hand = iter(journal[used:]), 0
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
        raised = self.raisers.get(step.key, 0) if kind is RUN else 0
        return entry.choices.removesuffix("!") == f"{self.prefix}{'*' * raised}{kind}"

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
        later = chain(islice(journal, used, None), aside)
        following = next((entry for entry in later if entry.key == run.key and is_run(entry, self.prefix)), None)
        return following is not None and self.fits(run, following)

    def feed(self, step: Any, entry: Entry, used: int) -> Any:
        """Give the flow what an entry holds, or raise it there."""
        failed = has_failed(entry)
        if failed and step.__class__ is Prompt:
            self.bar(used)  # or going back would give new attempts
        if step.__class__ is Call:
            if step.irreversible:
                self.bar(used)
            elif step.undo is not None and not failed:
                undoable = (*self.trail.undoable, Undoable(used - 1, step, self.types))
                self.trail, self.eventful = self.trail._replace(undoable=undoable), True
        elif step.__class__ is Run:
            self.returned(step)
            if entry.kind in ASKED:
                self.said.clear()  # it was read when that asked its first question
            if entry.choices.endswith("!"):
                self.bar(used)
        value = entry.value
        if failed:
            return self.generator.throw(_error(step, value[FAILED]))
        if value.__class__ is dict and LEFT in value:
            value, did = value[LEFT]
            if self.effects is not None:
                self.know(step.flow)
                self.effects.repeat(did)
        if value.__class__ in PLAIN:
            return self.generator.send(value)
        types = self.types
        if step.__class__ is Prompt:
            types = known_types(step, types)
        elif step.__class__ is Run:
            types = {**types, **step.flow.types}
        return self.generator.send(decode(value, types))


def _is_menu(prompt: Prompt[Any], choices: str, prefix: str) -> bool:
    """Tell whether a prompt has the choices of a fingerprint: by those that had it last, or the long way."""
    if not choices.startswith(prefix):
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
