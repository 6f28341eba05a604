"""Which row of the map each node stands in, and which arcs lead up. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Arc", "Layering", "layered"]


class Arc(NamedTuple):
    """An edge between two nodes, which are numbers here.

    Args:
        source: where it begins.
        target: where it ends.
        back: it is known to lead back.
    """

    source: int
    target: int
    back: bool = False


class Layering(NamedTuple):
    """Rows for nodes.

    Args:
        layers: the row of each node, 0 the topmost.
        upward: for each arc, whether it does not lead to a lower row.
    """

    layers: list[int]
    upward: list[bool]


def layered(count: int, arcs: Sequence[Arc]) -> Layering:
    """Give each node the first row that is below all nodes that lead to it.

    Args:
        count: how many nodes there are.
        arcs: what leads where. Besides those known to lead back, some of each cycle are found to.

    >>> layered(3, [Arc(0, 1), Arc(1, 2), Arc(0, 2), Arc(2, 1)])
    Layering(layers=[0, 1, 2], upward=[False, False, False, True])
    """
    below: list[list[int]] = [[] for _ in range(count)]
    for arc in arcs:
        if not arc.back and arc.source != arc.target:
            below[arc.source].append(arc.target)
    order = _sorted_without_cycles(below)
    layers = [0] * count
    for node in order:
        for other in below[node]:
            layers[other] = max(layers[other], layers[node] + 1)
    _pull_down(layers, order, below)
    return Layering(layers, [layers[arc.source] >= layers[arc.target] for arc in arcs])


def _sorted_without_cycles(below: list[list[int]]) -> list[int]:
    """Take from ``below`` what closes a cycle, and list the nodes so that all else leads forward."""
    led_to = {other for others in below for other in others}
    roots = sorted(range(len(below)), key=lambda node: (node in led_to, node))
    unseen, open_, done = 0, 1, 2
    state = [unseen] * len(below)
    finished: list[int] = []
    for root in roots:
        if state[root] != unseen:
            continue
        # A stack of our own: a long conversation is deeper than Python's.
        stack = [(root, 0)]
        state[root] = open_
        while stack:
            node, place = stack.pop()
            if place == len(below[node]):
                state[node] = done
                finished.append(node)
                continue
            other = below[node][place]
            if state[other] == open_:
                del below[node][place]
                stack.append((node, place))
                continue
            stack.append((node, place + 1))
            if state[other] == unseen:
                state[other] = open_
                stack.append((other, 0))
    return finished[::-1]


def _pull_down(layers: list[int], order: list[int], below: list[list[int]]) -> None:
    """Move nodes with more ways out than in down to what they lead to, which makes the ways shorter together."""
    ways_in = [0] * len(layers)
    for others in below:
        for other in others:
            ways_in[other] += 1
    for node in reversed(order):
        if node and len(below[node]) > ways_in[node]:
            layers[node] = min(layers[other] for other in below[node]) - 1
