"""The map of a conversation as a graph: what can be shown to a person, and how one gets from one to the next. Pure."""

from typing import Literal

import msgspec

__all__ = ["Edge", "Graph", "Kind", "Node"]

Kind = Literal["start", "prompt", "call", "run", "say", "end", "fault", "unknown"]
"""What happens at a node. ``"run"`` enters another flow, ``"fault"`` is where the flow raises, ``"unknown"`` is not explored."""


class Node(msgspec.Struct, frozen=True):
    """A place in a conversation.

    Args:
        id: what it is called in edges; no two nodes have the same.
        kind: what happens there.
        title: key of the prompt or call, the name of the flow for the start, ``""`` for an end.
        text: what the person reads.
        where: the file and the line, such as ``"registration.py:18"``.
        flow: name of the flow that it belongs to.
        expects: what kind of answer it waits for, such as ``"text"`` or ``"1 of 4"``.
        reached: how many conversations came here; ``None`` where nobody counted.
        left: how many of these stopped here.
    """

    id: str
    kind: Kind
    title: str
    text: str = ""
    where: str = ""
    flow: str = ""
    expects: str = ""
    reached: int | None = None
    left: int | None = None


class Edge(msgspec.Struct, frozen=True):
    """A way from one node to another.

    Args:
        source: id of the node that it leaves.
        target: id of the node that it leads to.
        label: the choices that lead there, ``"any text"``, ``"fails"`` and the like.
        count: how many conversations went this way; ``None`` where nobody counted.
        back: it goes back to a question that was asked before.
    """

    source: str
    target: str
    label: str = ""
    count: int | None = None
    back: bool = False


class Graph(msgspec.Struct, frozen=True):
    """A whole map. It may have cycles, and several edges between two nodes.

    Args:
        name: name of the flow.
        nodes: its places, the start first.
        edges: the ways between them.

    >>> Graph("hello", (Node("n0", "start", "hello"), Node("n1", "end", "")), (Edge("n0", "n1"),)).name
    'hello'
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
