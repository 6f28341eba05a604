"""Where everything on the map stands: cards, labels, and the lines between them. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from flowdsl.mapping.layers import Arc, layered
from flowdsl.mapping.placing import Extent, placed
from flowdsl.mapping.rails import Port, Skeleton, framed
from flowdsl.mapping.relaxing import relaxed
from flowdsl.mapping.tracks import Comb, tracks

__all__ = ["LABEL_HEIGHT", "Box", "Layout", "Line", "Point", "laid_out"]

LABEL_HEIGHT: Final = 22
_GAP: Final = 14
_TRACK: Final = 10
_BELOW_CARD: Final = 14
_ABOVE_CARD: Final = 24  # the point of an arrow needs room
_BELOW_LABEL: Final = 8
_SIDE: Final = 21  # how far below its top a card is entered from the side
_LOOP: Final = 22  # how far a line from a card to itself goes out to the right
_LOOP_LABEL: Final = 10
_LOOP_STEP: Final = LABEL_HEIGHT + 4


class Box(NamedTuple):
    """The size of a card."""

    width: int
    height: int


class Point(NamedTuple):
    """A place on the map."""

    x: int
    y: int


Line = tuple[Point, ...]
"""What goes from point to point, across or straight down or up."""


class Layout(NamedTuple):
    """A finished map.

    Args:
        cards: the upper left corner of each card.
        labels: the middle of each arc's label; ``None`` where the arc has none.
        lines: where each arc goes.
        upward: for each arc, whether it leads up, or from a card to itself.
        width: of the whole map, which begins at 0.
        height: of the whole map, which begins at 0.
    """

    cards: list[Point]
    labels: list[Point | None]
    lines: list[Line]
    upward: list[bool]
    width: int
    height: int


def laid_out(boxes: Sequence[Box], arcs: Sequence[Arc], labels: Sequence[int]) -> Layout:
    """Find a place for everything. What is given in the same order has the same places.

    Args:
        boxes: the sizes of the cards.
        arcs: what leads where.
        labels: how wide each arc's label is; 0 without one.

    >>> laid_out([Box(100, 40)] * 2, [Arc(0, 1)], [0]).cards
    [Point(x=0, y=0), Point(x=0, y=94)]
    """
    layering = layered(len(boxes), arcs)
    skeleton = framed(_extents(boxes, arcs, labels), arcs, labels, layering)
    across = placed(skeleton.rows, skeleton.segments, skeleton.straight, skeleton.extents, _GAP)
    across = relaxed(skeleton.rows, skeleton.segments, skeleton.straight, skeleton.extents, _GAP, across)
    edge = min((x - extent.left for x, extent in zip(across, skeleton.extents, strict=True)), default=0)
    xs = [x - int(edge) for x in across]
    heights = _heights(boxes, arcs, skeleton, labels)
    combs = _combs(skeleton, xs)
    levels = [dict(zip(channel, tracks(list(channel.values())), strict=True)) for channel in combs]
    tops, buses = _downward(skeleton, heights, combs, levels)
    drawing = _Drawing(boxes, skeleton, xs, tops, buses)
    return Layout(
        [Point(xs[card] - box.width // 2, tops[skeleton.row[card]]) for card, box in enumerate(boxes)],
        [drawing.label(number, arc, width) for number, (arc, width) in enumerate(zip(arcs, labels, strict=True))],
        [drawing.line(number, arc) for number, arc in enumerate(arcs)],
        layering.upward,
        int(max((x + extent.right for x, extent in zip(xs, skeleton.extents, strict=True)), default=0)),
        tops[-1] if tops else 0,
    )


def _extents(boxes: Sequence[Box], arcs: Sequence[Arc], labels: Sequence[int]) -> list[Extent]:
    """Tell the room for each card, with the lines to itself at its right."""
    loops = [0] * len(boxes)
    for arc, width in zip(arcs, labels, strict=True):
        if arc.source == arc.target:
            loops[arc.source] = max(loops[arc.source], _LOOP + 4, _LOOP_LABEL + width)
    return [Extent(box.width // 2, box.width - box.width // 2 + loop) for box, loop in zip(boxes, loops, strict=True)]


def _heights(boxes: Sequence[Box], arcs: Sequence[Arc], skeleton: Skeleton, labels: Sequence[int]) -> list[int]:
    loops = [0] * len(boxes)
    for arc in arcs:
        loops[arc.source] += arc.source == arc.target
    heights = [0] * len(skeleton.rows)
    for card, box in enumerate(boxes):
        row = skeleton.row[card]
        heights[row] = max(heights[row], box.height, box.height // 2 + loops[card] * _LOOP_STEP if loops[card] > 1 else 0)
    for label, width in zip(skeleton.labels, labels, strict=True):
        if label is not None and width:
            heights[skeleton.row[label]] = LABEL_HEIGHT
    return heights


def _combs(skeleton: Skeleton, xs: Sequence[int]) -> list[dict[Port, Comb]]:
    """Gather what runs together through the channel below each row."""
    ends: dict[Port, tuple[set[int], set[int]]] = {}
    for route in skeleton.routes:
        for step in route:
            upper, lower = ends.setdefault(step.port, (set(), set()))
            for spot in (step.source, step.target):
                (upper if skeleton.row[spot] == step.port.channel else lower).add(xs[spot])
    channels: list[dict[Port, Comb]] = [{} for _ in skeleton.rows]
    for port, (upper, lower) in ends.items():
        channels[port.channel][port] = Comb(tuple(sorted(upper)), tuple(sorted(lower)))
    return channels


def _downward(
    skeleton: Skeleton, heights: Sequence[int], combs: Sequence[dict[Port, Comb]], levels: Sequence[dict[Port, int]]
) -> tuple[list[int], dict[Port, int]]:
    """Tell where each row begins and the last one ends, and how far down each comb runs."""
    tops, buses = [0], {}
    for row, height in enumerate(heights):
        bottom = tops[-1] + height
        first = bottom + (_BELOW_LABEL if row % 2 else _BELOW_CARD)
        wide = [level for port, level in levels[row].items() if combs[row][port].bounds[0] < combs[row][port].bounds[1]]
        last = first + _TRACK * max(wide, default=0)
        buses.update({port: first + _TRACK * level for port, level in levels[row].items()})
        if row + 1 < len(heights):
            tops.append(last + (_ABOVE_CARD if row % 2 else _BELOW_LABEL))
        else:
            tops.append(last if combs[row] else bottom)
    return (tops, buses) if heights else ([], {})


class _Drawing:
    def __init__(
        self, boxes: Sequence[Box], skeleton: Skeleton, xs: Sequence[int], tops: Sequence[int], buses: dict[Port, int]
    ) -> None:
        self.boxes = boxes
        self.skeleton = skeleton
        self.xs = xs
        self.tops = tops
        self.buses = buses
        self.labelled_loops = [0] * len(boxes)

    def label(self, number: int, arc: Arc, width: int) -> Point | None:
        """Tell where the middle of a label is."""
        if arc.source == arc.target:
            return self._label_of_loop(arc.source, width) if width else None
        spot = self.skeleton.labels[number]
        if spot is None or not width:
            return None
        return Point(self.xs[spot], self.tops[self.skeleton.row[spot]] + LABEL_HEIGHT // 2)

    def line(self, number: int, arc: Arc) -> Line:
        """Tell where an arc goes."""
        if arc.source == arc.target:
            return self._loop(arc.source)
        source, target = arc.source, arc.target
        points = [Point(self.xs[source], self.tops[self.skeleton.row[source]] + self.boxes[source].height)]
        for step in self.skeleton.routes[number]:
            bus = self.buses[step.port]
            if self.xs[step.source] != self.xs[step.target]:
                points += [Point(self.xs[step.source], bus), Point(self.xs[step.target], bus)]
        top = self.tops[self.skeleton.row[target]]
        end = self.skeleton.routes[number][-1].target
        if end == target:
            points.append(Point(self.xs[target], top))
        else:
            height = top + min(_SIDE, self.boxes[target].height // 2)
            side = self._right(target) if self.xs[end] > self.xs[target] else self._left(target)
            points += [Point(self.xs[end], height), Point(side, height)]
        return tuple(points)

    def _left(self, card: int) -> int:
        return self.xs[card] - self.boxes[card].width // 2

    def _right(self, card: int) -> int:
        return self._left(card) + self.boxes[card].width

    def _loop(self, card: int) -> Line:
        right, top, height = self._right(card), self.tops[self.skeleton.row[card]], self.boxes[card].height
        low, high = top + height - height // 4, top + height // 4
        return (Point(right, low), Point(right + _LOOP, low), Point(right + _LOOP, high), Point(right, high))

    def _label_of_loop(self, card: int, width: int) -> Point:
        count = self.labelled_loops[card]
        self.labelled_loops[card] += 1
        middle = max(self.boxes[card].height // 2, LABEL_HEIGHT // 2)
        return Point(
            self._right(card) + _LOOP_LABEL + width // 2, self.tops[self.skeleton.row[card]] + middle + count * _LOOP_STEP
        )
