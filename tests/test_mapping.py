"""Maps of conversations: what is drawn, that nothing covers anything, and that no text can break out of where it is written."""

import base64
import hashlib
import itertools
import json
import random
import re
import time
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowdsl.mapping import Edge, Graph, Node, to_dot, to_html, to_mermaid, to_svg
from flowdsl.mapping.curves import arrow, rounded
from flowdsl.mapping.graph import Kind
from flowdsl.mapping.layers import Arc, layered
from flowdsl.mapping.layout import LABEL_HEIGHT, Box, Layout, Point, laid_out
from flowdsl.mapping.order import crossings, neighbours, ordered
from flowdsl.mapping.overlay import scale_of, share_of
from flowdsl.mapping.placing import Extent, placed
from flowdsl.mapping.relaxing import relaxed
from flowdsl.mapping.tracks import Comb, tracks
from flowdsl.mapping.widths import cut, is_right_to_left, legible, shortened, width_of, wrapped

KINDS: Final[tuple[Kind, ...]] = ("start", "prompt", "call", "run", "say", "end", "fault", "unknown")
NASTY: Final = (
    *("end", "graph", "subgraph", "call x()", "style", "1. Balance", "- item", "`md`", "**bold**", "%%{init: {}}%%", "--> o--o"),
    *(
        '"quoted"',
        "back\\slash",
        "\\",
        '\\"',
        "\\n",
        "a\nb",
        "a\r\nb",
        "#quot;",
        "#35;",
        "&lt;",
        "&amp",
        "|",
        "[[x]]",
        "{x}",
        "(x)",
    ),
    *(
        "</script><script>alert(1)</script>",
        "<!--",
        "]]>",
        "</title>",
        "</style>",
        "<b onclick='x'>",
        "' onload=\"x",
        "${x}",
        "`",
    ),
    *(
        "👩🏽‍🌾🌽",
        "🇬🇭",
        "مرحبا بك",
        "שלום",
        "漢字かな",
        "e\u0301" * 9,
        "\u202eabc",
        "\ufeff",
        "\x00\x1b[2J",
        "\ud800",
        "\uffff",
        "\u2028",
    ),
    *("x" * 500, "word " * 200, " ", "\n\n"),
)
SVG: Final = "{http://www.w3.org/2000/svg}"

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40), st.text("\"\\#<>&'|[](){}`%;\n ax1é", max_size=20))
counts = st.none() | st.integers(0, 10_000)


@st.composite
def graphs(draw: st.DrawFn, most: int = 12) -> Graph:
    """Any graph: with cycles, edges to itself, several between two nodes, and some that lead nowhere."""
    size = draw(st.integers(0, most))
    counted = draw(st.booleans())
    number = counts if counted else st.none()
    nodes = tuple(
        draw(
            st.builds(
                Node, st.just(f"n{index}"), st.sampled_from(KINDS), texts, texts, texts, texts, texts, reached=number, left=number
            )
        )
        for index in range(size)
    )
    ids = st.sampled_from([*(node.id for node in nodes), "nowhere"])
    edges = draw(st.lists(st.builds(Edge, ids, ids, st.just("") | texts, number, st.booleans()), max_size=2 * most))
    return Graph(draw(texts), nodes, tuple(edges))


@st.composite
def maps(draw: st.DrawFn) -> tuple[list[Box], list[Arc], list[int]]:
    """Boxes, arcs and labels to lay out."""
    size = draw(st.integers(1, 14))
    boxes = draw(st.lists(st.builds(Box, st.integers(40, 250), st.integers(36, 200)), min_size=size, max_size=size))
    place = st.integers(0, size - 1)
    arcs = draw(st.lists(st.builds(Arc, place, place, st.booleans()), max_size=24))
    labels = draw(st.lists(st.sampled_from((0, 0, 30, 64, 171)), min_size=len(arcs), max_size=len(arcs)))
    return boxes, arcs, labels


