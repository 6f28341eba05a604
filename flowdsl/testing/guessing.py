"""What a call might come to, told by what its function is annotated to return: for commands, which no test has set up."""

import inspect
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from flowdsl.pauses import Job
from flowdsl.source import defined_at
from flowdsl.testing.results import Either, either

__all__ = ["Guessing"]

_ONE_OF_EACH: Final[dict[Any, Any]] = {
    int: 1,
    float: 1.0,
    str: "text",
    Decimal: Decimal("1.00"),
    date: date(2026, 1, 1),
    time: time(12),
    datetime: datetime(2026, 1, 1, 12, tzinfo=UTC),
    UUID: UUID(int=1),
}
_NOTHING: Final = object()
_DEEPEST: Final = 4


class Guessing(dict[str, Any]):
    """A table of what calls come to, which guesses where it has nothing: each way a call may go, failing included.

    ``unknown`` has the calls of which nothing could be guessed but that they fail, each with ``file:line`` of its function.

    >>> Guessing(pay=42)["pay"]
    42
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.unknown: dict[str, str] = {}

    def guess(self, job: Job) -> Either:
        """Tell what a call might come to: a value for each thing that its function may return, or a failure.

        Args:
            job: the call.
        """
        values = [*_values(_returned(job.function), job.types, 0)]
        if not values:
            self.unknown[job.call.key] = defined_at(job.function)
        return either(*values, RuntimeError("it failed"))


def _returned(function: Any) -> Any:
    try:
        hint = get_type_hints(inspect.unwrap(function)).get("return", inspect.Signature.empty)
    except Exception:  # a name that is not there at run time, or nothing that has annotations
        return inspect.Signature.empty
    while get_origin(hint) in (Awaitable, Coroutine):
        hint = get_args(hint)[-1]
    return hint


def _values(hint: Any, types: Mapping[str, type], depth: int) -> Iterator[Any]:
    """Give values of what an annotation names; none where that cannot be told."""
    if depth > _DEEPEST:
        return
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is None or hint is NoneType:
        yield None
    elif hint is bool:
        yield from (True, False)
    elif origin is Literal:
        yield from arguments
    elif origin in (Union, UnionType):
        for each in arguments:
            yield from _values(each, types, depth + 1)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield from hint
    elif (origin or hint) in (list, tuple, dict):
        yield from _collected(origin or hint, arguments, types, depth + 1)
    elif hint in _ONE_OF_EACH:
        yield _ONE_OF_EACH[hint]
    elif isinstance(hint, type) and hint in types.values():
        yield from _built(hint, types, depth + 1)


def _collected(kind: type, arguments: tuple[Any, ...], types: Mapping[str, type], depth: int) -> Iterator[Any]:
    """Give what holds others: a tuple as it is named, a list or dict with something in it and without."""
    first = [next(_values(each, types, depth), _NOTHING) for each in arguments if each is not ...]
    if kind is tuple and arguments and ... not in arguments:
        if _NOTHING not in first:
            yield tuple(first)
        return
    if first and _NOTHING not in first:
        yield {first[0]: first[1]} if kind is dict else kind(first[:1])
    yield kind()


def _built(kind: type, types: Mapping[str, type], depth: int) -> Iterator[Any]:
    """Give an object of a class that the flow names."""
    fields = {name: next(_values(hint, types, depth), _NOTHING) for name, hint in get_type_hints(kind).items()}
    if _NOTHING not in fields.values():
        with suppress(Exception):  # it does not like what was guessed
            yield kind(**fields)
