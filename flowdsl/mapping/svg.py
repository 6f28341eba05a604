"""The map of a conversation as SVG: laid out and drawn here, with nothing loaded from elsewhere."""

from collections import Counter
from importlib.resources import files
from typing import Final, NamedTuple

from flowdsl.inspection import counted
from flowdsl.mapping.cards import Card, drawn, measured
from flowdsl.mapping.curves import arrow, rounded
from flowdsl.mapping.glyphs import WORDS
from flowdsl.mapping.graph import Edge, Graph
from flowdsl.mapping.layers import Arc
from flowdsl.mapping.layout import LABEL_HEIGHT, Layout, Line, Point, laid_out
from flowdsl.mapping.legend import legend
from flowdsl.mapping.markup import tag, written
from flowdsl.mapping.overlay import Scale, scale_of, share_of
from flowdsl.mapping.widths import cut, width_of

__all__ = ["Picture", "facts_of", "pictured", "stylesheet", "to_svg"]

_MARGIN: Final = 32
_TOP: Final = 92
_LABEL: Final = 11
_LABEL_ROOM: Final = 170
_TINTS: Final = 6


class Picture(NamedTuple):
    """The drawing of a map without anything around it.

    Args:
        content: its elements.
        width: how wide it is, beginning at 0.
        height: how high it is, beginning at 0.
        flows: the flows besides the one of the map, each with the number of its colour.
    """

    content: str
    width: int
    height: int
    flows: dict[str, int]


def to_svg(graph: Graph) -> str:
    """Draw a map as one SVG, with its title and a legend.

    Args:
        graph: the map. Edges from or to nodes that it does not have are left out.

    >>> from flowdsl.mapping.graph import Node
    >>> svg = to_svg(Graph("hello", (Node("n0", "start", "hello"), Node("n1", "end", "")), (Edge("n0", "n1"),)))
    >>> svg[:45], svg.count('class="node ')
    ('<svg xmlns="http://www.w3.org/2000/svg" class', 2)
    """
    picture = pictured(graph)
    told = legend(graph, picture.flows)
    title = cut(graph.name, 20, 900)
    inner = max(picture.width, told.width, round(width_of(title, 20)), 360)
    width, height = inner + 2 * _MARGIN, _TOP + picture.height + told.height + 2 * _MARGIN
    return tag(
        "svg",
        tag("title", written(f"Map of the flow {graph.name}")),
        tag("desc", written(facts_of(graph))),
        tag("style", stylesheet()),
        tag("rect", class_="page", width=width, height=height),
        tag("text", written(title), class_="title", x=_MARGIN, y=44),
        tag("text", written(facts_of(graph)), class_="facts", x=_MARGIN, y=66),
        tag("g", picture.content, transform=f"translate({_MARGIN + (inner - picture.width) // 2} {_TOP})"),
        tag("g", told.content, transform=f"translate({_MARGIN} {_TOP + picture.height + _MARGIN})"),
        xmlns="http://www.w3.org/2000/svg",
        class_="map",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
    )


def stylesheet() -> str:
    """Read the colours and fonts of the drawing."""
    return files("flowdsl.mapping").joinpath("drawing.css").read_text("utf-8")


def facts_of(graph: Graph) -> str:
    """Tell in numbers what a map holds.

    >>> from flowdsl.mapping.graph import Node
    >>> facts_of(Graph("hello", (Node("n0", "prompt", "name"), Node("n1", "end", "")), (Edge("n0", "n1"),)))
    '1 question · 1 end · 1 way'
    """
    counts = Counter(node.kind for node in graph.nodes)
    told = [counted(counts[kind], word) for kind, word in WORDS.items() if counts[kind] and kind not in ("start", "unknown")]
    told += [f"{counts['unknown']:,} not explored"] if counts["unknown"] else []
    return " · ".join([*told, counted(len(graph.edges), "way")])


