"""The session store: one contract, kept in memory, on Valkey and on Memcached."""

import asyncio
import itertools
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from aiocache import RedisCache, SimpleMemoryCache
from aiocache.base import BaseCache
from aiocache.plugins import BasePlugin
from aiocache.serializers import JsonSerializer, PickleSerializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from flowdsl import ConfigurationError, Runtime
from flowdsl._aiocache import CacheStore, MemoryCache, MemoryStore, open_cache
from flowdsl.errors import StoreUnavailable, UnreadableRecord
from flowdsl.record import read
from flowdsl.store import SessionStore, Stored
from flowdsl.testing.contracts import StoreContract
from tests.servers import Server, free_port

_numbers = itertools.count()


def key() -> str:
    """Give a session id that no other test uses."""
    return f"registration:ussd:nalo:{next(_numbers)}"


class TestMemory(StoreContract):
    """Memory of this process keeps the contract."""

    local = True
    now = 0.0

    def open(self) -> SessionStore:
        return MemoryStore(MemoryCache(clock=lambda: self.now))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


class TestAiocacheMemory(StoreContract):
    """So does the memory that aiocache has."""

    local = True
    ttl = 0.3

    def open(self) -> SessionStore:
        return CacheStore(SimpleMemoryCache(), owned=True)


class TestAiocacheMemoryPickled(StoreContract):
    """So does a cache with a serializer and a namespace of a person's own."""

    local = True
    ttl = 0.3

    def open(self) -> SessionStore:
        return CacheStore(SimpleMemoryCache(serializer=PickleSerializer(), namespace="people:"), owned=True)


class OnServer(StoreContract):
    """The contract for a cache on a server."""

    address = "redis://127.0.0.1:{port}/0?namespace=flows"
    ttl = 0.3
    port: int

    def open(self) -> SessionStore:
        return self.open_at(self.port)

    def open_again(self) -> SessionStore:
        return self.open_at(self.port)

    def open_broken(self) -> SessionStore:
        return self.open_at(free_port())

    def open_at(self, port: int) -> SessionStore:
        """Open the cache of whatever listens there."""
        return CacheStore(self.changed(open_cache(self.address.format(port=port))), owned=True)

    def changed(self, cache: Any) -> BaseCache:
        """Change the cache as a person may have."""
        return cache


class TestValkey(OnServer):
    """Valkey keeps the contract."""

    @pytest.fixture(autouse=True)
    def _server(self, valkey_server: Server) -> None:
        self.port = valkey_server.port


class TestValkeyJson(TestValkey):
    """So does a cache with another serializer."""

    def changed(self, cache: Any) -> BaseCache:
        cache.serializer = JsonSerializer()
        return cache


class TestValkeyPlugins(TestValkey):
    """So does a cache with plugins, which takes the long way."""

    def changed(self, cache: Any) -> BaseCache:
        cache.plugins = [BasePlugin()]
        return cache


class TestRedis(OnServer):
    """So does a Redis that is too old to compare by itself."""

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: Server) -> None:
        self.port = redis_server.port


class TestMemcached(OnServer):
    """So does Memcached."""

    address = "memcached://127.0.0.1:{port}"
    ttl = 2.0  # it counts in whole seconds, of which the first may be over at once

    @pytest.fixture(autouse=True)
    def _server(self, memcached_server: Server) -> None:
        self.port = memcached_server.port


async def test_a_time_to_live_ends_and_is_renewed() -> None:
    """A value is gone when its time is over, and a save or a touch gives it new time."""
    now = 0.0
    store = MemoryStore(MemoryCache(clock=lambda: now))
    await store.create("a", "1", 10)
    now = 9.0
    await store.touch("a", 10)
    now = 18.0
    held = await store.load("a")
    assert held is not None
    assert await store.save("a", "2", held.token, 10)
    now = 27.0
    assert await store.load("a") is not None
    now = 28.0
    assert await store.load("a") is None
    assert await store.create("a", "3", 10)


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_ttl_on_a_server(kind: str, request: pytest.FixtureRequest) -> None:
    """On Valkey, and on an older Redis, every save renews the time to live, to the fraction of a second."""
    server: Server = request.getfixturevalue(f"{kind}_server")
    cache = open_cache(f"redis://127.0.0.1:{server.port}")
    store = CacheStore(cache, owned=True)
    name = key()
    await store.create(name, "1", 100.5)
    assert 99_000 < await cache.client.pttl(name) <= 100_500
    held = await store.load(name)
    assert held is not None
    await store.save(name, "2", held.token, 500)
    assert 400_000 < await cache.client.pttl(name) <= 500_000
    await store.touch(name, 900.2)
    assert 800_000 < await cache.client.pttl(name) <= 901_000
    await store.touch(name, None)
    assert await cache.client.pttl(name) == -1
    await store.close()


