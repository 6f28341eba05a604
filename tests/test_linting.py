"""Flows checked by their source. A planted fault has ``# <- rule`` on its line, and nothing else may be found."""

# What is planted here is what linters and type checkers look for as well.
# ruff: noqa: A001, DTZ003, DTZ005, DTZ011, E722, F841, FURB192, PTH118, PTH123, SIM105, SIM115, UP028
# mypy: disable-error-code="no-untyped-def, no-untyped-call, unused-coroutine, arg-type, operator, union-attr, attr-defined"
# mypy: disable-error-code="call-overload, index, misc, type-var, truthy-bool, call-arg, return-value, comparison-overlap"

import asyncio
import contextlib
import functools
import getpass
import importlib.util
import inspect
import itertools
import locale
import logging
import os
import platform
import random
import re
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter, deque
from datetime import UTC, date, datetime
from pathlib import Path
from time import time as now
from types import ModuleType
from typing import Any

import datetime as dt  # isort: skip
import pytest

from flowdsl import (
    Back,
    Become,
    Call,
    CallFailed,
    Checkpoint,
    Flow,
    Prompt,
    Run,
    Say,
    TooManyAttempts,
    flow,
)
from flowdsl.linting import RULES, Finding, findings, is_readable

ROOT = Path(__file__).parent.parent
MARK = re.compile(r"# <- ([\w, -]+)")

DICE = random.Random(7)
DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
PLACE = Path("terms.txt")
COLOURS = {"red", "green"}
SIZES = frozenset({1, 2, 3})
MENU = {"tea": "Tea", "bread": "Bread"}
SEEN: list[str] = []
VISITS: Counter[str] = Counter()
QUEUE: deque[str] = deque()
NUMBERS = itertools.count()
HITS = 0
CACHE: dict[str, str] = {}
TRAIL: list[str] = []
BASKETS: dict[str, list[str]] = {"a": []}
clock_of_utc = functools.partial(datetime.now, UTC)
logger = logging.getLogger(__name__)


class Settings:
    """What a service is set to."""

    colour = "red"

    @property
    def fee(self) -> int:
        """Not read by a check."""
        raise AssertionError("a property was run")


SETTINGS = Settings()


async def pay(amount: object = 0) -> int:
    """Stand in for an API."""
    return 1


def address():
    """Ask for an address."""
    street = yield from Prompt("street", "Street?")
    return street.title()


@flow
def transfer():
    """Stand in for a flow within."""
    yield Say("Sent.")


def numbers():
    """Yield, and no steps."""
    yield from (1, 2)


# Clock, chance, environment


@flow
def by_the_clock(chat):
    """Tell the time by all its names."""
    name = yield Prompt("name", "Name?")
    started = time.time()  # <- clock
    started = now()  # <- clock
    today = date.today()  # <- clock
    today = dt.datetime.now(tz=UTC)  # <- clock
    today = datetime.utcnow()  # <- clock
    today = clock_of_utc()  # <- clock
    hour = time.localtime().tm_hour  # <- clock
    shown = time.strftime("%H:%M")  # <- clock
    tick = time.monotonic
    yield Say(f"{tick()} {started} {today} {hour} {shown}")  # <- clock
    yield Call(pay, time.time())  # <- clock
    yield from Prompt(f"{datetime.now():%H}", "Now?")  # <- clock


@flow
def by_a_clock_of_its_own():
    """Import within the flow, and call what is defined there."""
    import time as watch
    from datetime import datetime as moment

    def later() -> float:
        return watch.time() + 60  # <- clock

    yield Say(f"{later()}")
    yield Say(f"{moment.now()}")  # <- clock


@flow
def by_chance():
    """Throw dice."""
    yield Say(str(random.randint(1, 6)))  # <- chance
    yield Say(random.choice(["Hi", "Hello"]))  # <- chance
    yield Say(str(DICE.random()))  # <- chance
    yield Say(str(random.Random().random()))  # <- chance
    yield Say(str(random.SystemRandom().random()))  # <- chance
    yield Say(secrets.token_hex(4))  # <- chance
    yield Say(secrets.choice("abc"))  # <- chance
    yield Say(str(uuid.uuid4()))  # <- chance
    yield Say(os.urandom(2).hex())  # <- chance
    yield Say(str(hash("name")))  # <- chance
    yield Say(str(id(MENU)))  # <- chance
    names = sorted(MENU, key=len)
    yield Say(sorted(MENU, key=lambda _: random.random())[0])  # <- chance
    random.shuffle(names)  # <- chance


