"""The small pictures of the map, each a path in a square of 14. Pure."""

from typing import Final

from flowdsl.mapping.graph import Kind
from flowdsl.mapping.markup import tag

__all__ = ["WORDS", "glyph"]

WORDS: Final[dict[Kind, str]] = {
    "start": "start",
    "prompt": "question",
    "say": "message",
    "call": "call",
    "run": "other flow",
    "end": "end",
    "fault": "error",
    "unknown": "not explored",
}
"""What each kind of node is called, in the order of the legend."""

_PATHS: Final[dict[Kind, str]] = {
    "start": "M4 2.8v8.4L11 7z",
    "prompt": "M3.5 2h7A1.5 1.5 0 0 1 12 3.5v5A1.5 1.5 0 0 1 10.5 10H7l-3.2 2.5V10h-.3A1.5 1.5 0 0 1 2 8.5v-5"
    "A1.5 1.5 0 0 1 3.5 2z"
    "M5 6h.01M7 6h.01M9 6h.01",
    "say": "M2 4h10M2 7h10M2 10h6",
    "call": "M7.8 1.5 3 8h3.4L5.8 12.5 11 5.8H7.4z",
    "run": "M5 5h7v7H5zM9 5V2H2v7h3",
    "end": "M3.5 3.5h7v7h-7z",
    "fault": "M7 2 12.6 12H1.4zM7 5.8v2.8M7 10.4v.01",
    "unknown": "M3 7h.01M7 7h.01M11 7h.01",
}


def glyph(kind: Kind, x: float, y: float) -> str:
    """Draw the picture of a kind of node.

    >>> glyph("say", 0, 5)
    '<path class="glyph" d="M2 4h10M2 7h10M2 10h6" transform="translate(0 5)"/>'
    """
    return tag("path", class_="glyph", d=_PATHS[kind], transform=f"translate({x:g} {y:g})")
