"""Moves what was placed nearer to what it is joined to, while nothing changes its order. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from flowdsl.mapping.order import Segment, neighbours
from flowdsl.mapping.placing import Extent

__all__ = ["relaxed"]

_ROUNDS: Final = 8
_JOG: Final = 28  # a line that is set off by less than this should better be straight


def relaxed(
    rows: Sequence[Sequence[int]],
    segments: Sequence[Segment],
    straight: frozenset[Segment],
    extents: Sequence[Extent],
    gap: float,
    places: Sequence[int],
) -> list[int]:
    """Move each spot, or each straight line as a whole, to the middle of its neighbours, as far as those beside it let it.

    Args:
        rows: the spots of each row from left to right.
        segments: the lines between neighbouring rows.
        straight: those that stay vertical where they are.
        extents: the room that each spot takes.
        gap: the room between two neighbours.
        places: where each spot is.

    >>> relaxed([[0], [1]], [(0, 1)], frozenset(), [Extent(5, 5)] * 2, 10, [0, 30])
    [30, 30]
    """
    above, below = neighbours(len(places), segments)
    # Where one way leads on by one way only, both stay below each other.
    fixed = {each for each in segments if each in straight or (len(below[each[0]]) == 1 == len(above[each[1]]))}
    room = _Room(rows, segments, fixed, extents, gap, places)
    for turn in range(_ROUNDS):
        down = turn % 2 == 1
        room.move_all(down=down, both=turn >= _ROUNDS - 2)
    for _ in range(2):
        for upper, lower in segments:
            room.straighten(upper, lower)
    return room.places()


class _Room:
    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        segments: Sequence[Segment],
        fixed: set[Segment],
        extents: Sequence[Extent],
        gap: float,
        places: Sequence[int],
    ) -> None:
        self.block = list(range(len(places)))
        row_of = {spot: number for number, row in enumerate(rows) for spot in row}
        for upper, lower in sorted(fixed, key=lambda each: (row_of[each[0]], each)):
            if places[upper] == places[lower]:
                self.block[lower] = self.block[upper]
        self.x = {block: float(places[block]) for block in dict.fromkeys(self.block)}
        # Each block is moved once on the way down, where it begins, and once on the way up, where it ends.
        self.tops = [[spot for spot in row if self.block[spot] == spot] for row in rows]
        last = {self.block[spot]: spot for row in rows for spot in row}
        self.bottoms = [[self.block[spot] for spot in row if last[self.block[spot]] == spot] for row in rows]
        self.above: dict[int, list[int]] = {block: [] for block in self.x}
        self.below: dict[int, list[int]] = {block: [] for block in self.x}
        for upper, lower in segments:
            if self.block[upper] != self.block[lower]:
                self.above[self.block[lower]].append(self.block[upper])
                self.below[self.block[upper]].append(self.block[lower])
        self.apart_left: dict[int, list[tuple[int, float]]] = {block: [] for block in self.x}
        self.apart_right: dict[int, list[tuple[int, float]]] = {block: [] for block in self.x}
        for row in rows:
            for left, right in pairwise(row):
                apart = extents[left].right + gap + extents[right].left
                self.apart_right[self.block[left]].append((self.block[right], apart))
                self.apart_left[self.block[right]].append((self.block[left], apart))

    def places(self) -> list[int]:
        """Tell where each spot is now."""
        return [round(self.x[block]) for block in self.block]

    def move_all(self, *, down: bool, both: bool) -> None:
        """Go through all rows, and move each block to the middle of what it is joined to above or below, or on both sides."""
        for blocks in self.tops if down else reversed(self.bottoms):
            for block in (*blocks, *reversed(blocks)):
                ends = [*self.above[block], *self.below[block]] if both else self.above[block] if down else self.below[block]
                if ends:
                    low, high = self._bounds(block)
                    self.x[block] = min(max(sum(self.x[other] for other in ends) / len(ends), low), high)

    def straighten(self, upper: int, lower: int) -> None:
        """Move one end of a line that is set off by a little, if it has the room."""
        one, other = self.block[upper], self.block[lower]
        if not 0 < abs(self.x[one] - self.x[other]) < _JOG:
            return
        for block, goal in ((other, self.x[one]), (one, self.x[other])):
            low, high = self._bounds(block)
            if low <= goal <= high:
                self.x[block] = goal
                return

    def _bounds(self, block: int) -> tuple[float, float]:
        low = max((self.x[other] + apart for other, apart in self.apart_left[block]), default=float("-inf"))
        high = min((self.x[other] - apart for other, apart in self.apart_right[block]), default=float("inf"))
        return low, high
