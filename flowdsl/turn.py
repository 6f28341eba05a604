"""One turn of a session, from its record and a message to its next record and a reply.

Pure, like the interpreter: the runtime brings the record and the time, saves what comes out, and makes the calls.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from flowdsl.deliveries import Delivery, digest, remembered
from flowdsl.errors import AuthorError, BadStep, UnknownSession
from flowdsl.flow import placed
from flowdsl.hearing import Hearing, hear
from flowdsl.journal import written_alike
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Outcome
from flowdsl.paging import is_alike, is_page_key, made_anew, turned_to
from flowdsl.pauses import Busy, Pause
from flowdsl.playing import Playing, opening_of
from flowdsl.record import VERSION, Began, FlowState, Open, Record, Seen, anew, language, write
from flowdsl.rendering import render
from flowdsl.replay import Replay
from flowdsl.resuming import RESUME, Resume
from flowdsl.service import Service
from flowdsl.shortcuts import looks_dialled
from flowdsl.texts import locale, shown_in
from flowdsl.ussd.screen import Screen

__all__ = ["Turn", "take_turn"]

T = TypeVar("T")


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What a message came to.

    Args:
        record: the session as it is to be saved.
        stored: the same, written down.
        reply: what the person is to see.
        outcome: what the flow did; ``None`` where only a page was turned.
        began: how the flow came to be played: for the first time, dialled into again, or going on.
        created: no session was alive before.
        page: the page shown, from 1, and how many there are, where there are several.
        tries: how often the question that was on the screen has been answered, this time included.
        attempts: how often the question now shown was answered in vain.
        state: where the flow stands, also where it has ended; ``None`` where it was not played.
        passed: questions that were answered before the last one, where the message had several answers, each with how often it
            was tried.
    """

    record: Record
    stored: str
    reply: Reply
    outcome: Outcome | None
    began: Began = "on"
    created: bool = False
    page: tuple[int, int] | None = None
    tries: int = 0
    attempts: int = 0
    state: FlowState | None = None
    passed: tuple[tuple[str, int], ...] = ()


def take_turn(
    service: Service,
    delivery: Delivery,
    record: Record | None,
    now: float | None = None,
    *,
    over: float | None = None,
    watch: Callable[[Replay], None] | None = None,
) -> Turn | Pause | Busy:
    """Answer a message.

    Args:
        service: the flow, and how it is shown.
        delivery: the message.
        record: the session as it was loaded, or ``None``.
        now: seconds since 1970, where that is later than when the message came.
        over: a turn that has until then is over, since its process has not been heard of for as long as it may be silent.
        watch: is shown every replay where it has stopped.

    Returns:
        What it came to; or what must be run, after which it is answered again; or that another process is doing so.

    Raises:
        AuthorError: the flow did something that it may not, or the session outgrew its limits.
        UnknownSession: it answers in a session that is not there, and the service ends what is lost.
        Exception: whatever the flow raises.
    """
    before, spoken = shown_in.get(), language(record, delivery.owner, service.flow.name, delivery.inbound)
    if spoken != before:  # to set it takes longer than to look
        shown_in.set(spoken)
    try:
        return _taken(service, delivery, record, delivery.now if now is None else now, over, watch)
    except AuthorError as error:
        if error.where is not None:
            raise
        raise placed(error, service.flow) from error  # of what is shown or saved: the flow stands still, and has no line
    finally:
        if shown_in.get() != before:
            shown_in.set(before)


def _taken(
    service: Service,
    delivery: Delivery,
    record: Record | None,
    now: float,
    over: float | None,
    watch: Callable[[Replay], None] | None,
) -> Turn | Pause | Busy:
    found = 0 if record is None else record.revision
    if record is None or record.owner != delivery.owner:
        record = anew(record, delivery.owner, delivery.now)
    state = record.flows.get(service.flow.name)
    inbound, hearing = delivery.inbound, None
    if inbound.new is None or inbound.history is not None:
        hearing = hear(delivery, state)
        inbound = _understood(inbound, hearing)
    screen = service.screen
    if screen is not None and state is not None and state.pages:
        screen = screen.made()
    work = _Work(service, delivery, inbound, record, found, now, watch, screen=screen)
    if hearing is not None:
        work.request, work.heard = hearing.request, hearing.heard
    if not delivery.owner and inbound.request_id is not None and inbound.platform == "ussd":
        work.latest = digest(inbound.request_id)  # the session goes on in others of the gateway's, and must know which one ends
    if state is None:
        if service.lost == "end" and not inbound.new:
            raise UnknownSession(delivery.inbound.request_id or "")
        return work.play(None, None)
    if state.open is not None and state.open.by != delivery.by and state.open.until > work.now and state.open.until != over:
        return Busy(state.open.mark, state.open.found, state.open.until)
    if state.owed is not None:
        return work.show_owed(state, state.owed)
    if state.over and (inbound.new or screen is None):
        return work.play(None, None)
    if service.resume is not None and state.open is None and (resumed := work.resume(state, service.resume)) is not None:
        return resumed
    answer = None if inbound.new or state.resuming is not None else inbound.text
    if state.open is None and state.pages and answer is not None and screen is not None:
        keys = state.screen or screen
        spoken = state.shown == locale()
        same = keys == screen and spoken
        # What was said last is only there as pages, so it is read to its end in the language in which it was begun.
        if state.over and keys != screen and (spoken or not is_alike(keys, screen)):
            return work.show_page(made_anew(state, keys, screen), 0)
        if state.over or (same and turned_to(state, answer, keys) != state.page):
            return work.show_page(state, turned_to(state, answer, keys))
        if not same and is_page_key(answer, keys):
            answer = None  # the pages were made for another screen, as before a deploy, or language: show them anew
    return work.play(state, answer)


