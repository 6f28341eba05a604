"""A flow is played for one message: from where it stood, past what was called, and back where the person goes back. Pure."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from flowdsl.chat import Chat, Opening
from flowdsl.compaction import compacted
from flowdsl.deliveries import Delivery, digest
from flowdsl.effects import Effects, Heard, Snapshot
from flowdsl.errors import LimitExceeded, UnstorableValue
from flowdsl.flow import Flow, flow_named
from flowdsl.interpreter import play
from flowdsl.journal import CALL, PROMPT, Entry, decode, encode, failure, has_failed
from flowdsl.messages import Inbound
from flowdsl.outcome import Became, Divergence, Outcome, Refused, Wanted
from flowdsl.paging import is_page_key
from flowdsl.pauses import INTERRUPTED, Job, Pause, pause, token
from flowdsl.record import Began, FlowState, Intent, Open, Record, Root
from flowdsl.replay import Replay
from flowdsl.service import Service
from flowdsl.shortcuts import code, dialled_behind, may_answer, pieces
from flowdsl.texts import locale, shown_in

__all__ = ["Playing", "opening_of"]


_NOT_YET: Final[Any] = None
"""Stands for what is known once the flow has begun, or was played."""


# Made anew at every turn, as a replay is: a struct, made in C.
class Playing(msgspec.Struct, eq=False):
    """A flow being played for a message.

    Args:
        service: the flow.
        delivery: the message.
        inbound: the same, as it is understood.
        record: the session.
        found: its revision when it was loaded.
        now: seconds since 1970.
        watch: is shown every replay where it has stopped.
        replaced: the conversation instead of which the person begins again.
        before: where the flow stood before this turn.
        state: where it stands, or has gone back to in this turn.
        opened: the turn that it was in the middle of.
        began: how it came to be played.
        journal: what was answered and called.
        aside: what was set aside.
        answer: what was typed, for as long as it may be an answer.
        tries: how often the question has been answered, this time included.
        at: place of the entry that the message became; -1 where it became none.
        answered: key of the prompt that it answered.
        refused: the question that it answered in vain for the last time.
        back: how many entries will stay, where the person goes back.
        cuts: how often they have gone back in this turn.
        calls: how many calls have been made in it.
        intent: the call that was running when a process died.
        settled: a call of this turn is done that must not be made again.
        divergence: where the code and the journal parted first in this turn, before a call perhaps.
        effects: what the flow has done to the session.
        replayed: it has been played in this turn before.
        root: the flow that it stands in now, where it was handed over.
        before_root: what had been done to the session until then, where that has just begun.
        request: digest of the gateway's session id, where the session alone tells what is new in the message.
        heard: what has been heard in that session of the gateway.
        latest: digest of the gateway's session, where the conversation goes on in others.
        parts: answers in the message that are still to be taken, where it may have several.
        used: how many were taken.
        whole: all of them are tried as one answer first.
        passed: questions that those before the last one have answered, each with how often it was tried.
    """

    service: Service
    delivery: Delivery
    inbound: Inbound
    record: Record
    found: int
    now: float
    watch: Callable[[Replay], None] | None = None
    replaced: FlowState | None = None
    before: FlowState = _NOT_YET
    state: FlowState = _NOT_YET
    opened: Open | None = None
    began: Began = "on"
    journal: list[Entry] = _NOT_YET
    aside: list[Entry] = _NOT_YET
    answer: str | None = None
    tries: int = 1
    at: int = -1
    answered: str | None = None
    refused: Refused | None = None
    back: int | None = None
    cuts: int = 0
    calls: int = 0
    intent: Intent | None = None
    settled: bool = False
    divergence: Divergence | None = None
    effects: Effects = _NOT_YET
    replayed: bool = False
    root: Root | None = None
    before_root: Snapshot | None = None
    request: str = ""
    heard: str = ""
    latest: str = ""
    parts: tuple[str, ...] = ()
    used: int = 0
    whole: bool = False
    passed: tuple[tuple[str, int], ...] = ()

    def played_on(self, state: FlowState | None, answer: str | None) -> Outcome | Pause:
        """Play the flow up to a step that waits.

        Args:
            state: where it stands; ``None`` to begin.
            answer: what was typed; ``None`` where that is no answer.
        """
        self.begin(state, answer)
        while True:
            outcome = self.played()
            self.divergence = self.divergence or outcome.divergence
            if self.parts and self.goes_on(outcome):
                continue
            # A call that is undone lacks its result, and must not be made again on the way back.
            target = outcome.back if self.back is None else self.back
            if target is not None:
                undoing = self.undoing(outcome, target)
                if undoing is not None:
                    return undoing
                self.cut(outcome, target)
            elif outcome.wanted is None:
                return self.done(outcome)
            else:
                return self.wanting(outcome, outcome.wanted)

    def begin(self, state: FlowState | None, answer: str | None) -> None:
        """Take the flow where it stands."""
        self.began = "new" if state is None else "again" if self.inbound.new else "on"
        self.before = self.state = state = self.beginning() if state is None else state
        self.journal, self.aside, self.tries = state.journal, state.aside, state.attempts + 1
        self.answer = answer
        if state.open is not None:
            self.take_up(state, state.open)
        if (self.inbound.shortcut or self.heard) and self.service.flow.shortcuts:
            self.take_apart()

    def take_apart(self) -> None:
        """Find the answers of a message that may bring several: dialled behind the code, or typed at once."""
        opened, inbound = self.opened, self.delivery.inbound
        if opened is not None and opened.mark != self.delivery.mark:
            return  # another message goes on with the turn, and has none of them
        # A turn that goes on after a pause does not see that its message has dialled, where only the session tells that.
        dialled = self.inbound.new if opened is None else inbound.new is not False and opened.replaced is None
        if self.began == "new" and dialled:
            # What comes once more after the conversation was over is a late delivery, or an answer to nothing.
            again = self.record.served.get(self.service.flow.name) == digest(inbound.request_id or "")
            self.parts = () if again else dialled_behind(inbound)[self.used :]
        elif self.used:
            self.parts = pieces(self.inbound.text)[self.used :]
        elif self.answer is not None and self.heard:
            self.parts = pieces(self.answer)
            self.whole = bool(self.parts)

    def served(self) -> dict[str, str]:
        """Note that what was dialled in this session of the gateway has been taken."""
        return {**self.record.served, self.service.flow.name: digest(self.delivery.inbound.request_id or "")}

    def goes_on(self, outcome: Outcome) -> bool:
        """Take the next of several answers for the question that is asked; ``False`` where the turn ends or pauses first.

        The journal is made shorter once, when the turn is done.
        """
        whole, self.whole = self.whole, False
        if outcome.prompt is None:
            if whole:
                self.parts = ()  # all of it was one answer
            return False
        rejected = outcome.rejected is not None
        alike = self.divergence is None and self.refused is None
        if rejected != whole or not (alike and may_answer(self.parts[0], outcome, self.service)):
            self.parts = ()
            return whole and rejected  # as one answer, which counts this time
        state, self.answer = self.state, self.parts[0]
        if self.answered is not None:
            self.passed, self.answered = (*self.passed, (self.answered, self.tries)), None
            state = msgspec.structs.replace(state, kept=None)
        self.parts, self.used = self.parts[1:], self.used + 1
        self.journal, self.aside = outcome.journal, outcome.aside
        if not whole:
            # As if it had been shown, and the person had read it.
            missed = {spot: times for spot, times in state.missed.items() if spot != outcome.spot}
            tried = max(0, state.missed.get(outcome.spot, 0))
            state = msgspec.structs.replace(state, attempts=tried, spot=outcome.spot, missed=missed)
        self.tries = state.attempts + 1
        self.state = msgspec.structs.replace(state, asked=outcome.asked, pages=[], screen=None, page=0, shown=locale())
        return True

    def take_up(self, state: FlowState, opened: Open) -> None:
        """Go on in the middle of a turn."""
        self.before, self.opened = msgspec.structs.replace(state, open=None), opened
        self.cuts = opened.cuts
        self.state = (
            self.before if not opened.cuts else self.gone_back(None)
        )  # nothing is called before an old answer could be kept
        self.journal, self.aside, self.tries, self.began = opened.journal, opened.aside, opened.tries, opened.began
        self.at, self.answered, self.refused = opened.at, opened.answered, opened.refused
        self.back, self.intent, self.calls, self.settled = opened.back, opened.intent, opened.calls, opened.settled
        self.divergence, self.used, self.passed = opened.divergence, opened.used, opened.passed
        intent = opened.intent
        if intent is not None and intent.once and (opened.by != self.delivery.by or intent.token == self.delivery.begun):
            self.give_up(intent)
        # Where an answer was taken already, or nothing has been asked yet, what is typed now answers nothing.
        if opened.at >= 0 or opened.back is not None or opened.cuts or state.asked is None or self.has_begun_anew(opened):
            self.answer = None

    def has_begun_anew(self, opened: Open) -> bool:
        """Tell whether the turn has left the question that was asked, since its code had changed."""
        return opened.divergence is not None and self.standing_in().on_change == "restart"

    def give_up(self, intent: Intent) -> None:
        """Let a call fail that was running in a process that died, or was cancelled, and must not run twice."""
        lost = failure(INTERRUPTED, "the process died in the middle of it")
        self.journal = [*self.journal, Entry(CALL, intent.key, intent.choices, lost)]
        self.intent, self.settled = None, True

    def beginning(self) -> FlowState:
        """Give the state of a flow that begins."""
        chosen, left = self.record.locale, self.replaced
        opening = opening_of(self.inbound, self.delivery.now)
        if left is None:
            return FlowState(opening=opening, began=self.record.data, spoke=chosen, locale=chosen)
        opening = left.resuming or opening
        missed = {spot: abs(times) for spot, times in left.left_in_vain().items()}  # it was not the flow that handed over
        return FlowState(opening=opening, began=self.record.data, spoke=chosen, locale=chosen, missed=missed)

    def standing_in(self) -> Flow[..., Any]:
        """Give the flow that is played: that of the service, unless it was handed over."""
        root = self.state.root
        return self.service.flow if root is None else flow_named(root.name, root.module)

    def played(self) -> Outcome:
        """Play the flow once."""
        state, service, answer = self.state, self.service, self.answer
        flow, params, types = service.flow, service.params, service.flow.types
        if state.root is not None:
            flow = self.standing_in()
            params, types = decode(state.root.params, flow.types), {**types, **flow.types}
        opening, latest = state.opening, self.record.locale
        if latest is None and state.spoke is None and state.locale is None and not state.times:
            self.effects = effects = Effects(state.began, types, opening.locale)
        else:
            heard = Heard(state.spoke, state.locale, state.times, latest)
            self.effects = effects = Effects(state.began, types, opening.locale, heard, own=state.spoke)
        if self.replayed:  # what the flow chose before it is played again is chosen no more
            shown_in.set(effects.language)
        self.replayed = True
        outcome = play(
            flow,
            Chat(self.inbound, opening, effects),
            self.journal,
            answer,
            attachment=self.inbound.attachment,
            params=params,
            aside=self.aside,
            asked=state.asked,
            tried=-1 if self.whole else state.attempts,
            missed=state.missed,
            # Nobody is offered to go back from the first page, so there ``0`` can be an answer: where the prompt has
            # it as a choice, or makes a number of it. Where any text would do, it is a page key.
            page_key=bool(state.pages)
            and answer is not None
            and service.screen is not None
            and is_page_key(answer, service.screen),
            navigation=service.navigation,
            kept=state.kept if self.at < 0 else None,
            read_in=state.shown,
            limits=service.limits,
            watch=self.watch,
            effects=effects,
            transliterated=service.screen is not None and service.screen.transliterate,
        )
        if outcome.at >= 0:
            self.at, self.answered, self.refused = outcome.at, outcome.answered, outcome.refused
        return outcome

    def wanting(self, outcome: Outcome, wanted: Wanted) -> Pause:
        """Pause for a call."""
        call, journal = wanted.call, outcome.journal
        left = self.intent  # of a process that died in the middle of it, perhaps
        again = left is not None and (left.key, left.choices) == (call.key, wanted.choices)
        key = left.token if left is not None and again else token(self.known(), journal, call.key, wanted.choices)
        job = Job(call, call.function, call.args, key, wanted.types)
        intent = Intent(call.key, wanted.choices, key, once=call.on_crash == "fail")
        return self.paused(outcome, None, intent, job)

    def undoing(self, outcome: Outcome, target: int) -> Pause | None:
        """Pause for the last call that must be taken back; ``None`` where there is none."""
        calls = outcome.trail.undoable if outcome.trail is not None else ()
        if not calls or calls[-1].at < target:
            return None
        place, call, types = calls[-1]
        entry = outcome.journal[place]
        # With its result, since one that was set aside may come to the place of one that was undone.
        key = token(self.known(), outcome.journal[: place + 1], entry.key, f"{entry.choices} undone")
        result = decode(entry.value, types)
        job = Job(call, call.undo, (result,), key, {}, undoes=True)
        return self.paused(outcome, target, Intent(entry.key, entry.choices, key, place), job)

    def known(self) -> FlowState:
        """Let the state have a nonce."""
        if not self.state.nonce:
            self.state = msgspec.structs.replace(self.state, nonce=self.delivery.by)
        return self.state

    def paused(self, outcome: Outcome, back: int | None, intent: Intent, job: Job) -> Pause:
        """Write down how far the turn has come."""
        if self.calls >= self.service.limits.calls:
            raise LimitExceeded(f"it made {self.calls} calls in one turn: is it in a loop?")
        first = self.opened
        opened = Open(
            # The message that began the turn, whoever goes on with it.
            mark=self.delivery.mark if first is None else first.mark,
            first=self.delivery.by if first is None else first.first,
            by=self.delivery.by,
            until=self.now + self.service.lease,
            found=self.found if first is None else first.found,
            created=not self.record.alive if first is None else first.created,
            journal=outcome.journal,
            aside=outcome.aside,
            answered=self.answered,
            refused=self.refused,
            at=self.at,
            tries=self.tries,
            began=self.began,
            calls=self.calls + 1,
            intent=intent,
            settled=self.settled,
            back=back,
            cuts=self.cuts,
            locale=self.effects.choice,
            divergence=self.divergence,
            replaced=self.replaced if first is None else first.replaced,
            used=self.used,
            passed=self.passed,
        )
        before = msgspec.structs.replace(self.before, nonce=self.state.nonce)
        if self.request or self.latest:
            before = self.noted(before)
        return pause(self.service, self.record, before, opened, job)

    def noted(self, state: FlowState) -> FlowState:
        """Note in which session of the gateway the message came, and what has been heard there."""
        request, heard = self.request or state.request, self.heard or state.heard
        return msgspec.structs.replace(state, request=request, heard=heard, latest=self.latest)

    def cut(self, outcome: Outcome, target: int) -> None:
        """Go back: forget the answers from there on, but keep the old one to the question that is asked again."""
        entry = outcome.journal[target] if target < len(outcome.journal) else None
        kept = entry if entry is not None and entry.kind == PROMPT and not has_failed(entry) else None
        self.cuts += 1
        self.state = self.gone_back(kept)
        self.journal, self.aside = outcome.journal[:target], outcome.aside
        self.answer = self.answered = self.refused = self.back = None
        self.at = -1

    def gone_back(self, kept: Entry | None) -> FlowState:
        """Give the state as it is for the rest of a turn in which the person has gone back; if that fails, they have not."""
        return msgspec.structs.replace(
            self.before,
            asked=None,
            attempts=0,
            spot="",
            missed=self.before.left_in_vain(),
            kept=kept,
            nonce=self.state.nonce,
            epoch=self.before.epoch + self.cuts,
            pages=[],
            screen=None,
            page=0,
        )

    def done(self, outcome: Outcome) -> Outcome:
        """Put together what the flow came to."""
        if self.at >= 0 and outcome.at < 0:
            outcome = msgspec.structs.replace(outcome, at=self.at, answered=self.answered, refused=self.refused)
        if outcome.divergence is not self.divergence:
            outcome = msgspec.structs.replace(outcome, divergence=self.divergence)
        if self.effects.times < self.state.times:  # what chose the language before is gone from the code, perhaps
            shown_in.set(self.effects.language)
        self.effects.settled = True
        self.root = self.state.root
        if outcome.trail is None:
            return outcome
        outcome, became = compacted(outcome, self.at)
        if became is not None:
            self.root, self.before_root = _root(became), became.before
        return outcome


def _root(became: Became) -> Root:
    flow = became.step.flow
    try:
        return Root(flow.name, flow.module, encode(became.step.params, flow.types))
    except UnstorableValue as error:
        raise UnstorableValue(f"it becomes {flow.name!r} with a parameter that is {error}") from error


def opening_of(inbound: Inbound, now: float) -> Opening:
    """Give the message that begins a conversation, as it is kept.

    On USSD one begins by dialling. What is typed into a session that is gone was meant for a question, and may be a secret; so
    may what was dialled behind the service's code.
    """
    stray = inbound.platform == "ussd" and not inbound.new
    known = code(inbound)
    dialled = known if known is not None else "" if stray else inbound.text
    at = now if inbound.timestamp is None else inbound.timestamp
    return Opening(dialled, at, inbound.platform, inbound.gateway, inbound.message_id, inbound.name, inbound.locale or None)
