"""The runtime as a whole, attacked by a machine: whatever happens to messages, processes and stores, its promises hold.

A model, which knows nothing of how it is done, tells all that may have come of what was sent; see :mod:`tests.model`. What
happens, and in what time, is told in :mod:`tests.world`.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Final, NamedTuple

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from flowdsl import Reply
from flowdsl._aiocache import CacheStore, open_cache
from tests.model import (
    BACK,
    HOLD,
    SORRY,
    START,
    Again,
    Ask,
    Boom,
    Came,
    Do,
    Failed,
    Inner,
    Kept,
    Line,
    Message,
    Model,
    Run,
    Screen,
    State,
    Step,
    Sure,
    Talk,
    Tell,
)
from tests.servers import Server
from tests.world import TTL, JumpingLoop, Place, Sent, Served, World, made_time, rendered

_AFTERLIFE: Final = 60.0
_DAYS: Final = 100 * TTL

texts = st.sampled_from(["1", "2", "3", "Ama", "0", "00", "yes", "9"])
weathers = st.sampled_from(
    ["fine", "fine", "fine", "slow before", "slow after"]
    + [f"{each} {when}" for each in ("lost", "dead", "cancelled") for when in ("before", "after")]
    + ["down before"]
)
calm = st.sampled_from(["fine", "slow before", "slow after"])
fates = st.sampled_from(["works", "works", "fails", "slow", "dead", "cancelled"])
delays = st.sampled_from([0.0, 0.0, 0.3, 1.5, 20.0])


def asks() -> st.SearchStrategy[Step]:
    """Draw a question."""
    keys, kinds = st.sampled_from(["a", "b", "c"]), st.sampled_from(["text", "text", "number", "colour", "colours"])
    return st.builds(Ask, keys, kinds)


def dos() -> st.SearchStrategy[Step]:
    """Draw a call, of some kind."""
    kinds = [{}, {}, {"caught": False}, {"once": True}, {"once": True, "caught": False}, {"undone": True}, {"final": True}]
    return st.builds(lambda key, kind: Do(key, **kind), st.sampled_from(["pay", "ring"]), st.sampled_from(kinds))


def steps(*more: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    """Draw a step of a script."""
    rare = st.sampled_from([Tell("Hm."), Tell("So."), Line(), Sure(), Again(), Boom(), Boom()])
    return st.one_of(asks(), asks(), dos(), dos(), rare, *more)


class Known(NamedTuple):
    """A state in which the session may be, and between which two times it ends.

    ``late`` is a reply that was saved before its sender was asked to wait, so that those in between do not show it.
    """

    state: State
    soonest: float
    latest: float
    late: Screen | None = None

    def owing(self) -> "Known":
        """Let the late reply be shown from now on."""
        return self if self.late is None else self._replace(state=owing(self.state, self.late), late=None)


class Machine(RuleBasedStateMachine):
    """Two processes serve one person, who is not the only trouble that they have."""

    count: ClassVar = itertools.count()
    loop: JumpingLoop
    place: Place | None = None

    @initialize(
        policy=st.sampled_from(["reuse", "reuse", "reuse", "reask", "restart", "fail"]),
        chat=st.booleans(),
        first=asks(),
        outer=st.lists(steps(st.sampled_from([Inner("one"), Inner("two")])), min_size=1, max_size=7),
        one=st.lists(steps(st.just(Inner("two"))), min_size=1, max_size=3),
        two=st.lists(steps(), min_size=1, max_size=3),
        endless=st.sampled_from([False, False, True]),
    )
    def begin(
        self, policy: Any, chat: bool, first: Step, outer: list[Step], one: list[Step], two: list[Step], endless: bool
    ) -> None:
        """Write the scripts and start the processes."""
        self.chat = chat
        self.loop.now = 0.0
        self.world = World(self.loop, f"machine{next(self.count)}", policy, chat=chat, place=self.place)
        self.world.scripts = {"outer": [first, *outer[: 2 if endless else None], *[Again()] * endless], "one": one, "two": two}
        self.known = [Known(State(), self.loop.now + _DAYS, self.loop.now + _DAYS)]
        self.sent: list[Message] = []
        self.ids = itertools.count(1)

    # What may be sent

    def message(self, text: str, *, new: bool = False, named: bool = True, deadline: float | None = None) -> Message:
        """Make a message that was not sent before."""
        message = Message(text, new=new and not self.chat, mark=f"m{next(self.ids)}" if named else None, deadline=deadline)
        if message.new:
            message = message._replace(text="")
        if named:
            self.sent.append(message)
        return message

    def fitting(self) -> str:
        """Find a good answer to the question that is on the screen, if one is."""
        asked = next((known.state.talk.asked for known in self.known if known.state.talk is not None), None)
        return "3" if asked is not None and not asked.menu else "1"

    # What happens

    @rule(named=st.booleans(), times=st.integers(1, 4), process=st.integers(0, 1))
    def answer_well(self, named: bool, times: int, process: int) -> None:
        """Answer what is asked."""
        for _ in range(times):
            self.happen([(self.message(self.fitting(), named=named), process, 0.0)])

    @rule(named=st.booleans(), key=st.sampled_from([BACK, BACK, START]), times=st.integers(1, 3))
    def go_back(self, named: bool, key: str, times: int) -> None:
        """Go back, where that is offered."""
        for _ in range(times):
            self.happen([(self.message(key, named=named), 0, 0.0)])

    @rule(named=st.booleans(), fates=st.lists(st.sampled_from(["works", "fails"]), min_size=1, max_size=4), key=st.booleans())
    def fail(self, named: bool, fates: list[str], key: bool) -> None:
        """Let calls fail."""
        self.happen([(self.message(BACK if key else self.fitting(), named=named), 0, 0.0)], fates=fates)

    @rule(named=st.booleans(), works=st.integers(0, 1), key=st.booleans())
    def die(self, named: bool, works: int, key: bool) -> None:
        """Let the process die in the middle of a call."""
        message = self.message(BACK if key else self.fitting(), named=named)
        self.happen([(message, 0, 0.0)], fates=["works"] * works + ["dead"])

    @precondition(lambda self: not self.chat)
    @rule(named=st.booleans(), operation=st.integers(0, 9), slow=st.booleans())
    def wait_in_vain(self, named: bool, operation: int, slow: bool) -> None:
        """Let an answer take longer than the person can wait, because of the store or of a call."""
        for _ in range(3):
            message = self.message(self.fitting(), named=named, deadline=1.0)
            self.happen([(message, 0, 0.0)], ["fine"] * operation + ["slow after"], ["slow"] * slow)
            self.happen([(self.message(self.fitting(), named=named), 1, 0.0)])

    @rule(named=st.booleans(), weather=st.lists(calm, max_size=12), process=st.integers(0, 1), delay=delays)
    def send_twice(self, named: bool, weather: list[str], process: int, delay: float) -> None:
        """Let the gateway be impatient."""
        message = self.message(self.fitting(), named=named)
        self.happen([(message, 0, 0.0), (message, process, delay)], weather, ["slow"])

    @rule(text=texts, named=st.booleans(), process=st.integers(0, 1))
    def answer(self, text: str, named: bool, process: int) -> None:
        """Answer anything."""
        self.happen([(self.message(text, named=named), process, 0.0)])

    @rule(named=st.booleans(), process=st.integers(0, 1))
    def dial(self, named: bool, process: int) -> None:
        """Dial, perhaps in the middle of it all."""
        self.happen([(self.message("hi", new=True, named=named), process, 0.0)])

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), late=st.integers(0, 9), process=st.integers(0, 1))
    def repeat(self, data: st.DataObject, late: int, process: int) -> None:
        """Deliver again what was delivered before."""
        self.happen([(self.sent[-1 - min(late, len(self.sent) - 1)], process, 0.0)])

    @precondition(lambda self: not self.chat)
    @rule(text=texts, named=st.booleans())
    def somebody_else(self, text: str, named: bool) -> None:
        """Let the gateway give another person the same session."""
        self.happen([(self.message(text, named=named)._replace(owner="Kofi"), 0, 0.0)])

    @rule(data=st.data(), weather=st.lists(weathers, max_size=12), fates=st.lists(fates, max_size=4))
    def storm(self, data: st.DataObject, weather: list[str], fates: list[str]) -> None:
        """Let several messages come while all goes wrong that can."""
        self.happen(self.drawn(data), weather, fates)

    @rule(data=st.data(), weather=st.lists(calm, max_size=12), fates=st.lists(st.sampled_from(["works", "slow"]), max_size=3))
    def race(self, data: st.DataObject, weather: list[str], fates: list[str]) -> None:
        """Let several messages come at once, while nothing goes wrong."""
        self.happen(self.drawn(data), weather, fates)

    def drawn(self, data: st.DataObject) -> list[tuple[Message, int, float]]:
        """Draw messages, some of which may be the same."""
        coming: list[tuple[Message, int, float]] = []
        for _ in range(data.draw(st.integers(1, 3), label="messages")):
            kind = data.draw(st.sampled_from(["good", "any", "same", "again", "dial"]), label="kind")
            named = data.draw(st.booleans(), label="named")
            deadline = None if self.chat else data.draw(st.sampled_from([None, None, 5.0]), label="deadline")
            if kind == "same" and coming:
                message = coming[-1][0]
            elif kind == "again" and self.sent:
                message = data.draw(st.sampled_from(self.sent[-9:]), label="again")
            elif kind == "any":
                message = self.message(data.draw(texts, label="text"), named=named, deadline=deadline)
            else:
                message = self.message(self.fitting(), new=kind == "dial", named=named, deadline=deadline)
            coming.append((message, data.draw(st.integers(0, 1), label="process"), data.draw(delays, label="delay")))
        return coming

    @rule(days=st.sampled_from([0.001, 0.6, 0.6, 1.1]), seconds=st.sampled_from([0.0, 0.0, -40.0, -5.0, 5.0, 3_600.0, 2 * TTL]))
    def time_passes(self, days: float, seconds: float) -> None:
        """Let nothing happen for long, but that the clock of the processes, not of the store, is set."""
        self.loop.now += days * TTL
        self.world.offset += seconds

    @precondition(lambda self: self.sent)
    @rule()
    def linger(self) -> None:
        """Let nothing come for long but what has come before."""
        for message in (self.sent[-1], self.message(self.fitting())):
            self.loop.now += 0.6 * TTL
            self.happen([(message, 0, 0.0)])

    @rule(named=st.booleans(), text=texts)
    def overtake(self, named: bool, text: str) -> None:
        """Let a save seem to fail that has arrived, and another process save before that is seen."""
        coming = [(self.message(self.fitting(), named=named), 0, 0.0), (self.message(text, named=False), 1, 0.3)]
        self.happen(coming, ["fine", "lost after", "slow before"])

    @rule()
    def restart(self) -> None:
        """Let both processes be killed while nothing happens."""
        for process in self.world.processes:
            process.die()

    @rule()
    def break_or_mend(self) -> None:
        """Deploy a script that raises, or one that does not."""
        self.world.broken = not self.world.broken

    @rule(data=st.data(), name=st.sampled_from(["outer", "outer", "one", "two"]))
    def redeploy(self, data: st.DataObject, name: str) -> None:
        """Change the script: add a step, take one out, change two about, or ask one another way."""
        script = list(self.world.scripts[name])
        place = data.draw(st.integers(0, min(3, len(script) - 1)), label="place")
        how = data.draw(st.sampled_from(["add", "take out", "take out", "swap", "swap", "rename"]), label="how")
        if how == "add":
            script.insert(place, data.draw(st.one_of(asks(), dos(), st.just(Tell("New."))), label="step"))
        elif how == "take out" and len(script) > 1:
            del script[place]
        elif how == "swap":
            script[place - 1], script[place] = script[place], script[place - 1]
        elif isinstance(script[place], Ask):
            script[place] = data.draw(asks(), label="question")
        self.world.scripts[name] = script[:10]
        self.world.version += 1
        self.happen([(self.message(self.fitting(), named=False), 0, 0.0)])

    @rule(times=st.sampled_from([12, 12, 12, 70]))
    def go_round(self, times: int) -> None:
        """Go round the script for as long as it asks whether to begin again."""
        for _ in range(times):
            self.happen([(self.message(self.fitting(), named=False), 0, 0.0)])

    # What must have come of it

    def happen(
        self, coming: Sequence[tuple[Message, int, float]], weather: Sequence[str] = (), fates: Sequence[str] = ()
    ) -> None:
        """Let messages come in, and hold what comes of them against the model."""
        world = self.world
        troubles, began = world.troubles, self.loop.now
        sents = [Sent(message, world.processes[process], delay) for message, process, delay in coming]
        states = [known for each in self.known for known in self.at_the_time(each)]
        runs = world.happen(sents, weather, fates)
        troubled = world.troubles > troubles
        note("\n".join(map(repr, [*sents, *runs])))
        left = any(known.state.talk is not None and known.state.talk.turn is not None for known in states)
        model = Model(world.scripts, world.policy, world.broken, runs, troubled)
        judge = Judge(model, sents, began, self.loop.now, self.chat, left)
        self.known = merged(judge.judged(states))
        assert self.known, self.told(states, sents, runs)
        for run in runs:
            if run.result is not None and all(run.result in results(known.state) for known in self.known):
                world.settled.add(run.token)

    def at_the_time(self, known: Known) -> Iterator[Known]:
        """Tell what is left of a session."""
        if self.loop.now < known.latest:
            yield known
        if self.loop.now >= known.soonest:
            yield Known(State(), self.loop.now + _DAYS, self.loop.now + _DAYS)

    def told(self, states: Sequence[Known], sents: Sequence[Sent], runs: Sequence[Run]) -> str:
        """Say what should not have happened."""
        return "\n".join(
            ["no way leads here", *map(repr, states), "messages", *map(repr, sents), "calls", *map(repr, runs)]
            + [f"{name}: {script}" for name, script in self.world.scripts.items()]
        )


def merged(known: Iterable[Known]) -> list[Known]:
    """Tell of each state once when it ends."""
    times: dict[State, tuple[float, float]] = {}
    for state, soonest, latest, _ in known:
        before = times.get(state, (soonest, latest))
        times[state] = min(soonest, before[0]), max(latest, before[1])
    return [Known(state, *ends) for state, ends in times.items()]


def owing(state: State, reply: Screen) -> State:
    """Let the next message show what its own could not wait for."""
    return state._replace(talk=(state.talk or Talk(over=True))._replace(owed=reply))


def results(state: State) -> list[int]:
    """Tell which results of calls a session holds."""
    talk = state.talk or Talk()
    kept: list[Kept] = [
        *talk.journal,
        *talk.aside,
        *(talk.turn.journal if talk.turn else ()),
        *(talk.turn.aside if talk.turn else ()),
    ]
    return [each.value for each in kept if each.kind == "call" and not isinstance(each.value, Failed)]


class Judge(NamedTuple):
    """Finds the ways in which messages may have been answered one after the other."""

    model: Model
    sents: Sequence[Sent]
    began: float
    ended: float
    chat: bool
    left: bool

    def judged(self, states: Sequence[Known]) -> Iterator[Known]:
        """Give all states to which all that was seen may have led."""
        tokens = {run.token for run in self.model.runs}
        for order in itertools.permutations(self.sents):
            if any(late.ended < early.began for early, late in itertools.combinations(order, 2) if self.is_over(late)):
                continue
            ways = [(known, frozenset[str]()) for known in states]
            for place, sent in enumerate(order):
                ways += [(known.owing(), done) for known, done in ways if known.late is not None]
                ways = list(dict.fromkeys(way for known, done in ways for way in self.ways(known, done, sent, order[:place])))
            for known, done in ways:
                if done >= tokens:
                    yield known.owing()

    def is_over(self, sent: Sent) -> bool:
        """Tell whether nothing went on after a reply."""
        return not (isinstance(sent.came, Reply) and sent.came.text == HOLD)

    def ways(
        self, known: Known, done: frozenset[str], sent: Sent, before: Sequence[Sent]
    ) -> Iterator[tuple[Known, frozenset[str]]]:
        """Tell what may have come of one message, given what came of it to see."""
        if not isinstance(sent.came, Reply):
            yield known._replace(latest=max(known.latest, self.ended + TTL)), done
            for came in self.model.answers(known.state, sent.message):
                yield self.after(came, sent, known), done | came.explained
        elif sent.came.text == HOLD:
            yield known, done
            for came in self.model.answers(known.state, sent.message):
                if came.reply is not None:
                    owed = came._replace(state=owing(came.state, came.reply))
                    yield self.after(owed, sent, known), done | came.explained
                    if known.late is None:
                        yield self.after(came, sent, known)._replace(late=came.reply), done | came.explained
                elif self.model.troubled:
                    yield self.after(came, sent, known), done | came.explained
        elif any(self.must_be_retry(sent, other) for other in self.sents if other is not sent):
            if any(self.is_retry(sent, other) for other in before):
                yield known, done
        else:
            for came in self.model.answers(known.state, sent.message):
                if came.reply is not None and rendered(came.reply, chat=self.chat) == sent.came:
                    yield self.after(came, sent, known), done | came.explained
            if any(self.is_retry(sent, other) or self.is_retry_of_late(sent, other, known) for other in before):
                yield known, done

    def is_retry_of_late(self, sent: Sent, other: Sent, known: Known) -> bool:
        """Tell whether it may have got the reply of one without an id whose sender was asked to wait after that was saved."""
        if known.late is None or self.is_over(other) or sent.message.mark is not None:
            return False
        return self.is_alike(sent, other) and rendered(known.late, chat=self.chat) == sent.came

    def is_retry(self, sent: Sent, other: Sent) -> bool:
        """Tell whether a message without an id may be the same as one that was being answered when it came."""
        together = sent.began < other.ended or not other.done
        # Of a message that was asked to wait it gets the reply itself, though that may have been shown to another one before.
        shown = [each.came for each in self.sents if each is not sent] if not self.is_over(other) else [other.came]
        return sent.message.mark is None and self.is_alike(sent, other) and together and sent.came in shown

    def must_be_retry(self, sent: Sent, other: Sent) -> bool:
        """Tell whether it must be: it came to the same process in the middle of the other, or lost a race against that one."""
        if sent.message.mark is not None or self.model.troubled or not self.is_alike(sent, other):
            return False
        if sent.process is other.process and self.is_over(other):
            return other.began < sent.began < other.ended
        if self.left:
            return False  # both may have waited for a turn that was left, and that is neither's
        lost = 0 < sent.loaded < other.saved and not 0 < sent.saved < other.saved
        remembered = isinstance(other.came, Reply) and other.came.text not in (HOLD, SORRY)
        return len(self.sents) == 2 and remembered and lost

    def is_alike(self, sent: Sent, other: Sent) -> bool:
        """Tell whether two messages are the same, as far as the gateway tells."""
        return sent.message == other.message._replace(deadline=sent.message.deadline)

    def after(self, came: Came, sent: Sent, known: Known) -> Known:
        """Tell when the session ends after that."""
        lives = came.state.talk is not None or sent.message.mark is not None
        soonest = self.began + (TTL if lives else _AFTERLIFE)
        if self.model.troubled:
            soonest = min(soonest, known.soonest)
        latest = self.ended + (TTL if lives or came.reply is None or "Sorry" in came.reply.text else _AFTERLIFE)
        return Known(came.state, soonest, latest, known.late)


def run(
    monkeypatch: pytest.MonkeyPatch, place: Callable[[JumpingLoop], Place] | None = None, *, examples: int, length: int
) -> None:
    """Let a machine run, in made time."""
    numbers = itertools.count()
    monkeypatch.setattr("flowdsl.runtime._random.getrandbits", lambda bits: next(numbers), raising=False)
    how = settings(max_examples=examples, stateful_step_count=length, deadline=None, database=None, derandomize=True)
    with made_time() as loop:
        monkeypatch.setattr("flowdsl.exchange.monotonic", loop.time)
        monkeypatch.setattr("flowdsl.silence.monotonic", loop.time)
        monkeypatch.setattr("flowdsl.errands.monotonic", loop.time)
        kept = None if place is None else place(loop)
        machine = type("Attacked", (Machine,), {"loop": loop, "place": kept})
        run_state_machine_as_test(machine, settings=how)


def test_over_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens to messages, processes, clocks and code, what was promised is kept: over memory."""
    run(monkeypatch, examples=400, length=20)


def test_over_a_server(monkeypatch: pytest.MonkeyPatch, valkey_server: Server) -> None:
    """Whatever happens to messages, processes, clocks and code, what was promised is kept: over a real server."""
    with ExitStack() as stack:

        def served(loop: JumpingLoop) -> Place:
            store = CacheStore(open_cache(f"redis://127.0.0.1:{valkey_server.port}"), owned=True)
            place = Served(store, loop.time)
            stack.callback(place.close)
            return place

        run(monkeypatch, served, examples=80, length=15)
