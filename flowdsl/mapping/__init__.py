"""The map of a conversation as Mermaid, Graphviz DOT, SVG, and a page."""

from flowdsl.mapping.dot import to_dot
from flowdsl.mapping.graph import Edge, Graph, Kind, Node
from flowdsl.mapping.mermaid import to_mermaid
from flowdsl.mapping.page import to_html
from flowdsl.mapping.svg import to_svg

__all__ = ["Edge", "Graph", "Kind", "Node", "to_dot", "to_html", "to_mermaid", "to_svg"]
