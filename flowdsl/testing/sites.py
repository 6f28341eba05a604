"""Every ``yield`` of a flow: where they are in the code, and which of them a flow has come to."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, GeneratorType
from typing import Any, Final, NamedTuple

from flowdsl.flow import observer
from flowdsl.source import STEPS, delegates

__all__ = ["Site", "Sites", "yields_of"]


class Site(NamedTuple):
    """A ``yield``: its file, its line and column, and the function that it is in."""

    file: str
    line: int
    column: int
    function: str

    @property
    def where(self) -> str:
        """The line, as ``file:line``."""
        return f"{self.file}:{self.line}"


class Sites:
    """The yields that flows come to while they are watched."""

    __slots__ = ("_codes", "_first", "_seen", "fresh", "path")

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}
        self._seen: dict[tuple[int, int], tuple[int, int]] = {}
        self._first: dict[Site | None, tuple[int, int]] = {}
        self.path: list[tuple[tuple[int, int], Any]] = []
        """The yields that were come to since the flow began to be played, in their order, each with the step."""
        self.fresh = False
        """The next flow that begins is played anew, and not within another one."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the flows that begin within."""
        token = observer.set(self.begun)
        try:
            yield
        finally:
            observer.reset(token)

    def visited(self) -> set[Site]:
        """Give the yields that were come to."""
        return {site for code, instruction in self._seen if (site := _site(self._codes[code], instruction)) is not None}

    def known(self) -> set[Site]:
        """Give all yields of the functions that were begun."""
        return {site for code in self._codes.values() for site in yields_of(code)}

    def site(self, place: tuple[int, int]) -> Site | None:
        """Tell which yield a place of :attr:`path` is."""
        code, instruction = place
        return _site(self._codes[code], instruction)

    def begun(self, generator: GeneratorType[Any, Any, Any]) -> _Observed:
        """Watch a flow that begins."""
        if self.fresh:
            self.path, self.fresh = [], False
        return _Observed(generator, self)

    def note(self, generator: GeneratorType[Any, Any, Any], step: Any) -> None:
        """Note where a flow has stopped."""
        # Every step of every replay comes here, and most are yielded by the flow's own function.
        within = generator.gi_yieldfrom
        if within is not None and getattr(within, "gi_code", None) not in STEPS:
            places = [self._noted(getattr(each, "gi_frame", None)) for each in delegates(generator)]
            self.path.append((places[-1], step))
        else:
            self.path.append((self._noted(generator.gi_frame), step))

    def _noted(self, frame: Any) -> tuple[int, int]:
        code = frame.f_code
        place = (id(code), frame.f_lasti)
        known = self._seen.get(place)
        if known is None:
            # Python may compile one yield twice, as that of a loop's condition.
            self._codes[place[0]] = code
            known = self._seen[place] = self._first.setdefault(_site(code, frame.f_lasti), place)
        return known


class _Observed:
    """A generator whose steps are noted."""

    __slots__ = ("_sites", "played")

    def __init__(self, generator: GeneratorType[Any, Any, Any], sites: Sites) -> None:
        self.played: Final = generator
        self._sites: Final = sites

    def send(self, value: Any) -> Any:
        """Go on, and note the step."""
        step = self.played.send(value)
        self._sites.note(self.played, step)
        return step

    def throw(self, error: BaseException) -> Any:
        """Raise something in the flow, and note the step."""
        step = self.played.throw(error)
        self._sites.note(self.played, step)
        return step

    def close(self) -> None:
        """Stop it."""
        self.played.close()

    @property
    def gi_frame(self) -> Any:
        return self.played.gi_frame

    @property
    def gi_yieldfrom(self) -> Any:
        return self.played.gi_yieldfrom

    @property
    def gi_code(self) -> CodeType:
        return self.played.gi_code

    @property
    def gi_running(self) -> bool:
        return self.played.gi_running


def yields_of(code: CodeType) -> Iterator[Site]:
    """Give the yields of a function, in the order of its lines.

    Args:
        code: its code.

    >>> def greeting():
    ...     yield "Hello"
    ...     yield "Goodbye"
    >>> [site.line for site in yields_of(greeting.__code__)]
    [2, 3]
    """
    found = {_site(code, each.offset) for each in dis.get_instructions(code) if each.opname == "YIELD_VALUE"}
    return iter(sorted(site for site in found if site is not None))


def _site(code: CodeType, instruction: int) -> Site | None:
    # An instruction takes two bytes, and each has a position.
    line, _, column, _ = _positions(code)[instruction // 2]
    return None if line is None else Site(code.co_filename, line, column or 0, code.co_qualname)


def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())
