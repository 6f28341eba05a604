"""The contracts of stores and gateways: what keeps them passes, and each way to break them is caught and named."""

import asyncio
import itertools
import re
import subprocess
import sys
import unittest
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import flowdsl_adapters
from flowdsl import Ended, Inbound, Paid, Reply, Screen, SessionStore, Stored, StoreUnavailable
from flowdsl.errors import BadPayload, UserInputError
from flowdsl.phone import e164
from flowdsl.testing.contracts import StoreContract
from flowdsl.testing.contracts.promises import run
from flowdsl_adapters import About, Field, Gateway, Nsano, Probe, Request, Response
from flowdsl_adapters.testing import Caller, GatewayContract

Held = tuple[str, int, float | None]


class DictStore:
    """A store in a dict, on a clock that a test sets forward."""

    def __init__(self, place: "Place") -> None:
        self.place = place

    async def load(self, key: str) -> Stored | None:
        held = self.held(key)
        return None if held is None else Stored(held[0], held[1])

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        return self.held(key) is None and self.put(key, value, ttl)

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        held = self.held(key)
        return held is not None and held[1] == token and self.put(key, value, ttl)

    async def touch(self, key: str, ttl: float | None) -> None:
        held = self.held(key)
        if held is not None:
            self.place.values[key] = (held[0], held[1], self.until(ttl))

    async def delete(self, key: str) -> bool:
        return self.place.values.pop(key, None) is not None

    async def close(self) -> None:
        pass

    def held(self, key: str) -> Held | None:
        held = self.place.values.get(key)
        return held if held is not None and (held[2] is None or self.place.now < held[2]) else None

    def put(self, key: str, value: str, ttl: float | None) -> bool:
        self.place.values[key] = (value, next(self.place.tokens), self.until(ttl))
        return True

    def until(self, ttl: float | None) -> float | None:
        return None if ttl is None else self.place.now + ttl


class Unreachable(DictStore):
    """The same where nobody answers."""

    def __getattribute__(self, name: str) -> Any:
        async def fail(*arguments: Any) -> None:
            raise StoreUnavailable("no answer")

        return fail if name in ("load", "create", "save", "touch", "delete") else super().__getattribute__(name)


class Place:
    """Where the values of a dict store are, for all that open it."""

    def __init__(self) -> None:
        self.values: dict[str, Held] = {}
        self.tokens = itertools.count()
        self.now = 0.0


class DictContract(StoreContract):
    """The contract for the store in a dict."""

    kind: type[DictStore] = DictStore
    broken: type[DictStore] = Unreachable

    def __init__(self) -> None:
        self.place = Place()

    def open(self) -> SessionStore:
        return self.kind(self.place)

    async def open_again(self) -> SessionStore:
        return self.kind(self.place)

    def open_broken(self) -> SessionStore:
        return self.broken(Place())

    async def pass_time(self, seconds: float) -> None:
        self.place.now += seconds


class ForgetsNothing(DictStore):
    """It drops the ttl."""

    def until(self, ttl: float | None) -> float | None:
        return None


class ForgetsAtOnce(DictStore):
    """It takes seconds for milliseconds."""

    def until(self, ttl: float | None) -> float | None:
        return None if ttl is None else self.place.now + ttl / 1000


class TtlZero(DictStore):
    """It takes ``None`` for no time."""

    def until(self, ttl: float | None) -> float | None:
        return self.place.now + (ttl or 0.2)


class TakesMonthsForADate(DictStore):
    """It is Memcached, unadapted."""

    def until(self, ttl: float | None) -> float | None:
        return super().until(ttl if ttl is None or ttl < 30 * 24 * 3600 else -1)


class SlidesOnReading(DictStore):
    """It renews what is read."""

    async def load(self, key: str) -> Stored | None:
        held = self.held(key)
        if held is not None and held[2] is not None:
            self.place.values[key] = (held[0], held[1], self.place.now + 60)
        return await super().load(key)


class TouchesNothing(DictStore):
    """Its touch does not renew."""

    async def touch(self, key: str, ttl: float | None) -> None:
        pass


class TouchCreates(DictStore):
    """Its touch makes a value where none is."""

    async def touch(self, key: str, ttl: float | None) -> None:
        self.place.values.setdefault(key, ("", 0, None))
        await super().touch(key, ttl)