@pytest.mark.parametrize(("ttl", "given"), [(60.0, 60), (1.5, 2), (0.5, 1), (None, 0)])
async def test_ttl_on_memcached(memcached_server: Server, ttl: float | None, given: int) -> None:
    """Memcached counts whole seconds, so a session lives a little longer there rather than shorter, or for ever."""
    cache = open_cache(f"memcached://127.0.0.1:{memcached_server.port}")
    store = CacheStore(cache, owned=True)
    client = cache.client
    spied = {name: AsyncMock(wraps=getattr(client, name)) for name in ("add", "cas", "touch")}
    name = key()
    with patch.multiple(client, **spied):
        await store.create(name, "1", ttl)
        held = await store.load(name)
        assert held is not None
        assert await store.save(name, "2", held.token, ttl)
        await store.touch(name, ttl)
    told = [call.kwargs.get("exptime", call.args[-1]) for spy in spied.values() for call in spy.await_args_list]
    assert told == [given] * 3
    await store.close()


@pytest.mark.parametrize(("ttl", "given"), [(1.5, 2), (None, 0)])
async def test_ttl_on_any_cache(ttl: float | None, given: int) -> None:
    """A cache of a person's own is told whole seconds, as every kind of aiocache's takes them; 0 is for ever."""
    cache = SimpleMemoryCache()
    store = CacheStore(cache, owned=True)
    name = key()
    await store.create(name, "1", 60)
    with patch.object(cache, "_expire", AsyncMock(wraps=cache._expire)) as expire:
        await store.touch(name, ttl)
    assert [call.args[1] for call in expire.await_args_list] == [given]


class Watching(BasePlugin):  # type: ignore[misc]
    """A plugin of a person's own, which must see what is done."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def pre_get(self, *args: Any, **options: Any) -> None:
        """Note a read."""
        self.seen.append("get")

    async def post_add(self, *args: Any, **options: Any) -> None:
        """Note a creation."""
        self.seen.append("add")


async def test_plugins_of_ones_own_see_what_is_done(valkey_server: Server) -> None:
    """The short way to Redis is not taken past the plugins that somebody has put on the cache."""
    cache = open_cache(f"redis://127.0.0.1:{valkey_server.port}")
    watching = Watching()
    cache.plugins = [watching]
    store = CacheStore(cache, owned=True)
    name = key()
    await store.create(name, "1", 60)
    await store.load(name)
    assert watching.seen == ["add", "get"]
    await store.close()


async def test_bytes_that_are_no_text_are_no_session(valkey_server: Server) -> None:
    """What somebody else wrote under a session's key is refused by name, whatever bytes it has."""
    cache = open_cache(f"redis://127.0.0.1:{valkey_server.port}")
    store = CacheStore(cache, owned=True)
    name = key()
    await cache.client.set(name, b"\xff\xfe")
    held = await store.load(name)
    assert held is not None
    with pytest.raises(UnreadableRecord):
        read(held.value)
    await store.close()


async def test_only_a_cache_that_is_owned_is_closed() -> None:
    """A cache of a person's own stays open when the runtime closes; one that was opened by its address does not."""
    cache = MemoryCache()
    with patch.object(cache, "close", AsyncMock()) as close:
        await Runtime(cache=cache).close()
        close.assert_not_awaited()
        await CacheStore(cache, owned=True).close()
        close.assert_awaited_once()


