"""A world for the state machine: an event loop whose time is made, processes that die, a store that fails, and a script."""

import asyncio
import contextvars
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeVar

from flowdsl import (
    Back,
    Become,
    Call,
    CallFailed,
    Checkpoint,
    Choice,
    Flow,
    Inbound,
    Navigation,
    Prompt,
    Reply,
    Run,
    Runtime,
    Say,
    SessionConfig,
    Steps,
    Stored,
    flow,
)
from flowdsl import Screen as UssdScreen
from flowdsl._aiocache import MemoryCache, MemoryStore
from flowdsl.errors import StoreUnavailable
from flowdsl.flow import OnChange
from flowdsl.store import SessionStore
from tests import model
from tests.model import MENUS, Again, Ask, Do, Failed, Inner, Line, Message, Screen, Sure, Tell, told

T = TypeVar("T")

TTL: Final = 86_400.0
LEASE: Final = 15.0
EPOCH: Final = 1_700_000_000.0
PATIENCE: Final = 3_600.0
MOST_BYTES: Final = 8_000
POLICIES: Final[tuple[OnChange, ...]] = ("reuse", "reask", "restart", "fail")

# The script


class Stage:
    """Where the script is that the flows below play."""

    world: "World"


def number(text: str) -> int:
    """Read a number from 1 to 5."""
    if text not in ("1", "2", "3", "4", "5"):
        raise ValueError("From 1 to 5.")
    return int(text)


def prompt(step: Ask, facts: Sequence[str]) -> Prompt[Any]:
    """Make the prompt of a question."""
    text = f"{told(facts)}|{step.key}?"
    if step.kind == "number":
        return Prompt(step.key, text, transform=number, attempts=model.ATTEMPTS, too_many="Enough.")
    return Prompt(step.key, text) if step.kind == "text" else Prompt(step.key, text, choices=list(MENUS[step.kind]))


def playing(name: str, facts: list[str]) -> Steps[None]:
    """Play a script: what a person would have written by hand."""
    world = Stage.world
    for step in world.scripts[name]:
        if isinstance(step, Ask):
            answer = yield from prompt(step, facts)
            facts.append(f"{step.key}={answer}")
        elif isinstance(step, Tell):
            yield from Say(step.text)
        elif isinstance(step, Do):
            try:
                result: int = yield from called(step, facts)
                facts.append(f"{step.key}={result}")
            except CallFailed as error:
                if not step.caught:
                    raise
                facts.append(f"{step.key}!{error.name}")
        elif isinstance(step, Line):
            yield from Checkpoint()
        elif isinstance(step, Inner):
            inner = one if step.name == "one" else two
            facts += yield from Run(inner, facts=list(facts))
        elif isinstance(step, Sure):
            if (yield from prompt(Ask("sure", "sure"), facts)) == "Change":
                yield from Back()
        elif isinstance(step, Again):
            if (yield from prompt(Ask("again", "again"), facts)) == "Yes":
                yield from Become(FLOWS[world.policy], rounds=int(facts[0]) + 1)
        elif world.broken:
            raise RuntimeError("broken")


def called(step: Do, facts: Sequence[str]) -> Call[int]:
    """Make the call of a step."""
    on_crash: Literal["retry", "fail"] = "fail" if step.once else "retry"
    return Call(
        made,
        step.key,
        tuple(facts),
        step.once,
        key=step.key,
        timeout=None,
        on_crash=on_crash,
        undo=unmade if step.undone else None,  # it is given its key
        irreversible=step.final,
    )


async def made(key: str, facts: tuple[str, ...], once: bool, idempotency_key: str) -> int:
    """Make a call."""
    return await Stage.world.make(key, facts, idempotency_key, once=once)


async def unmade(result: int, idempotency_key: str) -> None:
    """Take back a call."""
    await Stage.world.make("undo", (str(result),), idempotency_key, undo=True)


@flow
def one(*, facts: list[str]) -> Steps[list[str]]:
    """Play the first of the inner scripts, and return what it added."""
    before = len(facts)
    yield from playing("one", facts)
    return facts[before:]


@flow
def two(*, facts: list[str]) -> Steps[list[str]]:
    """Play the second of the inner scripts."""
    before = len(facts)
    yield from playing("two", facts)
    return facts[before:]