def _understood(inbound: Inbound, hearing: Hearing) -> Inbound:
    """Give a message as its session understands it."""
    dialled = inbound.dialled
    if inbound.new is None:
        # What was dialled, or was typed into a session that is gone and may be a secret.
        dialled = looks_dialled(inbound) if hearing.new else None
    return msgspec.structs.replace(inbound, new=hearing.new, text=hearing.text, dialled=dialled)


class _Work(Playing, eq=False):
    """The work on one message; ``screen`` is that of the pages on it."""

    screen: Screen | None = None

    def show_page(self, state: FlowState, to: int) -> Turn:
        """Show a page of what is on the screen already."""
        last = len(state.pages) - 1
        asks = "" if state.over or state.asked is None else state.asked.key
        reply = Reply(state.pages[to], end=state.over and to == last, key=asks if state.resuming is None else RESUME)
        saved, stored = self.saved(self.record, None if reply.end else msgspec.structs.replace(state, page=to), reply)
        return Turn(
            record=saved,
            stored=stored,
            reply=reply,
            outcome=None,
            page=(to + 1, last + 1),
            tries=state.attempts,
            attempts=state.attempts,
        )

    def show_owed(self, state: FlowState, reply: Reply) -> Turn:
        """Show what was not ready when its own message had to be answered; what was typed since is for nothing."""
        following = None if state.over and not state.pages else msgspec.structs.replace(state, owed=None)
        saved, stored = self.saved(self.record, following, reply)
        return Turn(record=saved, stored=stored, reply=reply, outcome=None, attempts=state.attempts)

    def resume(self, state: FlowState, menu: Resume) -> Turn | Pause | Busy | None:
        """Ask who dials again whether to go on, and take the answer; ``None`` where there is nothing to ask."""
        if not state.journal or not (self.inbound.new or state.resuming is not None):
            return None
        screen = self.service.screen
        transliterated = screen is not None and screen.transliterate
        chosen = None if self.inbound.new else menu.chosen(self.inbound.text, state.shown, transliterated=transliterated)
        if chosen is not None:
            self.replaced = None if chosen else state
            return self.play(state if chosen else None, None)
        if state.pages and not self.inbound.new and self.screen is not None and state.screen == self.screen:
            to = turned_to(state, self.inbound.text, self.screen)
            if to != state.page and state.shown == locale():
                return self.show_page(state, to)
        reply, pages = render(Outcome((), menu.asked(), None, [], []), screen)
        made_for = screen.made() if pages and screen is not None else None
        redialled = opening_of(self.inbound, self.delivery.now) if self.inbound.new else state.resuming
        asking = msgspec.structs.replace(state, resuming=redialled, pages=pages, screen=made_for, page=0, shown=locale())
        saved, stored = self.saved(self.record, asking, reply)
        page = (1, len(pages)) if pages else None
        return Turn(record=saved, stored=stored, reply=reply, outcome=None, began="again", page=page, attempts=state.attempts)

    def play(self, state: FlowState | None, answer: str | None) -> Turn | Pause:
        """Let the flow go on, with an answer if there is one."""
        played = self.played_on(state, answer)
        return played if isinstance(played, Pause) else self.shown(played)

    def shown(self, outcome: Outcome) -> Turn:
        """Make a reply of what the flow did, and put together what is to be saved."""
        state, record, effects = self.state, self.record, self.effects
        if outcome.stray and state.screen == self.screen:
            return self.show_page(state, state.page)
        changed = effects.changes()
        reply, pages = render(outcome, self.service.screen, self.service.navigation)
        if reply.checkout is not None and not self.service.payments:
            raise BadStep(f"it asks for the payment of {reply.checkout.item!r} behind a gateway that takes none")
        merged = _merged(record.data, state, changed) if changed or state.changed else record.data
        following = self.following(outcome, changed, pages)
        if effects.destroyed and following.over:
            record = msgspec.structs.replace(record, flows={}, data={}, locale=None)
        elif merged is not record.data or effects.choice != record.locale:
            record = msgspec.structs.replace(record, data=merged, locale=effects.choice)
        if record.trouble:
            record = msgspec.structs.replace(record, trouble=_without(self.service.flow.name, record.trouble))
        saved, stored = self.saved(record, None if following.over and not pages else following, reply, self.opened)
        return Turn(
            record=saved,
            stored=stored,
            reply=reply,
            outcome=outcome,
            began=self.began,
            created=not self.record.alive if self.opened is None else self.opened.created,
            page=(1, len(pages)) if pages else None,
            tries=self.tries,
            attempts=following.attempts,
            state=following,
            passed=self.passed,
        )

    def following(self, outcome: Outcome, changed: dict[str, tuple[Any, ...]], pages: list[str]) -> FlowState:
        """Tell where the flow stands now."""
        state, effects, screen = self.state, self.effects, self.service.screen
        began, spoke, times = state.began, state.spoke, effects.times
        handed_over = self.root is not state.root
        if handed_over and (before := self.before_root) is not None:
            # What was done until then is not played again.
            began, changed = dict(before.data), effects.changes(before.data)
            spoke, times = before.locale, effects.times - before.times
        now = FlowState(
            opening=state.opening,
            journal=outcome.journal,
            asked=outcome.asked,
            began=began,
            changed=changed,
            pages=pages,
            root=self.root,
            shown=locale(),
        )
        # As a rule the rest is as in a state that has just begun, and to say so of each field would take twice the time.
        if outcome.aside:
            now.aside = outcome.aside
        if outcome.prompt is None:
            now.over = True
        now.attempts = _attempts(state, outcome)
        if outcome.spot:
            now.spot = outcome.spot
        if state.missed or outcome.refused is not None:
            now.missed = _missed(state, outcome, handed_over=handed_over)
        if pages and screen is not None:
            now.screen = screen.made()
        if state.kept is not None and outcome.answered is None and outcome.refused is None:
            now.kept = state.kept
        if state.nonce:
            now.nonce = state.nonce
        if state.epoch or handed_over:
            now.epoch = state.epoch + handed_over
        if state.request or state.latest:
            now.request, now.heard, now.latest = state.request, state.heard, state.latest
        if spoke is not None:
            now.spoke = spoke
        if effects.own is not None:
            now.locale = effects.own
        if times:
            now.times = times
        return now

    def saved(self, record: Record, state: FlowState | None, reply: Reply, opened: Open | None = None) -> tuple[Record, str]:
        """Put together the record as it is to be saved: with where the flow stands, and what it replied.

        A turn that was open, of this message or of another one, is answered with it.
        """
        flow = self.service.flow
        flows = record.flows
        if state is not None:
            flows = {**flows, flow.name: self.noted(state) if self.request or self.latest else state}
        elif flow.name in flows:
            flows = _without(flow.name, flows)
        delivery, seen, found = self.delivery, record.seen, self.found
        if opened is not None and opened.mark == delivery.mark:
            found = opened.found
        elif opened is not None:
            seen = remembered(seen, Seen(opened.mark, opened.found, opened.first, reply))
        following = Record(
            version=VERSION,
            revision=record.revision + 1,
            owner=record.owner,
            flows=flows,
            data=record.data,
            seen=remembered(seen, Seen(delivery.mark, found, delivery.by, reply)),
            trouble=record.trouble,
            locale=record.locale,
            served=record.served if not flow.shortcuts else self.served(),
        )
        return following, write(following, self.service.limits.bytes)


