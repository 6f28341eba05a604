"""Flows within flows, and flows after flows."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from flowdsl.errors import BadStep
from flowdsl.unyielded import Unyielded

if TYPE_CHECKING:
    from flowdsl.flow import Flow

__all__ = ["Become", "Run"]

R = TypeVar("R")


class Run(Unyielded, Generic[R]):
    """Run another flow within this one, with keys of its own, and go on with what it returns.

    Its answers find their questions within it alone, so both flows may use the same keys. Once the person has answered a
    question after it, all that the journal keeps of it is what it returned, which must be a value that an answer may be.

    Args:
        flow: the flow.
        params: its keyword parameters.

    >>> from flowdsl import Prompt, flow
    >>> @flow
    ... def address():
    ...     return (yield Prompt("street", "Street?"))
    >>> Run(address).key
    'address'
    """

    __slots__ = ("flow", "key", "params")

    def __init__(self, flow: Flow[..., R], /, **params: Any) -> None:
        self.flow = flow
        try:
            self.key = flow.name
        except AttributeError:
            raise BadStep(f"Run takes a flow, and {flow!r} is none: put @flow above it, and do not call it") from None
        self.params = params

    def __iter__(self) -> Generator[Run[R], Any, R]:
        """Yield itself and return what the flow returned, so that ``yield from`` has its type."""
        result: R = yield self
        return result

    def __repr__(self) -> str:
        return f"<run of flow {self.key!r}>"


class Become(Unyielded):
    """Hand over to another flow, or begin this one again; nothing after it runs, nor anything of a flow that runs this one.

    The flow begins with an empty journal, so a menu that a person goes round for ever does not grow. The
    parameters are kept with the session, and must be values that an answer may be.

    Args:
        flow: the flow that goes on.
        params: its keyword parameters.
    """

    __slots__ = ("flow", "key", "params")

    def __init__(self, flow: Flow[..., Any], /, **params: Any) -> None:
        self.flow = flow
        try:
            self.key = flow.name
        except AttributeError:
            raise BadStep(f"Become takes a flow, and {flow!r} is none: put @flow above it, and do not call it") from None
        self.params = params

    def __iter__(self) -> Generator[Become, Any, NoReturn]:
        """Yield itself; what comes after may be of any type, as in ``return (yield from Become(…))``."""
        yield self
        raise BadStep(f"a flow goes on after it has become {self.key!r}")

    def __repr__(self) -> str:
        return f"<hand-over to flow {self.key!r}>"
