"""Lines with round corners, and the points of arrows. Pure."""

from typing import Final

from flowdsl.mapping.layout import Line, Point

__all__ = ["arrow", "rounded"]

_RADIUS: Final = 9
_POINT: Final = 8


def rounded(line: Line, *, short: int = 0, reverse: bool = False) -> str:
    """Write a line as an SVG path.

    Args:
        line: what goes from point to point, across or straight up or down.
        short: how much before its end it stops.
        reverse: write it from its end, so that the dashes of lines that come together fall on each other.

    >>> rounded((Point(0, 0), Point(0, 20), Point(40, 20)))
    'M0 0V11Q0 20 9 20H40'
    """
    points = _bends(line)
    (x, y), (end_x, end_y) = points[-2:]
    points[-1] = Point(end_x - _sign(end_x - x) * short, end_y - _sign(end_y - y) * short)
    if reverse:
        points.reverse()
    parts = [f"M{points[0].x} {points[0].y}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_RADIUS, _length(before, corner) / 2, _length(corner, after) / 2)
        parts.append(f"{_straight(before, _toward(corner, before, radius))}Q{corner.x} {corner.y} {_pair(corner, after, radius)}")
    parts.append(_straight(points[-2], points[-1]))
    return "".join(parts)


def arrow(line: Line) -> str:
    """Write the point of an arrow at the end of a line.

    >>> arrow((Point(0, 0), Point(0, 20)))
    'M0 20L4.5 12L-4.5 12z'
    """
    (x, y), (end_x, end_y) = _bends(line)[-2:]
    across, down = _sign(end_x - x), _sign(end_y - y)
    base_x, base_y, half = end_x - across * _POINT, end_y - down * _POINT, 4.5
    left, right = (base_x + down * half, base_y + across * half), (base_x - down * half, base_y - across * half)
    return f"M{end_x} {end_y}L{left[0]:g} {left[1]:g}L{right[0]:g} {right[1]:g}z"


def _bends(line: Line) -> list[Point]:
    """Leave out points at which a line does not turn."""
    points: list[Point] = []
    for point in line:
        if points and point == points[-1]:
            continue
        if len(points) > 1 and (points[-2].x == points[-1].x == point.x or points[-2].y == points[-1].y == point.y):
            points.pop()
        points.append(point)
    return points


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _length(one: Point, other: Point) -> int:
    return abs(one.x - other.x) + abs(one.y - other.y)


def _toward(corner: Point, other: Point, distance: float) -> tuple[float, float]:
    return corner.x + _sign(other.x - corner.x) * distance, corner.y + _sign(other.y - corner.y) * distance


def _pair(corner: Point, after: Point, radius: float) -> str:
    x, y = _toward(corner, after, radius)
    return f"{x:g} {y:g}"


def _straight(before: Point, end: tuple[float, float]) -> str:
    return f"V{end[1]:g}" if before.x == end[0] else f"H{end[0]:g}"
