"""The map of a conversation as one page, which needs nothing but itself.

Without a script it is a drawing to scroll through. Its policy lets only its own style and its own script be run, by their hashes.
"""

import base64
import hashlib
from importlib.resources import files
from typing import Any, Final

import msgspec

from flowdsl.mapping.glyphs import WORDS
from flowdsl.mapping.graph import Graph
from flowdsl.mapping.legend import legend
from flowdsl.mapping.markup import tag, written
from flowdsl.mapping.svg import facts_of, pictured, stylesheet
from flowdsl.mapping.widths import legible

__all__ = ["to_html"]

_MARGIN: Final = 32


def to_html(graph: Graph) -> str:
    """Write a map as one page, in which one can move, search, and look at each node.

    Args:
        graph: the map. Edges from or to nodes that it does not have are left out.

    >>> from flowdsl.mapping.graph import Node
    >>> to_html(Graph("hello", (Node("n0", "start", "hello"),), ())).splitlines()[:2]
    ['<!doctype html>', '<html lang="en">']
    """
    style = stylesheet() + _file("page.css")
    script = _file("page.js")
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    head = (
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}; form-action \'none\'">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{written(graph.name)} · map</title>",
        f"<style>{style}</style>",
    )
    lines = (
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        *head,
        "</head>",
        '<body class="map">',
        _header(graph),
        _main(graph),
        f'<script type="application/json" id="graph">{_data(graph)}</script>',
        f"<script>{script}</script>",
        "</body>",
        "</html>",
    )
    return "\n".join((*lines, ""))


def _file(name: str) -> str:
    return files("flowdsl.mapping").joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _header(graph: Graph) -> str:
    return tag(
        "header",
        tag("div", tag("h1", written(graph.name) or "&#8203;"), tag("p", written(facts_of(graph))), class_="heading"),
        '<search class="search"><label for="search" class="hidden">Search keys and texts</label>'
        '<input id="search" type="search" placeholder="Search keys and texts" autocomplete="off" spellcheck="false">'
        '<kbd aria-hidden="true">/</kbd><output id="found" for="search"></output></search>',
    )


def _main(graph: Graph) -> str:
    picture = pictured(graph, live=True)
    width, height = picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN
    drawing = tag(
        "svg",
        tag("g", picture.content, transform=f"translate({_MARGIN} {_MARGIN})"),
        id="drawing",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="group",
        aria_label=f"Map of the flow {graph.name}",
    )
    told = legend(graph, picture.flows)
    key = tag("svg", told.content, width=told.width, height=told.height, role="img", aria_label="Legend") if told.height else ""
    return tag(
        "main",
        tag("div", drawing, id="stage", tabindex=0, role="region", aria_label="Map: arrows move it, plus and minus zoom"),
        tag("details", "<summary>Legend</summary>", key, class_="key-to-signs", open="") if key else "",
        '<div class="zoom" role="group" aria-label="Zoom">'
        '<button type="button" id="out" aria-label="Zoom out">−</button>'
        '<button type="button" id="level" aria-label="Show the whole map" title="Show the whole map">100%</button>'
        '<button type="button" id="in" aria-label="Zoom in">+</button></div>',
        '<aside id="panel" aria-label="Details" hidden></aside>',
    )


def _data(graph: Graph) -> str:
    """Write what the script tells about nodes, as JSON in which nothing ends an element."""
    number = {node.id: index for index, node in enumerate(graph.nodes)}
    nodes = [
        [node.kind, WORDS[node.kind], *map(legible, (node.title, node.text, node.where, node.flow, node.expects))]
        for node in graph.nodes
    ]
    counts = [[node.reached, node.left] for node in graph.nodes]
    edges: list[list[Any]] = [
        [number[edge.source], number[edge.target], legible(edge.label), edge.count]
        for edge in graph.edges
        if edge.source in number and edge.target in number
    ]
    text = msgspec.json.encode({"nodes": nodes, "counts": counts, "edges": edges}).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