def outer(*, rounds: int = 0) -> Steps[None]:
    """Play the script from top to bottom."""
    facts = [str(rounds)]
    yield from playing("outer", facts)
    yield from Say(f"{told(facts)}.")


FLOWS: Final[dict[str, Flow[..., None]]] = {policy: flow(name=policy, on_change=policy)(outer) for policy in POLICIES}

# Time


_TICK: Final = 1e-6


class _Jumping(selectors.DefaultSelector):
    """Waits for no time at all, but lets the clock go on."""

    loop: "JumpingLoop"

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout != 0:
            if timeout is None:
                raise AssertionError("all wait for each other")
            self.loop.now += timeout + _TICK  # or by too little, where it is rounded
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as there is nothing else to do."""

    def __init__(self) -> None:
        self.now = 1_000.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)
        # After a year a float has no nanoseconds left, and a timer that is due would never come.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.now


# The store


class Place:
    """Where sessions are in the end: each operation is done at once."""

    def __init__(self, store: SessionStore, clock: Callable[[], float]) -> None:
        self.store = store
        self.clock = clock

    def do(self, operation: Coroutine[Any, Any, T], key: str, ttl: float | None = None) -> T:
        """Do it, in memory, where nothing waits."""
        try:
            operation.send(None)
        except StopIteration as stop:
            done: T = stop.value
            return done
        raise AssertionError("memory waits for nothing")


class Served(Place):
    """A server, spoken to from a thread of its own, so that no answer of its comes at a time that chance makes.

    Its time is not made; so what is over by the clock is deleted before it is looked at.
    """

    def __init__(self, store: SessionStore, clock: Callable[[], float]) -> None:
        super().__init__(store, clock)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.until: dict[str, float] = {}

    def do(self, operation: Coroutine[Any, Any, T], key: str, ttl: float | None = None) -> T:
        """Do it on the server."""
        if self.until.get(key, self.clock()) < self.clock():
            del self.until[key]
            self._done(self.store.delete(key))
        done = self._done(operation)
        if ttl is not None and done is not False:
            self.until[key] = self.clock() + ttl
        return done

    def _done(self, operation: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(operation, self.loop).result(20)

    def close(self) -> None:
        """Close the connections and end the thread."""
        self._done(self.store.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Process:
    """A process that serves, and its connection to the store. It may die at any operation."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.dead = self.buried = False
        self.runtime = Runtime(
            store=self,
            clock=world.wall,
            navigation=Navigation(back=model.BACK, start=model.START),
            park_after=None,
            lease=LEASE,
            sessions=SessionConfig(ttl=TTL),
        )

    async def load(self, key: str) -> Stored | None:
        return await self.done(lambda store: store.load(key), key, None)

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        self.world.demand(len(value) < MOST_BYTES, "the record grows")
        return await self.done(lambda store: store.create(key, value, ttl), key, ttl)

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        self.world.demand(len(value) < MOST_BYTES, "the record grows")
        return await self.done(lambda store: store.save(key, value, token, ttl), key, ttl)

    async def touch(self, key: str, ttl: float | None) -> None:
        await self.done(lambda store: store.touch(key, ttl), key, ttl)

    async def delete(self, key: str) -> bool:
        raise AssertionError("no session is deleted")

    async def close(self) -> None:
        """Nothing is held open here."""

    async def done(self, operation: Callable[[SessionStore], Coroutine[Any, Any, T]], key: str, ttl: float | None) -> T:
        """Do an operation in today's weather."""
        world = self.world
        await self.lives()
        weather = world.weather.pop(0) if world.weather else "fine"
        await self.suffers(weather.removesuffix(" before") if not weather.endswith(" after") else "fine")
        if world.down:
            raise StoreUnavailable("down")
        result = world.place.do(operation(world.place.store), key, ttl)
        sent = _sent.get()
        if isinstance(result, bool):
            sent.saved = world.tick() if result else sent.saved
        elif not sent.loaded:
            sent.loaded = world.tick()
        await self.suffers(weather.removesuffix(" after") if weather.endswith(" after") else "fine")
        return result

    async def suffers(self, weather: str) -> None:
        """Let something happen."""
        world = self.world
        if weather == "slow":
            await asyncio.sleep(1)
        elif weather == "lost":
            world.troubles += 1
            raise StoreUnavailable("lost")
        elif weather == "down":
            world.troubles += 1
            world.down = True
        elif weather == "dead":
            self.die()
        elif weather == "cancelled":
            world.cancel()
        await asyncio.sleep(0)
        await self.lives()

    async def lives(self) -> None:
        """Go no further where the process is dead."""
        if self.buried:
            raise asyncio.CancelledError
        if self.dead:
            await asyncio.get_running_loop().create_future()

    def die(self) -> None:
        """End as a process that is killed: nothing of it ever runs again."""
        world = self.world
        world.troubles += 1
        self.dead = True
        world.processes = [Process(world) if each is self else each for each in world.processes]
        for sent in world.under_way:
            if sent.process is self:
                sent.over(None)