@flow
def by_machine():
    """Look where it runs."""
    yield Say(os.environ["COLOUR"])  # <- environment
    yield Say(os.environ.get("COLOUR", ""))  # <- environment
    yield Say(os.getenv("COLOUR") or "")  # <- environment
    if "COLOUR" in os.environ:  # <- environment
        yield Say(sys.argv[1])  # <- environment
    yield Say(str(len(sys.argv)))  # <- environment
    yield Say(str(os.getpid()))  # <- environment
    yield Say(socket.gethostname() + platform.node())  # <- environment
    yield Say(getpass.getuser())  # <- environment
    yield Say(str(Path.cwd()))  # <- environment
    yield Say(locale.currency(5))  # <- environment


# I/O and awaitables


@flow
def reaching_out():
    """Read, write, ask and wait outside of a call."""
    print("played")  # <- io
    text = open("terms.txt").read()  # <- io
    text = input("Name?")  # <- io
    text = PLACE.read_text()  # <- io
    text = (Path("a") / "b").with_suffix(".txt").read_text()  # <- io
    home = PLACE.parent
    if (home / "x").exists():  # <- io
        time.sleep(1)  # <- io
    subprocess.run(["true"], check=True)  # <- io
    rows = DATABASE.execute("select 1")  # <- io
    page = urllib.request.urlopen("http://example.com")  # <- io
    sys.stdout.write("played")  # <- io
    with tempfile.NamedTemporaryFile() as file:  # <- io
        yield Say(f"{text} {rows} {page} {file}")


@flow
def waiting_for_nothing():
    """Call what is asynchronous."""
    pay(5)  # <- awaitable
    paid = yield from Call(pay(5))  # <- awaitable
    paid = asyncio.run(pay(5))  # <- awaitable
    yield pay(paid)  # <- awaitable

    async def inner() -> None:
        time.time()

    inner()  # <- awaitable


# Steps and parts


@flow
def forgetting_to_yield():
    """Make steps that go nowhere."""
    Say("Hello")  # <- not-yielded
    name = Prompt("name", "Name?")  # <- not-yielded
    age = int(Prompt("age", "Age?"))  # <- not-yielded
    town: Any = Prompt("town", "Town?")  # <- not-yielded
    Checkpoint()  # <- not-yielded
    (Prompt("comma", "Comma?"),)  # <- not-yielded
    if Prompt.confirm("sure", "Sure?"):  # <- not-yielded
        yield Say(f"Hello, {name}!")
    if not Prompt.confirm("again", "Again?") and age:  # <- not-yielded
        Back()  # <- not-yielded
    left = 5 - Call(pay, 5)  # <- not-yielded
    yield Say(f"{Call(pay, 6)}")  # <- not-yielded
    if Prompt("menu", "Menu?", choices=MENU) == "tea":  # <- not-yielded
        Become(transfer)  # <- not-yielded
    (dropped := Prompt("dropped", "Dropped?"))  # <- not-yielded
    while answer := Prompt("more", "More?"):  # <- not-yielded
        yield Say(answer)
    yield Say(town.title())
    total = 0
    total += Run(transfer)  # <- not-yielded
    yield Say(Prompt("last", "Last?"))  # <- not-yielded
    yield Say(MENU[Prompt("item", "Item?")])  # <- not-yielded
    unused = Prompt("unused", "Unused?")  # <- not-yielded
    yield Say("A.") if Prompt.confirm("first", "First?") else Say("B.")  # <- not-yielded
    wanted = [each for each in MENU if Prompt.confirm(each, each)]  # <- not-yielded
    raise Back()  # <- not-yielded


@flow
def forgetting_in_a_call(chat):
    """Give the question to a call instead of its answer."""
    name = Prompt[str]("name", "Name?")  # <- not-yielded
    yield Call(pay, name)