def bank() -> Graph:
    """Draw up the example of a bank by hand, with counts."""
    rows: list[tuple[Kind, str, str, str]] = [
        ("start", "bank", "", ""),
        ("prompt", "menu", "What would you like to do?", "1 of 4"),
        ("say", "", "Your balance is GHS 250.00.", ""),
        ("prompt", "to", "Send to which number?", "text"),
        ("call", "pay", "", ""),
        ("fault", "CallFailed", "nothing catches it", ""),
        ("end", "", "", ""),
    ]
    nodes = tuple(
        Node(
            f"n{index}", kind, title, text, f"bank.py:{index}", "bank", expects, reached=100 - index, left=40 if index == 3 else 0
        )
        for index, (kind, title, text, expects) in enumerate(rows)
    )
    ways = [(0, 1, ""), (1, 2, "Balance"), (2, 1, ""), (1, 3, "Send money"), (3, 3, "refused"), (3, 4, "any text")]
    ways += [(4, 5, "fails"), (4, 1, ""), (1, 6, "Exit")]
    edges = tuple(Edge(f"n{one}", f"n{other}", label, 10 + other, one > other) for one, other, label in ways)
    return Graph("bank", nodes, edges)


def large(size: int) -> Graph:
    """Make a graph like that of a large flow, always the same one."""
    chance = random.Random(size)
    nodes = [Node(f"n{index}", chance.choice(KINDS), f"key{index}", "What would you like? " * 4) for index in range(size)]
    edges = [Edge(f"n{chance.randrange(max(0, index - 8), index)}", f"n{index}", "a choice") for index in range(1, size)]
    edges += [Edge(f"n{chance.randrange(size)}", f"n{chance.randrange(size)}") for _ in range(size // 4)]
    return Graph("large", tuple(nodes), tuple(edges))


def named(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Find the elements of a class, in the order in which they are drawn."""
    return [each for each in root.iter() if name in (each.get("class") or "").split()]


# Rows, orders and places


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.builds(Arc, *[st.integers(0, n - 1)] * 2, st.booleans())))
    )
)
def test_what_does_not_lead_up_leads_down(drawn: tuple[int, list[Arc]]) -> None:
    """An arc leads to a lower row, or is told to lead up; without cycles and arcs known to lead back, all lead down."""
    count, arcs = drawn
    found = layered(count, arcs)
    for arc, upward in zip(arcs, found.upward, strict=True):
        assert upward == (found.layers[arc.source] >= found.layers[arc.target])
    forward = [Arc(min(arc[:2]), max(arc[:2])) for arc in arcs if arc.source != arc.target]
    assert not any(layered(count, forward).upward)


@st.composite
def bands(draw: st.DrawFn) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Rows of spots, and lines between neighbouring ones."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    numbers = itertools.count()
    rows = [[next(numbers) for _ in range(size)] for size in sizes]
    pairs = [pair for upper, lower in itertools.pairwise(rows) for pair in itertools.product(upper, lower)]
    return rows, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


@given(bands())
def test_the_order_found_is_no_worse(drawn: tuple[list[list[int]], list[tuple[int, int]]]) -> None:
    """Ordering keeps the spots of each row, and does not add crossings; they are counted as one would by hand."""
    rows, segments = drawn
    _, below = neighbours(sum(map(len, rows)), segments)
    found = ordered(rows, segments)
    assert [sorted(row) for row in found] == rows
    assert crossings(found, below) <= crossings(rows, below)
    pairs = itertools.combinations(segments, 2)
    rank = {spot: place for place, spot in enumerate(itertools.chain(*rows))}
    row = {spot: number for number, spots in enumerate(rows) for spot in spots}
    by_hand = sum(row[a] == row[c] and (rank[a] - rank[c]) * (rank[b] - rank[d]) < 0 for (a, b), (c, d) in pairs)
    assert crossings(rows, below) == by_hand


@given(bands(), st.data())
def test_places_keep_the_order_and_the_room(drawn: tuple[list[list[int]], list[tuple[int, int]]], data: st.DataObject) -> None:
    """However spots are placed and moved, each row keeps its order, and the room between its spots."""
    rows, segments = drawn
    size = sum(map(len, rows))
    sides = st.integers(0, 60)
    extents = data.draw(st.lists(st.builds(Extent, sides, sides), min_size=size, max_size=size))
    straight = frozenset(
        data.draw(st.lists(st.sampled_from(segments), unique_by=(lambda s: s[0], lambda s: s[1]))) if segments else []
    )
    xs = placed(rows, segments, straight, extents, 10)
    for places in (xs, relaxed(rows, segments, straight, extents, 10, xs)):
        for left, right in itertools.chain(*map(itertools.pairwise, rows)):
            assert places[left] + extents[left].right + 8 <= places[right] - extents[right].left  # 10, less what is rounded


@given(st.lists(st.builds(Comb, *[st.lists(st.integers(0, 300), min_size=1, max_size=3).map(tuple)] * 2), max_size=8))
def test_no_two_lines_share_a_track(combs: list[Comb]) -> None:
    """Lines that run over each other have tracks of their own."""
    found = tracks(combs)
    for (one, track), (other, another) in itertools.combinations(zip(combs, found, strict=True), 2):
        (low, high), (lower, higher) = one.bounds, other.bounds
        if low < high and lower < higher and low <= higher and lower <= high:
            assert track != another


# The whole layout


def rectangle(at: Point, box: Box) -> tuple[int, int, int, int]:
    """Tell the sides of a card."""
    return at.x, at.y, at.x + box.width, at.y + box.height


def apart(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Tell whether two rectangles, or a line and a rectangle, have nothing in common but perhaps an edge."""
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def stretches(layout: Layout, number: int) -> list[tuple[int, int, int, int]]:
    """Tell the parts of a line as rectangles without an area."""
    return [(min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y)) for a, b in itertools.pairwise(layout.lines[number])]


@given(maps())
def test_nothing_covers_anything(drawn: tuple[list[Box], list[Arc], list[int]]) -> None:
    """No card or label is over another, all are on the map, and lines go around the cards."""
    boxes, arcs, labels = drawn
    layout = laid_out(boxes, arcs, labels)
    cards = [rectangle(at, box) for at, box in zip(layout.cards, boxes, strict=True)]
    signs = [
        (at.x - width // 2, at.y - LABEL_HEIGHT // 2, at.x + width // 2, at.y + LABEL_HEIGHT // 2)
        for at, width in zip(layout.labels, labels, strict=True)
        if at is not None
    ]
    assert len(signs) == sum(map(bool, labels))
    for one, other in itertools.combinations([*cards, *signs], 2):
        assert apart(one, other)
    parts = [part for number in range(len(arcs)) for part in stretches(layout, number)]
    for left, top, right, bottom in [*cards, *signs, *parts]:
        assert left >= 0
        assert top >= 0
        assert right <= layout.width
        assert bottom <= layout.height
    assert not [(part, card) for part in parts for card in cards if not apart(part, card)]


@given(maps())
def test_every_line_goes_from_its_source_to_its_target(drawn: tuple[list[Box], list[Arc], list[int]]) -> None:
    """A line begins at the edge of its source and ends at the edge of its target; one that leads down never goes up."""
    boxes, arcs, labels = drawn
    layout = laid_out(boxes, arcs, labels)
    for number, arc in enumerate(arcs):
        line = layout.lines[number]
        assert all(one.x == other.x or one.y == other.y for one, other in itertools.pairwise(line))
        for card, point in ((arc.source, line[0]), (arc.target, line[-1])):
            left, top, right, bottom = rectangle(layout.cards[card], boxes[card])
            assert left <= point.x <= right
            assert top <= point.y <= bottom
            assert point.x in (left, right) or point.y in (top, bottom)
        if not layout.upward[number]:
            assert line[0].y < line[-1].y
            assert all(one.y <= other.y for one, other in itertools.pairwise(line))
        at = layout.labels[number]
        if at is not None and arc.source != arc.target:
            assert any(part[0] == at.x == part[2] and part[1] <= at.y <= part[3] for part in stretches(layout, number))


@given(maps())
def test_no_line_goes_through_a_label_of_another(drawn: tuple[list[Box], list[Arc], list[int]]) -> None:
    """Below a label there is only its own line."""
    boxes, arcs, labels = drawn
    layout = laid_out(boxes, arcs, labels)
    for number, (at, width) in enumerate(zip(layout.labels, labels, strict=True)):
        if at is None:
            continue
        sign = (at.x - width // 2, at.y - LABEL_HEIGHT // 2, at.x + width // 2, at.y + LABEL_HEIGHT // 2)
        for other, arc in enumerate(arcs):
            if other != number and not arc.source == arc.target == arcs[number].source:
                assert all(apart(part, sign) for part in stretches(layout, other))


def test_corners_are_round_and_arrows_point_on() -> None:
    """A line without a bend is straight; corners that are near to each other are less round; arrows point where the line goes."""
    assert rounded((Point(5, 0), Point(5, 10), Point(5, 30)), short=5) == "M5 0V25"
    assert rounded((Point(0, 0), Point(0, 20), Point(4, 20), Point(4, 40))) == "M0 0V18Q0 20 2 20H2Q4 20 4 22V40"
    assert rounded((Point(0, 0), Point(0, 20), Point(40, 20)), reverse=True).startswith("M40 20H")
    assert arrow((Point(0, 9), Point(40, 9))) == "M40 9L32 13.5L32 4.5z"


# Texts


@given(texts, st.floats(20, 300), st.integers(1, 5))
@example("a\n\nb", 100.0, 1)
def test_lines_fit(text: str, width: float, lines: int) -> None:
    """There are not more lines than asked for, and none is wider than it may be unless one character is."""
    found = wrapped(text, 10, width, lines)
    assert len(found) <= lines
    assert all(line.strip() and (width_of(line, 10) <= width + 1e-6 or shortened(line, 1) == line) for line in found)


@given(texts, st.floats(30, 200), st.booleans(), st.booleans())
def test_what_is_cut_fits(text: str, width: float, mono: bool, front: bool) -> None:
    """A text that fits is left as it is; of another one a part is kept, and dots say so."""
    found = cut(text, 10, width, mono=mono, front=front)
    assert width_of(found, 10, mono=mono) <= width + 1e-6
    assert found == text or found.strip(" \u3000\n\t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85").startswith("…") or found.endswith("…")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("👩🏽‍🌾👩🏽‍🌾👩🏽‍🌾", "👩🏽‍🌾…"),
        ("e\u0301" * 3, "e\u0301…"),
        ("🇬🇭🇬🇭🇬🇭", "🇬🇭…"),
        ("abc", "a…"),
        ("ab", "ab"),
        ("  ab  ", "ab"),
    ],
)
def test_no_visible_character_is_torn(text: str, kept: str) -> None:
    """What is seen as one character is kept or left out as a whole."""
    assert shortened(text, 2) == kept


@pytest.mark.parametrize(
    ("text", "turned"), [("Hello", False), ("123", False), ("", False), ("مرحبا", True), ("1. שלום", True), ("a שלום", False)]
)
def test_which_texts_are_written_from_the_right(text: str, turned: bool) -> None:
    """The first letter tells; an SVG text from the right begins at the right."""
    assert is_right_to_left(text) is turned
    root = ElementTree.fromstring(to_svg(Graph("g", (Node("n0", "say", "", text),), ())))
    assert [each.get("direction") for each in named(root, "said")] == ([("rtl" if turned else None)] if text else [])


# Mermaid and DOT

SHAPE: Final = r'(?:\(\["Q"\]\)|\["Q"\]|\("Q"\)|\[\["Q"\]\]|\{\{"Q"\}\})'.replace("Q", r'[^"\n]+')
MERMAID: Final = re.compile(
    rf"flowchart TD|  (?:  )?n\d+{SHAPE}:::\w+Node|  n\d+ (?:-->|-\.->)(?:\|\"[^\"\n]+\"\|)? n\d+"
    r'|  subgraph f\d+\["[^"\n]*"\]|  end|  style f\d+ [\w#:,]+|  classDef \w+Node [\w#:, -]+|'
)


def decoded(text: str) -> str:
    """Read what Mermaid reads out of quotes."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text.replace("<br/>", "\n"))


@given(graphs())
def test_mermaid_is_valid_for_any_text(graph: Graph) -> None:
    """Each line is one of the few kinds that are written, and in quotes nothing has a meaning."""
    lines = to_mermaid(graph).split("\n")
    assert all(MERMAID.fullmatch(line) for line in lines)
    assert lines.count("  end") == sum(line.startswith("  subgraph") for line in lines)
    for quoted in re.findall(r'"([^"]*)"', "\n".join(lines)):
        bare = re.sub(r"#\d+;|<br/>|, | · |\d,\d{3}|\d,\d{3}", "", quoted)
        assert not set(bare) & set("\"'#<>&|[](){}`%;\\*_~$^=@:!?.-+/")


@given(texts)
def test_mermaid_shows_what_was_written(text: str) -> None:
    """What Mermaid reads is the text, shortened, its blanks made one."""
    (found,) = re.findall(r'n0\["(.*)"\]', to_mermaid(Graph("g", (Node("n0", "prompt", "", text),), ())))
    shown = [" ".join(line.split()) for line in legible(shortened(text, 120)).splitlines()]
    assert decoded(found).strip() == "\n".join(filter(None, shown)).strip()


def strings(dot: str) -> list[str]:
    """Take the quoted strings out of DOT, and read them as Graphviz does; what is left must be plain."""
    found = re.findall(r'"((?:[^"\\\n]|\\["\\n])*)"', dot)
    left = re.sub(r'"(?:[^"\\\n]|\\["\\n])*"', '""', dot)
    assert re.fullmatch(r'[\w\s={}\[\];,.>"-]*', left, re.ASCII)
    return [unescape(re.sub(r"\\(.)", lambda each: {"n": "\n"}.get(each[1], each[1]), text)) for text in found]


@given(graphs())
def test_dot_is_valid_for_any_text(graph: Graph) -> None:
    """Outside of quotes there is nothing but DOT, and braces and brackets are closed."""
    dot = to_dot(graph)
    strings(dot)
    bare = re.sub(r'"(?:[^"\\\n]|\\["\\n])*"', "", dot)
    assert bare.count("{") == bare.count("}")
    assert bare.count("[") == bare.count("]") == len(re.findall(r"\w+ \[", bare))


@given(texts)
def test_dot_shows_what_was_written(text: str) -> None:
    """What Graphviz reads as a label is the text, shortened, its blanks made one."""
    label = " ".join(text.split())
    dot = to_dot(Graph("g", (Node("n0", "prompt", "key"),), (Edge("n0", "n0", text),)))
    assert not label or "\n".join(legible(shortened(label, 60)).splitlines()) in strings(dot)


def test_flows_are_grouped() -> None:
    """Nodes of another flow stand in a group of it; those of the map's own do not."""
    graph = Graph("a", (Node("n0", "start", "a", flow="a"), Node("n1", "prompt", "key", flow='b"')), (Edge("n0", "n1"),))
    assert '  subgraph f0["b#34;"]\n    n1["key"]:::promptNode\n  end\n' in to_mermaid(graph)
    assert re.search(r'subgraph cluster_0 \{\n    label="b\\"".*;\n    n1 \[.*\];\n  \}', to_dot(graph).replace("\n  ", "\n  "))
    assert [each.text for each in named(ElementTree.fromstring(to_svg(graph)), "flow")] == ['b"']


# SVG


@given(graphs())
def test_the_svg_holds_every_node_and_edge(graph: Graph) -> None:
    """It is XML; each node has its tooltip with all of its text, and each edge of known nodes its line."""
    root = ElementTree.fromstring(to_svg(graph))
    assert root.tag == f"{SVG}svg"
    nodes = named(root, "node")
    assert [each.get("id") for each in nodes] == [f"node-{index}" for index in range(len(graph.nodes))]
    for node, drawn in zip(graph.nodes, nodes, strict=True):
        assert node.kind in (drawn.get("class") or "").split()
        tooltip = drawn.find(f"{SVG}title")
        assert tooltip is not None
        assert legible(node.text).replace("\r\n", "\n").replace("\r", "\n") in (tooltip.text or "")
    ids = {node.id for node in graph.nodes}
    assert len(named(root, "edge")) == sum(edge.source in ids and edge.target in ids for edge in graph.edges)
    assert not [each for each in root.iter() if each.tag == f"{SVG}script" or any(key.startswith("on") for key in each.attrib)]


@given(graphs())
def test_a_map_is_always_the_same(graph: Graph) -> None:
    """What is drawn is told by the graph alone, and can be written to a file whatever the texts are."""
    for draw in (to_mermaid, to_dot, to_svg, to_html):
        assert draw(graph).encode() == draw(graph).encode()


def test_a_long_text_is_cut_and_kept_in_the_tooltip() -> None:
    """A card shows four lines at most, the last with dots, and the tooltip the rest."""
    text = " ".join(f"word{number}" for number in range(60))
    root = ElementTree.fromstring(to_svg(Graph("g", (Node("n0", "prompt", "key", text, "shop.py:3", expects="text"),), ())))
    lines = [each.text or "" for each in named(root, "said")]
    assert len(lines) == 4
    assert lines[-1].endswith("…")
    assert [each.text for name in ("key", "where", "expects") for each in named(root, name)] == ["key", "shop.py:3", "text"]
    assert text in (named(root, "node")[0].findtext(f"{SVG}title") or "")


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("start", True),
        ("question", True),
        ("other flow", False),
        ("goes back", True),
        ("left here", True),
        ("not explored", False),
    ],
)
def test_the_legend_explains_what_is_there(word: str, there: bool) -> None:
    """It names what the map shows, and nothing else."""
    (legend,) = named(ElementTree.fromstring(to_svg(bank())), "legend")
    assert (word in [each.text for each in legend.iter(f"{SVG}text")]) is there