class KeepsOldTtl(DictStore):
    """Its save does not renew."""

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        held = self.held(key)
        saved = await super().save(key, value, token, ttl)
        if saved and held is not None:
            self.place.values[key] = (*self.place.values[key][:2], held[2])
        return saved


class IgnoresTokens(DictStore):
    """It saves over anything."""

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        return self.held(key) is not None and self.put(key, value, ttl)


class SavesOverNothing(DictStore):
    """It brings back what was deleted."""

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        return self.put(key, value, ttl) if self.held(key) is None else await super().save(key, value, token, ttl)


class CountsPerKey(DictStore):
    """Its tokens begin anew with each value that is created."""

    def put(self, key: str, value: str, ttl: float | None) -> bool:
        held = self.held(key)
        self.place.values[key] = (value, 0 if held is None else held[1] + 1, self.until(ttl))
        return True


class ChecksThenWrites(DictStore):
    """It looks, waits for its server, and then writes."""

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        held = self.held(key)
        if held is None or held[1] != token:
            return False
        await pause()
        return self.put(key, value, ttl)

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        if self.held(key) is not None:
            return False
        await pause()
        return self.put(key, value, ttl)


class CreatesOver(DictStore):
    """Its create overwrites."""

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        return self.put(key, value, ttl)


class SaysNothing(DictStore):
    """It forgets to return whether it created."""

    async def create(self, key: str, value: str, ttl: float | None) -> bool:
        await super().create(key, value, ttl)
        return None  # type: ignore[return-value]


class NeverSaves(DictStore):
    """Its saves are all lost."""

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        return False


class DeletesSilently(DictStore):
    """Its delete does not tell whether there was anything."""

    async def delete(self, key: str) -> bool:
        await super().delete(key)
        return True


class DeletesNothing(DictStore):
    """Its delete only says so."""

    async def delete(self, key: str) -> bool:
        return key in self.place.values


class DeletesAll(DictStore):
    """Its delete takes everybody's."""

    async def delete(self, key: str) -> bool:
        there = key in self.place.values
        self.place.values.clear()
        return there


class Latin(DictStore):
    """It is not of this world's texts."""

    def put(self, key: str, value: str, ttl: float | None) -> bool:
        return super().put(key, value.encode("latin-1", "replace").decode("latin-1"), ttl)


class ThreeBytes(DictStore):
    """It leaves out what MySQL's utf8 does."""

    def put(self, key: str, value: str, ttl: float | None) -> bool:
        return super().put(key, re.sub("[\U00010000-\U0010ffff]", "\ufffd", value), ttl)


class Short(DictStore):
    """Its column holds 64 KiB."""

    def put(self, key: str, value: str, ttl: float | None) -> bool:
        return super().put(key, value.encode()[:250_000].decode(errors="ignore"), ttl)


class GivesBytes(DictStore):
    """It gives bytes for texts."""

    async def load(self, key: str) -> Stored | None:
        held = await super().load(key)
        return None if held is None else Stored(held.value.encode(), held.token)  # type: ignore[arg-type]


class GivesPairs(DictStore):
    """It gives something else than a Stored."""

    async def load(self, key: str) -> Stored | None:
        held = self.held(key)
        return None if held is None else (held[0], held[1])  # type: ignore[return-value]


class GivesEmpty(DictStore):
    """It gives an empty value for none."""

    async def load(self, key: str) -> Stored | None:
        return await super().load(key) or Stored("", None)


def folding(fold: Callable[[str], str]) -> type[DictStore]:
    """Make a store that takes some keys for one."""

    class Folding(DictStore):
        def held(self, key: str) -> Held | None:
            return super().held(fold(key))

        def put(self, key: str, value: str, ttl: float | None) -> bool:
            return super().put(fold(key), value, ttl)

        async def delete(self, key: str) -> bool:
            return await super().delete(fold(key))

        async def touch(self, key: str, ttl: float | None) -> None:
            await super().touch(fold(key), ttl)

    return Folding