@flow
def not_delegating():
    """Call parts and flows, and leave them."""
    address()  # <- no-yield-from
    yield address()  # <- no-yield-from
    where = address()  # <- no-yield-from
    there = address()  # <- no-yield-from
    yield there
    yield Say(f"To {where}.")
    yield Run(transfer())  # <- no-yield-from
    transfer()  # <- no-yield-from
    yield transfer  # <- no-yield-from
    yield address  # <- no-yield-from

    def inner():
        yield Say("Within.")

    inner()  # <- no-yield-from
    delivery()  # <- no-yield-from
    asked()  # <- no-yield-from


# Handlers, sets, state


@flow
def catching_all():
    """Catch what stops a flow."""
    try:
        name = yield from Prompt("name", "Name?")
    except:  # <- bare-except
        name = ""
    try:
        if name:
            yield Say(name)
    except (ValueError, BaseException):  # <- bare-except
        pass
    try:
        yield Say(name)
    except GeneratorExit:  # <- bare-except
        pass
    finally:
        yield Say("Goodbye.")  # <- finally


@flow
def in_no_order():
    """Show sets."""
    yield Prompt("a", "A?", choices={"red", "green"})  # <- set
    yield Prompt("b", "B?", choices=COLOURS)  # <- set
    yield Prompt("c", "C?", choices=list(COLOURS | {"blue"}))  # <- set
    left = set(MENU) - {"tea"}
    yield from Prompt("d", "D?", choices=left)  # <- set
    yield Prompt("e", "E?", choices=[each.title() for each in COLOURS])  # <- set
    yield Prompt("f", "F?", choices={each: MENU[each] for each in left})  # <- set
    for colour in COLOURS:  # <- set
        yield Say(colour)
    text = ", ".join(left)  # <- set
    yield Say(text + ", ".join(each.title() for each in left))  # <- set


@flow
def remembering():
    """Change what all conversations share."""
    global HITS, TRAIL
    HITS += 1  # <- shared-state
    TRAIL.append("a")  # <- shared-state
    TRAIL = []  # <- shared-state
    BASKETS["a"].append("tea")  # <- shared-state
    name = yield from Prompt("name", "Name?")
    SEEN.append(name)  # <- shared-state
    MENU["milk"] = "Milk"  # <- shared-state
    VISITS[name] += 1  # <- shared-state
    QUEUE.popleft()  # <- shared-state
    Settings.colour = name  # <- shared-state
    COLOURS.add(name)  # <- shared-state
    yield Say(f"You are number {next(NUMBERS)}.")  # <- shared-state
    del MENU["milk"]  # <- shared-state
    log = SEEN
    log.extend([name])  # <- shared-state


# What a flow reaches


def fee(amount: int) -> float:
    """Look plain."""
    return amount * rate()


@functools.cache
def rate() -> float:
    """Hide a clock, two calls away."""
    SEEN.append("rate")  # <- shared-state
    CACHE["rate"] = "1"  # what was found out once may be kept
    return time.time() % 2  # <- clock


class Receipt:
    """Made by a flow."""

    def __init__(self) -> None:
        self.number = uuid.uuid4()  # <- chance


def shipping():
    """Ask in a part of a part."""
    print("shipping")  # <- io
    return (yield from Prompt("shipping", "Shipping?"))


def question():
    """Make a step for others to yield."""
    return Prompt("question", "What?")


def asked():
    """Yield a step that another function makes."""
    return (yield question())


def delivery():
    """Delegate to a part."""
    where = yield from address()
    how = yield from shipping()
    return where, how


@flow
def hand_over():
    """Go on after another flow."""
    yield Say(datetime.now().isoformat())  # <- clock


OTHERS = {"over": hand_over}


@flow
def menu():
    """Become one of several flows."""
    choice = yield from Prompt("menu", "Menu?", choices=list(OTHERS))
    yield Become(OTHERS[choice])


@flow
def within():
    """Run another flow."""
    yield from Run(hand_over if MENU else menu)


@flow
def ordering():
    """Call functions that are not clean."""
    where = yield from delivery()
    yield Say(f"{fee(5)} {Receipt().number} {where}")


@contextlib.contextmanager
def noticing():
    """Yield, and no step."""
    started = time.monotonic()  # <- clock
    try:
        yield started
    except BaseException:
        pass


