"""Where in the author's code something is, as ``file:line``."""

import inspect
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from flowdsl.calls import Call
from flowdsl.navigation import Back, Checkpoint
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.subflows import Become, Run

__all__ = ["STEPS", "UNKNOWN", "author_frames", "defined_at", "delegates", "position", "source_line"]

UNKNOWN: Final = "an unknown place"
"""Where the line of an error cannot be told."""

_HERE = Path(__file__).parent

STEPS: Final = frozenset(each.__iter__.__code__ for each in (Prompt, Say, Call, Run, Become, Back, Checkpoint))
"""The code by which steps yield themselves, so that ``yield from`` has a type; no author wrote it."""


def position(generator: Generator[Any, Any, Any]) -> str:
    """Say where a generator stands, as ``file:line`` of the innermost one the author wrote.

    Args:
        generator: a suspended generator; those it delegates to by ``yield from`` are followed.
    """
    *_, here = delegates(generator)
    frame = getattr(here, "gi_frame", None)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "its end"


def delegates(generator: Generator[Any, Any, Any]) -> Iterator[Generator[Any, Any, Any]]:
    """Give a generator and those that it delegates to by ``yield from``, as far as the author wrote them."""
    yield generator
    while (inner := getattr(generator, "gi_yieldfrom", None)) is not None:
        if getattr(inner, "gi_code", None) is None or inner.gi_code in STEPS:
            break
        yield (generator := inner)


def defined_at(function: Any) -> str:
    """Say where a function is written, as ``file:line``."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else UNKNOWN


def source_line(error: BaseException) -> str:
    """Say where an exception was raised, as ``file:line``, in the code nearest to the flow's author."""
    *_, place = UNKNOWN, *(f"{frame.f_code.co_filename}:{line}" for frame, line in author_frames(error))
    # A StopIteration becomes an error of the generator itself, whose own trace does not reach into it.
    return source_line(error.__cause__) if place == UNKNOWN and error.__cause__ is not None else place


def author_frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Give the functions through which an exception went, the outermost first, each with its line; none of flowdsl's own."""
    trace = error.__traceback__
    while trace is not None:
        if _HERE not in Path(trace.tb_frame.f_code.co_filename).parents:
            yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
