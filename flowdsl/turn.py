"""One turn of a session, from its record and a message to its next record and a reply.

Pure, like the interpreter: the runtime brings the record and the time, and saves what comes out.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from flowdsl.chat import Chat, Opening, Session
from flowdsl.errors import LimitExceeded
from flowdsl.flow import Flow
from flowdsl.interpreter import play
from flowdsl.journal import written_alike
from flowdsl.messages import Inbound, Reply
from flowdsl.outcome import Limits, Outcome
from flowdsl.record import VERSION, FlowState, Record, Seen, write
from flowdsl.rendering import render
from flowdsl.ussd.screen import Screen

__all__ = ["Delivery", "Service", "Turn", "answered_before", "mark", "take_turn"]

# A sender delivers again within minutes as a rule; the newest replies are kept whole, and of more
# messages the name, so that a late delivery still advances nothing.
_REPLIES_KEPT: Final = 8
_MARKS_KEPT: Final = 64


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is served at one place: its parameters, its screen, its limits.

    ``screen`` is ``None`` on platforms that show messages of any length, with buttons.
    """

    flow: Flow[..., Any]
    params: Mapping[str, Any]
    screen: Screen | None
    limits: Limits


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message that came in, and how to tell it from any other.

    Args:
        inbound: the message.
        mark: its name; another delivery of the same message has the same one.
        owner: whose message it is, hashed; a session of somebody else is not continued.
        by: who answers it: different for every delivery, so that of two processes that answer the same
            message each knows whether the record is its own.
        now: seconds since 1970.
    """

    inbound: Inbound
    mark: str
    owner: str
    by: str
    now: float


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


def mark(inbound: Inbound, flow: str) -> str:
    """Name a message: by the gateway's id where it has one, else by what was typed.

    Args:
        inbound: the message.
        flow: name of the flow it is for; a session may serve several, through several gateways.
    """
    origin = f"{flow}\n{inbound.platform}\n{inbound.gateway}\n"
    if inbound.message_id is not None:
        return "i" + _digest(origin + inbound.message_id)
    return "t" + _digest(f"{origin}{bool(inbound.new):d}{inbound.dialled or ''}\n{inbound.text}")


def answered_before(record: Record, delivery: Delivery, found: int) -> Seen | None:
    """Find the answer that the same message was given before.

    With an id it is the one that came the first time. Without one, it is what won the race against this
    delivery, where that had started from the same state: then this one is its retry.

    Args:
        record: the session.
        delivery: the message.
        found: the revision at which its answer had started; -1 where it has not.
    """
    if record.owner != delivery.owner:
        return None
    if delivery.inbound.message_id is not None:
        return next((seen for seen in record.seen if seen.mark == delivery.mark), None)
    last = record.seen[-1] if record.seen else None
    return last if last is not None and last.mark == delivery.mark and last.found == found else None


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
    seen = Seen(delivery.mark, found, delivery.by, None)
    state = record.flows.get(service.flow.name)
    inbound = _begun(delivery.inbound, state)
    if state is not None and state.over and (inbound.new or service.screen is None):
        state = None
    answer: str | None = None if inbound.new else inbound.text
    if state is not None and state.pages and answer is not None and service.screen is not None:
        to = _turned_to(state, answer, state.screen or service.screen)
        if to is not None and (state.over or state.screen == service.screen):
            return _show_page(service, record, state, to, seen)
        if to is not None:
            answer = None  # the pages were made for another screen, as before a deploy: show them anew
    request = "" if delivery.inbound.new is not None else _request(inbound)
    return _play(service, inbound, answer, record, state, seen, request, delivery.now)


def _begun(inbound: Inbound, state: FlowState | None) -> Inbound:
    """Tell by the gateway's session id whether a conversation begins, where nothing else tells."""
    if inbound.new is not None:
        return inbound
    new = state is not None and state.request != _request(inbound)
    return msgspec.structs.replace(inbound, new=new, text="" if new else inbound.text, dialled=inbound.text if new else None)


def _request(inbound: Inbound) -> str:
    return _digest(inbound.request_id or "")


def _turned_to(state: FlowState, text: str, screen: Screen) -> int | None:
    """Tell which page a text asks for; ``None`` where it is not about pages."""
    typed = text.strip()
    last = len(state.pages) - 1
    if typed == screen.next_key and state.page < last:
        return state.page + 1
    if typed == screen.back_key and state.page > 0:
        return state.page - 1
    return state.page if state.over else None