@flow
def in_a_context():
    """Enter what is made of a generator."""
    with noticing() as started:
        yield Say(f"{started}")


def logged(function):
    """Decorate a flow's function."""

    @functools.wraps(function)
    def around():
        print("began")  # <- io
        return (yield from function())

    return around


@flow
@logged
def decorated():
    """Be found below a decorator."""
    yield Say(str(time.time()))  # <- clock


PLANTED: list[tuple[Any, ...]] = [
    (by_the_clock,),
    (by_a_clock_of_its_own,),
    (by_chance,),
    (by_machine,),
    (reaching_out,),
    (waiting_for_nothing,),
    (forgetting_to_yield,),
    (forgetting_in_a_call,),
    (not_delegating, delivery, shipping),
    (catching_all,),
    (in_no_order,),
    (remembering,),
    (ordering, fee, rate, Receipt, delivery, shipping, address),
    (hand_over,),
    (menu, hand_over),
    (within, hand_over, menu),
    (in_a_context, noticing),
    (decorated, logged),
]


# Nothing to be found


@flow
def calling(chat):
    """Give to calls what belongs there."""
    started = yield from Call(time.time)
    number = yield from Call(random.randint, 1, 6)
    colour = yield Call(os.environ.get, "COLOUR", "red")
    text = yield from Call(PLACE.read_text)
    yield Call(print, "played")
    yield Call(lambda: time.time(), key="later")
    yield Call(len, sys.argv)

    def roll() -> int:
        return random.randint(1, 6)

    def right(typed: str) -> str:
        print(typed)
        return f"{typed} {time.time()}"

    yield Call(roll)
    yield Call(pay, 5, undo=pay)
    yield Prompt("right", "Right?", transform=right, validate=lambda typed: str(time.time()))
    yield Say(f"{chat.timestamp} {started} {number} {colour} {text}")


@flow
def yielding(chat):
    """Yield in every way there is."""
    question = Prompt("name", "Name?")
    name = yield question
    first = Prompt("a", "A?") if name else Prompt("b", "B?")
    yield from first
    yield Say("Yes.") if name else Say("No.")
    yield name and Say(name)
    steps = [Prompt("c", "C?"), Say("D.")]
    for step in steps:
        yield step
    if (yield from Prompt.confirm("sure", f"{(yield Prompt('e', 'E?'))}?")):
        yield titled(Prompt("f", "F?"))
    if (last := Prompt("i", "I?")) is not None:
        yield last
    (spare := Prompt("k", "K?"))
    yield spare
    if [Prompt("l", "L?")] and (Say("M."), 1) != ():
        yield Say("N.")
    one = Prompt("j", "J?")
    other = one
    one = other
    yield (again := Prompt("g", "G?"))
    answer = yield again
    yield Say(f"{question.key} {answer}")
    total = 1 + (yield from Run(transfer))
    held: Prompt[str]
    held = Prompt("h", "H?")

    def later():
        yield held

    yield from later()
    return Say(total)


def titled(step: Any) -> Any:
    """Pass on what is given."""
    return step


@flow
def delegating(chat):
    """Delegate in every way there is."""
    where = yield from address()
    part = address()
    where = yield from part
    yield from address() if where else delivery_of_nothing()
    yield from titled(address())
    yield from transfer()
    yield Run(transfer)
    for step in address():
        yield step
    for number in numbers():
        yield Say(str(number))
    numbers()
    other = address()
    other.close()
    return address()


def delivery_of_nothing():
    """Be a part, too."""
    yield Say("Nothing.")


@flow
def handling():
    """Catch what may be caught."""
    try:
        name = yield from Prompt("name", "Name?", attempts=3)
    except TooManyAttempts:
        return
    try:
        yield Call(pay, name)
    except CallFailed as error:
        yield Say(error.message)
    except Exception:
        yield Say("?")
    finally:
        name = ""
    try:
        yield Say("Hi")
    except GeneratorExit:
        raise
    except:
        raise
    try:
        age = int(name)
    except:
        age = 0
    finally:

        def inner():
            yield 1

    try:

        def another():
            yield age

    except BaseException:
        pass


