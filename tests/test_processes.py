"""The runtime's promises across processes: real servers, one real Valkey, and both of them killed."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from itertools import count, cycle
from pathlib import Path

import aiohttp
import pytest

from tests.servers import Server, free_port

PATIENCE = 60.0


class Progress:
    """Counts answers and refusals, so that a test can wait for the next ones instead of for a time."""

    def __init__(self) -> None:
        self.counts = {"answered": 0, "refused": 0}
        self.changed = asyncio.Condition()

    async def _count(self, what: str) -> None:
        async with self.changed:
            self.counts[what] += 1
            self.changed.notify_all()

    async def answered(self) -> None:
        """Count an answer."""
        await self._count("answered")

    async def refused(self) -> None:
        """Count a delivery that has to be made again."""
        await self._count("refused")

    async def more(self, what: str, count: int) -> None:
        """Wait for so many more."""
        goal = self.counts[what] + count
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: self.counts[what] >= goal)


class Phone:
    """Sends what one person types to server processes, and again until one answers."""

    def __init__(
        self, client: aiohttp.ClientSession, servers: list[Server], session: str, progress: "Progress | None" = None
    ) -> None:
        self.client = client
        self.progress = progress or Progress()
        self.ports = cycle([server.port for server in servers])
        self.session = session
        self.msisdn = "233244123456"

    async def send(self, text: str, *, new: bool = False, message_id: str = "", port: int | None = None) -> str | None:
        """Send once; ``None`` where nobody answered, or only with an apology."""
        body = {"USERID": "N", "MSISDN": self.msisdn, "USERDATA": text, "MSGTYPE": new, "SESSIONID": self.session}
        address = f"http://127.0.0.1:{port or next(self.ports)}/ussd"
        try:
            async with self.client.post(address, json=body, params={"id": message_id} if message_id else {}) as response:
                shown = await response.json()
                assert response.status == 200, shown
        except (aiohttp.ClientError, ConnectionError):
            return None
        return None if shown["MSG"].startswith("Sorry") else str(shown["MSG"])

    async def deliver(self, text: str, *, new: bool = False, message_id: str) -> str:
        """Send until it is answered, as a gateway that delivers at least once."""
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = await self.send(text, new=new, message_id=message_id)
                if shown is not None:
                    await self.progress.answered()
                    return shown
                await self.progress.refused()


@pytest.fixture
def pair(own_valkey: Server) -> Iterator[list[Server]]:
    """Run two server processes on one Valkey."""
    with ExitStack() as stack:
        servers = []
        for _ in range(2):
            port = free_port()
            cache = f"redis://127.0.0.1:{own_valkey.port}?timeout=1"
            server = Server([sys.executable, "-m", "tests.serving", str(port), cache], port)
            stack.callback(server.kill)
            servers.append(server)
        yield servers


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Open an HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def test_racing_over_two_processes_loses_nothing(pair: list[Server], client: aiohttp.ClientSession) -> None:
    """Different messages of one session to two processes at once each become one answer."""
    phone = Phone(client, pair, "race")
    await phone.deliver("", new=True, message_id="dial")
    texts = [f"{number}" for number in range(40)]
    shown = await asyncio.gather(*(phone.send(text) for text in texts))
    assert None not in shown
    end = await phone.send("end")
    assert end is not None
    assert sorted(end.strip("[]").split(","), key=lambda text: (text == "end", len(text), text)) == [*texts, "end"]


async def test_duplicates_over_two_processes_count_once(pair: list[Server], client: aiohttp.ClientSession) -> None:
    """Every message is delivered four times, to both processes at once; each counts once and has one reply."""
    phone = Phone(client, pair, "twice")
    await phone.deliver("", new=True, message_id="dial")
    for number in range(15):
        replies = await asyncio.gather(*(phone.send(f"{number}", message_id=f"m{number}") for _ in range(4)))
        assert set(replies) == {f"[{','.join(map(str, range(number + 1)))}]"}


async def test_the_store_killed_in_the_middle_of_turns(
    pair: list[Server], own_valkey: Server, client: aiohttp.ClientSession
) -> None:
    """While the store is killed and started again, nothing that was answered is lost, and nothing counts twice."""
    progress = Progress()
    phones = [Phone(client, pair, f"store{number}", progress) for number in range(4)]
    stop = asyncio.Event()

    async def talk(phone: Phone) -> tuple[int, str]:
        await phone.deliver("", new=True, message_id="dial")
        number, shown = 0, ""
        while not stop.is_set():
            shown = await phone.deliver(f"{number}", message_id=f"m{number}")
            number += 1
            assert shown == f"[{','.join(map(str, range(number)))}]"
        return number, shown

    async def disturb() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(3):
            await progress.more("answered", 20)
            await loop.run_in_executor(None, own_valkey.kill)
            await progress.more("refused", 3)
            await loop.run_in_executor(None, own_valkey.start)
        await progress.more("answered", 20)
        own_valkey.freeze()
        await progress.more("refused", 3)
        own_valkey.thaw()
        await progress.more("answered", 20)
        stop.set()

    *talks, _ = await asyncio.gather(*(talk(phone) for phone in phones), disturb())
    assert all(result is not None and result[0] > 0 for result in talks)


async def test_the_service_killed_in_the_middle_of_turns(pair: list[Server], client: aiohttp.ClientSession) -> None:
    """A killed process loses no answer that was shown as taken; redelivery to the other one goes on."""
    progress = Progress()
    phones = [Phone(client, pair, f"service{number}", progress) for number in range(4)]
    stop = asyncio.Event()

    async def talk(phone: Phone) -> int:
        await phone.deliver("", new=True, message_id="dial")
        number = 0
        while not stop.is_set():
            shown = await phone.deliver(f"{number}", message_id=f"m{number}")
            number += 1
            assert shown == f"[{','.join(map(str, range(number)))}]"
        return number

    async def disturb() -> None:
        loop = asyncio.get_running_loop()
        for server in (pair[0], pair[1], pair[0]):
            await progress.more("answered", 20)
            await loop.run_in_executor(None, server.kill)
            await progress.more("refused", 1)
            await loop.run_in_executor(None, server.start)
        await progress.more("answered", 20)
        stop.set()

    *counts, _ = await asyncio.gather(*(talk(phone) for phone in phones), disturb())
    assert all(count is not None and count > 0 for count in counts)


async def test_a_store_that_is_down_is_an_apology_that_ends(
    pair: list[Server], own_valkey: Server, client: aiohttp.ClientSession
) -> None:
    """A person on USSD reads an apology in the gateway's own form; when the store is back, so is the session."""
    phone = Phone(client, pair, "down")
    await phone.deliver("", new=True, message_id="dial")
    await phone.deliver("a", message_id="m1")
    own_valkey.kill()
    body = {"USERID": "N", "MSISDN": "233244123456", "USERDATA": "b", "MSGTYPE": False, "SESSIONID": "down"}
    async with client.post(f"http://127.0.0.1:{pair[0].port}/ussd", json=body) as response:
        assert response.status == 200
        shown = await response.json()
    assert shown["MSGTYPE"] is False
    assert shown["MSG"].startswith("Sorry")
    own_valkey.start()
    assert await phone.deliver("b", message_id="m2") == "[a,b]"


