"""What a flow yielded that it may not, in words for its author."""

from collections.abc import Generator
from inspect import CO_GENERATOR, iscoroutinefunction, isgeneratorfunction
from typing import Any, Final

from flowdsl.errors import BadStep
from flowdsl.flow import Flow
from flowdsl.navigation import Back, Checkpoint
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.texts import Deferred
from flowdsl.unyielded import Unyielded

__all__ = ["delegated_to_coroutine", "not_a_step", "real", "require_callable", "require_listener", "require_result"]

# What Python says of it has been the same since 3.5.
_NO_DELEGATE: Final = "cannot 'yield from' a coroutine object"


def not_a_step(step: Any) -> str:
    """Say what is wrong with something that was yielded, and what to write instead.

    >>> not_a_step("Hello")
    "it yields the text 'Hello': write `yield Say(…)` to tell it, or `yield Prompt(…)` to ask"
    """
    if isinstance(step, type):
        return f"it yields the class {step.__name__} itself: write `yield {step.__name__}(…)`"
    if isinstance(step, Prompt | Say | Back | Checkpoint):
        kind = next(each for each in (Prompt, Say, Back, Checkpoint) if isinstance(step, each)).__name__
        return f"it yields a {type(step).__name__}, a class of its own: a step is a {kind} itself, and no subclass of it"
    if isinstance(step, Generator):
        code = getattr(step, "gi_code", None)
        name = getattr(step, "__name__", "it")
        place = f" at {code.co_filename}:{code.co_firstlineno}" if code else ""
        return f"it yields the generator of {name!r}{place} instead of its steps: write `yield from {name}(…)`"
    if isinstance(step, Flow):
        return f"it yields the flow {step.name!r}: write `yield Run({step.name})`, or `yield from {step.name}(…)`"
    if isinstance(step, str):
        return f"it yields the text {step!r}: write `yield Say(…)` to tell it, or `yield Prompt(…)` to ask"
    if isinstance(step, Deferred):
        return f"it yields {step!r}: write `yield Say(…)` to tell it, or `yield Prompt(…)` to ask"
    if callable(step) and (name := getattr(step, "__qualname__", "")):
        return _a_function(step, name.rpartition("<locals>.")[2])
    if hasattr(step, "__await__"):
        return f"it yields {step!r}, which must be awaited: write `yield Call(function, argument, …)`"
    return f"it yields {step!r}, which is no step: a flow yields Prompt, Say, Call, Run, Become, Back and Checkpoint"


def _a_function(function: Any, name: str) -> str:
    if name == "<lambda>":
        return "it yields a lambda itself: write `yield Call(function, …)`, with a function that has a name"
    wrong = f"it yields the function {name} itself"
    if isgeneratorfunction(function):
        return f"{wrong}: write `yield from {name}(…)`, or `yield Run({name})` where it is a flow, with @flow above it"
    if (getattr(function, "__module__", None) or "").partition(".")[0] == "flowdsl":  # such as Prompt.confirm
        return f"{wrong}: write `yield {name}(…)`"
    if iscoroutinefunction(function):
        return f"{wrong}: write `yield Call({name}, …)`"
    return f"{wrong}: write `yield Call({name}, …)`, or `yield {name}(…)` where it gives a step"


def real(step: Any) -> Any:
    """Refuse ``None``, which ends loops, so that a flow that yields it does not look like one that has ended."""
    if step is None:
        raise BadStep("it yields nothing: write `yield Prompt(…)` or `yield Say(…)`")
    return step


def require_result(result: Any) -> None:
    """Refuse a step where a flow returns: it would have to be yielded.

    Raises:
        BadStep: it is one, or gives some.
    """
    if isinstance(result, Flow):
        raise BadStep(f"it returns the flow {result.name!r}, which nobody sees: write `yield Become({result.name})` instead")
    if isinstance(result, Generator):
        name = getattr(result, "__name__", "it")
        raise BadStep(f"it returns the generator of {name!r}, which nobody sees: write `yield from` before it")
    if isinstance(result, Prompt | Say | Unyielded):
        name = f"the prompt {result.key!r}" if isinstance(result, Prompt) else "what it would say"
        name = repr(result).strip("<>") if isinstance(result, Unyielded) else name
        raise BadStep(f"it returns {name} itself, which nobody sees: write `yield` before it")


def require_callable(function: Any) -> None:
    """Make sure that a call is one of a function, and not of something that gives steps.

    Raises:
        BadStep: it is a flow, or a part of one.
    """
    if isinstance(function, Flow):
        raise BadStep(f"it calls the flow {function.name!r}: write `yield Run({function.name})`")
    if isgeneratorfunction(function):
        name = function.__name__
        raise BadStep(f"it calls {name}, which gives steps: write `yield from {name}(…)`")


def require_listener(generator: Generator[Any, Any, Any]) -> None:
    """Make sure that what a flow delegates to takes answers.

    Raises:
        BadStep: it delegates to a list, or to something else that only gives.
    """
    inner: Any = generator
    while (inner := getattr(inner, "gi_yieldfrom", None)) is not None:
        if not hasattr(inner, "send"):
            raise BadStep(f"it delegates to {inner!r}, which takes no answers: write `yield from` a generator")


def delegated_to_coroutine(error: BaseException) -> BadStep | None:
    """Say what is wrong where Python refuses to delegate to a coroutine; ``None`` where it raised something else.

    Args:
        error: what was raised.
    """
    if not isinstance(error, TypeError) or not str(error).startswith(_NO_DELEGATE):
        return None
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or not trace.tb_frame.f_code.co_flags & CO_GENERATOR:
        return None  # the author's own function has said it
    wrong = BadStep(
        "it delegates to a coroutine, which nothing waits for here: write `yield from Call(function, argument, …)`, without "
        "calling the asynchronous function"
    )
    wrong.__cause__ = error
    return wrong
