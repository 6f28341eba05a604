"""One turn of a session, from its record and a message to its next record and a reply.

Pure, like the interpreter: the runtime brings the record and the time, and saves what comes out.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from flowdsl.chat import Chat, Opening, Session
from flowdsl.deliveries import Delivery, digest, remembered
from flowdsl.errors import LimitExceeded
from flowdsl.flow import Flow
from flowdsl.interpreter import play
from flowdsl.journal import written_alike
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Limits, Outcome
from flowdsl.record import VERSION, FlowState, Record, Seen, write
from flowdsl.rendering import render
from flowdsl.ussd.pages import paginate
from flowdsl.ussd.screen import Screen

__all__ = ["Service", "Turn", "take_turn"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is served at one place: its parameters, its screen, its limits.

    ``screen`` is ``None`` on platforms that show messages of any length, with buttons.
    """

    flow: Flow[..., Any]
    params: Mapping[str, Any]
    screen: Screen | None
    limits: Limits


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
    """

    record: Record
    stored: str
    reply: Reply
    outcome: Outcome | None
    began: Literal["new", "again", "on"]
    created: bool
    page: tuple[int, int] | None
    tries: int
    attempts: int


def take_turn(service: Service, delivery: Delivery, record: Record | None) -> Turn:
    """Answer a message.

    Args:
        service: the flow, and how it is shown.
        delivery: the message.
        record: the session as it was loaded, or ``None``.

    Raises:
        AuthorError: the flow did something that it may not, or the session outgrew its limits.
        Exception: whatever the flow raises.
    """
    found = 0 if record is None else record.revision
    if record is None or record.owner != delivery.owner:
        record = Record(version=VERSION, revision=found or int(delivery.now * 1000) - 1, owner=delivery.owner)
    state = record.flows.get(service.flow.name)
    inbound = _begun(delivery.inbound, state)
    if state is not None and state.over and (inbound.new or service.screen is None):
        state = None
    answer = None if inbound.new or state is None else inbound.text
    work = _Work(service, delivery, inbound, record, found)
    if state is not None and state.pages and answer is not None and service.screen is not None:
        keys = state.screen or service.screen
        if state.over and keys != service.screen:
            return work.show_page(_made_anew(state, keys, service.screen), 0)
        if state.over or (keys == service.screen and _turns(state, answer, keys)):
            return work.show_page(state, _turned_to(state, answer, keys))
        if keys != service.screen and _is_page_key(answer, keys):
            answer = None  # the pages were made for another screen, as before a deploy: show them anew
    return work.play(state, answer)


def _begun(inbound: Inbound, state: FlowState | None) -> Inbound:
    """Tell by the gateway's session id whether a conversation begins, where nothing else tells."""
    if inbound.new is not None:
        return inbound
    new = state is not None and state.request != _request(inbound)
    return msgspec.structs.replace(inbound, new=new, text="" if new else inbound.text, dialled=inbound.text if new else None)


def _request(inbound: Inbound) -> str:
    return digest(inbound.request_id or "")


def _is_page_key(text: str, screen: Screen) -> bool:
    return text.strip() in (screen.next_key, screen.back_key)


def _turned_to(state: FlowState, text: str, screen: Screen) -> int:
    """Tell which page is shown after a text: another one where it turns to one, and else the same."""
    typed = text.strip()
    if typed == screen.next_key and state.page < len(state.pages) - 1:
        return state.page + 1
    return state.page - 1 if typed == screen.back_key and state.page > 0 else state.page


def _made_anew(state: FlowState, made_for: Screen, screen: Screen) -> FlowState:
    """Cut a last message, of which only the pages are left, into pages of another screen."""
    last = len(state.pages) - 1
    lines = [made_for.navigation(back=place > 0, forward=True) if place < last else "" for place in range(last + 1)]
    text = "\n".join(page.removesuffix(line) for page, line in zip(state.pages, lines, strict=True))
    return msgspec.structs.replace(state, pages=paginate(text, [], screen, ends=True), page=0, screen=screen)


def _turns(state: FlowState, text: str, screen: Screen) -> bool:
    return _turned_to(state, text, screen) != state.page