@given(
    st.lists(
        st.tuples(st.sampled_from(["set", "get", "delete"]), st.integers(0, 7), st.integers(1, 5), st.integers(0, 3)), max_size=60
    )
)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_memory_is_bounded_and_never_wrong(steps: list[tuple[str, int, int, int]]) -> None:
    """The memory cache holds no more than its limit, and what it gives is what was written last and lives."""
    now = 0.0
    cache = MemoryCache(4, clock=lambda: now)
    model: dict[int, tuple[int, float]] = {}

    async def run() -> None:
        nonlocal now
        for value, (what, name, ttl, passing) in enumerate(steps):
            now += passing
            if what == "set":
                await cache.set(f"{name}", str(value), ttl=ttl)
                model[name] = (value, now + ttl)
            elif what == "delete":
                await cache.delete(f"{name}")
                model.pop(name, None)
            else:
                found = await cache.get(f"{name}")
                alive = name in model and model[name][1] > now
                assert found is None or (alive and found == str(model[name][0]))
            assert len(cache) <= 4

    asyncio.run(run())


def test_memory_forgets_what_has_expired_as_it_goes() -> None:
    """Without a timer for each, values that are over are gone after a few writes."""
    now = 0.0
    cache = MemoryCache(clock=lambda: now)
    for number in range(10):
        cache.swap(f"a{number}", "x", None, 1)
    now = 2.0
    for number in range(5):
        cache.swap(f"b{number}", "x", None, 1)
    assert len(cache) == 5


async def test_memory_clears_one_namespace() -> None:
    """Those who share a cache by namespaces clear only their own."""
    cache = MemoryCache()
    for name in ("a:1", "b:1"):
        cache.swap(name, "x", None, None)
    await cache.clear(namespace="a:")
    assert [cache.held(name) for name in ("a:1", "b:1")] == [None, "x"]


async def test_memory_forgets_the_oldest_first(caplog: pytest.LogCaptureFixture) -> None:
    """A full memory cache gives up the least recently written session, and says so once."""
    store = MemoryStore(MemoryCache(3))
    for name in "abc":
        await store.create(name, "1", 60)
    await store.touch("a", 60)
    await store.create("d", "1", 60)
    await store.create("e", "1", 60)
    assert [name for name in "abcde" if await store.load(name)] == ["a", "d", "e"]
    assert len(caplog.messages) == 1
    assert "3 sessions" in caplog.text


async def test_a_store_that_is_down_says_so() -> None:
    """Nothing listens: every operation raises StoreUnavailable with the address in it."""
    port = free_port()
    for url in (f"redis://127.0.0.1:{port}", f"memcached://127.0.0.1:{port}"):
        store = CacheStore(open_cache(url), owned=True)
        for operation in (store.load("a"), store.create("a", "1", 1), store.save("a", "1", b"0", 1), store.delete("a")):
            with pytest.raises(StoreUnavailable, match=str(port)):
                await operation
        await store.close()


