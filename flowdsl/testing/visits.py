"""A place in a conversation that a walk came to, and what can be told of many of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from flowdsl.testing.dialogue import Dialogue, Input, Passage
from flowdsl.testing.stage import Moment

__all__ = ["Step", "Visit", "leading_to", "paths"]


class Step(NamedTuple):
    """A step that a flow came to: its place in the code, and what it yielded there."""

    place: tuple[int, int]
    step: Any


class Visit(msgspec.Struct, eq=False, kw_only=True):
    """A place in a conversation that a walk came to.

    Args:
        before: the place before it.
        did: what the person did there.
        passage: what that came to.
        depth: how many messages lead here.
        steps: what the flow came to in this turn, the question that was answered first.
        question: where the flow stands in its code, and the key of the question.
        moment: all that is known, until the walk has gone on from here.
        merged: the place that is the same as this one, where that was gone on from.
        cut: it was not gone on from here, or not with all that can be typed, because of a bound.
        since: how many messages ago that was on this path for the first time.
        varied: at how many questions without choices the path has another than the first of what can be typed.
        answered: the message was not refused.
        stuck: why nothing that was tried answers the question, where that is so.
        after: the places after it.
    """

    before: "Visit | None"
    did: Input
    passage: Passage
    depth: int
    steps: tuple[Step, ...] = ()
    question: tuple[Any, ...] = ()
    moment: Moment | None = None
    merged: "Visit | None" = None
    cut: bool = False
    since: int = 0
    varied: int = 0
    answered: bool = False
    stuck: str = ""
    after: tuple["Visit", ...] = ()

    def __repr__(self) -> str:
        return f"<visit of {self.question[1]!r}>" if self.question else "<visit>"

    @property
    def is_new(self) -> bool:
        """Whether the conversation goes on from here, and not from a place that is the same."""
        return self.merged is None and not self.passage.ended and self.passage.raised is None

    @property
    def path(self) -> list["Visit"]:
        """The places from the beginning to this one."""
        path: list[Visit] = [self]
        visit: Visit = self
        while visit.before is not None:
            visit = visit.before
            path.append(visit)
        return path[::-1]

    def rounds(self) -> int:
        """Tell how often the path has come to this question."""
        count, visit = 0, self.before
        while visit is not None:
            count += visit.question is self.question
            visit = visit.before
        return count

    def dialogue(self, flow: str, setup: Sequence[str] = ()) -> Dialogue:
        """Give the conversation that leads here."""
        return Dialogue(flow, tuple(visit.passage for visit in self.path), tuple(setup))


def paths(first: Visit) -> int:
    """Count the paths from a place to the ends; where a loop comes to a place again, the path ends there.

    Args:
        first: the place.
    """
    count: dict[int, int] = {}
    under_way: set[int] = set()
    todo = [first]
    while todo:
        visit = todo[-1]
        after = [each for each in visit.after if not each.did.slip] if visit.merged is None else [visit.merged]
        ahead = [each for each in after if id(each) not in count and id(each) not in under_way]
        if id(visit) not in count and id(visit) not in under_way and ahead:
            under_way.add(id(visit))
            todo += ahead
            continue
        todo.pop()
        if id(visit) not in count:
            under_way.discard(id(visit))
            count[id(visit)] = sum(count.get(id(each), 1) for each in after) or 1
    return count[id(first)]


def leading_to(targets: list[Visit], visits: list[Visit]) -> set[int]:
    """Tell from which places one of others can be reached, by their ids in memory.

    Args:
        targets: the others.
        visits: all places.
    """
    leading: dict[int, list[Visit]] = {}
    for visit in visits:
        for after in (*visit.after, *([] if visit.merged is None else [visit.merged])):
            leading.setdefault(id(after), []).append(visit)
    found = set(map(id, targets))
    todo = list(targets)
    while todo:
        for before in leading.get(id(todo.pop()), ()):
            if id(before) not in found:
                found.add(id(before))
                todo.append(before)
    return found