class Caches(DictStore):
    """It keeps in the process what it has read once."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.known: dict[str, Stored] = {}

    async def load(self, key: str) -> Stored | None:
        held = self.known.get(key) or await super().load(key)
        if held is not None:
            self.known[key] = held
        return held

    async def save(self, key: str, value: str, token: Any, ttl: float | None) -> bool:
        self.known.pop(key, None)
        return await super().save(key, value, token, ttl)

    async def delete(self, key: str) -> bool:
        self.known.pop(key, None)
        return await super().delete(key)


class OfItsOwn(DictStore):
    """Each that is opened is a place of its own."""

    def __init__(self, place: Place) -> None:
        super().__init__(Place())
        self.clock = place

    def held(self, key: str) -> Held | None:
        self.place.now = self.clock.now
        return super().held(key)


class RaisesItsOwn(Unreachable):
    """It lets the errors of its client through."""

    def __getattribute__(self, name: str) -> Any:
        async def fail(*arguments: Any) -> None:
            raise ConnectionRefusedError("no answer")

        return fail if name == "touch" else super().__getattribute__(name)


class HidesIt(Unreachable):
    """It says that there is nothing, where it cannot know."""

    def __getattribute__(self, name: str) -> Any:
        return DictStore.load.__get__(self) if name == "load" else super().__getattribute__(name)


async def pause() -> None:
    """Let others run, as a store does that waits for its server."""
    await asyncio.sleep(0)


def failures(contract: Callable[[], Any]) -> dict[str, str]:
    """Run every test of a contract as a test runner does, and tell which fail with what."""
    said: dict[str, str] = {}
    for name in dir(contract):
        if name.startswith("test_"):
            try:
                with suppress(unittest.SkipTest):
                    getattr(contract(), name)()
            except AssertionError as error:
                said[name] = str(error)
    return said


STORES: dict[type[DictStore], tuple[str, str]] = {
    ForgetsNothing: ("a_value_dies_after_its_ttl", "a value dies when the ttl that create.. gave it is over"),
    ForgetsAtOnce: ("what_has_time_left_lives", "created with a ttl of 70 lives as long.*it is gone"),
    TtlZero: ("a_value_without_ttl_stays", "a ttl of None lives as long.*it is gone"),
    TakesMonthsForADate: ("a_ttl_of_months_is_kept", "7776000.5 seconds lives as long"),
    SlidesOnReading: ("a_value_dies_after_its_ttl", "even where it is read meanwhile"),
    TouchesNothing: ("what_has_time_left_lives", "touched with a ttl of 70 lives as long"),
    TouchCreates: ("touch_changes_no_value", "does nothing where there is none"),
    KeepsOldTtl: ("what_has_time_left_lives", "saved with a ttl of 70 lives as long"),
    IgnoresTokens: ("the_second_of_two_saves_loses", "over which another was saved since gives False.*save.. gave True"),
    SavesOverNothing: ("a_save_over_nothing_loses", "that was deleted since gives False.*then load.. gave 'lost'"),
    CountsPerKey: ("a_save_over_a_session_that_was_begun_anew_loses", "another created in its place, gives False"),
    ChecksThenWrites: ("no_update_is_lost", "overwritten by one that did not read it.*Compare and write in one step"),
    CreatesOver: ("nothing_is_created_twice", "create.. over a value gives False and changes nothing"),
    SaysNothing: ("what_was_created_is_loaded", "create.. gives True where there was no value.*it gave None"),
    NeverSaves: ("a_save_over_what_was_read_is_kept", "gives True, and the new value is held"),
    DeletesSilently: ("delete_tells_whether_there_was_a_value", "False where there was none"),
    DeletesNothing: ("delete_tells_whether_there_was_a_value", "it gave True for a value, and True after"),
    DeletesAll: ("sessions_do_not_touch_each_other", "what is done to one key is done to no other"),
    Latin: ("what_was_created_is_loaded", "the very text that was written.*first that differs is '.u0186'"),
    ThreeBytes: ("every_character_comes_back", "the very text that was written.*first that differs is '.U00010000'"),
    Short: ("long_values_come_back", "the very text that was written"),
    GivesBytes: ("what_was_created_is_loaded", "the very text that was written.*it gave b'"),
    GivesPairs: ("what_was_created_is_loaded", "load.. gives a flowdsl.Stored"),
    GivesEmpty: ("nothing_is_loaded_where_nothing_was_written", "gives None.*it gave Stored"),
    folding(str.lower): ("ids_that_look_alike_are_apart", "'a' and …'A' are two.*hashlib"),
    folding(lambda key: key.replace(" ", "_")): ("every_character_of_an_id_counts", "create.. gave False for the key .*_"),
    folding(lambda key: key[:250]): ("ids_that_look_alike_are_apart", "xxx.* are two"),
    Caches: ("two_processes_share_it", "one saved '3' .True., and the other read '1'"),
    OfItsOwn: ("two_processes_share_it", "of which the other read None"),
}


def contract_of(store: type[DictStore], broken: type[DictStore] = Unreachable) -> type[DictContract]:
    """Make the contract for a variant of the store."""
    return type("Tried", (DictContract,), {"kind": store, "broken": broken})


def test_a_sound_store_keeps_the_contract() -> None:
    """A dict and a clock are enough."""
    assert failures(DictContract) == {}


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.__name__)
def test_a_broken_store_is_caught(store: type[DictStore]) -> None:
    """The test that is about it fails, and says what is wrong."""
    name, says = STORES[store]
    found = failures(contract_of(store))
    assert re.search(says, found.get(f"test_{name}", f"only {sorted(found)}"), re.DOTALL), found


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (RaisesItsOwn, "touch.. raises flowdsl.StoreUnavailable, and nothing else.*it raised ConnectionRefusedError: no answer"),
        (HidesIt, "load.. raises flowdsl.StoreUnavailable.*it raised nothing and gave None"),
    ],
)
def test_a_store_that_hides_its_failure_is_caught(broken: type[DictStore], says: str) -> None:
    """Where it cannot be reached nothing else than StoreUnavailable will do."""
    found = failures(contract_of(DictStore, broken))
    assert list(found) == ["test_a_store_out_of_reach_says_so"]
    assert re.search(says, found["test_a_store_out_of_reach_says_so"], re.DOTALL), found


class ClosesWhatItOpened(DictStore):
    """It connects when it is used, and takes for granted that it was."""

    connection: list[int]

    async def load(self, key: str) -> Stored | None:
        self.connection = [1]
        return await super().load(key)

    async def close(self) -> None:
        self.connection.clear()


def test_a_store_that_closes_only_what_was_used_is_caught() -> None:
    """What its close raises is raised."""
    with pytest.raises(AttributeError, match="connection"):
        contract_of(ClosesWhatItOpened)().test_a_store_that_was_not_used_closes()


def test_what_hangs_is_given_up() -> None:
    """A test that would never end says so."""
    with pytest.raises(AssertionError, match=r"something hung for 0.01 seconds"):
        run(asyncio.sleep(60), 0.01)


def test_a_timeout_of_the_stores_own_is_no_hanging() -> None:
    """What it raises is raised."""

    async def late() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        run(late(), 60)


class Untimed(DictContract):
    """For a store whose time nobody can wait for."""

    ttl = None


class Bare(StoreContract):
    """What a person writes first."""

    def open(self) -> SessionStore:
        return DictStore(Place())


@pytest.mark.parametrize(
    ("test", "says"),
    [
        (Bare().test_two_processes_share_it, r"not tested: that two processes.*open_again\(\)"),
        (Bare().test_a_store_out_of_reach_says_so, r"not tested: that StoreUnavailable is raised.*open_broken\(\)"),
        (Untimed().test_a_value_dies_after_its_ttl, "not tested: that values die after their ttl"),
    ],
    ids=["shared", "out of reach", "untimed"],
)
def test_what_is_not_tested_is_skipped_by_name(test: Callable[[], None], says: str) -> None:
    """Hooks that are not written are no passing tests."""
    with pytest.raises(unittest.SkipTest, match=says):
        test()


@pytest.mark.parametrize(("contract", "hook"), [(StoreContract, "open"), (GatewayContract, "gateway")])
def test_a_hook_that_is_missing_is_named(contract: type[Any], hook: str) -> None:
    """Who forgets the one that must be there is told which."""
    with pytest.raises(NotImplementedError, match=rf"write {contract.__name__}.{hook}\(self\)"):
        failures(contract)


PERSONS_OWN = """
import unittest
from flowdsl.testing.contracts import StoreContract
from tests.test_contracts import DictStore, Place

