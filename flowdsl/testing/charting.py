"""The map of a flow, made of an exploration of it, and of the conversations of people where they are given."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from inspect import getdoc
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from flowdsl.calls import Call
from flowdsl.flow import Flow
from flowdsl.mapping import Edge, Graph, Kind, Node
from flowdsl.navigation import Back, Checkpoint
from flowdsl.prompt import Prompt
from flowdsl.steps import Say
from flowdsl.subflows import Become, Run
from flowdsl.tally import Counts
from flowdsl.testing.dialogue import Input
from flowdsl.testing.exploration import Exploration
from flowdsl.testing.visits import Step, Visit
from flowdsl.texts import plain

__all__ = ["Chart"]

_START: Final = "start"
_END: Final = "end"
_ANY: Final = "any answer"
_WRONG: Final = "wrong answers"
_FAILS: Final = "fails"
_MOST_LABELS: Final = 3

_Way = tuple[str, str]


class Chart:
    """A flow's questions, calls and texts, and the ways between them.

    Args:
        exploration: what was found out about the flow.
        flow: the flow.
    """

    def __init__(self, exploration: Exploration, flow: Flow[..., Any]) -> None:
        self._exploration: Final = exploration
        self._name: Final = flow.name
        # Parts of a flow that are functions of their own are drawn together, and so is the flow's own function.
        self._function: Final = getattr(flow.function, "__name__", flow.name)
        start = Node(_START, "start", flow.name, where=_short(flow.where), flow=flow.name)
        self._nodes: Final[dict[str, Node]] = {_START: start}
        self._order: Final[dict[Any, str]] = {}
        self._ways: Final[dict[_Way, dict[str, None]]] = {}
        self._asked: Final[dict[str, Prompt[Any]]] = {}
        self._labels: Final[dict[tuple[str, str], str]] = {}
        for visit in exploration.visits:
            self._add(visit)
        led = {source for source, _ in self._ways}
        for name in [name for name in self._asked if name not in led]:
            self._way(name, self._unknown(name), "")

    def graph(self, journeys: Iterable[Sequence[Step]] = (), *, counted: bool = False) -> Graph:
        """Give the map.

        Args:
            journeys: the steps that conversations of people have come to, to the one at which they stand.
            counted: write how many they are, also where there are none.
        """
        if not counted:
            return Graph(self._name, tuple(self._nodes.values()), tuple(self._edges(None)))
        reached, left, went = Counter[str](), Counter[str](), Counter[_Way]()
        for steps in journeys:
            path = [_START, *(node for step in steps if (node := self._order.get(_place(step))) is not None)]
            reached.update(set(path))
            left[path[-1]] += 1
            went.update(set(pairwise(path)))
        nodes = [msgspec.structs.replace(node, reached=reached[name], left=left[name]) for name, node in self._nodes.items()]
        return Graph(self._name, tuple(nodes), tuple(self._edges(went)))

    def tallied(self, counts: Counts) -> Graph:
        """Give the map with what signals have counted, by the keys of questions.

        Where a key is asked at several places, each of them has the counts of all.

        Args:
            counts: how far conversations have come.
        """
        nodes = []
        for node in self._nodes.values():
            if node.kind == "start":
                node = msgspec.structs.replace(node, reached=counts.started)
            elif node.kind == "end":
                node = msgspec.structs.replace(node, reached=counts.finished)
            elif node.kind == "prompt":
                here = counts.shown.get(node.title, 0)
                node = msgspec.structs.replace(
                    node, reached=here, left=max(0, here - counts.answered.get(node.title, 0) - counts.backed.get(node.title, 0))
                )
            nodes.append(node)
        return Graph(self._name, tuple(nodes), tuple(self._edges(None)))

    def _add(self, visit: Visit) -> None:
        steps = [step for step in visit.steps if not isinstance(step.step, Checkpoint | Back)]
        names = [self._node(step) for step in steps]
        before = visit.before.steps[-1] if visit.before is not None and visit.before.steps else None
        source = _START if before is None else self._node(before)
        went_back = before is not None and bool(names) and names[0] != source
        if before is None:
            path = [_START, *names]
        elif went_back:
            path = [source] if names[-1] == source else [source, names[-1]]
        else:
            path = names or [source]
        if visit.passage.ended:
            path.append(self._end())
        elif visit.passage.raised is not None:
            path.append(self._fault(visit))
        if not visit.answered and path[-1] == source:  # what was wrong is told, and the question asked again
            return
        if len(path) == 1:
            path = [source, source]
        failed = iter([isinstance(made.result, BaseException) for made in visit.passage.made])
        for place, (one, other) in enumerate(pairwise(path)):
            if self._nodes[one].kind == "call":
                self._way(one, other, _FAILS if next(failed, False) else "")
            else:
                self._way(one, other, "" if place or before is None else self._picked(one, visit.did))

    def _picked(self, source: str, did: Input) -> str:
        """Name what was typed; a choice as it was called first, in whatever language it is read later."""
        if did.verb == "choose":
            return self._labels.setdefault((source, did.text), did.label)
        return did.label or (_WRONG if did.slip else did.text or _ANY)

    def _way(self, one: str, other: str, label: str) -> None:
        labels = self._ways.setdefault((one, other), {})
        if label:
            labels[label] = None

    def _node(self, step: Step) -> str:
        place = _place(step)
        known = self._order.get(place)
        if known is not None:
            return known
        name = f"n{len(self._order) + 1}"
        self._order[place] = name
        site = self._exploration.site(step.place)
        kind, title, text, expects = _described(step.step)
        where, function = ("", "") if site is None else (_short(site.where), site.function.rpartition(".")[2])
        self._nodes[name] = Node(name, kind, title, text, where, self._name if function == self._function else function, expects)
        if isinstance(step.step, Prompt):
            self._asked[name] = step.step
        return name

    def _end(self) -> str:
        self._nodes.setdefault(_END, Node(_END, "end", "", flow=self._name))
        return _END

    def _unknown(self, after: str) -> str:
        name = f"after {after}"
        self._nodes.setdefault(name, Node(name, "unknown", "", "not walked any further", flow=self._name))
        return name

    def _fault(self, visit: Visit) -> str:
        name = f"fault {visit.passage.where}"
        error = visit.passage.raised
        title = type(error).__name__
        self._nodes.setdefault(name, Node(name, "fault", title, str(error), _short(visit.passage.where), self._name))
        return name

    def _edges(self, went: Mapping[_Way, int] | None) -> Iterable[Edge]:
        back = self._back()
        for (source, target), labels in self._ways.items():
            count = None if went is None else went.get((source, target), 0)
            yield Edge(source, target, self._label(source, list(labels)), count, (source, target) in back)

    def _back(self) -> set[_Way]:
        """Find the ways that lead to a place from which one has come."""
        after: dict[str, list[str]] = {}
        for source, target in self._ways:
            after.setdefault(source, []).append(target)
        back: set[_Way] = set()
        done: set[str] = set()
        path = [(_START, iter(after.get(_START, ())))]
        on_path = {_START}
        while path:
            here, targets = path[-1]
            there = next(targets, None)
            if there is None:
                path.pop()
                on_path.discard(here)
                done.add(here)
            elif there in on_path:
                back.add((here, there))
            elif there not in done:
                on_path.add(there)
                path.append((there, iter(after.get(there, ()))))
        return back

    def _label(self, source: str, labels: list[str]) -> str:
        prompt = self._asked.get(source)
        if prompt is None or not labels:
            return ", ".join(labels)
        wrong, given = [each for each in labels if each == _WRONG], [each for each in labels if each != _WRONG]
        if given and prompt.choices is None and len(self._after(source)) == 1:
            given = [_ANY]
        elif prompt.choices is not None and len(given) == len(prompt.menu.options) > 1:
            given = ["any choice"]
        elif len(given) > _MOST_LABELS:
            given = [*given[: _MOST_LABELS - 1], f"{len(given) - _MOST_LABELS + 1} more"]
        return ", ".join([*given, *wrong])

    def _after(self, source: str) -> set[str]:
        """Give the places to which answers lead that are taken."""
        return {target for (one, target), labels in self._ways.items() if one == source and set(labels) != {_WRONG}}


def _place(step: Step) -> Any:
    return step.place, getattr(step.step, "key", "")


def _described(step: Any) -> tuple[Kind, str, str, str]:
    if isinstance(step, Prompt):
        return "prompt", step.key, plain(step.text), _expects(step)
    if isinstance(step, Say):
        return "say", "", plain(step.text), ""
    if isinstance(step, Call):
        return "call", step.key, (getdoc(step.function) or "").partition("\n")[0], ""
    if isinstance(step, Run):
        return "run", step.key, "", ""
    assert isinstance(step, Become)
    return "run", step.key, "", ""


def _expects(prompt: Prompt[Any]) -> str:
    if prompt.choices is not None:
        return f"1 of {len(prompt.menu.options)}"
    if prompt.expects is not None:
        return prompt.expects
    transform = prompt.transform
    name = getattr(transform, "__name__", type(transform).__name__).strip("_").lower() if transform is not None else ""
    return "text" if name in ("", "<lambda>", "lambda") else name


def _short(where: str) -> str:
    file, _, line = where.rpartition(":")
    return f"{Path(file).name}:{line}" if file else where
