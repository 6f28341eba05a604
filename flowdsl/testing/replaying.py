"""A turn is held against a replay: the flow is played once more from what is stored of it, and must come to the same."""

from typing import Any, Final

import msgspec

from flowdsl.apologies import contained
from flowdsl.calls import Call
from flowdsl.deliveries import Delivery
from flowdsl.flow import observer
from flowdsl.outcome import Outcome
from flowdsl.pauses import Pause
from flowdsl.playing import Playing
from flowdsl.prompt import Prompt
from flowdsl.record import FlowState
from flowdsl.replay import Replay
from flowdsl.service import Service
from flowdsl.source import source_line
from flowdsl.testing.failing import ReplayDiffers
from flowdsl.testing.results import Made
from flowdsl.testing.sites import Sites
from flowdsl.testing.variables import Stack, difference, stack, written
from flowdsl.texts import in_language, plain
from flowdsl.turn import Turn

__all__ = ["require_same", "said_in"]

_CURE: Final = (
    "the same answers must lead a flow to the same place, so what may differ between two runs (the time, chance, a counter "
    "of the process) goes into a Call"
)


def require_same(service: Service, delivery: Delivery, turn: Turn, stood: Stack, made: list[Made]) -> None:
    """Make sure that a replay comes to what a turn has come to: the same place, variables, words, calls and session data.

    Args:
        service: the flow.
        delivery: the message of the turn.
        turn: what it came to.
        stood: where the flow stood then.
        made: the calls of the turn.

    Raises:
        ReplayDiffers: it does not.
    """
    state = turn.state
    if state is None or turn.outcome is None:
        return
    told = in_language(state.shown, lambda: _told(service, delivery, turn, stood, made))
    if told is not None:
        flow = service.flow
        raise ReplayDiffers(f"flow {flow.name!r} at {flow.where} was replayed with the same answers, and {told}: {_CURE}")


def said_in(outcome: Outcome) -> tuple[str, ...]:
    """Make the texts that a flow has said, in the language of :func:`flowdsl.texts.locale`."""
    return tuple([plain(each.text) for each in outcome.said])


def _told(service: Service, delivery: Delivery, turn: Turn, stood: Stack, made: list[Made]) -> str | None:
    """Say what differs."""
    state, outcome = turn.state, turn.outcome
    assert state is not None
    assert outcome is not None
    again: Stack = Stack()

    def watch(replay: Replay) -> None:
        nonlocal again
        again = stack(replay)

    kept: FlowState = _decoder.decode(_encoder.encode(state))
    record = msgspec.structs.replace(turn.record, flows={**turn.record.flows, service.flow.name: kept})
    playing = Playing(service, delivery, delivery.inbound, record, record.revision, delivery.now, watch)
    sites = Sites()
    observed = observer.set(sites.begun if made else None)
    try:
        replayed = playing.played_on(kept, None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # what a flow raises
        return f"it raised {contained(error)!r} at {source_line(error)}"
    finally:
        observer.reset(observed)
    if isinstance(replayed, Pause):
        return f"it made the call {replayed.job.call.key!r} once more"
    changed = playing.effects.changes()
    if changed != state.changed:
        return f"it had changed the session data by {state.changed}, and then by {changed}"
    calls = [step for _, step in sites.path if isinstance(step, Call)]
    return (
        difference(stood, again)
        or _went_elsewhere(outcome, replayed)
        or _reads_otherwise(outcome, replayed, stood)
        or _called_otherwise(made, calls)
    )


def _went_elsewhere(outcome: Outcome, replayed: Outcome) -> str | None:
    if outcome.asked != replayed.asked:
        return f"it asked for {_key(outcome)}, and then for {_key(replayed)}"
    if len(outcome.journal) != len(replayed.journal):
        return f"it used {len(outcome.journal)} answers and results, and then {len(replayed.journal)}"
    for name in ("attempts", "back", "expects", "media"):
        one, other = getattr(outcome.prompt, name, None), getattr(replayed.prompt, name, None)
        if one != other:
            return f"the {name} of prompt {_key(outcome)} were {one!r}, and then {other!r}"
    returned, then = written(outcome.result), written(replayed.result)
    return None if None in (returned, then) or returned == then else f"it returned {returned}, and then {then}"


def _reads_otherwise(outcome: Outcome, replayed: Outcome, stood: Stack) -> str | None:
    one, other = said_in(outcome), said_in(replayed)
    if one != other:
        return f"it said {' '.join(one)!r}, and then {' '.join(other)!r}"
    if outcome.prompt is None or replayed.prompt is None:
        return None
    asked, then = _question(outcome.prompt), _question(replayed.prompt)
    where = f" at {stood.places[-1].where}" if stood.places else ""
    return None if asked == then else f"it asked {asked!r}{where}, and then {then!r}"


def _question(prompt: Prompt[Any]) -> str:
    return "\n".join((plain(prompt.text), *prompt.menu.lines))


def _called_otherwise(made: list[Made], calls: list[Call[Any]]) -> str | None:
    """Tell what a call was given otherwise: one that is tried again after a crash would get that under the same key."""
    for one, call in zip(reversed(made), reversed(calls), strict=False):
        given, then = written(one.args), written(call.args)
        if one.key == call.key and None not in (given, then) and given != then:
            return f"it called {one.key!r} with {given}, and then with {then}"
    return None


def _key(outcome: Outcome) -> str:
    return "nothing" if outcome.asked is None else repr(outcome.asked.key)


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(FlowState)