@flow
def sorting():
    """Use sets where no order is seen."""
    yield Prompt("a", "A?", choices=sorted(COLOURS))
    left = set(MENU) - {"tea"}
    total = 0
    for each in left:
        total += len(each)
    if "tea" in left and any(each for each in COLOURS):
        yield Say(str(sum(len(each) for each in left)))
    for size in SIZES:
        yield Say(str(size))
    yield Prompt("b", "B?", choices=sorted(each.title() for each in COLOURS))
    yield Say(", ".join(sorted(left)))
    yield Prompt("c", "C?", choices=[each for each in MENU if each in COLOURS])
    yield Prompt("d", "D?", choices=dict.fromkeys(MENU))


@flow
def keeping():
    """Keep what is its own."""
    items: list[str] = []
    counts: Counter[str] = Counter()
    rounds = 0

    def again() -> int:
        nonlocal rounds
        rounds += 1
        return rounds

    while again() < 3:
        items.append((yield from Prompt("item", "Item?", choices=MENU)))
        counts[items[-1]] += 1
    copy = dict(MENU)
    copy["milk"] = "Milk"
    MENU.get("tea")
    yield Say(f"{len(items)} {counts} {copy} {known('a')}")


def known(name: str) -> str:
    """Find something out once."""
    global HITS
    HITS = 1
    if name not in CACHE:
        CACHE[name] = name.title()
    return CACHE[name]


@flow
def shadowing(time, *, random=None, open=len):
    """Use names that mean something else here."""
    hash = MENU.get
    yield Say(f"{time.time()} {random.random()} {hash('tea')} {open('abc')}")
    datetime = yield Prompt("when", "When?")
    yield Say(datetime.now())
    for id in (str, repr):
        yield Say(id(5))
    yield Say(", ".join(print(1) for print in (str, repr)))
    tell: Any = date.today
    tell = str
    later: Any = date.today

    def change() -> None:
        nonlocal later
        later = str

    @nothing_of
    def stamp() -> float:
        return now()

    change()
    yield Say(f"{tell()} {later()} {stamp()}")
    for _ in MENU:
        here = there.next  # noqa: F821
        there = here.before
        yield Say(here.name)


def nothing_of(function: Any) -> Any:
    """Decorate a function, and give another one."""
    return len


@flow
def determined():
    """Use what gives the same everywhere."""
    dice = random.Random(4)
    yield Say(f"{dice.randint(1, 6)} {dice.random()} {datetime(2026, 1, 1, tzinfo=UTC).isoformat()}")
    yield Say(time.strftime("%Y", time.gmtime(0)) + str(uuid.UUID(int=5)) + str(uuid.uuid5(uuid.NAMESPACE_DNS, "a")))
    yield Say(
        f"{Path('a') / 'b'} {PLACE.name} {PLACE.with_suffix('.md')} {secrets.compare_digest('a', 'b')} {os.path.join('a', 'b')}"
    )
    logger.info("played")
    sys.stdout.isatty()
    yield Say(str(SETTINGS.fee))
    yield Say(urllib.request.Request("http://example.com").host)


@flow
def excused():
    """Say why a fault is none."""
    yield Say(str(time.time()))  # flowdsl: ignore
    yield Say(str(time.time()))  # flowdsl: ignore[clock]
    yield Say(str(time.time()) + str(random.random()))  # it is so. flowdsl: nothing  # flowdsl: ignore[chance, clock]
    yield Say(
        str(time.time()),
    )  # flowdsl: ignore[clock] it is the last line of the statement
    yield Say(
        "It is "
        + time.strftime(
            "%H:%M",  # flowdsl: ignore
        )
        + "."
    )
    print(rate())  # flowdsl: ignore


@flow
def wrongly_excused():
    """Excuse something else."""
    yield Say(str(time.time()))  # flowdsl: ignore[chance]  # <- clock
    yield Say(f"{time.time()} # flowdsl: ignore")  # <- clock
    yield Say(str(time.time()))  # flowdsl: ignore-nothing  # <- clock
    if time.time():  # <- clock
        yield Say("Late.")  # flowdsl: ignore