def _without(key: str, table: Mapping[str, T]) -> dict[str, T]:
    return {each: value for each, value in table.items() if each != key}


def _attempts(state: FlowState, outcome: Outcome) -> int:
    if outcome.rejected is not None:
        return state.attempts + 1
    # Neither dialling again nor going back gives a person new attempts at a question they failed.
    if outcome.answered is None and outcome.refused is None and outcome.asked == state.asked:
        return state.attempts
    return max(0, state.missed.get(outcome.spot, 0))


def _missed(state: FlowState, outcome: Outcome, *, handed_over: bool) -> dict[str, int]:
    # The author has seen to what was answered in vain for the last time before a hand-over.
    missed = {spot: times for spot, times in state.missed.items() if spot != outcome.spot and not (handed_over and times < 0)}
    if outcome.refused is not None:
        missed[outcome.refused.spot] = -outcome.refused.attempts
    return missed


def _merged(data: dict[str, Any], state: FlowState, now: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Apply to the session's data what a flow changed in this turn, and nothing it had changed before.

    Another flow of the session may have written since, and replaying an old change must not undo that.
    """
    merged = dict(data)
    before = state.changed
    # What is as it was when the flow began, after all, is no change to the beginning but one to the turn before.
    undone = {key: (state.began[key],) if key in state.began else () for key in before if key not in now}
    for key, value in (undone | dict(now)).items():
        if key in before and written_alike(before[key], value):
            continue
        if value:
            merged[key] = value[0]
        else:
            merged.pop(key, None)
    return merged
