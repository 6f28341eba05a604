"""The nodes of the map as cards: how large each is, and how it is drawn. Pure.

A question and a message look like the screen of a phone, a call and another flow do not. Start and end are pills.
"""

from typing import Final, NamedTuple

from flowdsl.mapping.glyphs import WORDS, glyph
from flowdsl.mapping.graph import Node
from flowdsl.mapping.layout import Box, Point
from flowdsl.mapping.markup import tag, written
from flowdsl.mapping.overlay import Share
from flowdsl.mapping.widths import cut, is_right_to_left, width_of, wrapped

__all__ = ["Card", "described", "drawn", "measured"]

_WIDTH: Final = 248
_PAD: Final = 12
_HEADER: Final = 36
_LINE: Final = 18
_LINES: Final = 4
_FIELD: Final = 24
_FOOTER: Final = 22
_COUNTS: Final = 32
_PILL: Final = 38
_TEXT: Final = 13
_SMALL: Final = 10.5
_KEY: Final = 12
_BOLD: Final = 1.1


class Card(NamedTuple):
    """A node, and what of it is shown.

    Args:
        node: the node.
        box: its size.
        lines: its text, broken.
        flow: name of its flow, if that is not the one of the whole map.
        tint: the number of the colour of its flow.
        share: how it does, if that was counted.
    """

    node: Node
    box: Box
    lines: tuple[str, ...]
    flow: str
    tint: int
    share: Share | None


def measured(node: Node, share: Share | None = None, *, flow: str = "", tint: int = 0) -> Card:
    """Find what is shown of a node, and how large that is.

    Args:
        node: the node.
        share: how it does.
        flow: name of its flow, if that is to be told.
        tint: the number of the colour of its flow.

    >>> measured(Node("n0", "end", "")).box
    Box(width=86, height=38)
    """
    if _is_pill(node):
        return Card(node, Box(_pill_width(node, share), _PILL), (), flow, tint, share)
    screen = _has_screen(node)
    room = _WIDTH - 2 * _PAD - (14 if screen else 0)
    lines = tuple(wrapped(node.text, _TEXT, room, _LINES))
    height = _HEADER + _screen_height(node, lines) + (_FOOTER if node.where or flow else 0) + (_COUNTS if share else 0)
    return Card(node, Box(_WIDTH, height + (2 if node.where or flow or share else 10)), lines, flow, tint, share)


def _is_pill(node: Node) -> bool:
    return node.kind in ("start", "end") and not node.text.strip()


def _has_screen(node: Node) -> bool:
    return node.kind in ("start", "prompt", "say", "end")


def _pill_label(node: Node) -> str:
    return cut(node.title or WORDS[node.kind].capitalize(), _TEXT, 220)


def _pill_width(node: Node, share: Share | None) -> int:
    counted = width_of(f"{share.reached:,}", _TEXT) * _BOLD + 12 if share else 0
    width = width_of(_pill_label(node), _TEXT) * _BOLD + counted + 56
    return max(86, 2 * round(width / 2))


def _screen_height(node: Node, lines: tuple[str, ...]) -> int:
    height = len(lines) * _LINE + (16 if _has_screen(node) else 4) if lines else 0
    if node.expects:
        height += _FIELD + (4 if lines else 16)
    return height


def described(node: Node, share: Share | None) -> str:
    """Say in one text all that a node holds, for tooltips and screen readers.

    >>> described(Node("n0", "prompt", "name", "Your name?", "shop.py:4", expects="text"), None)
    'question name: Your name? (answer: text, shop.py:4)'
    """
    beside = [f"answer: {node.expects}" if node.expects else "", node.where, f"flow {node.flow}" if node.flow else ""]
    if share is not None:
        beside += [f"{share.reached:,} came here", f"{share.left:,} left here ({share.lost:.0%})" if share.left else ""]
    told = ", ".join(filter(None, beside))
    named = f"{WORDS[node.kind]} {node.title}".rstrip()
    return f"{named}{f': {node.text}' if node.text else ''}{f' ({told})' if told else ''}"


def drawn(card: Card, at: Point, number: int, *, live: bool = False) -> str:
    """Draw a card.

    Args:
        card: the card.
        at: its upper left corner.
        number: of the node, which names the element.
        live: it can be chosen, on a page with a script.
    """
    node, told = card.node, described(card.node, card.share)
    warm = f" warm{card.share.warmth}" if card.share and card.share.warmth else ""
    return tag(
        "g",
        tag("title", written(told)),
        *(_pill(card) if _is_pill(node) else _card(card)),
        id=f"node-{number}",
        class_=f"node {node.kind}{warm}",
        transform=f"translate({at.x} {at.y})",
        tabindex=0 if live else None,
        role="button" if live else None,
        aria_label=told if live else None,
    )