PLANTED.append((wrongly_excused,))
CLEAN = [calling, yielding, delegating, handling, sorting, keeping, shadowing, determined, excused]


def marked(*functions: Any) -> list[tuple[int, str]]:
    """List the lines on which a fault is planted."""
    found: set[tuple[int, str]] = set()
    for each in functions:
        lines, first = inspect.getsourcelines(getattr(each, "function", each))
        for number, line in enumerate(lines, max(first, 1)):
            if mark := MARK.search(line):
                found.update((number, rule.strip()) for rule in mark[1].split(","))
    return sorted(found)


def found_in(one: Flow[..., Any]) -> list[tuple[int, str]]:
    """List the lines of this file on which something is found."""
    found = findings(one)
    assert {each.file for each in found} <= {__file__}
    return sorted({(each.line, each.rule) for each in found})


@pytest.mark.parametrize("functions", PLANTED, ids=lambda each: each[0].name)
def test_what_is_planted_is_found(functions: tuple[Any, ...]) -> None:
    """Every planted fault is found, at its line, and nothing beside them."""
    assert marked(*functions)
    assert found_in(functions[0]) == marked(*functions)


@pytest.mark.parametrize("one", CLEAN, ids=lambda each: each.name)
def test_what_is_right_is_left_alone(one: Flow[..., Any]) -> None:
    """What looks like a fault and is none is not spoken of."""
    assert is_readable(one)
    assert [str(each) for each in findings(one)] == []


def test_every_rule_is_planted() -> None:
    """There is no rule without a flow that breaks it."""
    assert {rule for functions in PLANTED for _, rule in marked(*functions)} == set(RULES)


# What is said


@pytest.mark.parametrize(
    ("one", "rule", "code", "message", "cure"),
    [
        (by_the_clock, "clock", "`time.time()`", "replayed from its beginning at every message", "`yield from Call(time.time)`"),
        (by_the_clock, "clock", "utcnow", "another time", "chat.timestamp"),
        (by_the_clock, "clock", "tz=UTC", "another time", "`yield from Call(dt.datetime.now, UTC)`"),
        (by_the_clock, "clock", "localtime", "another time", "Call(datetime.now, UTC)"),
        (by_chance, "chance", "shuffle", "differently", "`yield from Call(random.sample, names, len(names))`"),
        (by_chance, "chance", "`random.Random()`", "differently", "with a seed"),
        (reaching_out, "io", "subprocess", "again and again", "a function of its own, that returns what the flow needs"),
        (reaching_out, "io", "PLACE", "again and again", "`yield from Call(PLACE.read_text)`"),
        (ordering, "chance", "uuid4", "in `Receipt.__init__()`", "in the flow, and give the result to this function"),
        (by_chance, "chance", "randint", "differently each time", "`yield from Call(random.randint, 1, 6)`"),
        (by_chance, "chance", "hash", "another number in every process", "hashlib"),
        (by_machine, "environment", "os.environ['COLOUR']", "the machine and the process", "where the module is imported"),
        (by_machine, "environment", "os.environ.get", "the machine", "`yield from Call(os.environ.get, 'COLOUR', '')`"),
        (by_machine, "environment", "Path.cwd", "the machine", "put it into a function of its own"),
        (reaching_out, "io", "print", "again and again", "`yield Say(…)`"),
        (reaching_out, "io", "sleep", "keeps everybody else waiting", "leave it out"),
        (reaching_out, "io", "`open(", "reaches out of the flow", "put it into a function of its own"),
        (waiting_for_nothing, "awaitable", "asyncio.run", "event loop", "asynchronous function itself"),
        (not_delegating, "no-yield-from", "is a flow", "no step", "`yield from Run(transfer)`"),
        (not_delegating, "no-yield-from", "given to `Run`", "none of its questions is asked", "give the flow itself, `transfer`"),
        (
            forgetting_to_yield,
            "not-yielded",
            "'name'",
            "kept as `name`, which is put into a text",
            "`yield from Prompt('name', 'Name?')`",
        ),
        (forgetting_to_yield, "not-yielded", "Say('Hello')", "nobody reads it", "`yield Say('Hello')`"),
        (forgetting_to_yield, "not-yielded", "'unused'", "kept as `unused`, and nothing yields that", "yield from"),
        (catching_all, "finally", "Goodbye", "GeneratorExit", "after the `try`"),
        (in_no_order, "set", "`COLOURS` as choices", "another order in every process", "sorted(COLOURS)"),
        (remembering, "shared-state", "HITS", "shared by all conversations", "Call"),
        (
            ordering,
            "clock",
            "time.time()",
            "in `rate()`, which flow 'ordering' runs by `fee()` at test_linting.py:",
            "to this function",
        ),
    ],
)
def test_it_is_said_what_is_wrong_and_what_to_write(one: Flow[..., Any], rule: str, code: str, message: str, cure: str) -> None:
    """The message has the code and the reason, the cure has what to write, and one line has it all."""
    found = next(each for each in findings(one) if each.rule == rule and code in each.message)
    assert message in found.message
    assert cure in found.cure
    assert str(found) == f"{found.where}: {rule}: {found.message}. Instead: {found.cure}."


