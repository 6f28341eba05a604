"""A conversation as it was held: written for people to read, and as a test to paste."""

from collections.abc import Iterator
from enum import Enum
from math import isfinite
from textwrap import indent
from typing import Any, Final, Literal, NamedTuple

import msgspec

from flowdsl.errors import AuthorError
from flowdsl.inspection.transcript import lines
from flowdsl.messages import Attachment, Reply
from flowdsl.testing.results import Made
from flowdsl.testing.stage import Moment

__all__ = ["Dialogue", "Input", "Passage", "Verb", "as_code", "bare", "call_line"]

Verb = Literal["dial", "type", "choose", "send", "wait", "redeliver", "crash", "redeploy"]
"""What a person, their network or a service does."""

_ASIDE: Final = "· "


class Input(NamedTuple):
    """What a person did: what they typed or sent, or that they waited.

    Args:
        verb: what they did.
        text: what they typed or dialled.
        label: what the choice is called that they picked.
        attachment: what they sent.
        seconds: how long they waited.
        slip: it is something else than an answer that the question takes.
        plainly: the choice can be picked by its label.
    """

    verb: Verb
    text: str = ""
    label: str = ""
    attachment: Attachment | None = None
    seconds: float = 0
    slip: bool = False
    plainly: bool = True

    def __repr__(self) -> str:
        return self.code

    def __str__(self) -> str:
        """Write it as a line of a dialogue."""
        match self.verb:
            case "wait":
                return f"{_ASIDE}{self.seconds:g} seconds pass"
            case "redeliver":
                return f"{_ASIDE}the same message comes again"
            case "crash":
                return f"> {self.text}  (and the process dies)"
            case "redeploy":
                return f"{_ASIDE}the code of {self.text} changes"
            case "choose" | "type" if self.label not in ("", self.text):
                return f"> {self.text}  ({self.label})"
            case "send":
                return f"> {self.attachment!r}{' ' if self.text else ''}{self.text}"
            case _:
                return f"> {self.text}"

    @property
    def code(self) -> str:
        """The call of a :class:`~flowdsl.testing.Conversation` that does the same."""
        match self.verb:
            case "dial" | "redeliver":
                return f"{self.verb}()"
            case "wait":
                return f"wait({self.seconds!r})"
            case "redeploy":
                return f"redeploy({self.text})"
            case "crash":
                return f"crash({self.text!r})"
            case "choose" if self.plainly:
                return f"choose({self.label!r})"
            case "send":
                return f"send({self.attachment!r}{f', {self.text!r}' if self.text else ''})"
            case _:
                return f"type({self.text!r})"


class Passage(NamedTuple):
    """What a person did, and what that came to.

    Args:
        did: what they did.
        shown: what they saw then.
        said: what the flow said.
        made: what it called.
        ended: it came to its end.
        raised: what it raised.
        where: ``file:line`` of that.
    """

    did: Input
    shown: Reply
    said: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    ended: bool = False
    raised: Exception | None = None
    where: str = ""

    @classmethod
    def of(cls, did: Input, moment: Moment) -> "Passage":
        """Keep of a moment what a dialogue shows."""
        return cls(did, moment.shown, moment.said, moment.made, moment.ended, moment.raised, moment.where)


class Dialogue(NamedTuple):
    """A conversation as it was held.

    ``str(dialogue)`` is what a person reads at a glance, and :meth:`as_test` is a test to paste that does the same.

    Args:
        flow: name of the flow.
        passages: what was done and shown, the dial first.
        setup: arguments of the :class:`~flowdsl.testing.Conversation`, as code.
    """

    flow: str
    passages: tuple[Passage, ...] = ()
    setup: tuple[str, ...] = ()

    @property
    def said(self) -> list[str]:
        """All that the flow has said, without its questions."""
        return [text for passage in self.passages for text in passage.said]

    @property
    def calls(self) -> list[Made]:
        """The calls that were made."""
        return [made for passage in self.passages for made in passage.made]

    def __str__(self) -> str:
        """Write it down, each message with what it came to."""
        written = [line for passage in self.passages for line in _lines(passage)]
        if self.passages and self.passages[-1].ended:
            written.append(f"{_ASIDE}the end")
        return "\n".join(written)

    def __repr__(self) -> str:
        return str(self)

    def as_test(self) -> str:
        """Write it down as a test to paste."""
        calls = _calls_as_code(self.calls)
        arguments = ", ".join((self.flow, *([f"calls={calls}"] if calls else []), *self.setup))
        done = [f"talk.{passage.did.code}" for passage in self.passages[1:]]
        body = "\n".join((f"talk = Conversation({arguments})", *done))
        return f"def test_{self.flow.replace('-', '_')}():\n{indent(body, '    ')}"


def _lines(passage: Passage) -> list[str]:
    written = [str(passage.did), *map(call_line, passage.made)]
    if passage.did.verb in ("wait", "crash", "redeploy"):
        return written
    if passage.raised is not None:
        return [*written, f"! {type(passage.raised).__name__} at {passage.where}: {bare(passage.raised)}".rstrip(": ")]
    return [*written, *(f"  {line}".rstrip() for line in lines(passage.shown))]


def bare(error: Exception) -> str:
    """Say what an error says, without the flow and the place, which are told beside it.

    Args:
        error: what a flow raised.
    """
    cause = error.__cause__
    return str(cause if isinstance(error, AuthorError) and type(cause) is type(error) else error)


def as_code(value: Any) -> str:
    """Write a value as the code that makes it; ``...`` where nobody can tell.

    >>> as_code([float("inf"), "Ama"])
    "[float('inf'), 'Ama']"
    """
    cls = value.__class__
    if isinstance(value, Enum):
        return f"{cls.__qualname__}.{value.name}"
    if cls is float and not isfinite(value):
        return f"float({str(value)!r})"
    if cls is list or (cls is tuple and len(value) != 1):
        begin, end = "[]" if cls is list else "()"
        return f"{begin}{', '.join(map(as_code, value))}{end}"
    if cls is dict:
        return f"{{{', '.join(f'{as_code(key)}: {as_code(each)}' for key, each in value.items())}}}"
    if isinstance(value, BaseException):
        return f"{cls.__name__}({', '.join(map(as_code, value.args))})"
    if isinstance(value, msgspec.Struct):
        return f"{cls.__name__}({', '.join(_fields(value))})"
    written = repr(value)
    return "..." if written.startswith("<") else written


def _fields(value: msgspec.Struct) -> Iterator[str]:
    """Write the fields that are not as they are unless given."""
    for field in msgspec.structs.fields(value):
        held = getattr(value, field.name)
        if field.required:
            yield as_code(held)
        elif field.default is msgspec.NODEFAULT or held != field.default:
            yield f"{field.name}={as_code(held)}"


def call_line(made: Made) -> str:
    """Write a call as a line of a dialogue."""
    arguments = ", ".join(map(repr, made.args))
    return f"{_ASIDE}{made.key}({arguments}) {_came_to(made.result)}"


def _came_to(result: Any) -> str:
    return f"raises {result!r}" if isinstance(result, BaseException) else f"gives {result!r}"


def _calls_as_code(calls: list[Made]) -> str:
    """Write a table of results that gives each call what it gave."""
    given: dict[str, list[str]] = {}
    for made in calls:
        given.setdefault(made.key, []).append(as_code(made.result))
    written = []
    for key, results in given.items():
        in_turn = f"in_turn({', '.join(results)})"
        written.append(f"{key!r}: {results[0] if len(set(results)) == 1 else in_turn}")
    return f"{{{', '.join(written)}}}" if written else ""
