"""The map of a conversation as a graph of Graphviz. Pure."""

from collections.abc import Iterator
from typing import Final

from flowdsl.mapping.graph import Edge, Graph, Kind, Node
from flowdsl.mapping.overlay import Scale, scale_of, share_of
from flowdsl.mapping.widths import legible, shortened, wrapped

__all__ = ["to_dot"]

_STYLES: Final[dict[Kind, str]] = {
    "start": 'shape=box, style="rounded,filled", fillcolor="#1a1f36", fontcolor="#ffffff"',
    "prompt": 'color="#4f46e5", fillcolor="#eef2ff"',
    "say": 'color="#0f766e", fillcolor="#f0fdfa"',
    "call": 'style="rounded,filled,dashed", color="#a21caf", fillcolor="#fdf6fe"',
    "run": 'peripheries=2, color="#0369a1", fillcolor="#f4faff"',
    "end": 'shape=ellipse, color="#667085", fillcolor="#ffffff"',
    "fault": 'shape=octagon, style=filled, color="#c81e1e", fillcolor="#fef2f2"',
    "unknown": 'style="rounded,dotted", color="#667085"',
}
_WARM: Final = 'color="#f97316", fillcolor="#ffead5"'
_TEXT: Final = 120
_LABEL: Final = 60


def to_dot(graph: Graph) -> str:
    r"""Write a map for Graphviz. Long texts are shortened.

    Args:
        graph: the map. Edges from or to nodes that it does not have are left out.

    >>> print(to_dot(Graph("hello", (Node("a", "prompt", "name", 'Your "name"?'),), (Edge("a", "a", "again", back=True),))))
    digraph "hello" {
      graph [rankdir=TB, fontname="Helvetica"];
      node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, fillcolor="#ffffff"];
      edge [fontname="Helvetica", fontsize=10, color="#8e99ad"];
      n0 [label="name\nYour \"name\"?", color="#4f46e5", fillcolor="#eef2ff"];
      n0 -> n0 [label="again", style=dashed, constraint=false];
    }
    <BLANKLINE>
    """
    return "\n".join(
        [
            f"digraph {_quoted(graph.name)} {{",
            '  graph [rankdir=TB, fontname="Helvetica"];',
            '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, fillcolor="#ffffff"];',
            '  edge [fontname="Helvetica", fontsize=10, color="#8e99ad"];',
            *(f"  {line}" for line in _lines(graph)),
            "}",
            "",
        ]
    )


def _lines(graph: Graph) -> Iterator[str]:
    number = {node.id: index for index, node in enumerate(graph.nodes)}
    scale = scale_of(graph)
    inside: dict[str, list[str]] = {}
    for node in graph.nodes:
        line = f"n{number[node.id]} [{_node(node, scale)}];"
        inside.setdefault("" if node.flow == graph.name else node.flow, []).append(line)
    yield from inside.pop("", ())
    for index, (flow, lines) in enumerate(inside.items()):
        yield f"subgraph cluster_{index} {{"
        yield f'  label={_quoted(_line(flow))}; color="#dfe3ea";'
        yield from (f"  {line}" for line in lines)
        yield "}"
    for edge in graph.edges:
        if edge.source in number and edge.target in number:
            yield f"n{number[edge.source]} -> n{number[edge.target]}{_edge(edge, scale)};"


def _node(node: Node, scale: Scale) -> str:
    parts = [_line(node.title) or ("End" if node.kind == "end" else ""), *wrapped(shortened(node.text, _TEXT), 1, 20, 4)]
    share = share_of(node, scale)
    if share:
        parts.append(f"{share.reached:,} came here{f', {share.left:,} left' if share.left else ''}")
    style = f"{_STYLES[node.kind]}, {_WARM}" if share and share.warmth == 3 else _STYLES[node.kind]
    tooltip = f", tooltip={_quoted(node.where)}" if node.where else ""
    label = "\n".join(filter(None, parts))
    return f"label={_quoted(label)}, {style}{tooltip}"


def _edge(edge: Edge, scale: Scale) -> str:
    count = "" if edge.count is None else f"{edge.count:,}"
    label = " · ".join(filter(None, (_line(edge.label), count)))
    parts = [f"label={_quoted(label)}"] if label else []
    parts += ["style=dashed", "constraint=false"] if edge.back else []
    parts += [f"penwidth={scale.thickness(edge.count):.1f}"] if edge.count is not None else []
    return f" [{', '.join(parts)}]" if parts else ""


def _line(text: str) -> str:
    return shortened(" ".join(text.split()), _LABEL)


def _quoted(text: str) -> str:
    """Write a text in quotes. Graphviz would read entities in it, so what begins one is an entity itself."""
    escaped = legible(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    joined = "\\n".join(escaped.splitlines())
    return f'"{joined}"'