def _pill(card: Card) -> list[str]:
    width, height = card.box
    parts = [tag("rect", class_="body", width=width, height=height, rx=height / 2), glyph(card.node.kind, 16, 12)]
    parts.append(tag("text", written(_pill_label(card.node)), class_="name", x=37, y=24))
    if card.share:
        parts.append(tag("text", f"{card.share.reached:,}", class_="count", x=width - 18, y=24, text_anchor="end"))
    return parts


def _card(card: Card) -> list[str]:
    width, height = card.box
    node = card.node
    parts = []
    if node.kind == "run":
        parts.append(tag("rect", class_="behind", x=8, y=5, width=width - 16, height=height, rx=14))
    else:
        parts.append(tag("rect", class_="shade", y=2, width=width, height=height, rx=14))
    parts += [tag("rect", class_="body", width=width, height=height, rx=14), *_header(node)]
    y = _HEADER
    screen = _screen_height(node, card.lines)
    if screen and _has_screen(node):
        parts.append(tag("rect", class_="screen", x=_PAD - 2, y=y, width=width - 2 * _PAD + 4, height=screen, rx=9))
        parts += _text(card.lines, node.text, _PAD + 8, width - _PAD - 8, y + 21)
    else:
        parts += _text(card.lines, node.text, _PAD, width - _PAD, y + 13)
    if node.expects:
        parts += _field(node.expects, y + screen - _FIELD - 8)
    y += screen
    if node.where or card.flow:
        parts += _footer(card, y + 16)
        y += _FOOTER
    return [*parts, *_counts(card.share, y)] if card.share else parts


def _header(node: Node) -> list[str]:
    word = WORDS[node.kind]
    if not node.title:
        return [glyph(node.kind, _PAD, 12), tag("text", word, class_="kind", x=_PAD + 20, y=23)]
    room = _WIDTH - 2 * _PAD - 20 - 10 - width_of(word, _SMALL)
    return [
        glyph(node.kind, _PAD, 12),
        tag("text", written(cut(node.title, _KEY, room, mono=True)), class_="key", x=_PAD + 20, y=23),
        tag("text", word, class_="kind", x=_WIDTH - _PAD, y=23, text_anchor="end"),
    ]


def _text(lines: tuple[str, ...], whole: str, left: int, right: int, y: int) -> list[str]:
    """Write lines, each of them from the side where its text begins."""
    turned = is_right_to_left(whole)
    x, direction = (right, "rtl") if turned else (left, None)
    return [
        tag("text", written(line), class_="said", x=x, y=y + index * _LINE, direction=direction)
        for index, line in enumerate(lines)
    ]


def _field(expects: str, y: int) -> list[str]:
    left, width = _PAD + 6, _WIDTH - 2 * _PAD - 12
    return [
        tag("rect", class_="field", x=left, y=y, width=width, height=_FIELD, rx=6),
        tag("path", class_="caret", d=f"M{left + 9} {y + 7}v10"),
        tag("text", written(cut(expects, 11, width - 28)), class_="expects", x=left + 15, y=y + 16),
    ]


def _footer(card: Card, y: int) -> list[str]:
    parts = []
    right = _WIDTH - _PAD
    if card.flow:
        flow = cut(card.flow, _SMALL, 90)
        right -= round(width_of(flow, _SMALL)) + 14
        parts += [
            tag("circle", class_=f"dot tint{card.tint}", cx=right + 6, cy=y - 4, r=3),
            tag("text", written(flow), class_="flow", x=_WIDTH - _PAD, y=y, text_anchor="end"),
        ]
        right -= 8
    where = cut(card.node.where, _SMALL, right - _PAD, mono=True, front=True)
    return [tag("text", written(where), class_="where", x=_PAD, y=y), *parts]


def _counts(share: Share, y: int) -> list[str]:
    width = _WIDTH - 2 * _PAD
    gone = round(width * share.lost, 1)
    parts = [tag("text", f"{share.reached:,} came here", class_="reached", x=_PAD, y=y + 14)]
    if share.left:
        told = written(f"{share.left:,} left · {_percent(share.lost)}")
        parts.append(tag("text", told, class_="lost", x=_WIDTH - _PAD, y=y + 14, text_anchor="end"))
    parts.append(tag("rect", class_="kept", x=_PAD, y=y + 20, width=width, height=4, rx=2))
    if gone:
        parts.append(tag("rect", class_="gone", x=_PAD + width - gone, y=y + 20, width=gone, height=4, rx=2))
    return parts


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else "<1%"
