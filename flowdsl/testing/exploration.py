"""Exploring a flow: every path of it is walked, and what is wrong on one of them is told by the dialogue that leads there."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple, Unpack

from flowdsl.flow import Flow
from flowdsl.inspection import counted
from flowdsl.testing.dialogue import Dialogue, bare
from flowdsl.testing.failing import Unproved
from flowdsl.testing.results import Results
from flowdsl.testing.samples import Answers
from flowdsl.testing.setting import Options, Setting
from flowdsl.testing.sites import Site
from flowdsl.testing.visits import Step, Visit, leading_to, paths
from flowdsl.testing.walking import Bounds, Walk

__all__ = ["Exploration", "Fault", "explore", "many"]

_MOST_SHOWN: Final = 3
_ENORMOUS: Final = 1_000_000


class Fault(NamedTuple):
    """Something that is wrong on a path.

    Args:
        kind: ``"raises"``, ``"silent"`` (it ends without a word), ``"stuck"`` (nothing that was tried answers a question),
            or ``"endless"`` (nobody gets to an end from there).
        message: what is wrong, in words.
        where: ``file:line``.
        dialogue: the shortest conversation that leads there.
        raised: what the flow raised.
    """

    kind: Literal["raises", "silent", "stuck", "endless"]
    message: str
    where: str
    dialogue: Dialogue
    raised: Exception | None = None

    def __str__(self) -> str:
        """Write it with its dialogue and the test that shows it."""
        return f"{self.message}\n\n{self.dialogue}\n\nAs a test:\n\n{self.dialogue.as_test()}"


class Exploration:
    """What :func:`explore` has found.

    Args:
        flow: name of the flow.
        walk: the walk, when it is done.
        visits: all places it came to.
    """

    def __init__(self, flow: str, walk: Walk, visits: list[Visit]) -> None:
        self._flow: Final = flow
        self._walk: Final = walk
        self._visits: Final = visits
        self.faults: Final[tuple[Fault, ...]] = tuple(_told_once(self._found()))
        """What is wrong, one of each, the shortest dialogue first."""

    @property
    def paths(self) -> int:
        """How many different conversations there are from the dial to an end.

        Where two lead to the same place, with the same variables, both count, though the rest is walked once. Where a loop
        comes to a place again, or is cut, the path ends there. Mistakes are not counted.
        """
        return sum(paths(visit) for visit in self._visits if visit.before is None)

    @property
    def depth(self) -> int:
        """How many messages the longest path has, after the dial."""
        return max((visit.depth for visit in self._visits), default=0)

    @property
    def questions(self) -> tuple[str, ...]:
        """Keys of the questions that were asked, in the order in which a walk comes to them."""
        return tuple(dict.fromkeys(visit.question[1] for visit in self._visits if visit.question))

    @property
    def visited(self) -> tuple[Site, ...]:
        """The yields that were come to, each with ``where``, its ``file:line``."""
        return tuple(sorted(self._walk.sites.visited()))

    @property
    def unvisited(self) -> tuple[Site, ...]:
        """The yields of the same functions that were not come to."""
        return tuple(sorted(self._walk.sites.known() - self._walk.sites.visited()))

    @property
    def cut(self) -> tuple[Dialogue, ...]:
        """Where a loop was cut at a bound, or free answers were: from there on not all was typed. One path to each question."""
        first: dict[Any, Visit] = {}
        for visit in self._visits:
            if visit.cut:
                first.setdefault(visit.question, visit)
        return tuple(map(self._dialogue, first.values()))

    @property
    def complete(self) -> bool:
        """Whether there were turns enough; what was left out at other bounds is told by :attr:`cut`."""
        return self._walk.complete

    @property
    def ends(self) -> tuple[Dialogue, ...]:
        """The conversations that come to an end, the shortest first."""
        return tuple(self._dialogue(visit) for visit in self._visits if visit.passage.ended)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """All places that were come to."""
        return tuple(self._visits)

    def site(self, place: tuple[int, int]) -> Site | None:
        """Tell which yield a step of a visit was yielded by."""
        return self._walk.sites.site(place)

    def journey(self, play: Callable[[], object]) -> tuple[Step, ...]:
        """Tell which steps a flow comes to while it is played.

        Args:
            play: plays it.
        """
        sites = self._walk.sites
        sites.fresh = True
        with sites.watched():
            play()
        path = [] if sites.fresh else sites.path
        return tuple(Step(place, step) for place, step in path)

    def check(self) -> None:
        """Make sure that nothing is wrong.

        Raises:
            AssertionError: a path raises, ends without a word, cannot be gone on, or goes round without end; or not all was
                walked. The message has the shortest dialogue for each.
        """
        __tracebackhide__ = True
        if not self.complete:
            raise AssertionError(f"flow {self._flow!r} was not explored to its end: {self.why_not}")
        if self.faults:
            shown = "\n\n".join(map(str, self.faults[:_MOST_SHOWN]))
            more = len(self.faults) - _MOST_SHOWN
            raise AssertionError(f"{shown}{f'{chr(10) * 2}… and {more} more faults' if more > 0 else ''}")

    @property
    def why_not(self) -> str:
        """Why not all was walked, where it was not."""
        most = self._walk.most_varied()
        varied = "" if most is None else f", most of all because the variable {most[0]!r} at {most[1]} had {most[2]:,} values"
        return (
            f"after {self._walk.turns:,} messages there was more{varied}. Let a loop hand over by Become, give fewer answers, "
            "fewer `rounds=`, or a higher `turns=`"
        )

    def __str__(self) -> str:
        known, seen = self._walk.sites.known(), self._walk.sites.visited()
        lines = [
            f"flow {self._flow!r}: {many(self.paths)} of at most {counted(self.depth, 'message')}, "
            f"{counted(len(self.questions), 'question')}, {len(seen)} of {counted(len(known), 'yield')} visited"
        ]
        lines += [f"not visited: {site.where}" for site in self.unvisited]
        lines += [f"{fault.where}: {fault.message}" for fault in self.faults]
        return "\n".join(lines)

    __repr__ = __str__

    def _dialogue(self, visit: Visit) -> Dialogue:
        return visit.dialogue(self._walk.flow_in_code, self._walk.setup)

    def _found(self) -> Iterator[Fault]:
        for visit in self._visits:
            passage = visit.passage
            if passage.raised is not None:
                yield self._fault("raises", visit, _raised(passage.raised), passage.where)
            elif passage.ended and not passage.shown.text.strip() and not passage.shown.media:
                yield self._fault("silent", visit, "the conversation ends without a word", self._where(visit))
            elif visit.stuck:
                yield self._fault("stuck", visit, visit.stuck, self._where(visit))
        if self.complete:
            yield from self._endless()

    def _endless(self) -> Iterator[Fault]:
        """Find places from which nobody gets to an end."""
        ends = [visit for visit in self._visits if visit.passage.ended or visit.passage.raised is not None or visit.stuck]
        alive = leading_to(ends, self._visits)
        doubtful = leading_to([visit for visit in self._visits if visit.cut], self._visits)
        # Where not all was typed, it is enough that the same question leads to an end on another path.
        elsewhere = {visit.question for visit in self._visits if id(visit) in alive}
        for visit in self._visits:
            at_a_loop = visit.cut or (visit.merged is not None and not visit.did.slip)
            if at_a_loop and id(visit) not in alive and (id(visit) not in doubtful or visit.question not in elsewhere):
                message = "nobody gets to an end from here: every answer leads to where the conversation has been"
                yield self._fault("endless", visit, message, self._where(visit))

    def _fault(self, kind: Literal["raises", "silent", "stuck", "endless"], visit: Visit, message: str, where: str) -> Fault:
        return Fault(kind, message, where, self._dialogue(visit), visit.passage.raised)

    def _where(self, visit: Visit) -> str:
        site = self.site(visit.steps[-1].place) if visit.steps else None
        return self._walk.where if site is None else site.where


def many(paths: int) -> str:
    """Write a number of paths; where loops make it enormous, only that.

    >>> many(72), many(10**20)
    ('72 paths', 'more than a million paths')
    """
    return counted(paths, "path") if paths <= _ENORMOUS else "more than a million paths"


def _raised(error: Exception) -> str:
    if isinstance(error, Unproved):  # of what plays the flow, and not of the flow
        return str(error)
    said = bare(error)
    return f"the flow raises {type(error).__name__}{f': {said}' if said else ''}"


def _told_once(faults: Iterable[Fault]) -> Iterator[Fault]:
    """Leave out what is the same fault on another path."""
    known: set[tuple[str, str, type]] = set()
    for fault in faults:
        same = fault.kind, fault.where, type(fault.raised)
        if same not in known:
            known.add(same)
            yield fault


def explore(
    flow: Flow[..., Any],
    *,
    calls: Results = {},
    answers: Answers = {},
    mistakes: bool = True,
    check: bool = True,
    rounds: int = 2,
    varied: int = 2,
    turns: int = 50_000,
    **options: Unpack[Options],
) -> Exploration:
    """Walk every path of a flow: all choices of all questions, and what a person might type at the others.

    Places in which the flow stands at the same line with the same variables are gone on from once, so that loops come to an
    end. A loop whose variables change is gone round ``rounds`` times with all that can be typed, and after that with one
    thing at a time. The same flow gives the same exploration.

    Args:
        flow: the conversation.
        calls: what its calls come to: key of the call to a value, a function of its arguments, an exception, or
            :func:`~flowdsl.testing.either` of several, of which each is a way of its own.
        answers: key of a question without choices to what is typed there, a text or a list of them, or to a function of the
            prompt that gives one. Unless given they are found by trying: the limits of numbers, words, dates, and so on.
        mistakes: also answer each question wrongly, and go back from it where ``navigation=`` offers that.
        check: make sure that no path raises, ends without a word, cannot be gone on, or goes round without an end.
        rounds: how often a path may come to one question with all that can be typed there. A loop by ``for`` comes to an end
            by itself, and is bounded only where half of the turns are taken.
        varied: at how many questions without choices a path has another answer than the first of those that are typed there.
        turns: how many messages are sent in all, at most.
        options: see :class:`~flowdsl.testing.Options`.

    Raises:
        AssertionError: something is wrong, and ``check`` is on. The message has the shortest dialogue that leads there, and
            the same as a test.

    >>> from flowdsl import Prompt, Say, flow
    >>> @flow
    ... def tea():
    ...     size = yield from Prompt("size", "Which size?", choices=["Small", "Large"])
    ...     if (yield from Prompt.confirm("milk", "Milk?")):
    ...         yield Say(f"One {size.lower()} tea with milk.")
    ...     else:
    ...         yield Say(f"One {size.lower()} tea.")
    >>> explore(tea)
    flow 'tea': 4 paths of at most 2 messages, 2 questions, 4 of 4 yields visited
    """
    __tracebackhide__ = True
    walk = Walk(
        Setting(flow, calls, options),
        answers=answers,
        mistakes="once" if mistakes else "none",
        bounds=Bounds(rounds=rounds, varied=varied, turns=turns),
    )
    exploration = Exploration(flow.name, walk, list(walk.visits()))
    if check:
        exploration.check()
    return exploration
