"""What a call might come to, told by what its function is annotated to return: for commands, which no test has set up."""

import inspect
from collections.abc import Awaitable, Coroutine, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from flowdsl.pauses import Job
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
    list: [],
    dict: {},
    tuple: (),
}


class Guessing(dict[str, Any]):
    """A table of what calls come to, which guesses where it has nothing: each way a call may go, failing included.

    >>> Guessing(pay=42)["pay"]
    42
    """

    def guess(self, job: Job) -> Either:
        """Tell what a call might come to: a value for each thing that its function may return, or a failure.

        Args:
            job: the call.
        """
        return either(*_values(_returned(job.function)), RuntimeError("it failed"))


def _returned(function: Any) -> Any:
    try:
        hint = get_type_hints(inspect.unwrap(function)).get("return", inspect.Signature.empty)
    except Exception:  # a name that is not there at run time, or nothing that has annotations
        return inspect.Signature.empty
    while get_origin(hint) in (Awaitable, Coroutine):
        hint = get_args(hint)[-1]
    return hint


def _values(hint: Any) -> Iterator[Any]:
    if hint is None or hint is NoneType:
        yield None
    elif hint is bool:
        yield from (True, False)
    elif get_origin(hint) is Literal:
        yield from get_args(hint)
    elif get_origin(hint) in (Union, UnionType):
        for each in get_args(hint):
            yield from _values(each)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield from hint
    elif (known := get_origin(hint) or hint) in _ONE_OF_EACH:
        yield _ONE_OF_EACH[known]