class TestMine(StoreContract):
    local = True
    def open(self):
        self.place = Place()
        return DictStore(self.place)
    def pass_time(self, seconds):
        self.place.now += seconds

class TestByUnittest(TestMine, unittest.TestCase):
    pass
"""


@pytest.mark.parametrize(
    "command",
    [
        ["-W", "error", "-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio", "-p", "no:aiohttp", "-p", "no:cacheprovider"],
        ["-W", "error", "-m", "unittest", "-q"],
    ],
    ids=["pytest", "unittest"],
)
def test_a_contract_needs_no_plugin_and_no_setting(command: list[str], tmp_path: Path) -> None:
    """A file with a subclass is all that a runner of tests needs."""
    (tmp_path / "test_mine.py").write_text(PERSONS_OWN)
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, *command, "test_mine.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": root, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(name.startswith("test_") for name in dir(StoreContract))
    assert re.search(rf"{2 * count} passed|Ran {count} tests", done.stdout + done.stderr), done.stdout + done.stderr
    assert "skipped" not in done.stdout + done.stderr


def test_contracts_are_loaded_by_who_wants_them() -> None:
    """Neither ``import flowdsl_adapters`` nor the contracts load what only tests need."""
    assert not hasattr(flowdsl_adapters, "GatewayContract")
    code = (
        "import sys, flowdsl_adapters; print('flowdsl_adapters.testing' in sys.modules, 'flowdsl.testing' in sys.modules)\n"
        "import flowdsl.testing.contracts, flowdsl_adapters.testing; print('pytest' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False", "False"]


class Tiny:
    """A gateway that asks by GET, tells all that was typed so far, and reads CON or END."""

    name, platform, screen = "tiny", "ussd", Screen()
    routes, deadline, lost, payments = (("GET", ""),), None, "begin", False

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        return Response(body=b"")

    def refuse(self, error: UserInputError) -> Response:
        return Response(body=str(error).encode(), status=error.status)

    def decode(self, request: Request) -> Inbound | Ended:
        if request.query.get("left"):
            return self.left(request.query["session"], request.query["phone"])
        return self.heard(request)

    def left(self, session: str, phone: str) -> Inbound | Ended:
        number = e164(phone, "GH")
        return Ended(platform=self.platform, gateway=self.name, reason="released", request_id=session, msisdn=number)

    def heard(self, request: Request) -> Inbound:
        try:
            session, phone, text = (request.query[name] for name in ("session", "phone", "text"))
        except KeyError as error:
            raise BadPayload(f"{error} is missing") from None
        number = e164(phone, "GH")
        if number is None or not session:
            raise BadPayload("session or phone is not what it should be")
        # Nothing typed, and an empty answer, look the same: only the session tells them apart.
        return Inbound(
            platform=self.platform,
            gateway=self.name,
            request_id=session,
            msisdn=number,
            new=None,
            text=text.rpartition("*")[2],
            url=request.url,
        )

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        return Response(body=f"{'END' if reply.end else 'CON'} {reply.text}".encode(), content_type="text/plain; charset=utf-8")


class TestTiny(GatewayContract):
    """A gateway of a person's own keeps the contract."""

    def gateway(self) -> Gateway:
        return Tiny()

    def opening(self, caller: Caller) -> Request:
        return self.answering(caller, [])

    def answering(self, caller: Caller, texts: Sequence[str]) -> Request:
        return Request(body=b"", query={"session": caller.session, "phone": caller.number, "text": "*".join(texts)})

    def read(self, response: Response) -> Reply:
        word, _, text = response.body.decode().partition(" ")
        return Reply(text, end=word == "END")

    def malformed(self) -> Mapping[str, Request]:
        whole = {"session": "1", "phone": "233244123456", "text": "x"}
        return {
            **{f"no {name}": Request(body=b"", query={key: whole[key] for key in whole if key != name}) for name in whole},
            "no number": Request(body=b"", query={**whole, "phone": "nobody"}),
        }

    def carries(self, text: str) -> bool:
        return "*" not in text  # joins the answers

    def endings(self, caller: Caller) -> Mapping[str, Request]:
        return {"released": Request(body=b"", query={"session": caller.session, "phone": caller.number, "left": "1"})}


