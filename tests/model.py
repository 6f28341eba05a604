"""What a conversation should come to: a plain model of the runtime's promises, for the state machine that attacks them.

It knows nothing of generators, journals, records or stores. A script is a list of things to do, and where a person stands is
told by a list of what was kept; :class:`Walk` goes through the script from the top with these, as a reader of the script would.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

SORRY = "Sorry, something went wrong. Please try again."
HOLD = "This takes a moment. Please reply with any key to see the result."
BACK, START = "0", "00"
ATTEMPTS = 3
MENUS = {"colour": ("red", "blue"), "colours": ("red", "green", "blue"), "sure": ("Yes", "Change"), "again": ("Yes", "No")}
MOST_WHOLE = 7  # of the last replies so many are repeated byte for byte, whatever came between


class Ask(NamedTuple):
    """Ask a question, answered by a text, a number from 1 to 5, or one of a menu."""

    key: str
    kind: str = "text"


class Tell(NamedTuple):
    """Say something."""

    text: str


class Do(NamedTuple):
    """Call something.

    ``caught`` has the script go on where it fails, ``once`` must not run twice after a crash, ``undone`` is taken back by
    whoever goes back, ``final`` lets nobody go back.
    """

    key: str
    caught: bool = True
    once: bool = False
    undone: bool = False
    final: bool = False


class Line(NamedTuple):
    """Draw a line past which nobody goes back."""


class Inner(NamedTuple):
    """Run another script within this one."""

    name: str


class Sure(NamedTuple):
    """Ask whether all is well, and go back where it is not."""


class Again(NamedTuple):
    """Ask whether to begin again, and become the same script with one more round where the answer is yes."""


class Boom(NamedTuple):
    """Raise, while the service is broken."""


Step: TypeAlias = Ask | Tell | Do | Line | Inner | Sure | Again | Boom
Scripts: TypeAlias = Mapping[str, Sequence[Step]]


def told(facts: Sequence[str]) -> str:
    """Write what is known so far, as every screen shows it."""
    return ",".join(facts)


class Kept(NamedTuple):
    """Something that is not asked or done again: an answer, the result of a call, or what an inner script came to."""

    kind: str
    path: tuple[str, ...]
    key: str
    menu: tuple[str, ...]
    value: Any
    called: bool = False
    barred: bool = False
    quiet: bool = False

    @property
    def name(self) -> "Name":
        """What it belongs to."""
        return Name(self.kind, self.path, self.key, self.menu)

    @property
    def is_question(self) -> bool:
        """Whether a person can go back to it, or to something within it."""
        return self.kind != "call" and not self.quiet


class Name(NamedTuple):
    """What tells one step from another."""

    kind: str
    path: tuple[str, ...]
    key: str
    menu: tuple[str, ...] = ()


class Failed(NamedTuple):
    """What a call failed with."""

    error: str


class Screen(NamedTuple):
    """What a person sees."""

    text: str
    end: bool = False
    menu: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()


# How a walk stops.


Spot: TypeAlias = tuple[Any, ...]
"""Which one it is of all questions that look the same, where it is counted how often it was answered in vain."""


class Waits(Exception):
    """For an answer."""

    def __init__(self, name: Name, screen: Screen, spot: Spot | None, *, rejected: bool = False) -> None:
        self.name = name
        self.screen = screen
        self.spot = spot
        self.rejected = rejected


class Wants(Exception):
    """A call to be made."""

    def __init__(self, call: Do, name: Name, facts: tuple[str, ...]) -> None:
        self.call = call
        self.name = name
        self.facts = facts


class Goes(Exception):
    """Back, so that so many things stay."""

    def __init__(self, stay: int) -> None:
        self.stay = stay


class Ends(Exception):
    """With these words."""

    def __init__(self, text: str) -> None:
        self.text = text


class Breaks(Exception):
    """An error that the script does not catch; of the call of this name, if it is of one that may be made again."""

    def __init__(self, call: Name | None = None) -> None:
        self.call = call  # which may be made again


class _HandsOver(Exception):
    pass


class _BeginsAnew(Exception):
    pass


class Ran(NamedTuple):
    """An inner script that was gone through: from where to where, and what it came to."""

    start: int
    end: int
    path: tuple[str, ...]
    name: str
    facts: tuple[str, ...]
    barred: bool
    undone: bool


class HandOver(NamedTuple):
    """Where the script was begun again."""

    at: int
    path: tuple[str, ...]
    rounds: int


@dataclass
class Walk:
    """One way through the script.

    Args:
        scripts: what there is to go through.
        policy: what becomes of a conversation whose script has changed.
        broken: whether :class:`Boom` raises.
        journal: what was kept, in order.
        aside: what was set aside.
        rounds: how often it was begun again.
        text: what was typed; ``None`` for nothing.
        asked: the question it answers.
        attempts: how often that was answered in vain.
    """

    scripts: Scripts
    policy: str
    broken: bool
    journal: Sequence[Kept]
    aside: Sequence[Kept]
    rounds: int
    text: str | None = None
    asked: Name | None = None
    attempts: int = 0
    done: list[Kept] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    undone: list[tuple[int, Do]] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    overs: list[HandOver] = field(default_factory=list)
    barrier: int = 0
    bars: int = 0
    at: int = -1
    anew: bool = False

    def go(self) -> Exception:
        """Go as far as it goes, and tell how it stopped."""
        self.left, self.rest, self.parted = list(self.journal), list(self.aside), False
        path: tuple[str, ...] = ()
        while True:
            facts = [str(self.rounds)]
            try:
                self.follow("outer", path, facts)
                self.part()
                return Ends("\n".join([*self.said, f"{told(facts)}."]))
            except _HandsOver:
                path = (*(self.overs[-1].path if self.overs else ()), "again")
                self.rounds += 1
                self.overs.append(HandOver(len(self.done), path, self.rounds))
                self.bar()
            except _BeginsAnew:
                kept = [each for each in (*self.done, *self.rest) if each.kind == "call" or each.called]
                fresh = Walk(self.scripts, self.policy, self.broken, [], kept, self.rounds - len(self.overs))
                stop = fresh.go()
                self.__dict__.update(fresh.__dict__, anew=True)
                return stop
            except (Waits, Wants, Goes, Ends, Breaks) as stop:
                return stop

    def follow(self, name: str, path: tuple[str, ...], facts: list[str], spot: Spot = ()) -> None:
        """Go through one script."""
        met: Counter[Spot] = Counter()
        for step in self.scripts[name]:
            if isinstance(step, Ask):
                kind = (step.key, MENUS.get(step.kind, ()))
                here = (*spot, *kind, met[kind])
                met[kind] += 1
                facts.append(f"{step.key}={self.answered(step, path, facts, here if step.kind == 'number' else None)}")
            elif isinstance(step, Tell):
                self.said.append(step.text)
            elif isinstance(step, Do):
                facts.append(self.called(step, path, facts))
            elif isinstance(step, Line):
                self.bar()
            elif isinstance(step, Inner):
                facts.extend(self.within(step, path, facts, (*spot, step.name, met[step.name,])))
                met[step.name,] += 1
            elif isinstance(step, Sure):
                if self.answered(Ask("sure", "sure"), path, facts) == "Change":
                    self.part()
                    raise Goes(self.one_before())
            elif isinstance(step, Again):
                if self.answered(Ask("again", "again"), path, facts) == "Yes":
                    raise _HandsOver
            elif self.broken:
                raise Breaks

    def part(self) -> None:
        """Set aside what no longer fits."""
        if not self.left:
            return
        if self.policy == "fail":
            raise Breaks
        self.parted = True
        self.left, self.rest = [], [*self.left, *self.rest]
        if self.policy == "restart":
            raise _BeginsAnew
        if self.policy == "reask":
            self.rest = [each for each in self.rest if each.kind == "call" or each.called]

    def take(self, name: Name) -> Kept | None:
        """Find what was kept of a step: the next thing if that is it, and else any later one."""
        if self.left and self.left[0].name == name:
            return self.left.pop(0)
        if self.left:
            inside = (*name.path, name.key)
            if name.kind == "run" and (
                self.left[0].path[: len(inside)] == inside or not any(each.name == name for each in (*self.left, *self.rest))
            ):
                return None
            self.part()
        found = next((each for each in self.rest if each.name == name), None)
        if found is not None:
            self.rest = [each for each in self.rest if each is not found]
        return found

    def bar(self) -> None:
        """Let nobody go back past this."""
        self.barrier = len(self.done)
        self.bars += 1

    def answered(self, step: Ask, path: tuple[str, ...], facts: Sequence[str], spot: Spot | None = None) -> str:
        """Find the answer to a question."""
        name = Name("answer", path, step.key, MENUS.get(step.kind, ()))
        found = self.take(name)
        if found is None:
            found = self.heard(step, name, Screen(f"{told(facts)}|{step.key}?", menu=name.menu, ways=self.ways()), spot)
            self.at, self.text = len(self.done), None
        self.done.append(found)
        self.said.clear()
        return str(found.value)

    def heard(self, step: Ask, name: Name, screen: Screen, spot: Spot | None) -> Kept:
        """Take what was typed as the answer, if it is one."""
        shown = screen._replace(text="\n".join([*self.said, screen.text]))
        if self.text is None or (self.asked is not None and self.asked != name):
            raise Waits(name, shown, spot)
        if self.text in screen.ways:
            steps = [place for place, each in enumerate(self.done) if place >= self.barrier and each.is_question]
            raise Goes(steps[-1] if self.text == BACK else steps[0])
        value: str | None = self.text
        wrong = ""
        if step.kind == "number":
            value, wrong = (self.text if self.text in ("1", "2", "3", "4", "5") else None), "From 1 to 5."
            if value is None and self.attempts + 1 == ATTEMPTS:
                raise Ends("Enough.")
        elif name.menu:
            picks = {**{each.casefold(): each for each in name.menu}, **{str(n): each for n, each in enumerate(name.menu, 1)}}
            value, wrong = picks.get(self.text.casefold()), "Please choose one of the options."
        if value is None:
            raise Waits(name, screen._replace(text=f"{wrong}\n{screen.text}"), spot, rejected=True)
        return Kept(*name, value)

    def ways(self) -> tuple[str, ...]:
        """Tell with which keys a person can leave a question."""
        return (BACK, START) if any(each.is_question for each in self.done[self.barrier :]) else ()

    def one_before(self) -> int:
        """Tell how much stays where the script itself goes back."""
        steps = [place for place, each in enumerate(self.done) if place >= self.barrier and each.is_question]
        if not steps:
            raise Breaks
        return steps[-2] if len(steps) > 1 else steps[-1]

    def called(self, step: Do, path: tuple[str, ...], facts: Sequence[str]) -> str:
        """Find the result of a call."""
        name = Name("call", path, step.key)
        found = self.take(name)
        if found is None:
            raise Wants(step, name, tuple(facts))
        self.done.append(found)
        failed = isinstance(found.value, Failed)
        if step.final:
            self.bar()
        elif step.undone and not failed:
            self.undone.append((len(self.done) - 1, step))
        if not failed:
            return f"{step.key}={found.value}"
        if not step.caught:
            raise Breaks(None if step.once else name)
        return f"{step.key}!{found.value.error}"

    def within(self, step: Inner, path: tuple[str, ...], facts: Sequence[str], spot: Spot) -> Sequence[str]:
        """Go through an inner script, unless it is known what that came to."""
        found = self.take(Name("run", path, step.name))
        if found is not None:
            self.done.append(found)
            if found.barred:
                self.bar()
            if not found.quiet:
                self.said.clear()
            known: Sequence[str] = found.value
            return known
        start, bars, undone = len(self.done), self.bars, len(self.undone)
        inner = list(facts)
        self.follow(step.name, (*path, step.name), inner, spot)
        added = tuple(inner[len(facts) :])
        self.ran.append(
            Ran(start, len(self.done), path, step.name, added, barred=self.bars > bars, undone=len(self.undone) > undone)
        )
        return added


class Turn(NamedTuple):
    """A message in the middle of which a call stands.

    Args:
        mark: id of the message, where it has one.
        journal: what is kept already.
        aside: what is set aside.
        at: place of what the message was kept as; -1 where it was not.
        settled: a call of it is done that must not be made again.
        back: how many things will stay, where the person is on the way back.
        call: the call, where it may be under way; and its idempotency key.
        once: it must not run again.
        tried: the call that was made last, after what, and its idempotency key.
        anew: the conversation began again, since the script had changed.
    """

    mark: str | None
    journal: tuple[Kept, ...]
    aside: tuple[Kept, ...]
    at: int
    settled: bool
    back: int | None = None
    call: tuple[Name, str] | None = None
    once: bool = False
    tried: tuple[Name, tuple[Kept, ...], str] | None = None
    anew: bool = False


class Talk(NamedTuple):
    """Where a conversation stands.

    ``spot`` tells one question from another that looks the same, and ``missed`` how often questions were answered in vain
    that the person has left by going back.
    """

    journal: tuple[Kept, ...] = ()
    aside: tuple[Kept, ...] = ()
    asked: Name | None = None
    attempts: int = 0
    rounds: int = 0
    turn: Turn | None = None
    owed: Screen | None = None
    over: bool = False
    tried: tuple[Name, tuple[Kept, ...], str] | None = None
    spot: Spot | None = None
    missed: tuple[tuple[Spot, int], ...] = ()

    def gone_back(self) -> "Talk":
        """Leave the question; nobody gets new attempts at it by that."""
        missed = dict(self.missed)
        if self.spot is not None and self.attempts:
            missed[self.spot] = self.attempts
        return self._replace(asked=None, spot=None, attempts=0, tried=None, missed=tuple(missed.items()))


class State(NamedTuple):
    """A session: whose it is, where its conversation stands, what was replied to messages with ids, and when it ends."""

    owner: str = ""
    talk: Talk | None = None
    seen: tuple[tuple[str, Screen], ...] = ()
    ends: float = 0.0

    def reply_to(self, mark: str | None) -> Screen | None:
        """Find what was replied to a message."""
        return dict(self.seen).get(mark or "")


class Message(NamedTuple):
    """What a person sends."""

    text: str
    new: bool = False
    mark: str | None = None
    owner: str = "Ama"
    deadline: float | None = None


class Run(NamedTuple):
    """One time that a call was made: which, what for, with which idempotency key, and what it came to.

    ``result`` is ``None`` where the process died in the middle of it.
    """

    key: str
    facts: tuple[str, ...]
    token: str
    result: int | Failed | None


class Came(NamedTuple):
    """Something that a message may have come to: all of it, with its reply, or only a part.

    ``explained`` are the idempotency keys of the calls that it made.
    """

    state: State
    reply: Screen | None
    explained: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Model:
    """What a message comes to in a session, with all calls that were made meanwhile.

    Args:
        scripts: the script that is served.
        policy: what becomes of a conversation whose script has changed.
        broken: whether it is broken.
        chat: the platform is a chat, where a conversation that is over begins again with any message.
        runs: calls made.
        troubled: the store failed, or a process died; so a flow that raised may not have been noted.
    """

    scripts: Scripts
    policy: str
    broken: bool
    runs: Sequence[Run]
    troubled: bool

    def answers(self, state: State, message: Message) -> Iterator[Came]:
        """Tell all that a message may come to, in part or as a whole."""
        if state.owner != message.owner:
            state = State(message.owner)
        known = state.reply_to(message.mark)
        if known is not None:
            whole = message.mark in [mark for mark, _ in state.seen[-MOST_WHOLE:]]
            talk = state.talk
            states = [state]
            if talk is not None and talk.owed is not None:  # that may have been the same reply, or is to be shown yet
                states.append(state._replace(talk=None if talk.over else talk._replace(owed=None)))
            for each in states:
                yield Came(each, known)
                if not whole:
                    yield Came(each, Screen(""))
            return
        talk = state.talk
        if talk is not None and talk.owed is not None:
            following = None if talk.over else talk._replace(owed=None)
            yield self.told(state, message, following, talk.owed, None, frozenset())
            return
        text = None if message.new or talk is None else message.text
        talk = talk or Talk()
        turn = talk.turn
        if turn is None:
            turn = Turn(message.mark, talk.journal, talk.aside, -1, settled=False, tried=talk.tried)
        elif turn.call is not None and turn.once:
            lost = Kept(*turn.call[0], Failed("Interrupted"))
            turn = turn._replace(journal=(*turn.journal, lost), settled=True, call=None)
        if talk.turn is not None and (turn.at >= 0 or turn.back is not None or talk.asked is None or turn.anew):
            text = None
        yield from self.goes_on(state, message, talk, turn, text, frozenset())

    def goes_on(
        self, state: State, message: Message, talk: Talk, turn: Turn, text: str | None, explained: frozenset[str]
    ) -> Iterator[Came]:
        """Tell all that a turn may come to from here on."""
        walk = Walk(
            self.scripts, self.policy, self.broken, turn.journal, turn.aside, talk.rounds, text, talk.asked, talk.attempts
        )
        stop = walk.go()
        journal, aside = tuple(walk.done), tuple(walk.rest)
        if isinstance(stop, Breaks):
            yield from self.breaks(state, talk, turn, stop, explained)
            return
        if walk.at >= 0:
            turn = turn._replace(at=walk.at)
        stay = turn.back if turn.back is not None else stop.stay if isinstance(stop, Goes) else None
        if stay is not None:
            yield from self.goes_back(state, message, talk, turn._replace(journal=journal, aside=aside), walk, stay, explained)
        elif isinstance(stop, Wants):
            text = None if turn.at >= 0 or walk.anew else text
            open_turn = turn._replace(journal=journal, aside=aside, anew=turn.anew or walk.anew)
            yield from self.calls(state, message, talk, open_turn, stop, text, explained)
        else:
            yield self.stopped(state, message, talk, turn, walk, stop, explained)

    def calls(
        self, state: State, message: Message, talk: Talk, turn: Turn, wants: Wants, text: str | None, explained: frozenset[str]
    ) -> Iterator[Came]:
        """Tell all that may come of a call."""
        call = wants.call
        running = turn.call[1] if turn.call is not None and turn.call[0] == wants.name else None
        turn = turn._replace(once=call.once)
        place = (wants.name, turn.journal)
        due = running or (turn.tried[2] if turn.tried is not None and turn.tried[:2] == place else "")
        for token in dict.fromkeys(run.token for run in self.runs if (run.key, run.facts) == (call.key, wants.facts)):
            if due not in ("", token):
                continue
            known = explained | {token}
            turn = turn._replace(tried=(*place, token))
            begun = turn._replace(call=(wants.name, token))
            yield Came(state._replace(talk=talk._replace(turn=begun)), None, known)
            for run in self.runs:
                if run.token == token and run.result is not None:
                    kept = Kept(*wants.name, run.result)
                    settled = turn.settled or call.once or not isinstance(run.result, Failed)
                    after = turn._replace(journal=(*turn.journal, kept), settled=settled, call=None)
                    yield Came(state._replace(talk=talk._replace(turn=after)), None, known)
                    yield from self.goes_on(state, message, talk, after, text, known)
        # It may be that nothing but the intent was saved.
        begun = turn._replace(call=(wants.name, due))
        yield Came(state._replace(talk=talk._replace(turn=begun)), None, explained)

    def goes_back(
        self, state: State, message: Message, talk: Talk, turn: Turn, walk: Walk, stay: int, explained: frozenset[str]
    ) -> Iterator[Came]:
        """Take back what was called, the last first, and then go on from there."""
        turn = turn._replace(back=stay)
        if walk.undone and walk.undone[-1][0] >= stay:
            place = walk.undone[-1][0]
            result = turn.journal[place].value
            name = Name("undo", (), f"{place}")
            running = turn.call[1] if turn.call is not None and turn.call[0] == name else None
            for token in dict.fromkeys(run.token for run in self.runs if (run.key, run.facts) == ("undo", (str(result),))):
                if running is not None and running not in ("", token):
                    continue
                known = explained | {token}
                yield Came(state._replace(talk=talk._replace(turn=turn._replace(call=(name, token), once=False))), None, known)
                if any(run.token == token and run.result is not None for run in self.runs):
                    after = turn._replace(journal=turn.journal[:place], settled=True, call=None)
                    yield Came(state._replace(talk=talk._replace(turn=after)), None, known)
                    yield from self.goes_on(state, message, talk, after, None, known)
            begun = turn._replace(call=(name, running or ""), once=False)
            yield Came(state._replace(talk=talk._replace(turn=begun)), None, explained)
            return
        after = turn._replace(journal=turn.journal[:stay], back=None, at=-1, call=None, tried=None)
        yield from self.goes_on(state, message, talk.gone_back(), after, None, explained)

    def breaks(self, state: State, talk: Talk, turn: Turn, stop: Breaks, explained: frozenset[str]) -> Iterator[Came]:
        """Take back a turn that raised; but not what was called in it."""
        begun = talk.turn is not None or turn.call is not None or bool(explained)
        if turn.settled:
            journal = turn.journal
            if stop.call is not None and journal and journal[-1].name == stop.call:
                journal = journal[:-1]
            left: Talk | None = talk._replace(turn=turn._replace(journal=journal, call=None))
        else:
            left = None if begun and talk.asked is None and not talk.journal else talk._replace(turn=None, tried=turn.tried)
            left = None if state.talk is None else left
        if self.troubled:  # and so it could not be saved, perhaps
            yield Came(state._replace(talk=talk._replace(turn=turn)), Screen(SORRY), explained)
            if state.talk is None:
                yield Came(state, Screen(SORRY, end=True), explained)
        yield Came(state._replace(talk=left), Screen(SORRY, end=left is None), explained)

    def stopped(
        self, state: State, message: Message, talk: Talk, turn: Turn, walk: Walk, stop: Exception, explained: frozenset[str]
    ) -> Came:
        """Put together where a turn leads that is done."""
        if isinstance(stop, Ends):
            return self.told(state, message, None, Screen(stop.text, end=True), turn, explained)
        assert isinstance(stop, Waits)
        journal, aside, asked, rounds = shortened(walk, stop.name, talk.rounds, turn.at)
        missed = dict(talk.missed)
        again = 0 if stop.spot is None else missed.pop(stop.spot, 0)
        attempts = talk.attempts + 1 if stop.rejected else talk.attempts if turn.at < 0 and talk.asked == stop.name else again
        following = Talk(journal, aside, asked, attempts, rounds, spot=stop.spot, missed=tuple(missed.items()))
        return self.told(state, message, following, stop.screen, turn, explained)

    def told(
        self, state: State, message: Message, talk: Talk | None, reply: Screen, turn: Turn | None, explained: frozenset[str]
    ) -> Came:
        """Remember what was replied."""
        marks = [each for each in (None if turn is None else turn.mark, message.mark) if each is not None]
        seen = (*state.seen, *((mark, reply) for mark in dict.fromkeys(marks) if mark not in dict(state.seen)))
        return Came(state._replace(talk=talk, seen=seen), reply, explained)


def shortened(walk: Walk, asked: Name, rounds: int, at: int) -> tuple[tuple[Kept, ...], tuple[Kept, ...], Name, int]:
    """Leave out what need not be kept, once the person has answered something after it."""
    over = next((each for each in reversed(walk.overs) if each.at <= at), None)
    cut = 0 if over is None else over.at
    journal = list(walk.done)
    over_and_done = [each for each in walk.ran if each.start >= cut and each.end <= at and not each.undone]
    for place, each in reversed(list(enumerate(over_and_done))):
        if any(_is_within(each, outer) for outer in over_and_done[place + 1 :]):
            continue
        within = journal[each.start : each.end]
        called = any(kept.kind == "call" or kept.called for kept in within)
        quiet = not any(kept.is_question for kept in within)
        journal[each.start : each.end] = [Kept("run", each.path, each.name, (), each.facts, called, each.barred, quiet)]
    if over is None:
        return tuple(journal), tuple(walk.rest), asked, rounds
    length = len(over.path)
    kept = tuple(each._replace(path=each.path[length:]) for each in journal[cut:])
    aside = tuple(each._replace(path=each.path[length:]) for each in walk.rest if each.path[:length] == over.path)
    return kept, aside, asked._replace(path=asked.path[length:]), over.rounds


def _is_within(inner: Ran, outer: Ran) -> bool:
    path = (*outer.path, outer.name)
    return inner.start >= outer.start and inner.path[: len(path)] == path
