"""Where a flow stands in its own code: the functions it is in, and what their variables hold. Pure."""

import dataclasses
import re
from collections.abc import Generator, Mapping
from enum import Enum
from types import FrameType
from typing import Any, Final

import msgspec

from flowdsl.calls import Call
from flowdsl.chat import Chat
from flowdsl.inspection.secrecy import HIDDEN, Mask, is_telling
from flowdsl.prompt import Prompt
from flowdsl.replay import Replay
from flowdsl.source import author_frames, delegates
from flowdsl.steps import Say
from flowdsl.subflows import Run

__all__ = ["Frame", "frames", "frames_of", "legible"]

_LONGEST: Final = 200
_DEEPEST: Final = 6
# Where something is in memory tells nobody anything, and is another place every time.
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")
_NAMED: Final = re.compile(r"(\w+)['\"]?\s*[=:]")


class Frame(msgspec.Struct, frozen=True):
    """A function that a flow is in: its name, ``file:line``, and its variables as they can be read."""

    name: str
    where: str
    variables: dict[str, str]


def frames(replay: Replay, mask: Mask) -> list[Frame]:
    """Read the variables of a flow that is being played, the outermost function first.

    Args:
        replay: shown by ``watch`` of :func:`flowdsl.interpreter.play`.
        mask: what must not be shown.
    """
    return [frame for outer in replay.generators() for each in delegates(outer) if (frame := _frame(each, mask)) is not None]


def frames_of(error: BaseException, mask: Mask) -> list[Frame]:
    """Read the variables of the functions through which an exception went, the outermost first.

    Args:
        error: what a flow raised.
        mask: what must not be shown.
    """
    return [_read(frame, line, mask) for frame, line in author_frames(error)]


def _frame(generator: Generator[Any, Any, Any], mask: Mask) -> Frame | None:
    frame = getattr(generator, "gi_frame", None)
    return None if frame is None else _read(frame, frame.f_lineno, mask)


def _read(frame: FrameType, line: int, mask: Mask) -> Frame:
    code = frame.f_code
    # A variable without a name of its own is Python's, as the iterator of a comprehension.
    variables = {name: legible(value, mask, name) for name, value in dict(frame.f_locals).items() if name[:1] != "."}
    return Frame(code.co_qualname, f"{code.co_filename}:{line}", variables)


def legible(value: Any, mask: Mask, name: str = "") -> str:
    """Write a value for people to read, without what is secret in it.

    Args:
        value: anything; what cannot be written is named by its type.
        mask: what must not be shown.
        name: what it is called.

    >>> mask = Mask()
    >>> mask.learn("4242")
    >>> legible({"name": "Ama", "pin": 1, "code": "4242"}, mask)
    "{'name': 'Ama', 'pin': ****, 'code': ****}"
    """
    written = _written(value, mask, name, 0)
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"


def _written(value: Any, mask: Mask, name: str, depth: int) -> str:
    if value is not None and is_telling(name):
        return HIDDEN
    if isinstance(value, Chat):
        return "<chat>"
    if value is None or isinstance(value, bool):
        return repr(value)
    if depth > _DEEPEST:
        return "…"
    cls = value.__class__
    if cls is dict:
        each = (f"{_key(key, mask)}: {_written(item, mask, _name(key), depth + 1)}" for key, item in value.items())
        return f"{{{', '.join(each)}}}"
    if cls in _BRACKETS:
        begin, end = _BRACKETS[cls]
        lone = "," if cls is tuple and len(value) == 1 else ""
        return f"{begin}{', '.join(_written(item, mask, '', depth + 1) for item in value)}{lone}{end}"
    fields = _fields(value)
    if fields is not None:
        inner = ", ".join(f"{key}={_written(item, mask, key, depth + 1)}" for key, item in fields.items())
        return f"{cls.__qualname__}({inner})"
    return _plainly(value, mask)


_BRACKETS: Final[Mapping[type, tuple[str, str]]] = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}")}


def _key(key: Any, mask: Mask) -> str:
    return _plainly(key, mask)


def _name(key: Any) -> str:
    return key if isinstance(key, str) else ""


def _fields(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Prompt | Say | type):
        return None
    try:
        if dataclasses.is_dataclass(value):
            return {each.name: getattr(value, each.name) for each in dataclasses.fields(value) if each.repr}
        if isinstance(value, msgspec.Struct):
            return {each: getattr(value, each) for each in value.__struct_fields__}
    except Exception:  # a field that was never set
        return {}
    return None


def _plainly(value: Any, mask: Mask) -> str:
    if isinstance(value, Prompt):
        return f"<prompt {value.key!r}>"
    try:
        written = repr(value) if isinstance(value, Call) else _ADDRESS.sub("", repr(value))
        told = written if isinstance(value, Say | Call | Run) else str(value)  # which must not be put into a text
    except Exception:  # the author's own, and no reason to show nothing at all
        return f"<{value.__class__.__qualname__}>"
    # A date, for one, is written otherwise in a program than in an answer.
    also = value.name if isinstance(value, Enum) else told
    names_one = not isinstance(value, str | int | float) and any(map(is_telling, _NAMED.findall(written)))
    return HIDDEN if names_one or any(map(mask.hides, (written, told, also))) else written