class DialAnswers(Tiny):
    """It takes what was dialled for an answer."""

    def heard(self, request: Request) -> Inbound:
        return changed(super().heard(request), new=False)


class EmptyIsDialling(Tiny):
    """It takes an empty answer for somebody who dials."""

    def heard(self, request: Request) -> Inbound:
        return changed(super().heard(request), new=not request.query["text"])


class AllThatWasTyped(Tiny):
    """It takes all answers for one."""

    def heard(self, request: Request) -> Inbound:
        return changed(super().heard(request), text=request.query["text"])


class Strips(Tiny):
    """It takes the blanks off."""

    def heard(self, request: Request) -> Inbound:
        inbound = super().heard(request)
        return changed(inbound, text=inbound.text.strip())


class Remembers(Tiny):
    """It cuts off what it has seen before, in this process."""

    def __init__(self) -> None:
        self.before: dict[str, str] = {}

    def heard(self, request: Request) -> Inbound:
        inbound = super().heard(request)
        text = request.query["text"]
        before = self.before.get(inbound.request_id or "", "")
        self.before[inbound.request_id or ""] = text
        return changed(inbound, text=text.removeprefix(before).removeprefix("*"))


class NeverEnds(Tiny):
    """It forgets to end."""

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        return super().encode(Reply(reply.text), inbound)