def test_a_memcached_that_hangs_up_is_one_that_is_down() -> None:
    """A server that closes its connection in the middle of an answer fails the command, and does not freeze the process."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as threads:
        threads.submit(hang_up, server)
        code = (
            "import asyncio\n"
            "from flowdsl import Runtime, StoreUnavailable\n"
            f"store = Runtime(cache='memcached://127.0.0.1:{server.getsockname()[1]}?timeout=5&connections=1').store\n"
            "async def main():\n"
            "    for work in (store.load('a'), store.create('a', '1', 60), store.touch('a', 60), store.delete('a')):\n"
            "        try: await work\n"
            "        except StoreUnavailable as error: print(error)\n"
            "asyncio.run(main())"
        )
        try:  # in a process of its own, because one that is frozen cannot end itself
            said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30).stdout
        finally:
            server.shutdown(socket.SHUT_RDWR)
    assert said.count("could not") == 4, said
    assert said.count("in the middle of its answer") >= 3, said


def hang_up(server: socket.socket) -> None:
    """Read the first bytes of every connection, and close it after a few of an answer."""
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"STO")


@pytest.mark.parametrize("kind", ["redis", "memcached"])
async def test_a_timed_out_answer_is_never_taken_for_another(kind: str, request: pytest.FixtureRequest) -> None:
    """A command that timed out leaves nothing on its connection that the next command could read."""
    server: Server = request.getfixturevalue("own_valkey" if kind == "redis" else "own_memcached")
    store = CacheStore(open_cache(f"{kind}://127.0.0.1:{server.port}?timeout=0.2&connections=2"), owned=True)
    for name in "abc":
        await store.create(name, f"of {name}", 60)
    for _ in range(3):
        server.freeze()
        for name in "ab":
            with pytest.raises(StoreUnavailable, match="in time"):
                await store.load(name)
        server.thaw()
        for name in ("c", "b", "a", "c"):
            held = await load_again(store, name)
            assert held == f"of {name}"
    await store.close()


async def test_what_runs_together_goes_together(own_valkey: Server) -> None:
    """The commands of many turns take one connection; one that fails, or whose turn is given up, hurts no other."""
    cache = open_cache(f"redis://127.0.0.1:{own_valkey.port}")
    store = CacheStore(cache, owned=True)
    names = [f"person {number}" for number in range(60)]
    assert all(await asyncio.gather(*(store.create(name, name, 60) for name in names)))
    await cache.client.lpush("no-session", "1")
    loads = [asyncio.ensure_future(store.load(name)) for name in ["no-session", *names]]
    await asyncio.sleep(0)  # now they are on their way
    loads[1].cancel()
    wrong, given_up, *held = await asyncio.gather(*loads, return_exceptions=True)
    assert isinstance(wrong, StoreUnavailable)
    assert "WRONGTYPE" in str(wrong)
    assert isinstance(given_up, asyncio.CancelledError)
    assert [each.value for each in held if isinstance(each, Stored)] == names[1:]
    assert len(await cache.client.client_list()) == 1
    await store.close()


async def test_each_command_waits_its_own_time(own_valkey: Server) -> None:
    """Commands that wait for a connection share a batch when there is one, but none fails before its own time has come."""
    address = f"redis://127.0.0.1:{own_valkey.port}?connections=1"
    store = CacheStore(open_cache(f"{address}&timeout=1"), owned=True)
    clock = CacheStore(open_cache(f"{address}&timeout=0.5"), owned=True)
    own_valkey.freeze()
    first = asyncio.ensure_future(store.load("first"))
    for _ in range(3):
        await asyncio.sleep(0)
    second = asyncio.ensure_future(store.load("second"))
    with pytest.raises(StoreUnavailable, match="in time"):
        await clock.load("half the time")
    third = asyncio.ensure_future(store.load("third"))
    for early in (first, second):
        with pytest.raises(StoreUnavailable, match="in time"):
            await early
    own_valkey.thaw()
    assert await third is None
    await store.close()
    await clock.close()


async def test_what_is_given_up_before_it_was_sent_is_not_sent(own_valkey: Server) -> None:
    """A command that waits for a connection when its turn is given up is forgotten."""
    store = CacheStore(open_cache(f"redis://127.0.0.1:{own_valkey.port}?connections=1"), owned=True)
    own_valkey.freeze()
    first = asyncio.ensure_future(store.create("first", "1", 60))
    for _ in range(3):
        await asyncio.sleep(0)
    held = asyncio.ensure_future(store.create("held back", "1", 60))
    for _ in range(3):
        await asyncio.sleep(0)
    held.cancel()
    own_valkey.thaw()
    assert await first
    assert await asyncio.gather(held, return_exceptions=True)
    assert await store.load("held back") is None
    await store.close()


async def test_a_batch_that_is_given_up_gives_up_its_commands(own_valkey: Server) -> None:
    """Where everything is cancelled, as at the end of a program, no turn waits for ever."""
    store = CacheStore(open_cache(f"redis://127.0.0.1:{own_valkey.port}?timeout=60"), owned=True)
    own_valkey.freeze()
    loading = asyncio.ensure_future(store.load("nobody"))
    for _ in range(3):
        await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task(), loading}:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(20):
            await loading
    own_valkey.thaw()
    await store.close()


async def test_a_command_of_somebody_elses_type_is_no_older_server(own_valkey: Server) -> None:
    """An error about one key does not make the store think less of the server."""
    cache = open_cache(f"redis://127.0.0.1:{own_valkey.port}")
    store = CacheStore(cache, owned=True)
    await cache.client.lpush("no-session", "1")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        await store.save("no-session", "2", "1", 60)
    assert store._backend.native  # type: ignore[attr-defined]
    await store.close()


async def test_the_clients_own_bound_is_kept(own_valkey: Server) -> None:
    """A cache of a person's own may have a client of its own, whose pool raises where it has no connection left."""
    cache = RedisCache(endpoint="127.0.0.1", port=own_valkey.port)
    cache.client = Redis(port=own_valkey.port, max_connections=2)
    store = CacheStore(cache, owned=True)
    loads = []
    for number in range(8):
        loads.append(asyncio.ensure_future(store.load(f"person {number}")))
        for _ in range(3):
            await asyncio.sleep(0)  # each in a round of its own
    assert await asyncio.gather(*loads) == [None] * 8
    await store.close()