def test_an_edge_back_is_told_from_the_others() -> None:
    """Lines that go back are drawn before the others, and so below them; those to an error are told, too."""
    kinds = [(each.get("class") or "").split()[1:] for each in named(ElementTree.fromstring(to_svg(bank())), "edge")]
    assert kinds == [*[["back"]] * 3, ["fails"], *[[]] * 5]


# Counts


def test_counts_are_drawn_only_where_somebody_counted() -> None:
    """Without counts there are no bars and numbers, and all lines are equally thick."""
    plain = Graph("g", (Node("n0", "prompt", "key"), Node("n1", "end", "")), (Edge("n0", "n1", "any text"),))
    root = ElementTree.fromstring(to_svg(plain))
    assert not [
        each for name in ("reached", "lost", "kept", "gone", "count", "warm1", "warm2", "warm3") for each in named(root, name)
    ]
    assert {each.get("stroke-width") for each in named(root, "line")} == {"1.5"}
    root = ElementTree.fromstring(to_svg(bank()))
    assert [each.text for each in named(root, "lost")] == ["40 left · 41%"]
    assert [each.get("class") for each in named(root, "warm3")] == ["node prompt warm3"]
    assert len(named(root, "kept")) == 6  # five cards, and the legend
    assert {each.text for each in named(root, "count")} == {"100", "94", *map(str, range(11, 17))}


