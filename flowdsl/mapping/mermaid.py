"""The map of a conversation as a flowchart of Mermaid. Pure."""

from collections.abc import Iterator
from typing import Final

from flowdsl.mapping.graph import Edge, Graph, Kind, Node
from flowdsl.mapping.overlay import scale_of, share_of
from flowdsl.mapping.widths import legible, shortened

__all__ = ["to_mermaid"]

_SHAPES: Final[dict[Kind, tuple[str, str]]] = {
    "start": ("([", "])"),
    "prompt": ("[", "]"),
    "say": ("(", ")"),
    "call": ("[[", "]]"),
    "run": ("[[", "]]"),
    "end": ("([", "])"),
    "fault": ("{{", "}}"),
    "unknown": ("[", "]"),
}
_STYLES: Final = (
    "classDef startNode fill:#1a1f36,stroke:#1a1f36,color:#fff",
    "classDef promptNode fill:#eef2ff,stroke:#4f46e5,color:#1a1f36",
    "classDef sayNode fill:#f0fdfa,stroke:#0f766e,color:#1a1f36",
    "classDef callNode fill:#fdf6fe,stroke:#a21caf,color:#1a1f36,stroke-dasharray:5 4",
    "classDef runNode fill:#f4faff,stroke:#0369a1,color:#1a1f36",
    "classDef endNode fill:#fff,stroke:#667085,color:#1a1f36",
    "classDef faultNode fill:#fef2f2,stroke:#c81e1e,color:#7f1d1d",
    "classDef unknownNode fill:#fff,stroke:#667085,color:#566074,stroke-dasharray:1 4",
    "classDef warmNode fill:#ffead5,stroke:#f97316,color:#1a1f36",
)
_TEXT: Final = 120
_LABEL: Final = 60


def to_mermaid(graph: Graph) -> str:
    r"""Write a map for Mermaid, as Markdown pages show it. Long texts are shortened.

    Args:
        graph: the map. Edges from or to nodes that it does not have are left out.

    >>> print(to_mermaid(Graph("hello", (Node("a", "start", "hello"), Node("b", "end", "")), (Edge("a", "b", "1 | 2"),))))
    flowchart TD
      n0(["hello"]):::startNode
      n1(["End"]):::endNode
      n0 -->|"1 #124; 2"| n1
      classDef startNode fill:#1a1f36,stroke:#1a1f36,color:#fff
      classDef endNode fill:#fff,stroke:#667085,color:#1a1f36
    <BLANKLINE>
    """
    return "\n".join(["flowchart TD", *(f"  {line}" for line in _lines(graph)), ""])


def _lines(graph: Graph) -> Iterator[str]:
    number = {node.id: index for index, node in enumerate(graph.nodes)}
    scale = scale_of(graph)
    used = set()
    inside: dict[str, list[str]] = {}
    for node in graph.nodes:
        share = share_of(node, scale)
        # By themselves, "call" and "end" are words of Mermaid.
        style = f"{'warm' if share and share.warmth == 3 else node.kind}Node"
        used.add(style)
        opening, closing = _SHAPES[node.kind]
        line = f'n{number[node.id]}{opening}"{_content(node)}"{closing}:::{style}'
        inside.setdefault("" if node.flow == graph.name else node.flow, []).append(line)
    yield from inside.pop("", ())
    for index, (flow, lines) in enumerate(inside.items()):
        yield f'subgraph f{index}["{_escaped(flow, _LABEL)}"]'
        yield from (f"  {line}" for line in lines)
        yield "end"
        yield f"style f{index} fill:#f6f7f9,stroke:#dfe3ea"
    for edge in graph.edges:
        if edge.source in number and edge.target in number:
            yield f"n{number[edge.source]} {_arrow(edge)} n{number[edge.target]}"
    yield from (style for style in _STYLES if style.split()[1] in used)


def _arrow(edge: Edge) -> str:
    label = _escaped(edge.label, _LABEL)
    if edge.count is not None:
        label = f"{label} · {edge.count:,}" if label else f"{edge.count:,}"
    line = "-.->" if edge.back else "-->"
    return f'{line}|"{label}"|' if label else line


def _content(node: Node) -> str:
    key = _escaped(node.title, _LABEL) or ("End" if node.kind == "end" else "")
    parts = [f"#91;{key}#93;" if key and node.text else key, _escaped(node.text, _TEXT)]
    if node.reached is not None:
        lost = f", {node.left:,} left" if node.left else ""
        parts.append(f"{node.reached:,} came here{lost}")
    return "<br/>".join(filter(None, parts)) or " "


def _escaped(text: str, most: int) -> str:
    """Write a text in quotes: of what is in ASCII, only letters, digits and blanks mean nothing to Mermaid anywhere."""
    lines = legible(shortened(text, most)).splitlines()
    return "<br/>".join("".join(map(_character, " ".join(line.split()))) for line in lines if line.strip())


def _character(character: str) -> str:
    plain = not character.isascii() or character.isalnum() or character == " "
    return character if plain else f"#{ord(character)};"
