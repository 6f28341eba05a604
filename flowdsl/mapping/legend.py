"""What the shapes and colours of a map mean. Pure."""

from typing import Final, NamedTuple

from flowdsl.mapping.glyphs import WORDS, glyph
from flowdsl.mapping.graph import Graph, Kind
from flowdsl.mapping.markup import tag, written
from flowdsl.mapping.widths import cut, width_of

__all__ = ["Legend", "legend"]

_SIZE: Final = 12
_ROW: Final = 30
_MOST: Final = 760


class Legend(NamedTuple):
    """A drawn legend.

    Args:
        content: its elements.
        width: how wide it is.
        height: how high it is.
    """

    content: str
    width: int
    height: int


def legend(graph: Graph, flows: dict[str, int]) -> Legend:
    """Explain what a map shows, and nothing that it does not.

    Args:
        graph: the map.
        flows: the flows besides its own, each with the number of its colour.

    >>> from flowdsl.mapping.graph import Node
    >>> legend(Graph("hello", (Node("n0", "end", ""),), ()), {}).height
    30
    """
    kinds = {node.kind for node in graph.nodes}
    entries = [(_kind_swatch(kind), word) for kind, word in WORDS.items() if kind in kinds]
    if any(edge.back or edge.source == edge.target for edge in graph.edges):
        entries.append((_line_swatch("back", 1.5), "goes back"))
    if any(edge.count is not None for edge in graph.edges):
        entries.append((_line_swatch("", 5), "the thicker, the more went there"))
    if any(node.left for node in graph.nodes):
        entries.append((_lost_swatch(), "left here"))
    entries += [(_flow_swatch(tint), f"flow {cut(name, _SIZE, 200)}") for name, tint in flows.items()]
    return _placed(entries)


def _placed(entries: list[tuple[str, str]]) -> Legend:
    x, y, widest = 0, 0, 0
    parts = []
    for swatch, word in entries:
        width = 34 + round(width_of(word, _SIZE)) + 22
        if x and x + width > _MOST:
            x, y = 0, y + _ROW
        parts.append(tag("g", swatch, tag("text", written(word), x=34, y=19), transform=f"translate({x} {y})"))
        x += width
        widest = max(widest, x)
    return Legend(tag("g", *parts, class_="legend"), widest, y + _ROW if parts else 0)


def _kind_swatch(kind: Kind) -> str:
    box = tag("rect", class_="body", x=0, y=2, width=26, height=26, rx=13 if kind in ("start", "end") else 7)
    return tag("g", box, glyph(kind, 6, 8), class_=kind)


def _line_swatch(kind: str, width: float) -> str:
    return tag("g", tag("path", class_="line", d="M0 15H26", stroke_width=width), class_=kind or None)


def _lost_swatch() -> str:
    kept = tag("rect", class_="kept", x=0, y=13, width=26, height=4, rx=2)
    return kept + tag("rect", class_="gone", x=16, y=13, width=10, height=4, rx=2)


def _flow_swatch(tint: int) -> str:
    return tag("circle", class_=f"dot tint{tint % 6}", cx=20, cy=15, r=4)
