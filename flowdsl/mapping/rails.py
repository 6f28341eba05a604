"""The lanes that edges take between the cards: what stands in which row, and through which spots each edge goes. Pure.

Cards stand in rows of even number, labels in those between. An edge goes down from its card through its label. One that leads
further than the next row goes through a rail, which is shared by all edges to the same card, and so does one that leads up.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from flowdsl.mapping.layers import Arc, Layering
from flowdsl.mapping.order import Beside, Segment, ordered
from flowdsl.mapping.placing import Extent

__all__ = ["RAIL", "Port", "Skeleton", "Step", "framed"]

RAIL: Final = Extent(8, 8)
"""The room that a rail takes."""


class Port(NamedTuple):
    """Which lines leave a channel together: the channel, and the spot that they come from or go to."""

    channel: int
    spot: int


class Step(NamedTuple):
    """A part of an edge that goes through a channel, which is the room below the row of the same number."""

    port: Port
    source: int
    target: int


class Skeleton(NamedTuple):
    """All spots of a map, the cards first.

    Args:
        rows: the spots of each row from left to right.
        row: the row of each spot.
        segments: the lines between neighbouring rows.
        straight: those within rails.
        extents: the room that each spot takes.
        labels: the spot of each arc's label; ``None`` for what leads up without one, and from a card to itself.
        routes: the steps of each arc; none from a card to itself.
    """

    rows: list[list[int]]
    row: list[int]
    segments: list[Segment]
    straight: frozenset[Segment]
    extents: list[Extent]
    labels: list[int | None]
    routes: list[list[Step]]


def framed(cards: Sequence[Extent], arcs: Sequence[Arc], labels: Sequence[float], layering: Layering) -> Skeleton:
    """Lay lanes for all arcs.

    Args:
        cards: the room that each card takes.
        arcs: what leads where.
        labels: how wide each arc's label is; 0 without one.
        layering: the rows of the cards, and what leads up.

    >>> framed([Extent(9, 9)] * 2, [Arc(0, 1)], [20], Layering([0, 1], [False])).rows
    [[0], [2], [1]]
    """
    builder = _Builder(cards, layering)
    for number, (arc, width) in enumerate(zip(arcs, labels, strict=True)):
        builder.add_label(arc, width, up=layering.upward[number])
    builder.add_rails(arcs)
    builder.add_routes(arcs)
    return builder.built()


class _Builder:
    def __init__(self, cards: Sequence[Extent], layering: Layering) -> None:
        self.upward = layering.upward
        self.row = [2 * layer for layer in layering.layers]
        self.extents = list(cards)
        self.segments: dict[Segment, None] = {}
        self.straight: dict[Segment, None] = {}
        self.ties: dict[Segment, None] = {}
        self.labels: list[int | None] = []
        self.routes: list[list[Step]] = []
        self.down: dict[int, dict[int, int]] = {}
        self.up: dict[int, dict[int, int]] = {}
        self.loops: set[int] = set()

    def add_label(self, arc: Arc, width: float, *, up: bool) -> None:
        """Give an arc its spot below the card, which one that leads up needs only for a label."""
        if arc.source == arc.target:
            self.loops.add(arc.source)
        if arc.source == arc.target or (up and not width):
            self.labels.append(None)
            return
        half = max(width / 2, RAIL.left)
        self.labels.append(self._spot(self.row[arc.source] + 1, Extent(half, half)))

    def add_rails(self, arcs: Sequence[Arc]) -> None:
        """Lay a rail down to each card that is reached from further than the next row, and one up to what is gone back to."""
        down: dict[int, int] = {}
        up: dict[int, int] = {}
        for arc, upward, label in zip(arcs, self.upward, self.labels, strict=True):
            first = self.row[arc.source] + (1 if label is not None else 0)
            if arc.source == arc.target:
                continue
            if upward:
                up[arc.target] = max(first, up.get(arc.target, 0))
            elif first + 1 < self.row[arc.target]:
                down[arc.target] = min(first + 1, down.get(arc.target, first + 1))
        for card, first in down.items():
            self.down[card] = self._rail(range(first, self.row[card]))
        for card, last in up.items():
            self.up[card] = self._rail(range(self.row[card], last + 1))

    def add_routes(self, arcs: Sequence[Arc]) -> None:
        """Lead each arc through its label and the rail."""
        for arc, upward, label in zip(arcs, self.upward, self.labels, strict=True):
            if arc.source == arc.target:
                self.routes.append([])
            elif upward:
                self.routes.append(self._way_up(arc, label))
            else:
                assert label is not None
                self.routes.append(self._way_down(arc, label))

    def built(self) -> Skeleton:
        """Order the rows, and put the end of each rail that leads up beside its card."""
        rows: list[list[int]] = [[] for _ in range(max(self.row, default=-1) + 1)]
        for spot in self._walked():
            rows[self.row[spot]].append(spot)
        beside = [Beside(rail[self.row[card]], card, card in self.loops) for card, rail in self.up.items()]
        rows = ordered(rows, [*self.segments, *self.ties], beside)
        straight = frozenset(self.straight)
        return Skeleton(rows, self.row, list(self.segments), straight, self.extents, self.labels, self.routes)

    def _spot(self, row: int, extent: Extent) -> int:
        self.row.append(row)
        self.extents.append(extent)
        return len(self.row) - 1

    def _rail(self, rows: range) -> dict[int, int]:
        spots = {row: self._spot(row, RAIL) for row in rows}
        for row in rows[:-1]:
            self.segments[spots[row], spots[row + 1]] = None
            self.straight[spots[row], spots[row + 1]] = None
        return spots

    def _way_down(self, arc: Arc, label: int) -> list[Step]:
        start, end = self.row[arc.source], self.row[arc.target]
        self.segments[arc.source, label] = None
        rail = self.down[arc.target] if start + 2 < end else {}
        way = [label, *(rail[row] for row in range(start + 2, end)), arc.target]
        steps = [Step(Port(start, arc.source), arc.source, label)]
        for row, (upper, lower) in enumerate(pairwise(way), start + 1):
            self.segments[upper, lower] = None
            # Out of a card all go together, and so do all that go into one, or into its rail.
            steps.append(Step(Port(row, lower if row % 2 else upper), upper, lower))
        return steps

    def _way_up(self, arc: Arc, label: int | None) -> list[Step]:
        top, bottom = self.row[arc.target], self.row[arc.source]
        rail = self.up[arc.target]
        steps = []
        if label is None:
            steps.append(Step(Port(bottom, arc.source), arc.source, rail[bottom]))
        else:
            self.segments[arc.source, label] = None
            self.ties[rail[bottom], label] = None
            steps.append(Step(Port(bottom, arc.source), arc.source, label))
            bottom += 1
            steps.append(Step(Port(bottom, rail[bottom]), label, rail[bottom]))
        steps += [Step(Port(row - 1, rail[row - 1]), rail[row], rail[row - 1]) for row in range(bottom, top, -1)]
        # These are no lines, but keep the ends of the rail near to what it comes from and leads to.
        if label is None and bottom > top:
            self.ties[rail[bottom - 1], arc.source] = None
        if top + 1 in rail:
            self.ties[arc.target, rail[top + 1]] = None
        return steps

    def _walked(self) -> list[int]:
        """List the spots as they are found by going down from the left, which is a good order to begin with."""
        below: list[list[int]] = [[] for _ in self.row]
        led_to = set()
        for upper, lower in [*self.segments, *self.ties]:
            below[upper].append(lower)
            led_to.add(lower)
        seen: dict[int, None] = {}
        stack = sorted(range(len(below)), key=lambda spot: (spot in led_to, spot), reverse=True)
        while stack:
            spot = stack.pop()
            if spot not in seen:
                seen[spot] = None
                stack += reversed(below[spot])
        return list(seen)
