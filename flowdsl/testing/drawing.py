"""Conversations drawn by hypothesis, message by message, so that a failing one shrinks to its shortest form."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Unpack

from hypothesis import strategies as st

from flowdsl.flow import Flow
from flowdsl.messages import Contact, Location
from flowdsl.outcome import Outcome
from flowdsl.prompt import Prompt
from flowdsl.testing.conversation import Conversation
from flowdsl.testing.dialogue import Input
from flowdsl.testing.failing import Unproved
from flowdsl.testing.results import Either, Results, given_once
from flowdsl.testing.samples import Answers, Sampler, Samples, as_input, as_inputs, given_for, near, why_stuck
from flowdsl.testing.setting import Options

__all__ = ["conversations", "drawn_results", "inputs", "slips"]

_Draw = Callable[[st.SearchStrategy[Any]], Any]

_SURROGATES_AND_CONTROLS: Final = ("Cs", "Cc")
_LONGEST_TEXT: Final = 30


def conversations(
    flow: Flow[..., Any],
    *,
    answers: Answers = {},
    mistakes: int = 1,
    calls: Results = {},
    longest: int = 30,
    **options: Unpack[Options],
) -> st.SearchStrategy[Conversation]:
    """Draw whole conversations with a flow, each to its end or to so many messages.

    What is typed is drawn when it is asked: one of the choices, or a text that the question takes, most of all one at the
    limits of what it takes. With ``mistakes=0`` hypothesis knows when it has drawn all conversations of a flow that asks
    only for choices, and stops. What a drawn conversation is made of is its ``repr``, with a test to paste. What the flow
    raises is raised with that as a note.

    Args:
        flow: the conversation.
        answers: key of a question to a strategy of what is typed there, a text or a list of them, or a function of the
            prompt that gives one.
        mistakes: how often the person does something else than to answer, at most: a wrong answer, going back, dialling
            again, or in a chat a message that is delivered twice.
        calls: what calls come to: key of the call to a value, a function of its arguments, an exception,
            :func:`~flowdsl.testing.either` of several, or a strategy.
        longest: how many messages a conversation has at most.
        options: see :class:`~flowdsl.testing.Options`.

    >>> from hypothesis import given
    >>> from flowdsl import Prompt, Say, flow
    >>> @flow
    ... def tea():
    ...     size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    ...     yield Say(f"One {size.lower()} tea.")
    >>> @given(conversations(tea))
    ... def test_they_get_what_they_chose(talk):
    ...     talk.see(talk.answers["size"].lower())
    >>> test_they_get_what_they_chose()
    """

    @st.composite
    def drawn(draw: st.DrawFn) -> Conversation:
        __tracebackhide__ = True
        talk = Conversation(flow, calls=drawn_results(calls, draw), **options)
        sampler = Sampler(flow.types, on_ussd=talk.on_ussd)
        slipped = 0
        for _ in range(longest):
            outcome = talk.outcome
            if outcome is None or outcome.prompt is None:
                break
            # Drawn also where there may be no more of them: a conversation shrinks best where each message is drawn alike.
            slip = draw(st.sampled_from([None, *slips(talk, outcome, sampler)])) if mistakes else None
            if slip is None or slipped >= mistakes:
                talk.do(draw(inputs(talk, outcome.prompt, answers, sampler)))
            else:
                slipped += 1
                talk.do(slip)
        return talk

    return drawn()


def inputs(talk: Conversation, prompt: Prompt[Any], answers: Answers, sampler: Sampler) -> st.SearchStrategy[Input]:
    """Give a strategy of what a question takes.

    Args:
        talk: the conversation.
        prompt: the question.
        answers: what the test gives.
        sampler: finds what it takes.

    Raises:
        Unproved: nothing that was tried is taken.
    """
    given = given_for(prompt, answers)
    if isinstance(given, st.SearchStrategy):
        return given.map(lambda one: as_input(one, prompt.key))
    if given is not None:
        return st.sampled_from(as_inputs(given, prompt.key))
    known = sampler.of(prompt, talk.menu)
    if not known.taken:
        raise Unproved(why_stuck(prompt, on_ussd=sampler.on_ussd))
    results = near([made.result for made in talk.calls], partial(sampler.takes, prompt)) if known.numeric else []
    at_limits = st.sampled_from([*known.taken, *results])
    if prompt.choices is not None:
        return at_limits
    if prompt.expects is not None:
        return at_limits | _attachments(prompt)
    # Where few texts are taken, to look for one that is takes too long.
    return at_limits | st.builds(
        lambda text, known: Input("type", text) if sampler.takes(prompt, text) else known,
        _texts(known),
        at_limits,
    )


def slips(talk: Conversation, outcome: Outcome, sampler: Sampler) -> Iterator[Input]:
    """Give what a person might do instead of answering.

    Args:
        talk: the conversation.
        outcome: where it is.
        sampler: finds what a question refuses.
    """
    prompt = outcome.prompt
    if prompt is not None:
        yield from sampler.of(prompt, talk.menu).refused[:1]
    if outcome.ways is not None and outcome.ways.back is not None:
        yield Input("type", outcome.ways.back)
    yield Input("dial") if talk.on_ussd else Input("redeliver")


def _texts(known: Samples) -> st.SearchStrategy[str]:
    if known.range is not None:
        return st.integers(*known.range).map(str)
    if any(each.text == "Ama" for each in known.taken):
        return st.text(st.characters(exclude_categories=_SURROGATES_AND_CONTROLS), max_size=_LONGEST_TEXT)
    return st.nothing()


def _attachments(prompt: Prompt[Any]) -> st.SearchStrategy[Input]:
    match prompt.expects:
        case "location":
            sent: st.SearchStrategy[Any] = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180))
        case "contact":
            sent = st.builds(Contact, st.text(st.characters(exclude_categories=_SURROGATES_AND_CONTROLS), min_size=1))
        case _:
            return st.nothing()
    return sent.map(lambda attachment: Input("send", attachment=attachment))


def drawn_results(calls: Results, draw: _Draw) -> Results:
    """Let calls come to things that are drawn when they are made.

    Args:
        calls: what they may come to.
        draw: draws from a strategy.
    """
    return {key: _drawn(result, draw) for key, result in calls.items()}


def _drawn(result: Any, draw: _Draw) -> Any:
    """Let a call come to something that is drawn when it is made."""
    if isinstance(result, Either):
        result = st.sampled_from(result.results)
    if not isinstance(result, st.SearchStrategy):
        return result

    def give(*args: Any, idempotency_key: str = "") -> Any:
        return given_once(draw(result), args, idempotency_key)

    return give