def pictured(graph: Graph, *, live: bool = False) -> Picture:
    """Lay a map out and draw it.

    Args:
        graph: the map.
        live: its nodes can be chosen, on a page with a script.
    """
    scale = scale_of(graph)
    flows = _other_flows(graph)
    cards = [
        measured(
            node,
            share_of(node, scale),
            flow=node.flow if node.flow in flows else "",
            tint=flows.get(node.flow, 0) % _TINTS,
        )
        for node in graph.nodes
    ]
    number = {node.id: index for index, node in enumerate(graph.nodes)}
    edges = [edge for edge in graph.edges if edge.source in number and edge.target in number]
    arcs = [Arc(number[edge.source], number[edge.target], edge.back) for edge in edges]
    layout = laid_out([card.box for card in cards], arcs, [_label_width(edge) for edge in edges])
    return Picture(_content(cards, edges, arcs, layout, scale, live=live), layout.width, layout.height, flows)


def _other_flows(graph: Graph) -> dict[str, int]:
    names = dict.fromkeys(node.flow for node in graph.nodes if node.flow and node.flow != graph.name)
    return {name: index for index, name in enumerate(names)}


def _content(cards: list[Card], edges: list[Edge], arcs: list[Arc], layout: Layout, scale: Scale, *, live: bool) -> str:
    strokes, labels = [], []
    for index, (edge, arc, line) in enumerate(zip(edges, arcs, layout.lines, strict=True)):
        kind = "fails" if cards[arc.target].node.kind == "fault" else "back" if edge.back or layout.upward[index] else ""
        strokes.append((kind, _line(index, edge, arc, line, scale, kind)))
        at = layout.labels[index]
        if at is not None:
            labels.append(_label(index, edge, arc, at))
    nodes = [drawn(card, at, index, live=live) for index, (card, at) in enumerate(zip(cards, layout.cards, strict=True))]
    # Where lines share a part, what goes on as it should is seen above what goes back or fails.
    lines = [line for wanted in ("back", "fails", "") for kind, line in strokes if kind == wanted]
    return tag("g", *lines, class_="edges") + tag("g", *labels, class_="labels") + tag("g", *nodes, class_="nodes")


def _line(index: int, edge: Edge, arc: Arc, line: Line, scale: Scale, kind: str) -> str:
    return tag(
        "g",
        tag("path", class_="line", d=rounded(line, short=5, reverse=kind == "back"), stroke_width=scale.thickness(edge.count)),
        tag("path", class_="arrow", d=arrow(line)),
        id=f"edge-{index}",
        class_=f"edge {kind}".rstrip(),
        data_from=str(arc.source),
        data_to=str(arc.target),
    )


def _shown(edge: Edge) -> tuple[str, str]:
    """Tell what is written at an edge: its label, and its count."""
    label = cut(" ".join(edge.label.split()), _LABEL, _LABEL_ROOM)
    return label, "" if edge.count is None else f"{edge.count:,}"


def _label_width(edge: Edge) -> int:
    label, count = _shown(edge)
    if not label and not count:
        return 0
    between = 6 if label and count else 0
    return 2 * round((width_of(label, _LABEL) + width_of(count, _LABEL) * 1.1 + between + 18) / 2)


def _label(index: int, edge: Edge, arc: Arc, at: Point) -> str:
    label, count = _shown(edge)
    width, top = _label_width(edge), at.y - LABEL_HEIGHT // 2
    parts = [tag("tspan", written(label))] if label else []
    if count:
        parts.append(tag("tspan", count, class_="count", dx=6 if label else None))
    return tag(
        "g",
        tag("title", written(edge.label or f"{edge.count:,}")),
        tag("rect", x=at.x - width // 2, y=top, width=width, height=LABEL_HEIGHT, rx=LABEL_HEIGHT / 2),
        tag("text", *parts, x=at.x, y=at.y + 4, text_anchor="middle"),
        id=f"label-{index}",
        class_="label",
        data_from=str(arc.source),
        data_to=str(arc.target),
    )