def test_one_fault_is_told_once() -> None:
    """A coroutine within `asyncio.run` is not a fault of its own."""
    (found,) = (each for each in findings(waiting_for_nothing) if "asyncio.run" in each.message or ".run(" in each.message)
    assert sum(each.line == found.line for each in findings(waiting_for_nothing)) == 1


def test_they_come_by_place() -> None:
    """Line 9 is before line 10, and one file before another."""
    places = ["b.py:2", "a.py:10", "a.py:9"]
    assert [each.where for each in sorted(Finding(place, "io", "…", "…") for place in places)] == ["a.py:9", "a.py:10", "b.py:2"]
    lines = [each.line for each in findings(by_the_clock)]
    assert lines == sorted(lines)


# Files


def written(path: Path, code: str, name: str) -> ModuleType:
    """Write a module and import it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


HELPER = "import time\n\ndef stamp():\n    return time.time()\n"
CALLER = "from {module} import stamp\nfrom flowdsl import Say, flow\n\n@flow\ndef shop():\n    yield Say(str(stamp()))\n"


@pytest.mark.parametrize(
    ("helper", "module", "caller", "there"),
    [
        ("shop/stamps.py", "linted_stamps", "shop/flows.py", ["stamps.py:4"]),  # the same folder
        ("pack/deep/stamps.py", "linted.stamps", "pack/flows.py", ["stamps.py:4"]),  # the same package
        ("other/stamps.py", "linted_elsewhere", "shop/flows.py", []),  # somebody else's, for all that is known
        ("site-packages/stamps.py", "linted_library", "site-packages/flows.py", []),
        ("site-packages/linted/stamps.py", "linted.installed", "site-packages/linted/flows.py", ["stamps.py:4"]),  # deployed
    ],
)
def test_functions_of_the_same_author_are_looked_into(
    helper: str, module: str, caller: str, there: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain function of the same folder or package is, and none of a library."""
    for name in (module, "linted.flows"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "linted", ModuleType("linted"))
    written(tmp_path / helper, HELPER, module)
    shop = written(tmp_path / caller, CALLER.format(module=module), "linted.flows").shop
    assert [Path(each.file).name + f":{each.line}" for each in findings(shop)] == there


def test_parts_are_followed_unless_they_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that asks is looked into, whatever package of the service it is in; nobody can change one of a library."""
    part = "import time\nfrom flowdsl import Say\ndef stamp():\n    yield Say(str(time.time()))\n"
    for place, there in (("other", 1), ("site-packages/other", 0)):
        for name in ("linted_part", "linted_shop"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        written(tmp_path / place / "part.py", part, "linted_part")
        code = CALLER.format(module="linted_part").replace("yield Say(str(stamp()))", "yield from stamp()")
        shop = written(tmp_path / "shop" / "flows.py", code, "linted_shop").shop
        assert len(findings(shop)) == there


def test_a_flow_without_source_has_no_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither has one whose file has changed since; and it can be told."""
    names: dict[str, Any] = {}
    exec("import time\nfrom flowdsl import Say, flow\n@flow\ndef shop():\n    yield Say(str(time.time()))", names)
    assert (findings(names["shop"]), is_readable(names["shop"])) == ([], False)
    monkeypatch.setitem(sys.modules, "linted_changed", ModuleType("linted_changed"))
    path = tmp_path / "changed.py"
    shop = written(path, "import time\n" + CALLER.format(module="time").replace("stamp", "time"), "linted_changed").shop
    assert [each.rule for each in findings(shop)] == ["clock"]
    for other in ("# one line more\n" + path.read_text(), "no Python", ""):
        path.write_text(other)
        assert (findings(shop), is_readable(shop)) == ([], False)