@pytest.mark.parametrize(
    ("node", "lost", "warmth"),
    [
        (Node("n", "prompt", "", reached=100, left=50), 0.5, 3),
        (Node("n", "prompt", "", reached=100, left=30), 0.3, 2),
        (Node("n", "prompt", "", reached=1000, left=40), 0.04, 0),
        (Node("n", "prompt", "", reached=10, left=1), 0.1, 0),
        (Node("n", "prompt", "", reached=0, left=0), 0.0, 0),
        (Node("n", "prompt", "", reached=5, left=None), 0.0, 0),
        (Node("n", "prompt", "", reached=10, left=50), 1.0, 3),
        (Node("n", "end", "", reached=10, left=10), 0.0, 0),
    ],
)
def test_who_is_lost(node: Node, lost: float, warmth: int) -> None:
    """Warm is where many are lost, of all and of those who came; nobody is lost at the end."""
    share = share_of(node, scale_of(Graph("g", (Node("m", "say", "", reached=50, left=50), node), ())))
    assert share is not None
    assert (share.lost, share.warmth) == (lost, warmth)
    assert share_of(Node("n", "prompt", ""), scale_of(Graph("g", (), ()))) is None


@given(st.lists(counts, min_size=1))
def test_lines_are_as_thick_as_many_went(went: list[int | None]) -> None:
    """The more went, the thicker a line is, within bounds."""
    scale = scale_of(Graph("g", (), tuple(Edge("a", "b", count=count) for count in went)))
    thick = [scale.thickness(count) for count in sorted(went, key=lambda count: count or 0)]
    assert thick == sorted(thick)
    assert all(1.5 <= each <= 6 for each in thick)