def _show_page(service: Service, record: Record, state: FlowState, to: int, seen: Seen) -> Turn:
    last = len(state.pages) - 1
    reply = Reply(state.pages[to], end=state.over and to == last)
    shown = None if reply.end else msgspec.structs.replace(state, page=to)
    saved, stored = _next(service, record, shown, seen, reply)
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


def _play(
    service: Service,
    inbound: Inbound,
    answer: str | None,
    record: Record,
    state: FlowState | None,
    seen: Seen,
    request: str,
    now: float,
) -> Turn:
    flow, screen = service.flow, service.screen
    began: Literal["new", "again", "on"] = "new" if state is None else "again" if inbound.new else "on"
    if state is None:
        state = FlowState(opening=_opening(inbound, now), began=record.data)
    session = Session(state.began, flow.types)
    outcome = play(
        flow,
        Chat(inbound, state.opening, session) if flow.takes_chat else None,
        state.journal,
        answer if began == "on" else None,
        params=service.params,
        aside=state.aside,
        asked=state.asked,
        page_key=_is_page_key(state, answer, screen),
        limits=service.limits,
    )
    if outcome.stray:
        return _show_page(service, record, state, state.page, seen)
    changed = session.changes()
    attempts = _attempts(state, outcome)
    reply, pages = render(outcome, screen)
    following = FlowState(
        opening=state.opening,
        journal=outcome.journal,
        aside=outcome.aside,
        asked=outcome.asked,
        attempts=attempts,
        began=state.began,
        changed=changed,
        request=request,
        pages=pages,
        screen=screen if pages else None,
        over=outcome.prompt is None,
    )
    done = following.over and not pages
    if session.destroyed and following.over:
        left, data = msgspec.structs.replace(record, flows={}), {}
    else:
        left, data = record, _merged(record.data, state, changed) if changed or state.changed else record.data
    saved, stored = _next(service, left, None if done else following, seen, reply, data)
    return Turn(
        record=saved,
        stored=stored,
        reply=reply,
        outcome=outcome,
        began=began,
        created=not record.alive,
        page=(1, len(pages)) if pages else None,
        tries=state.attempts + 1,
        attempts=attempts,
    )


def _opening(inbound: Inbound, now: float) -> Opening:
    dialled = inbound.text if inbound.dialled is None else inbound.dialled
    at = now if inbound.timestamp is None else inbound.timestamp
    return Opening(dialled, at, inbound.platform, inbound.gateway, inbound.message_id, inbound.name)


def _attempts(state: FlowState, outcome: Outcome) -> int:
    if outcome.rejected is not None:
        return state.attempts + 1
    # Dialling again must not give a person new attempts at a question they failed.
    return state.attempts if outcome.answered is None and outcome.asked == state.asked else 0


def _is_page_key(state: FlowState, answer: str | None, screen: Screen | None) -> bool:
    """Tell whether a key that turns pages was pressed where there is no page to turn to.

    On the first page nobody is offered to go back, so there ``0`` can be an answer: where the prompt
    has it as a choice, or makes a number of it. Where any text would do, it is a page key.
    """
    if not state.pages or answer is None or screen is None:
        return False
    shown = state.screen or screen
    return answer.strip() in (shown.next_key, shown.back_key)


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


def _next(
    service: Service,
    record: Record,
    state: FlowState | None,
    seen: Seen,
    reply: Reply,
    data: dict[str, Any] | None = None,
) -> tuple[Record, str]:
    flows = record.flows
    if state is not None:
        flows = {**flows, service.flow.name: state}
    elif service.flow.name in flows:
        flows = {each: other for each, other in flows.items() if each != service.flow.name}
    following = Record(
        version=VERSION,
        revision=record.revision + 1,
        owner=record.owner,
        flows=flows,
        data=record.data if data is None else data,
        seen=_remembered(record.seen, msgspec.structs.replace(seen, reply=reply)),
    )
    try:
        return following, write(following, service.limits.bytes)
    except LimitExceeded as error:
        placed = LimitExceeded(f"flow {service.flow.name!r} at {service.flow.where}: {error}")
        placed.where = service.flow.where
        raise placed from None


def _remembered(seen: list[Seen], latest: Seen) -> list[Seen]:
    if not seen or (len(seen) == 1 and seen[0].mark.startswith("t")):
        return [latest]
    kept = [each for each in seen if each.mark.startswith("i")][-(_MARKS_KEPT - 1) :]
    bare = len(kept) - (_REPLIES_KEPT - 1)
    named = (msgspec.structs.replace(each, reply=None) if place < bare else each for place, each in enumerate(kept))
    return [*named, latest]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