# The world


class Sent:
    """A message on its way, and what came of it: a reply, an error, or nothing at all."""

    def __init__(self, message: Message, process: Process, delay: float) -> None:
        self.message = message
        self.process = process
        self.delay = delay
        self.began = self.ended = self.loaded = self.saved = 0
        self.came: Reply | Exception | None = None
        self.done = False
        self.task: asyncio.Task[None] | None = None

    def over(self, came: Reply | Exception | None) -> None:
        """Note what came of it."""
        if not self.done:
            self.done, self.came = True, came
            self.ended = Stage.world.tick()
            Stage.world.is_over()

    def __repr__(self) -> str:
        return f"{self.message} -> {self.came!r}"


_sent: contextvars.ContextVar[Sent] = contextvars.ContextVar("sent")


class World:
    """Two processes, one store, one session, and everything that happens to them.

    Args:
        place: where sessions are kept; memory unless given.
        loop: the loop on which all runs.
        session: the gateway's id of the session.
        policy: what becomes of a conversation whose script has changed.
        chat: the platform is a chat and not USSD.
    """

    def __init__(self, loop: JumpingLoop, session: str, policy: str, *, chat: bool, place: Place | None = None) -> None:
        self.loop = loop
        self.place = place or Place(MemoryStore(MemoryCache(clock=loop.time)), loop.time)
        self.session = session
        self.policy = policy
        self.chat = chat
        self.scripts: dict[str, list[model.Step]] = {}
        self.broken = False
        self.version = 0
        self.offset = EPOCH
        self.weather: list[str] = []
        self.fates: list[str] = []
        self.down = False
        self.troubles = 0
        self.ticks = 0
        self.made = 0
        self.runs: list[model.Run] = []
        self.troubles_at: dict[str, int] = {}
        self.known: dict[str, tuple[str, tuple[str, ...], int]] = {}
        self.settled: set[str] = set()
        self.wrongs: list[str] = []
        self.under_way: list[Sent] = []
        self.all_over: asyncio.Future[None] = loop.create_future()
        Stage.world = self
        self.processes = [Process(self), Process(self)]

    def wall(self) -> float:
        """Tell the time of day."""
        return self.loop.now + self.offset

    def tick(self) -> int:
        """Count what happens, to tell what was first."""
        self.ticks += 1
        return self.ticks

    def is_over(self) -> None:
        """Go on where all messages are over."""
        if all(sent.done for sent in self.under_way) and not self.all_over.done():
            self.all_over.set_result(None)

    def cancel(self) -> None:
        """Cancel the message that is being answered."""
        sent = _sent.get()
        if not sent.done and sent.task is not None:
            self.troubles += 1
            sent.over(None)
            sent.task.cancel()

    def demand(self, kept: bool, wrong: str) -> None:
        """Note what is wrong, where an error would be one of a call."""
        if not kept:
            self.wrongs.append(wrong)

    async def make(self, key: str, facts: tuple[str, ...], token: str, *, once: bool = False, undo: bool = False) -> int:
        """Do what a call does, as fate has it."""
        sent = _sent.get()
        process = sent.process
        fate = self.fates.pop(0) if self.fates else "works"
        if undo and fate == "fails":
            fate = "works"
        before = [run for run in self.runs if run.token == token]
        self.demand(token not in self.settled, "what is done is done again")
        call = (key, facts, self.version)
        before_that = self.known.setdefault(token, call)
        # The same call may be given something else where the script has changed in between.
        self.demand(before_that == call or before_that[2] != self.version, "two calls have one idempotency key")
        if before:
            again = isinstance(before[-1].result, Failed) or self.troubles > self.troubles_at[token]
            # Whether it may run twice was settled when it began, by the script of that time.
            self.demand(again and not (once and before_that == call), "it runs again for nothing")
        self.troubles_at[token] = self.troubles
        place = len(self.runs)
        self.runs.append(model.Run(key, facts, token, None))
        if fate == "slow":
            await asyncio.sleep(2.5 * LEASE)
        elif fate == "dead":
            await asyncio.sleep(0)
            process.die()
        elif fate == "cancelled":
            self.cancel()
        await asyncio.sleep(0.5)
        await process.lives()
        if fate == "fails":
            self.runs[place] = self.runs[place]._replace(result=Failed("ConnectionError"))
            raise ConnectionError("down")
        self.made += 1
        self.runs[place] = self.runs[place]._replace(result=self.made)
        return self.made

    def happen(self, sents: Sequence[Sent], weather: Sequence[str], fates: Sequence[str]) -> list[model.Run]:
        """Let messages come in, and give the calls that were made."""
        self.weather, self.fates, self.down = list(weather), list(fates), False
        before = len(self.runs)
        self.under_way = list(sents)
        try:
            self.loop.run_until_complete(self._happen(sents))
        finally:
            self.under_way = []
        assert not self.wrongs, f"{self.wrongs}: {sents} {self.runs[before:]} {self.scripts}"
        return self.runs[before:]

    async def _happen(self, sents: Sequence[Sent]) -> None:
        for sent in sents:
            context = contextvars.copy_context()
            context.run(_sent.set, sent)
            sent.task = self.loop.create_task(self._deliver(sent), context=context)
        self.all_over = self.loop.create_future()
        async with asyncio.timeout(PATIENCE):
            await self.all_over
        for process in self.processes:
            while not process.dead and process.runtime._resting:
                await asyncio.wait(process.runtime._resting, timeout=1)
        await self._bury(sents)
        self.demand(not any(len(process.runtime._lanes) for process in self.processes), "a lock is left")

    async def _bury(self, sents: Sequence[Sent]) -> None:
        for sent in sents:
            sent.process.buried = sent.process.dead
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _deliver(self, sent: Sent) -> None:
        await asyncio.sleep(sent.delay)
        await sent.process.lives()
        sent.began = self.tick()
        try:
            reply = await sent.process.runtime.handle(
                FLOWS[self.policy],
                self.inbound(sent.message),
                screen=None if self.chat else UssdScreen(septets=10_000, units=10_000),
                deadline=sent.message.deadline,
            )
            sent.over(reply)
        except StoreUnavailable as error:
            assert self.troubles, "the store was there"
            sent.over(error)

    def inbound(self, message: Message) -> Inbound:
        """Make a message as a gateway's codec would."""
        return Inbound(
            platform="chat" if self.chat else "ussd",
            gateway="test",
            text="" if message.new else message.text,
            new=message.new,
            dialled="*920#" if message.new else None,
            request_id=self.session,
            msisdn="+233244123456" if message.owner == "Ama" else "+233200000001",
            user_id=self.session,
            message_id=message.mark,
        )


def rendered(screen: Screen, *, chat: bool) -> Reply:
    """Show a screen as the platform does."""
    labels = {model.BACK: "Back", model.START: "Start again"}
    asked = screen.text.removesuffix("?").rpartition("|")[2] if screen.text.endswith("?") else ""
    if chat:
        choices = [Choice(str(place), each) for place, each in enumerate(screen.menu, 1)]
        return Reply(screen.text, screen.end, (*choices, *(Choice(key, labels[key]) for key in screen.ways)), key=asked)
    lines = [f"{place}. {each}" for place, each in enumerate(screen.menu, 1)] + [f"{key} {labels[key]}" for key in screen.ways]
    return Reply("\n".join([screen.text, *lines]), screen.end, key=asked)


@contextmanager
def made_time() -> Iterator[JumpingLoop]:
    """Give a loop whose time is made."""
    loop = JumpingLoop()
    try:
        yield loop
    finally:
        loop.close()