async def test_connections_are_bounded(own_valkey: Server) -> None:
    """With all connections waiting for the server, the others wait for a connection, and no longer than they would for it."""
    cache = open_cache(f"redis://127.0.0.1:{own_valkey.port}?connections=2&timeout=0.5")
    store = CacheStore(cache, owned=True)
    own_valkey.freeze()
    loads = []
    for number in range(8):
        loads.append(asyncio.ensure_future(store.load(f"person {number}")))
        for _ in range(3):
            await asyncio.sleep(0)  # each in a round of its own
    own_valkey.thaw()
    assert await asyncio.gather(*loads) == [None] * 8
    assert len(await cache.client.client_list()) == 2
    own_valkey.freeze()
    failed = await asyncio.gather(*(store.delete(name) for name in "ab"), store.touch("a", 60), return_exceptions=True)
    own_valkey.thaw()
    assert [type(each) for each in failed] == [StoreUnavailable] * 3
    await store.close()


@pytest.mark.parametrize("kind", ["redis", "memcached"])
def test_one_event_loop_after_the_other(kind: str, request: pytest.FixtureRequest) -> None:
    """A program that runs a loop for every message finds its store in each of them, though connections are one loop's."""
    server: Server = request.getfixturevalue("own_valkey" if kind == "redis" else "own_memcached")
    code = (
        "import asyncio\n"
        "from flowdsl import Runtime\n"
        f"store = Runtime(cache='{kind}://127.0.0.1:{server.port}?timeout=2').store\n"
        "print(asyncio.run(store.create('a', 'held', 60)))\n"
        "for _ in range(3): print(asyncio.run(store.load('a')).value)\n"
        "asyncio.run(store.close())\n"
    )
    # In a process of its own, because Python remarks on the connections that each loop leaves open.
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.split() == ["True", "held", "held", "held"]


def test_event_loops_do_not_wait_for_each_other(own_valkey: Server) -> None:
    """A loop that ends or goes on in another thread, as in a shell or a test, takes no command of this one with it."""
    store = CacheStore(open_cache(f"redis://127.0.0.1:{own_valkey.port}?timeout=2"), owned=True)

    async def load() -> Stored | None:
        held = await store.load("nobody")
        await store.close()
        return held

    async def beside() -> Stored | None:
        async with asyncio.timeout(10):
            loading = asyncio.ensure_future(load())
            await asyncio.sleep(0)  # now it leaves with this round
            with ThreadPoolExecutor() as others:
                assert others.submit(asyncio.run, load()).result() is None
            return await loading

    assert asyncio.run(beside()) is None