class EndsAlways(Tiny):
    """It ends with every screen."""

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        return super().encode(Reply(reply.text, end=True), inbound)


class TooLong(Tiny):
    """Its screen is larger than any."""

    screen = Screen(septets=500, units=500)


class NoScreen(Tiny):
    """It has no screen."""

    screen = None  # type: ignore[assignment]


class Cuts(Tiny):
    """It cuts long screens off."""

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        return super().encode(Reply(reply.text[:100], end=reply.end), inbound)


class Advertises(Tiny):
    """It adds words of its own."""

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        return super().encode(Reply(f"{reply.text}\nTiny!", end=reply.end), inbound)


class Ascii(Tiny):
    """It writes nothing else."""

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        return super().encode(Reply(reply.text.encode("ascii", "replace").decode(), end=reply.end), inbound)


class NumberAsItComes(Tiny):
    """It leaves the number as it is."""

    def heard(self, request: Request) -> Inbound:
        return changed(super().heard(request), msisdn=request.query["phone"])


class OneForAll(Tiny):
    """It has one session for all, and nobody's number."""

    def heard(self, request: Request) -> Inbound:
        return changed(super().heard(request), request_id="1", msisdn="+233244123456", new=not request.query["text"])


class TakesAnything(Tiny):
    """It makes something of every request."""

    def heard(self, request: Request) -> Inbound:
        made_up = {"session": "17954658000000001", "phone": "0244123456", "text": ""}
        return super().heard(Request(body=b"", query={**made_up, **request.query}))


class Posts(Tiny):
    """It is delivered to by another method than it says."""

    routes = (("*", ""),)


class ApologisesOtherwise(Tiny):
    """It writes an error instead of an apology."""

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        response = super().encode(reply, inbound)
        return Response(body=response.body, content_type="text/plain", status=500) if "sorry" in reply.text else response


class IdIsTheSession(Tiny):
    """It gives every message of a session one id."""

    def heard(self, request: Request) -> Inbound:
        inbound = super().heard(request)
        return changed(inbound, message_id=inbound.request_id)


class IdIsTheText(Tiny):
    """It takes a text that is typed twice for one message."""

    def heard(self, request: Request) -> Inbound:
        inbound = super().heard(request)
        return changed(inbound, message_id=f"{inbound.request_id} {inbound.text}")


class IdIsNew(Tiny):
    """It makes up an id for every delivery."""

    ids = itertools.count()

    def heard(self, request: Request) -> Inbound:
        return changed(super().heard(request), message_id=str(next(self.ids)))


class KeyIsNotCarried(Tiny):
    """Its pages are turned by what its wire cannot bring."""

    screen = Screen(next_key="*")


def changed(inbound: Inbound, **fields: Any) -> Inbound:
    """Give a message with other fields."""
    return Inbound(**{**{name: getattr(inbound, name) for name in inbound.__struct_fields__}, **fields})


class EndAnswers(Tiny):
    """It takes the notice of an end for an empty answer."""

    def left(self, session: str, phone: str) -> Inbound | Ended:
        return self.heard(Request(body=b"", query={"session": session, "phone": phone, "text": "*"}))


class EndsAnother(Tiny):
    """Its notice is of no session that there is."""

    def left(self, session: str, phone: str) -> Inbound | Ended:
        return Ended(platform=self.platform, gateway=self.name, reason="released", request_id=f"{session}/{phone}")


class RefusesTheEnd(Tiny):
    """It knows of no notices."""

    def left(self, session: str, phone: str) -> Inbound | Ended:
        raise BadPayload("text is missing")