def test_what_is_not_imported_yet_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that the flow imports when it runs is not imported for the check."""
    monkeypatch.delitem(sys.modules, "requests", raising=False)
    monkeypatch.setitem(sys.modules, "linted_lazy", ModuleType("linted_lazy"))
    code = "from flowdsl import Say, flow\n@flow\ndef shop():\n    import requests as http\n    yield Say(http.get('http://a').text)\n"
    shop = written(tmp_path / "lazy.py", code, "linted_lazy").shop
    assert [(each.rule, each.line) for each in findings(shop)] == [("io", 5)]
    assert "requests" not in sys.modules


def test_clients_are_known_by_their_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method of a client that the module holds, or that the flow makes, reaches out; other methods do not."""
    httpx = ModuleType("httpx")
    exec("class Client:\n    def get(self, url): ...\nclass URL:\n    def join(self, url): ...", vars(httpx))
    for each in (httpx.Client, httpx.URL):
        each.__module__ = "httpx"
    monkeypatch.setitem(sys.modules, "httpx", httpx)
    monkeypatch.setitem(sys.modules, "linted_client", ModuleType("linted_client"))
    code = (
        "import httpx\nfrom flowdsl import Say, flow\nclient = httpx.Client()\nurl = httpx.URL()\n@flow\ndef shop():\n"
        "    client.get('a')\n    other = httpx.Client()\n    other.get('b')\n    url.join('c')\n    yield Say('Hi')\n"
    )
    shop = written(tmp_path / "client.py", code, "linted_client").shop
    assert [(each.rule, each.line) for each in findings(shop)] == [("io", 7), ("io", 9)]


def test_nothing_of_the_authors_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies, properties and metaclasses are looked at, and never asked."""
    monkeypatch.setitem(sys.modules, "linted_proxy", ModuleType("linted_proxy"))
    code = """
from flowdsl import Say, flow

class Proxy:
    @property
    def __class__(self):
        raise AssertionError("asked for its class")
    def __getattr__(self, name):
        raise AssertionError(f"asked for {name}")
    def __eq__(self, other):
        raise AssertionError("compared")
    def __bool__(self):
        raise AssertionError("asked whether it is true")

request = Proxy()

@flow
def shop():
    name = request.form["name"]
    request(name)
    request.args.get(5)
    request["a"].append(5)
    for each in request:
        yield Say(each)
    while next(request):
        yield request
    yield Say(f"{request | set()} {len(request)} {request.now()}")
"""
    shop = written(tmp_path / "proxy.py", code, "linted_proxy").shop
    assert findings(shop) == []


# Those that people copy


def flows_of(module: ModuleType) -> list[Flow[..., Any]]:
    """List the flows of a module."""
    return [each for each in vars(module).values() if isinstance(each, Flow)]


@pytest.mark.parametrize("name", ["airtime", "article", "bank", "languages", "registration"])
def test_the_examples_are_clean(name: str) -> None:
    """No example has a finding."""
    flows = flows_of(importlib.import_module(name))
    assert flows
    assert all(map(is_readable, flows))
    assert [str(found) for each in flows for found in findings(each)] == []


def test_the_flows_of_readme_are_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither has one that README shows."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    said, names = [], []
    for number, code in enumerate(each for each in blocks if re.search(r"^@flow\b", each, re.MULTILINE)):
        name = f"linted_readme_{number}"
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        for each in flows_of(written(tmp_path / f"{name}.py", code, name)):
            names.append(each.name)
            assert is_readable(each)
            said += [str(found) for found in findings(each)]
    assert len(names) > 8
    assert said == []


def test_importing_flowdsl_does_not_load_it() -> None:
    """It is for those who ask."""
    code = "import sys, flowdsl; print('flowdsl.linting' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