async def load_again(store: SessionStore, name: str) -> str | None:
    """Load as soon as the server has come to itself."""
    for _ in range(50):
        try:
            held = await store.load(name)
        except StoreUnavailable:
            continue
        return held and held.value
    raise TimeoutError("the server does not answer again")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mongo://localhost", "no known kind"),
        ("localhost:6379", "no known kind"),
        ("redis://localhost:port", "cannot be read"),
        ("redis://localhost/zero", "'zero' .* is no number"),
        ("redis://localhost?tiemout=2", "option that does not exist: tiemout .there are timeout"),
        ("memory://?sessions=0", "at least 1"),
        ("memory://localhost", "memory is that of this process"),
        ("redis://localhost?timeout=0", "time-out of the cache is 0"),
        ("redis://localhost?timeout=-1", "time-out of the cache is -1"),
        ("memcached://localhost?timeout=nan", "time-out of the cache is nan"),
        ("redis://localhost?timeout=inf", "time-out of the cache is inf"),
        ("redis://localhost?connections=0", "number from 1 on"),
        ("memcached://localhost?connections=0", "number from 1 on"),
        ("memcached://localhost/3", "no databases"),
    ],
)
def test_a_wrong_address_is_refused(url: str, says: str) -> None:
    """An address that cannot work is refused when it is given, with what is wrong with it."""
    with pytest.raises(ConfigurationError, match=says):
        Runtime(cache=url)


@pytest.mark.parametrize(
    "url", ["redis://ama:hunter2@h/0?tiemout=2", "redis://:hunter2@h:port", "mongo://ama:hunter2@h", "memory://ama:hunter2@h"]
)
def test_a_refusal_does_not_tell_the_password(url: str) -> None:
    """Errors are logged, and the password of a store is in none of them."""
    with pytest.raises(ConfigurationError) as refused:
        Runtime(cache=url)
    assert "hunter2" not in str(refused.value)
    assert ":…@h" in str(refused.value)


@pytest.mark.parametrize("wrong", [None, 6379, object()])
def test_what_is_no_cache_is_refused(wrong: Any) -> None:
    """A runtime takes an address or an aiocache cache, and nothing else."""
    with pytest.raises(ConfigurationError, match="aiocache cache"):
        Runtime(cache=wrong)


@pytest.mark.parametrize("make", [Runtime, lambda: Runtime(cache=SimpleMemoryCache())], ids=["by address", "a cache"])
def test_a_disabled_aiocache_is_refused(make: Callable[[], Runtime], monkeypatch: pytest.MonkeyPatch) -> None:
    """With AIOCACHE_DISABLE=1 every session would vanish, so nothing starts."""
    monkeypatch.setenv("AIOCACHE_DISABLE", "1")
    with pytest.raises(ConfigurationError, match="AIOCACHE_DISABLE"):
        make()


def test_tls_user_and_password_are_understood() -> None:
    """What aiocache's own from_url leaves out of an address is there."""
    cache = open_cache("rediss://ama:p%40ss@example.com:6380/3?namespace=flows&timeout=1.5&connections=7")
    settings_of = cache.client.connection_pool.connection_kwargs
    assert (cache.endpoint, cache.port, cache.db, cache.namespace, cache.timeout) == ("example.com", 6380, 3, "flows", 1.5)
    assert (settings_of["username"], settings_of["password"]) == ("ama", "p@ss")
    assert settings_of["socket_connect_timeout"] == 1.5
    assert cache.client.connection_pool.max_connections == 7


def test_connections_of_memcached_are_bounded_as_told() -> None:
    """The option means the same for both servers."""
    assert open_cache("memcached://h?connections=7").client._pool._maxsize == 7
    assert open_cache("memcached://h").client._pool._maxsize == 10


@pytest.mark.parametrize(("scheme", "tls"), [("redis", False), ("rediss", True), ("valkey", False), ("valkeys", True)])
def test_which_addresses_use_tls(scheme: str, tls: bool) -> None:
    """A second s in the scheme asks for TLS, for either server."""
    cache = open_cache(f"{scheme}://example.com")
    assert ("SSL" in cache.client.connection_pool.connection_class.__name__) is tls
    assert cache.timeout == 2.0


@pytest.mark.parametrize(
    ("package", "url", "extra"), [("redis", "redis://h", "redis"), ("aiomcache", "memcached://h", "memcached")]
)
def test_a_missing_client_names_its_extra(package: str, url: str, extra: str) -> None:
    """Without the client of a server the error says what to install, in a clone as well."""
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from flowdsl import Runtime, ConfigurationError\n"
        f"try: Runtime(cache={url!r})\n"
        "except ConfigurationError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"pip install 'flowdsl[{extra}]', or '.[{extra}]' in a clone" in said
