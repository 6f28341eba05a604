"""What is told by counts: how many came to a node, went on, or stopped. Pure."""

from typing import NamedTuple

from flowdsl.mapping.graph import Graph, Node

__all__ = ["Scale", "Share", "scale_of", "share_of"]

_WARM = 0.05  # a smaller share of people lost is no news, however many they are


class Share(NamedTuple):
    """How a node does.

    Args:
        reached: how many conversations came here.
        left: how many of them stopped here.
        lost: the share of these, from 0 to 1.
        warmth: 0 where nobody should worry, up to 3 where the most are lost.
    """

    reached: int
    left: int
    lost: float
    warmth: int


class Scale(NamedTuple):
    """What the counts of a map are measured by.

    Args:
        most_left: the most conversations that stopped at one node.
        most_went: the most that went one way.
    """

    most_left: int
    most_went: int

    def thickness(self, count: int | None) -> float:
        """Tell how thick the line is that so many went: from 1.5 to 6.

        >>> [Scale(0, 100).thickness(count) for count in (None, 0, 25, 100)]
        [1.5, 1.5, 3.75, 6.0]
        """
        if not count or count < 0 or not self.most_went:
            return 1.5
        return 1.5 + 4.5 * float(min(1.0, count / self.most_went) ** 0.5)


def scale_of(graph: Graph) -> Scale:
    """Find what the counts of a map are measured by.

    >>> scale_of(Graph("hello", (Node("n0", "prompt", "name", reached=10, left=4),), ())).most_left
    4
    """
    left = [node.left for node in graph.nodes if node.left and _can_be_left(node)]
    return Scale(max(left, default=0), max((edge.count or 0 for edge in graph.edges), default=0))


def share_of(node: Node, scale: Scale) -> Share | None:
    """Tell how a node does, or ``None`` where nobody counted.

    >>> share_of(Node("n0", "prompt", "name", reached=10, left=4), Scale(4, 10))
    Share(reached=10, left=4, lost=0.4, warmth=3)
    """
    if node.reached is None:
        return None
    left = max(node.left or 0, 0) if _can_be_left(node) else 0
    lost = min(1.0, left / node.reached) if node.reached > 0 else 0.0
    part = left / scale.most_left if scale.most_left and lost >= _WARM else 0.0
    return Share(node.reached, left, lost, sum(part >= bound for bound in (0.25, 0.5, 0.8)))


def _can_be_left(node: Node) -> bool:
    """Tell whether stopping here is giving up: after the end there is nothing to go on to."""
    return node.kind != "end"