# The page


class Page(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open in self.inside:
            self.inside[self.open][-1] += data


@given(graphs())
def test_no_text_breaks_out_of_the_page(graph: Graph) -> None:
    """Whatever the texts are, the page has the same few scripts, no handlers, and its data is what the graph holds."""
    page = Page(to_html(graph))
    data, script = page.inside["script"]
    assert script == Page(to_html(Graph("", (), ()))).inside["script"][1]
    found: dict[str, Any] = json.loads(data)
    assert [each[3] for each in found["nodes"]] == [legible(node.text) for node in graph.nodes]
    assert not re.search(r"[<>&]", data)
    names = {
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "header",
        "div",
        "h1",
        "p",
        "search",
        "label",
        "input",
        "kbd",
    }
    names |= {
        "output",
        "main",
        "svg",
        "g",
        "rect",
        "path",
        "circle",
        "text",
        "tspan",
        "details",
        "summary",
        "button",
        "aside",
        "script",
    }
    assert {name for name, _ in page.elements} <= names
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on") or key == "style"]
    assert {attributes.get("href", "data:,") for _, attributes in page.elements} == {"data:,"}
    assert not [attributes for _, attributes in page.elements if "src" in attributes]


def test_the_policy_lets_only_this_page_run() -> None:
    """Nothing may be loaded, and only what has the hash of the page's own style and script counts."""
    page = Page(to_html(bank()))
    (policy,) = [attributes["content"] for name, attributes in page.elements if "http-equiv" in attributes]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    def hashed(content: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    (style,), (_, script) = page.inside["style"], page.inside["script"]
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": hashed(style),
        "script-src": hashed(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "</" not in style + script
    assert not re.search(r"https?:|@import|url\(|fetch|innerHTML|eval", style + script)


def test_the_page_can_be_used_by_everybody() -> None:
    """Every node can be focused and says what it is; the map, the search, and each button have names."""
    page = Page(to_html(bank()))
    nodes = [attributes for name, attributes in page.elements if (attributes.get("class") or "").startswith("node ")]
    assert [each["aria-label"] for each in nodes][1:3] == [
        "question menu: What would you like to do? (answer: 1 of 4, bank.py:1, flow bank, 99 came here)",
        "message: Your balance is GHS 250.00. (bank.py:2, flow bank, 98 came here)",
    ]
    assert all(each["tabindex"] == "0" and each["role"] == "button" for each in nodes)
    assert all(attributes.get("aria-label") for name, attributes in page.elements if name in ("button", "aside"))
    assert ("label", {"for": "search", "class": "hidden"}) in page.elements
    assert "prefers-reduced-motion" in page.inside["style"][0]
    assert "prefers-color-scheme: dark" in page.inside["style"][0]


def test_a_large_map_is_drawn_soon() -> None:
    """Three hundred nodes take less than two seconds, and a long chain no stack."""
    began = time.perf_counter()
    to_html(large(300))
    assert time.perf_counter() - began < 2
    chain = tuple(Node(f"n{index}", "say", "") for index in range(2000))
    assert (
        to_svg(Graph("chain", chain, tuple(Edge(f"n{index}", f"n{index + 1}") for index in range(1999)))).count('class="node ')
        == 2000
    )