class _Work(msgspec.Struct, frozen=True):
    """The work on one message: what it is for, the session it found, and at which revision."""

    service: Service
    delivery: Delivery
    inbound: Inbound
    record: Record
    found: int

    def show_page(self, state: FlowState, to: int) -> Turn:
        """Show a page of what is on the screen already."""
        last = len(state.pages) - 1
        reply = Reply(state.pages[to], end=state.over and to == last)
        saved, stored = self.saved(self.record, None if reply.end else msgspec.structs.replace(state, page=to), reply)
        return Turn(
            record=saved,
            stored=stored,
            reply=reply,
            outcome=None,
            began="on",
            created=False,
            page=(to + 1, last + 1),
            tries=state.attempts,
            attempts=state.attempts,
        )

    def play(self, state: FlowState | None, answer: str | None) -> Turn:
        """Let the flow go on, with an answer if there is one."""
        service, record = self.service, self.record
        flow, screen = service.flow, service.screen
        began: Literal["new", "again", "on"] = "new" if state is None else "again" if self.inbound.new else "on"
        if state is None:
            state = FlowState(opening=_opening(self.inbound, self.delivery.now), began=record.data)
        session = Session(state.began, flow.types)
        outcome = play(
            flow,
            Chat(self.inbound, state.opening, session) if flow.takes_chat else None,
            state.journal,
            answer,
            params=service.params,
            aside=state.aside,
            asked=state.asked,
            # Nobody is offered to go back from the first page, so there ``0`` can be an answer: where the prompt has
            # it as a choice, or makes a number of it. Where any text would do, it is a page key.
            page_key=bool(state.pages) and answer is not None and screen is not None and _is_page_key(answer, screen),
            limits=service.limits,
        )
        if outcome.stray and state.screen == screen:
            return self.show_page(state, state.page)
        changed = session.changes()
        reply, pages = render(outcome, screen)
        following = self.following(state, outcome, changed, pages)
        if session.destroyed and following.over:
            record = msgspec.structs.replace(record, flows={}, data={})
        elif changed or state.changed:
            record = msgspec.structs.replace(record, data=_merged(record.data, state, changed))
        saved, stored = self.saved(record, None if following.over and not pages else following, reply)
        return Turn(
            record=saved,
            stored=stored,
            reply=reply,
            outcome=outcome,
            began=began,
            created=not self.record.alive,
            page=(1, len(pages)) if pages else None,
            tries=state.attempts + 1,
            attempts=following.attempts,
        )

    def following(self, state: FlowState, outcome: Outcome, changed: dict[str, tuple[Any, ...]], pages: list[str]) -> FlowState:
        """Tell where the flow stands now."""
        return FlowState(
            opening=state.opening,
            journal=outcome.journal,
            aside=outcome.aside,
            asked=outcome.asked,
            attempts=_attempts(state, outcome),
            began=state.began,
            changed=changed,
            request=_request(self.inbound) if self.delivery.inbound.new is None else state.request,
            pages=pages,
            screen=self.service.screen if pages else None,
            over=outcome.prompt is None,
        )

    def saved(self, record: Record, state: FlowState | None, reply: Reply) -> tuple[Record, str]:
        """Put together the record as it is to be saved: with where the flow stands, and what it replied."""
        flow = self.service.flow
        flows = record.flows
        if state is not None:
            flows = {**flows, flow.name: state}
        elif flow.name in flows:
            flows = {name: other for name, other in flows.items() if name != flow.name}
        following = Record(
            version=VERSION,
            revision=record.revision + 1,
            owner=record.owner,
            flows=flows,
            data=record.data,
            seen=remembered(record.seen, Seen(self.delivery.mark, self.found, self.delivery.by, reply)),
        )
        try:
            return following, write(following, self.service.limits.bytes)
        except LimitExceeded as error:
            placed = LimitExceeded(f"flow {flow.name!r} at {flow.where}: {error}")
            placed.where = flow.where
            raise placed from None


def _opening(inbound: Inbound, now: float) -> Opening:
    dialled = inbound.text if inbound.dialled is None else inbound.dialled
    at = now if inbound.timestamp is None else inbound.timestamp
    return Opening(dialled, at, inbound.platform, inbound.gateway, inbound.message_id, inbound.name)


def _attempts(state: FlowState, outcome: Outcome) -> int:
    if outcome.rejected is not None:
        return state.attempts + 1
    # Dialling again must not give a person new attempts at a question they failed.
    return state.attempts if outcome.answered is None and outcome.asked == state.asked else 0


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
