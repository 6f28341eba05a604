"""What the variables of a flow hold, written so that two replays can be held against each other."""

import dis
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from gc import get_referents
from types import BuiltinFunctionType, CellType, CodeType, FrameType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from flowdsl.chat import Chat
from flowdsl.flow import Flow
from flowdsl.replay import Replay
from flowdsl.session import Session
from flowdsl.source import delegates
from flowdsl.texts import Deferred

__all__ = ["Place", "Position", "Stack", "difference", "stack", "written"]


Position: TypeAlias = tuple[int | None, int | None, int | None, int | None]
"""A piece of source: its first and last line, and the first and last column of these."""

# Bytes of each, in CPython.
_INSTRUCTION: Final = 2


class Place(NamedTuple):
    """A function that a flow stands in: its name, its file, its line, the place in its source, and its variables as written.

    A variable that cannot be held against another one, such as an open file, is ``None``. Beside the variables it has what
    Python keeps for itself: how far a ``for`` is, and what of an expression is known already. ``in_for`` tells whether it
    is in one.
    """

    name: str
    file: str
    line: int
    position: Position
    variables: tuple[tuple[str, str | None], ...]
    kept: tuple[str | None, ...] = ()
    in_for: bool = False

    @property
    def where(self) -> str:
        """The line, as ``file:line``."""
        return f"{self.file}:{self.line}"