GATEWAYS: dict[type[Tiny], tuple[str, str]] = {
    DialAnswers: ("who_dials_again_has_answered_nothing", "the question where they stopped.*they saw '<> Which"),
    EmptyIsDialling: (
        "a_conversation_is_as_without_the_wire",
        "when '' was typed after .., the wire shows what the flow says: '<> Second",
    ),
    AllThatWasTyped: ("an_answer_comes_as_it_was_typed", "who typed 'Ama' has answered 'Ama'.*gave the text 'x.Ama'"),
    Strips: ("an_answer_comes_as_it_was_typed", "who typed ' a ' has answered ' a '.*gave the text 'a'"),
    Remembers: ("any_process_reads_the_next_message", "neither remembers anything"),
    NeverEnds: ("the_end_is_told", "ends the session with the last screen.*these ended it: ..[.]"),
    EndsAlways: ("a_dial_begins_a_conversation", "in a session that goes on.*with end=True"),
    TooLong: ("a_screen_is_one_that_networks_show", "182 septets and 80 units at most.*septets=500"),
    NoScreen: ("a_screen_is_one_that_networks_show", "a gateway of USSD has a Screen.*the screen is None"),
    Cuts: ("long_texts_are_paged", "the wire shows what the flow says"),
    Advertises: ("a_conversation_is_as_without_the_wire", "it shows .*Tiny!.*all of the reply and no more"),
    Ascii: ("a_conversation_is_as_without_the_wire", "the wire shows what the flow says.*it shows"),
    NumberAsItComes: ("numbers_reach_the_flow", "'233244123456' of the wire is '.233244123456' for the flow.*{'233244123456'}"),
    OneForAll: ("two_people_are_apart", "two sessions with two numbers are two conversations"),
    TakesAnything: ("a_malformed_request_changes_nothing", "nothing at all. gets a 4xx.*it got 200.*was a message to the flow"),
    Posts: ("another_method_is_refused", "that gets 405.*it got 200"),
    ApologisesOtherwise: ("a_flow_that_raises_is_an_apology", "an apology comes as any screen, with status 200.*with status 500"),
    IdIsTheSession: ("the_same_message_again_is_no_second_answer", "shown, '<x> Second.'.*they were shown ..First"),
    IdIsTheText: ("the_same_message_again_is_no_second_answer", "the next message is another one"),
    IdIsNew: ("the_same_message_again_is_no_second_answer", "the same message again is shown what the first was shown"),
    EndAnswers: ("the_end_of_a_session_is_no_answer", "is no message to the flow.*and was a message to the flow"),
    EndsAnother: ("the_end_of_a_session_is_no_answer", "the question that was open is not answered any more"),
    RefusesTheEnd: ("the_end_of_a_session_is_no_answer", "is taken, and is no message to the flow.*it got 400"),
    KeyIsNotCarried: ("long_texts_are_paged", "the wire can bring the key '.', which turns pages"),
}


@pytest.mark.parametrize("kind", GATEWAYS, ids=lambda kind: kind.__name__)
def test_a_broken_gateway_is_caught(kind: type[Tiny]) -> None:
    """The test that is about it fails, and says what is wrong."""
    name, says = GATEWAYS[kind]
    found = failures(type("Tried", (TestTiny,), {"gateway": lambda self: kind()}))
    assert re.search(says, found.get(f"test_{name}", f"only {sorted(found)}"), re.DOTALL), found


class ForgetsToEcho(TestTiny):
    """It gives back nothing of what the gateway wants back."""

    def echoed(self, part: Request | Response) -> object:
        return part.query["session"] if isinstance(part, Request) else None


class OfAnother(GatewayContract):
    """A declaration whose fields are those of another gateway, with the true sample."""

    def gateway(self) -> Gateway:
        class Misread(Nsano):
            session, number = Field("session"), Field("phone")

        return Misread()


class WithoutSample(GatewayContract):
    """A declaration that nothing of the vendor's stands beside."""

    def gateway(self) -> Gateway:
        class Bare(Nsano):
            about = About(number="233244123456")

        return Bare()


def test_a_declaration_is_held_against_its_sample() -> None:
    """By itself it would always be right."""
    with pytest.raises(AssertionError, match=r"(?s)about.sample, sent as it is, begins a conversation.*phone is missing"):
        OfAnother().test_the_sample_begins_a_conversation()
    with pytest.raises(unittest.SkipTest, match="not tested: a sample"):
        WithoutSample().test_the_sample_begins_a_conversation()


def test_what_is_not_echoed_is_caught() -> None:
    """The gateway could not find the session again."""
    assert "goes back so" in failures(ForgetsToEcho)["test_what_is_echoed_goes_back_as_it_came"]