class Mortals:
    """Server processes that die where a test wants, and what is known of them."""

    def __init__(self, nursery: asyncio.subprocess.Process, directory: Path) -> None:
        self.nursery = nursery
        self.directory = directory
        self.asking = asyncio.Lock()

    async def born(self, name: str, point: int = 0) -> int:
        """Start one that dies at a point, and give its port."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        async with self.asking:
            self.nursery.stdin.write(f"{name} {point}\n".encode())
            return int(await self.nursery.stdout.readline())

    def past(self, name: str) -> list[str]:
        """Tell what one had come past when it died; nothing where it lives."""
        file = self.directory / f"death-{name}"
        return file.read_text().split() if file.exists() else []

    def effects(self, person: str) -> list[tuple[str, str]]:
        """Tell what was done for somebody outside of the processes, and with which keys."""
        return [(line.split()[0], line.split()[1]) for line in (self.directory / f"effects-{person}").read_text().splitlines()]


@pytest.fixture
async def mortals(valkey_server: Server, tmp_path: Path) -> AsyncIterator[Mortals]:
    """Start processes on one Valkey."""
    cache = f"redis://127.0.0.1:{valkey_server.port}"
    command = [sys.executable, "-m", "tests.dying", cache, str(tmp_path)]
    nursery = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    yield Mortals(nursery, tmp_path)
    assert nursery.stdin is not None
    nursery.stdin.close()
    await nursery.wait()


# What is typed, and what is shown then: "" is the dial.
SHOPPING = [
    ("", "Welcome Ama. Item?"),
    ("rice", "One rice.\nStreet?"),
    ("Main", "In MAIN. Amount?"),
    ("7", "Nobody told: ConnectionError, no answer.\n70 paid. Send?\n1. Yes\n2. No"),
    ("1", "Sent."),
]
CALLS = ["welcome", "reserve", "find", "charge", "tell", "send"]


class Shopper:
    """Somebody who talks to a process until it dies, and then to others."""

    def __init__(self, client: aiohttp.ClientSession, person: str, mortal: int, others: list[int]) -> None:
        self.phone = Phone(client, [], person)
        self.phone.msisdn = person
        self.ports = [mortal]
        self.others = others

    async def send(self, text: str, message_id: str = "") -> str | None:
        """Send to the process, or to the others at once, which must say the same."""
        shown = await asyncio.gather(
            *(self.phone.send(text, new=not text, message_id=message_id, port=port) for port in self.ports)
        )
        if shown == [None]:
            self.ports = self.others
        else:
            assert len({*shown}) == 1
        return shown[0]

    async def deliver(self, text: str, says: str, number: int) -> None:
        """Be behind a gateway that numbers messages and delivers again."""
        while (shown := await self.send(text, f"m{number}")) is None:
            assert await self.send(text, f"m{number}") == says
        assert shown == says

    async def dial_again(self, text: str, says: str, number: int) -> None:
        """See no reply, dial again, and type again what is not answered yet."""
        shown = await self.send(text)
        if shown is None:
            self.ports = self.others[:1]
            shown = await self.send("")
            if shown != says:
                assert shown == SHOPPING[number - 1][1]
                shown = await self.send(text)
        assert shown == says

    async def type_again(self, text: str, says: str, number: int) -> None:
        """See no reply, and type the same again, which may be no answer to what is asked now."""
        shown = await self.send(text)
        if shown is None:
            self.ports = self.others[:1]
            shown = await self.send(text)
            assert shown is not None
            if shown != says:
                assert shown.endswith(says.split("\n", 1)[-1])
        else:
            assert shown == says


WAYS: list[Callable[[Shopper, str, str, int], Awaitable[None]]] = [Shopper.deliver, Shopper.dial_again, Shopper.type_again]


@pytest.mark.parametrize("how", WAYS, ids=lambda how: how.__name__)
async def test_a_process_killed_at_every_point_of_a_conversation(
    how: Callable[[Shopper, str, str, int], Awaitable[None]], mortals: Mortals, client: aiohttp.ClientSession
) -> None:
    """Wherever it dies, calls that were done are not made again, others have the same key, and the person reads the same."""
    others = [await mortals.born("a"), await mortals.born("b")]
    # Who sees no reply to the last message, and cannot send the same once more, begins anew.
    steps = SHOPPING if how is Shopper.deliver else SHOPPING[:-1]
    calls = CALLS if how is Shopper.deliver else CALLS[:-1]

    async def talk(point: int) -> bool:
        person = f"{233_244_000_000 + 1_000 * WAYS.index(how) + point}"
        mortal = await mortals.born(person, point)
        shopper = Shopper(client, person, mortal, others)
        for number, (text, says) in enumerate(steps):
            await how(shopper, text, says, number)
        past, effects = mortals.past(person), mortals.effects(person)
        assert shopper.ports != [mortal] or not past or past[-1] == "sent"
        # A call that had run, and whose result was not saved yet, is made once more.
        ran = [place for place, name in enumerate(past) if name.startswith("ran:")]
        again = [past[ran[-1]].removeprefix("ran:")] if ran and "saved" not in past[ran[-1] :] else []
        assert sorted(name for name, _ in effects) == sorted(calls + again)
        assert len({*effects}) == len({key for _, key in effects}) == len(calls)
        keys.extend({key for _, key in effects} - {"-"})
        return bool(past)

    points = count(1)
    keys: list[str] = []
    alive: list[int] = []

    async def kill() -> None:
        while not alive:
            if not await talk(point := next(points)):
                alive.append(point)

    await asyncio.gather(*(kill() for _ in range(12)))
    assert min(alive) > 80
    assert len(keys) == len({*keys})
