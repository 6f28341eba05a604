"""How far to the right each spot of a row stands: straight lines, short ones, and nothing over another. Pure.

After U. Brandes and B. Köpf, "Fast and simple horizontal coordinate assignment" (2001): spots are aligned with their
median neighbours in four ways, from the left and the right, from above and below, and stand in the middle of the four.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from flowdsl.mapping.order import Segment, neighbours

__all__ = ["Extent", "placed"]


class Extent(NamedTuple):
    """How much room a spot takes on either side of the line that goes through it."""

    left: float
    right: float


def placed(
    rows: Sequence[Sequence[int]],
    segments: Sequence[Segment],
    straight: frozenset[Segment],
    extents: Sequence[Extent],
    gap: float,
) -> list[int]:
    """Give each spot its place.

    Args:
        rows: the spots of each row from left to right.
        segments: the lines between neighbouring rows.
        straight: those that are to be vertical before others are.
        extents: the room that each spot takes.
        gap: the room between two neighbours.

    >>> placed([[0], [1, 2]], [(0, 1), (0, 2)], frozenset(), [Extent(10, 10)] * 3, 20)
    [20, 0, 40]
    """
    count = sum(map(len, rows))
    above, below = neighbours(count, segments)
    bent = _bent(rows, above, straight)
    _join_straight(above, below, straight)
    found = []
    for joined, direction in ((above, list(rows)), (below, list(reversed(rows)))):
        for mirrored in (False, True):
            turned = [list(reversed(row)) for row in direction] if mirrored else [list(row) for row in direction]
            sides = [Extent(right, left) for left, right in extents] if mirrored else list(extents)
            xs = _compacted(turned, _aligned(turned, joined, bent, count), sides, gap)
            found.append([-x for x in xs] if mirrored else xs)
    return _balanced(found, extents)


def _join_straight(above: list[list[int]], below: list[list[int]], straight: frozenset[Segment]) -> None:
    """Let the ends of what is to be straight be aligned with nothing else."""
    for upper, lower in sorted(straight):
        above[lower], below[upper] = [upper], [lower]


def _bent(rows: Sequence[Sequence[int]], above: list[list[int]], straight: frozenset[Segment]) -> set[Segment]:
    """Find the segments that cross one which is to be straight."""
    found = set()
    for upper, lower in pairwise(rows):
        place = {spot: index for index, spot in enumerate(upper)}
        begin, scanned = -1, 0
        for index, spot in enumerate(lower):
            fixed = next((place[other] for other in above[spot] if (other, spot) in straight), None)
            if fixed is None and index < len(lower) - 1:
                continue
            end = len(upper) if fixed is None else fixed
            for each in lower[scanned : index + 1]:
                for other in above[each]:
                    if not begin <= place[other] <= end and (other, each) not in straight:
                        found.add((other, each))
            scanned, begin = index + 1, end if fixed is not None else begin
    return found


def _aligned(rows: list[list[int]], joined: list[list[int]], bent: set[Segment], count: int) -> list[int]:
    """Put spots into vertical blocks with their median neighbours, and tell the first one of each one's block."""
    root = list(range(count))
    taken = [False] * count
    place: dict[int, int] = {}
    for row in rows:
        last = -1
        for spot in row:
            ends = sorted(joined[spot], key=place.__getitem__)
            middle = len(ends) - 1
            for other in dict.fromkeys(ends[middle // 2 : (middle + 1) // 2 + 1]):
                free = root[spot] == spot and not taken[other]
                if free and last < place[other] and (other, spot) not in bent and (spot, other) not in bent:
                    taken[other] = True
                    root[spot] = root[other]
                    last = place[other]
        place = {spot: index for index, spot in enumerate(row)}
    return root


def _compacted(rows: list[list[int]], root: list[int], extents: list[Extent], gap: float) -> list[float]:
    """Move the blocks together as far as the room between neighbours lets them."""
    after: dict[int, dict[int, float]] = {each: {} for each in dict.fromkeys(root)}
    waiting = dict.fromkeys(after, 0)
    for row in rows:
        for left, right in pairwise(row):
            one, other, apart = root[left], root[right], extents[left].right + gap + extents[right].left
            if other not in after[one]:
                waiting[other] += 1
            after[one][other] = max(after[one].get(other, 0), apart)
    order = [each for each, count in waiting.items() if not count]
    x = dict.fromkeys(after, 0.0)
    for block in order:  # which grows while it is read
        for other, apart in after[block].items():
            x[other] = max(x[other], x[block] + apart)
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if after[block]:
            x[block] = max(x[block], min(x[other] - apart for other, apart in after[block].items()))
    return [x[each] for each in root]


def _balanced(found: list[list[float]], extents: Sequence[Extent]) -> list[int]:
    """Lay the four placements over the narrowest one, and take the middle of each spot's places."""
    if not extents:
        return []
    bounds = []
    for xs in found:
        low = min(x - extent.left for x, extent in zip(xs, extents, strict=True))
        bounds.append((low, max(x + extent.right for x, extent in zip(xs, extents, strict=True))))
    low, high = min(bounds, key=lambda bound: bound[1] - bound[0])
    shifts = [high - bound[1] if index % 2 else low - bound[0] for index, bound in enumerate(bounds)]
    middle = []
    for places in zip(*found, strict=True):
        _, one, other, _ = sorted(x + shift for x, shift in zip(places, shifts, strict=True))
        middle.append(round((one + other) / 2))
    return middle