class Stack(NamedTuple):
    """The functions that a flow stands in, the outermost first."""

    places: tuple[Place, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether all variables can be held against others."""
        return all(None not in place.kept and all(written is not None for _, written in place.variables) for place in self.places)

    @property
    def in_for(self) -> bool:
        """Whether it is in a loop that comes to an end by itself."""
        return any(place.in_for for place in self.places)

    @property
    def line(self) -> tuple[tuple[str, Position], ...]:
        """Where it is in the code, whatever the variables are."""
        return tuple([(place.name, place.position) for place in self.places])


def stack(replay: Replay) -> Stack:
    """Write down where a flow stands.

    Args:
        replay: shown by ``watch`` of :func:`flowdsl.turn.take_turn`.
    """
    return Stack(tuple(_places(replay, _Writer())))


def _places(replay: Replay, writer: "_Writer") -> Iterator[Place]:
    for outer in replay.generators():
        for each in delegates(outer):
            frame = getattr(each, "gi_frame", None)
            if frame is None:
                continue
            code = frame.f_code
            variables = frame.f_locals
            held = tuple([(name, writer.tried(value)) for name, value in variables.items()])
            kept = tuple([writer.tried(value) for value in _kept(getattr(each, "played", each), frame, variables)])
            _, positions, fors = _looked_at(code)
            # By its place in the source, since Python may write one step down twice, as that of the condition of a loop.
            position = positions[frame.f_lasti // _INSTRUCTION]
            in_for = any(begin <= frame.f_lasti < end for begin, end in fors)
            yield Place(code.co_qualname, code.co_filename, frame.f_lineno, position, held, kept, in_for)


class _Look(NamedTuple):
    """What is known of a function's code: the source of each instruction, and where loops by ``for`` begin and end."""

    code: CodeType
    positions: tuple[Position, ...]
    fors: tuple[tuple[int, int], ...]


# By the code itself, and not by what is in it, which takes longer to compare than all the rest.
_looks: Final[dict[int, _Look]] = {}
_MOST_CODES: Final = 4096


def _looked_at(code: CodeType) -> _Look:
    known = _looks.get(id(code))
    if known is None:
        if len(_looks) >= _MOST_CODES:
            _looks.clear()
        fors = tuple((each.offset, each.argval) for each in dis.get_instructions(code) if each.opname == "FOR_ITER")
        # The code is held, so that no other one gets its id.
        known = _looks[id(code)] = _Look(code, tuple(code.co_positions()), fors)
    return known


def _kept(generator: Any, frame: FrameType, variables: dict[str, Any]) -> list[Any]:
    """Tell what a generator holds beside its variables.

    In CPython the garbage collector is told of all that a frame refers to, its stack of values included.
    """
    held = get_referents(generator)
    known = {
        *map(id, variables.values()),
        *map(id, (frame, variables, frame.f_globals, frame.f_builtins, generator.gi_yieldfrom)),
    }
    more = [value for value in held if id(value) not in known and value.__class__ not in _OF_PYTHON]
    return [value for value in more if getattr(value, "__code__", None) is not frame.f_code] if more else more


def difference(one: Stack, other: Stack) -> str | None:
    """Say in words what differs between two replays of the same answers; ``None`` where nothing does.

    Args:
        one: where the first stands.
        other: where the second stands.
    """
    for first, second in zip(one.places, other.places, strict=False):
        if (first.name, first.position) != (second.name, second.position):
            return f"it stood at {first.where}, and then at {second.where}"
        known = dict(second.variables)
        for name, written in first.variables:
            if name in known and None not in (written, known[name]) and written != known[name]:
                return f"the variable {name!r} at {first.where} was {written}, and then {known[name]}"
    if len(one.places) != len(other.places):
        longer = max(one.places, other.places, key=len)
        return f"only one of them stood at {longer[-1].where}"
    return None


_OF_PYTHON: Final = frozenset({CodeType, CellType})
_PLAIN: Final = frozenset({str, int, float, bool, NoneType, bytes, Decimal, date, datetime, time, timedelta, UUID})
_OF_THE_SESSION: Final = (Chat, Session)
_DEEPEST: Final = 8
# What holds more is a catalogue or a client, and to write it at every turn would take longer than all the rest.
_MOST: Final = 2_000


def written(value: Any) -> str | None:
    """Write a value down so that it can be held against another; ``None`` where what it holds cannot be known.

    >>> written({"bags": [1, 2]}), written(len), written(value for value in ())
    ("{'bags': [1, 2]}", '<builtins.len>', None)
    """
    return _Writer().tried(value)


class _Unknown(Exception):
    """What a value holds cannot be known."""


class _Writer:
    """Writes values that belong together: what two of them share is written as such."""

    __slots__ = ("_alive", "_left", "_seen")

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._alive: list[Any] = []
        self._left = _MOST

    def tried(self, value: Any) -> str | None:
        """Write a value; ``None`` where that cannot be done."""
        if value.__class__ in _PLAIN:  # as most are
            return repr(value)
        self._left = _MOST
        try:
            return self._written(value, 0)
        except _Unknown:
            return None

    def _written(self, value: Any, depth: int) -> str:
        cls = value.__class__
        if cls in _PLAIN:
            return repr(value)
        if (named := _named(value)) is not None:
            return named
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise _Unknown
        known = self._seen.get(id(value))
        if known is not None:
            return f"<#{known}>"
        if cls is not tuple:  # of one that can change it matters who else holds it
            self._seen[id(value)] = len(self._seen)
            self._alive.append(value)
        return self._content(value, cls, depth + 1)

    def _content(self, value: Any, cls: type, depth: int) -> str:
        if cls is list:
            return f"[{self._joined(value, depth)}]"
        if cls is tuple:
            return f"({self._joined(value, depth)})"
        if cls is dict:
            pairs = (f"{self._written(key, depth)}: {self._written(each, depth)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        if cls is set or cls is frozenset:
            return f"{{{', '.join(sorted(self._written(each, depth) for each in value))}}}"
        if cls is FunctionType:
            return f"<{value.__module__}.{value.__qualname__}{self._joined(_bound(value), depth)}>"
        return f"{cls.__qualname__}({self._joined(_held(value), depth)})"

    def _joined(self, values: Iterable[Any], depth: int) -> str:
        return ", ".join([self._written(each, depth) for each in values])


def _named(value: Any) -> str | None:
    cls = value.__class__
    if isinstance(value, Enum):
        return f"{cls.__qualname__}.{value.name}"
    if isinstance(value, _OF_THE_SESSION):
        return f"<{cls.__name__.lower()}>"  # what is in them is compared by itself
    if isinstance(value, Flow):
        return f"<flow {value.name}>"
    if isinstance(value, type):
        if "<locals>" in value.__qualname__:  # made anew with each replay, and who knows of what
            raise _Unknown
        return f"<{value.__module__}.{value.__qualname__}>"
    if isinstance(value, ModuleType):
        return f"<module {value.__name__}>"
    if cls is BuiltinFunctionType and isinstance(value.__self__, ModuleType | NoneType):
        return f"<{value.__module__}.{value.__qualname__}>"
    return None


def _bound(function: FunctionType) -> Iterator[Any]:
    """Tell what a function brings with it; two that are written in one place may differ in that."""
    yield id(function.__code__)
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).items()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # assigned later
            yield "nothing yet"


def _held(value: Any) -> Iterable[Any]:
    """Tell what an object holds, as :mod:`pickle` would have to know it."""
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if value.__class__.__module__ == "itertools":  # from Python 3.12 on they do not like to be asked
        raise _Unknown
    if isinstance(value, Deferred):  # a text and its values; where catalogues are is another thing
        return [getattr(value, name) for name in value.__struct_fields__ if name != "source"]
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name, None) for name in value.__struct_fields__]
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # a file, a lock, a generator
        raise _Unknown from None
    if not isinstance(reduced, tuple):
        raise _Unknown
    _, arguments, *state = reduced
    return [arguments, *(list(each) if isinstance(each, Iterator) else each for each in state)]
