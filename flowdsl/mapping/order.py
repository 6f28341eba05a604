"""The order of what stands in each row, so that few lines cross. Pure."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["Beside", "Segment", "crossings", "neighbours", "ordered"]

Segment = tuple[int, int]
"""A line between two neighbouring rows: the upper end and the lower one."""


class Beside(NamedTuple):
    """What stands beside another spot of its row, on the side where its lines lead.

    Args:
        spot: what is put there.
        other: what it stands beside.
        left: it stands at the left in any case.
    """

    spot: int
    other: int
    left: bool = False


_SWEEPS: Final = 24
_PATIENCE: Final = 6  # how many sweeps in a row may be no better


def neighbours(count: int, segments: Sequence[Segment]) -> tuple[list[list[int]], list[list[int]]]:
    """Tell for each spot what it is joined to in the row above, and in the row below.

    >>> neighbours(3, [(0, 1), (0, 2)])
    ([[], [0], [0]], [[1, 2], [], []])
    """
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for upper, lower in segments:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def crossings(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> int:
    """Count how many pairs of lines cross.

    Args:
        rows: the spots of each row from left to right.
        below: what each spot is joined to in the next row.

    >>> crossings([[0, 1], [2, 3]], [[3], [2], [], []])
    1
    """
    total = 0
    for upper, lower in pairwise(rows):
        place = {spot: index for index, spot in enumerate(lower)}
        seen: list[int] = []
        for spot in upper:
            ends = sorted(place[other] for other in below[spot])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def ordered(rows: Sequence[Sequence[int]], segments: Sequence[Segment], beside: Sequence[Beside] = ()) -> list[list[int]]:
    """Find an order for each row: sweeps by barycentres, and swaps of neighbours in between.

    Args:
        rows: the spots of each row, in the order to begin with.
        segments: the lines between them.
        beside: what must stand beside what.

    >>> ordered([[0, 1], [2, 3]], [(0, 3), (1, 2)])
    [[0, 1], [3, 2]]
    """
    above, below = neighbours(sum(map(len, rows)), segments)
    place_of = {spot: index for index, row in enumerate(rows) for spot in row}
    best: list[list[int]] = []
    fewest = -1
    for mirrored in (False, True):
        current = [list(reversed(row)) if mirrored else list(row) for row in rows]
        waited = 0
        for sweep in range(_SWEEPS):
            if sweep:
                _sweep(current, above, below, down=sweep % 2 == 1)
                _swap(current, above, below)
            for each in beside:
                _put_beside(current[place_of[each.spot]], each)
            found = crossings(current, below)
            waited += 1
            if fewest < 0 or found < fewest:
                best, fewest, waited = [list(row) for row in current], found, 0
            if not fewest or waited > _PATIENCE:
                break
    return best


def _put_beside(row: list[int], beside: Beside) -> None:
    right = row.index(beside.spot) > row.index(beside.other) and not beside.left
    row.remove(beside.spot)
    row.insert(row.index(beside.other) + right, beside.spot)


def _sweep(rows: list[list[int]], above: list[list[int]], below: list[list[int]], *, down: bool) -> None:
    """Sort each row by where its neighbours in the row before it stand."""
    joined = above if down else below
    place: dict[int, float] = {}
    for row in rows if down else reversed(rows):
        weights = {}
        for index, spot in enumerate(row):
            ends = [place[other] for other in joined[spot]]
            weights[spot] = sum(ends) / len(ends) if ends else index
        row.sort(key=weights.__getitem__)
        place = {spot: index for index, spot in enumerate(row)}


def _swap(rows: list[list[int]], above: list[list[int]], below: list[list[int]]) -> None:
    """Exchange neighbours wherever fewer lines cross then."""
    place = {spot: index for row in rows for index, spot in enumerate(row)}
    for row in rows:
        for index in range(len(row) - 1):
            left, right = row[index], row[index + 1]
            gain = 0
            for joined in (above, below):
                ends, others = [place[each] for each in joined[left]], [place[each] for each in joined[right]]
                gain += _inversions(ends, others) - _inversions(others, ends)
            if gain > 0:
                row[index], row[index + 1] = right, left
                place[left], place[right] = index + 1, index


def _inversions(left: list[int], right: list[int]) -> int:
    return sum(one > other for one in left for other in right)
