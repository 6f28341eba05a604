"""Conversations drawn by hypothesis, and the machine that has everything happen to one that happens in a service."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from airtime import airtime
from bank import bank
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from flowdsl import (
    Call,
    CallFailed,
    Chat,
    ConfigurationError,
    Contact,
    Flow,
    Location,
    Media,
    Navigation,
    Prompt,
    Say,
    Screen,
    SessionConfig,
    Steps,
    answers,
    flow,
)
from flowdsl.testing import Conversation, FlowMachine, ReplayDiffers, conversations, either, explore

fixed = settings(derandomize=True, database=None, deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
short = settings(fixed, max_examples=60)


def never(*_: Any) -> Any:
    """Stand for what is outside of the process."""
    raise NotImplementedError("tests do not call it")


def drawn(strategy: st.SearchStrategy[Conversation], config: settings = short) -> list[Conversation]:
    """Draw conversations until hypothesis has had enough."""
    talks: list[Conversation] = []

    @config
    @given(strategy)
    def test(talk: Conversation) -> None:
        talks.append(talk)

    test()
    return talks


def typed(talk: Conversation) -> list[str]:
    """Give what was typed in a conversation, after the dial."""
    return [passage.did.text for passage in talk.dialogue.passages[1:]]


def verbs(talks: Iterable[Conversation]) -> Counter[str]:
    """Count what was done in conversations."""
    return Counter(passage.did.verb for talk in talks for passage in talk.dialogue.passages)


def told(test: Callable[[], Any]) -> str:
    """Run a test that must fail, and give all that it says."""
    try:
        test()
    except Exception as error:
        return "\n".join([str(error), *getattr(error, "__notes__", [])])
    pytest.fail("nothing was found")


def menus(*sizes: int) -> Flow[..., Any]:
    """Make a flow of menus, each with so many choices."""

    @flow
    def chosen() -> Steps[list[int]]:
        path: list[int] = []
        for place, size in enumerate(sizes):
            path.append((yield from Prompt(f"menu {place}", "?", choices=list(range(size)))))
        yield Say(f"{path}")
        return path

    return chosen


@flow
def greeting() -> Steps[str]:
    """Asks for a name and a number."""
    name = yield from Prompt("name", "Name?")
    age = yield from Prompt("age", "Age?", transform=answers.whole(18, 120))
    yield Say(f"{name}, {age}.")
    return name


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 4), (1, 5, 1), (7,)])
def test_finite_flows_are_exhausted(sizes: tuple[int, ...]) -> None:
    """Where nothing but choices is asked, and nobody makes mistakes, each conversation is drawn, and none of them twice."""
    talks = drawn(conversations(menus(*sizes), mistakes=0), fixed)
    expected = 1
    for size in sizes:
        expected *= size
    assert len(talks) == expected
    assert len({tuple(talk.result) for talk in talks}) == expected


def test_each_conversation_is_held_to_its_end() -> None:
    """Or to so many messages."""
    assert all(talk.ended for talk in drawn(conversations(greeting)))
    for longest in (0, 1, 5):
        talks = drawn(conversations(menus(*[2] * 20), mistakes=1, longest=longest))
        assert {len(typed(talk)) for talk in talks} == {longest}
    assert max(len(typed(talk)) for talk in drawn(conversations(menus(*[2] * 40)), settings(short, max_examples=10))) == 30


def test_what_is_typed_is_at_the_limits() -> None:
    """And between them, and of all alphabets where any text is taken."""
    talks = drawn(conversations(greeting, mistakes=0), settings(fixed, max_examples=200))
    ages = {talk.answers["age"] for talk in talks}
    assert {18, 120} <= ages <= set(range(18, 121))
    assert len(ages) > 5
    names = {talk.answers["name"] for talk in talks}
    assert "Ama" in names
    assert any(not name.isascii() for name in names)
    assert "" in names


@pytest.mark.parametrize(
    ("given_to_it", "expected"),
    [
        ("Kofi", {"Kofi"}),
        (["Kofi", "Esi"], {"Kofi", "Esi"}),
        (st.sampled_from(["a", "b", "c"]), {"a", "b", "c"}),
        (lambda prompt: prompt.key, {"name"}),
        (lambda prompt: st.sampled_from([prompt.key, prompt.text]), {"name", "Name?"}),
    ],
    ids=["text", "list", "strategy", "function", "function of a strategy"],
)
def test_answers_that_are_given(given_to_it: Any, expected: set[str]) -> None:
    """A text, several, a strategy, or a function of the question that gives one of these."""
    talks = drawn(conversations(greeting, answers={"name": given_to_it, "age": "20"}, mistakes=0))
    assert {talk.answers["name"] for talk in talks} == expected


def test_answers_that_nobody_can_type() -> None:
    """A strategy must give texts or attachments."""
    with pytest.raises(ConfigurationError, match=r"answers\['name'\] has \d+: give what a person types"):
        drawn(conversations(greeting, answers={"name": st.integers(0, 9)}))


@flow
def paying() -> Steps[Any]:
    """Makes a call before it asks, and another one after."""
    rate: Any = yield from Call(never, key="rate")
    amount = yield from Prompt("amount", f"How much at {rate}?", choices=[1, 2])
    try:
        receipt: Any = yield from Call(never, amount, key="pay")
    except CallFailed as error:
        receipt = error.name
    yield Say(f"{receipt}.")
    return receipt


def test_what_calls_come_to_is_drawn() -> None:
    """One of several, of a strategy, a function of the arguments, or a failure."""
    calls = {"rate": st.sampled_from([5, 7]), "pay": either("R", TimeoutError, LookupError("x"), lambda amount: amount * 10)}
    talks = drawn(conversations(paying, calls=calls, mistakes=0), fixed)
    assert {talk.calls[0].result for talk in talks} == {5, 7}
    assert {talk.result for talk in talks} == {"R", "TimeoutError", "LookupError", 10, 20}
    assert len(talks) == 2 * 2 * 4


def test_drawn_functions_may_ask_for_the_idempotency_key() -> None:
    """As those that are given as they are may."""

    def take(amount: int, idempotency_key: str) -> str:
        return f"{amount} {bool(idempotency_key)}"

    for given_to_it in (take, either(take), st.just(take)):
        talks = drawn(conversations(paying, calls={"rate": 1, "pay": given_to_it}, mistakes=0))
        assert {talk.result for talk in talks} == {"1 True", "2 True"}


def slips(talk: Conversation) -> int:
    """Count how often a person did something else than to answer."""
    count = 0
    for passage in talk.dialogue.passages[1:]:
        again = passage.did.verb in ("dial", "redeliver")
        count += again or passage.did.text == "9" or "Please choose" in passage.shown.text
    return count


@pytest.mark.parametrize("mistakes", [0, 1, 2, 4])
@pytest.mark.parametrize("platform", ["ussd", "telegram"])
def test_mistakes_happen(platform: str, mistakes: int) -> None:
    """As often as they may, and never more often; of every kind that there is on the platform."""
    subject = menus(2, 3, 2)
    strategy = conversations(subject, mistakes=mistakes, platform=platform, navigation=Navigation(back="9"))
    talks = drawn(strategy, fixed)
    counts = Counter(map(slips, talks))
    assert set(counts) == set(range(mistakes + 1))
    assert all(talk.ended for talk in talks)
    if mistakes:
        done = verbs(talks)
        assert bool(done["redeliver"]) == (platform == "telegram")
        assert (done["dial"] > len(talks)) == (platform == "ussd")
        said = "\n".join(map(str, talks))
        assert "Please choose one of the options." in said
        assert "> 9\n" in said


@flow
def parcel() -> Steps[Any]:
    """Takes what only chats can send."""
    where = yield from Prompt("where", "Where are you?", expects="location")
    picture = yield from Prompt("picture", "A picture?", expects="image")
    whom = yield from Prompt("whom", "For whom?", expects="contact")
    yield Say(f"{whom.name}, near {where.latitude}.")
    return where, picture, whom


def test_attachments_are_drawn_in_chats() -> None:
    """Places all over the world, cards with any name, and something else than what is expected."""
    talks = drawn(conversations(parcel, platform="whatsapp"), fixed)
    places = {talk.result[0] for talk in talks}
    assert {type(talk.result[1]) for talk in talks} == {Media}
    assert all(isinstance(place, Location) and -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180 for place in places)
    assert len(places) > 5
    assert len({talk.result[2] for talk in talks if isinstance(talk.result[2], Contact)}) > 5
    assert any("Please send" in str(talk) for talk in talks)
    given_to_it = {"where": st.just(Location(1.0, 2.0))}
    assert {talk.result[0] for talk in drawn(conversations(parcel, platform="whatsapp", answers=given_to_it))} == {
        Location(1.0, 2.0)
    }


def test_long_questions_are_answered_on_any_page() -> None:
    """A conversation goes on to its end though one of its messages turned a page."""

    @flow
    def paged() -> Steps[str]:
        name = yield from Prompt("name", "Name? " * 30)
        yield Say("Goodbye.")
        return name

    strategy = conversations(paged, answers={"name": st.sampled_from(["#", "0", "Ama"])}, longest=60)
    talks = [talk for talk in drawn(strategy, fixed) if "Ama" in typed(talk)]
    assert any("#" in typed(talk) for talk in talks)
    assert all(talk.ended for talk in talks)


@flow
def brittle(chat: Chat) -> Steps[None]:
    """Raises on some ways, the first of which comes before any question."""
    divisor: Any = yield from Call(never, key="divisor")
    rate = 10 // divisor
    way = yield from Prompt("way", "Way?", choices=["a", "b", "c"])
    if way == "c":
        raise LookupError(f"no way at {rate}")
    yield Say("Goodbye.")


def test_what_a_flow_raises_is_told_with_its_dialogue() -> None:
    """And with a test to paste, as notes."""

    @short
    @given(conversations(brittle, calls={"divisor": 2}))
    def test(talk: Conversation) -> None: ...

    said = told(test)
    assert said.startswith("no way at 5")
    assert "> *920*77#\n· divisor() gives 2\n  Way?\n  1. a\n  2. b\n  3. c\n> 3  (c)\n! LookupError at " in said
    assert "def test_brittle():\n    talk = Conversation(brittle, calls={'divisor': 2})\n    talk.choose('c')" in said


def test_what_a_flow_raises_at_once_is_told_with_its_dialogue() -> None:
    """What was drawn for a call before the first question is part of it."""

    @short
    @given(conversations(brittle, calls={"divisor": either(1, 0)}, answers={"way": "1"}))
    def test(talk: Conversation) -> None: ...

    said = told(test)
    assert "division" in said
    assert "· divisor() gives 0" in said


def test_what_differs_on_replay_is_told() -> None:
    """Drawn conversations are held against a replay as all are."""
    numbers = iter(range(10**9))

    @flow
    def differing() -> Steps[None]:
        if (yield from Prompt("way", "Way?", choices=["a", "b"])) == "b":
            yield Say(f"{next(numbers)}")
        yield Say("Goodbye.")

    @short
    @given(conversations(differing))
    def test(talk: Conversation) -> None: ...

    with pytest.raises(ReplayDiffers, match="it said"):
        test()


def test_a_failing_test_shows_the_conversation() -> None:
    """What is drawn prints as its dialogue and a test, of which the shortest is shown."""

    @fixed
    @given(conversations(greeting))
    def test(talk: Conversation) -> None:
        assert not talk.ended or talk.answers["age"] < 100

    said = told(test)
    assert re.search(r"Age\?\n *> 1[0-2]\d\n", said)
    assert "talk = Conversation(greeting)" in said


def without_hypothesis(code: str) -> str:
    """Run code in a process that has no hypothesis, and give what it prints."""
    blocked = f"import sys\nsys.modules['hypothesis'] = None\n{code}"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


_FLOW = "from flowdsl import Say, flow\n@flow\ndef news():\n    yield Say('It rains.')\n"


def test_without_hypothesis_all_else_works() -> None:
    """And what needs it says how to install it."""
    code = (
        "from flowdsl.testing import Conversation, assert_fits, explore\n"
        f"{_FLOW}"
        "print(explore(news).paths, Conversation(news).said, assert_fits(news).screens)\n"
        "import flowdsl.testing\n"
        "for name in ('conversations', 'FlowMachine'):\n"
        "    try:\n        getattr(flowdsl.testing, name)\n"
        "    except ImportError as error:\n        print(error)\n"
        "try:\n    from flowdsl.testing import conversations\n"
        "except ImportError as error:\n    print(error)\n"
        "try:\n    flowdsl.testing.nothing\nexcept AttributeError as error:\n    print(error)\n"
    )
    assert without_hypothesis(code).splitlines() == [
        "1 ['It rains.'] 1",
        "conversations needs hypothesis: pip install 'flowdsl[testing]'",
        "FlowMachine needs hypothesis: pip install 'flowdsl[testing]'",
        "conversations needs hypothesis: pip install 'flowdsl[testing]'",
        "module 'flowdsl.testing' has no attribute 'nothing'",
    ]


def test_hypothesis_is_imported_when_it_is_asked_for() -> None:
    """It takes long, and most tests need none; the commands do not need it either."""
    code = f"import sys, flowdsl.testing, flowdsl.cli\n{_FLOW}flowdsl.testing.explore(news)\nprint('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def run(machine: type[FlowMachine], *, examples: int = 80, steps: int = 12) -> None:
    """Run a machine so often."""
    run_state_machine_as_test(machine, settings=settings(fixed, max_examples=examples, stateful_step_count=steps))


def watched(machine: type[FlowMachine]) -> tuple[type[FlowMachine], list[Conversation]]:
    """Keep the conversations that a machine has held."""
    talks: list[Conversation] = []

    class Watched(machine):  # type: ignore[valid-type, misc]
        def teardown(self) -> None:
            talks.append(self.talk)
            super().teardown()

    return Watched, talks


@flow(name="shop")
def shop() -> Steps[None]:
    """Pays, and asks once more."""
    size = yield from Prompt("size", "Size?", choices=["S", "L"])
    receipt: Any = yield from Call(never, size, key="pay")
    yield from Prompt("name", "Name?")
    yield Say(f"{receipt}.")


@flow(name="shop")
def later_shop() -> Steps[None]:
    """Asks for milk as well."""
    size = yield from Prompt("size", "Size?", choices=["S", "L"])
    milk = yield from Prompt.confirm("milk", "Milk?")
    receipt: Any = yield from Call(never, size, key="pay")
    yield Say(f"{receipt}, {milk}.")


def test_all_that_can_happen_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong answers, ways back, dialling again, two messages at once, dying processes, expiry, deploys, and the end."""
    at_once: list[str] = []
    real = Conversation.type

    def noted(self: Conversation, text: str) -> Conversation:
        at_once.append(text)
        return real(self, text)

    monkeypatch.setattr(Conversation, "type", noted)
    machine, talks = watched(
        FlowMachine.for_flow(shop, versions=[later_shop], calls={"pay": either("R1", "R2")}, navigation=Navigation(back="9"))
    )
    run(machine)
    done = verbs(talks)
    assert {"dial", "choose", "type", "wait", "crash", "redeploy"} <= set(done)
    assert "redeliver" not in done
    assert at_once  # only where two messages are sent at once is one typed that was not drawn for what is asked
    said = "\n".join(map(str, talks))
    for each in ("Please choose", "> 9\n", "Milk?", "R1", "R2", "· the end", "(and the process dies)\n· pay("):
        assert each in said, each
    assert sum(talk.ended for talk in talks) > 5
    assert any(passage.ended for talk in talks for passage in talk.dialogue.passages[:-1])  # begun again after the end


def test_messages_come_twice_in_chats() -> None:
    """There they have ids."""
    machine, talks = watched(FlowMachine.for_flow(parcel, platform="telegram"))
    run(machine, examples=40)
    assert verbs(talks)["redeliver"]
    assert verbs(talks)["send"]


def test_sessions_that_never_expire_are_left_alone() -> None:
    """Nobody waits for that."""
    machine, talks = watched(FlowMachine.for_flow(greeting, sessions=SessionConfig(ttl=None)))
    run(machine, examples=20)
    assert not verbs(talks)["wait"]


def test_a_version_has_the_name_of_the_flow() -> None:
    """Another one would find no session."""
    with pytest.raises(ConfigurationError, match=r"<flow 'greeting' .* is no version of <flow 'shop' .*@flow\(name='shop'\)"):
        FlowMachine.for_flow(shop, versions=[later_shop, greeting])


def test_answers_and_params_of_a_machine() -> None:
    """They are those of all conversations."""

    @flow
    def fees(*, fee: int) -> Steps[None]:
        amount = yield from Prompt("amount", f"At {fee}?", transform=int)
        yield Say(f"{amount * fee}.")

    machine, talks = watched(FlowMachine.for_flow(fees, answers={"amount": st.sampled_from(["3", "4"])}, params={"fee": 5}))
    run(machine, examples=20)
    assert {said for talk in talks for said in talk.said} <= {"15.", "20."}
    assert any(talk.said for talk in talks)


def test_rules_and_invariants_of_ones_own() -> None:
    """They see the conversation as it stands."""
    noted: Counter[str] = Counter()

    class Own(FlowMachine.for_flow(greeting)):  # type: ignore[misc]
        @rule()
        def look(self) -> None:
            noted[f"rule {self.talk.asked}"] += 1

        @invariant()
        def is_there(self) -> None:
            if hasattr(self, "talk"):
                noted[f"invariant {self.talk.asked}"] += 1

    run(Own, examples=30)
    assert {"rule name", "rule age", "rule None", "invariant name", "invariant age", "invariant None"} <= set(noted)


def test_a_machine_that_fails_shows_the_conversation() -> None:
    """The shortest one, as a dialogue and as a test."""

    class Strict(FlowMachine.for_flow(shop, calls={"pay": "R1"})):  # type: ignore[misc]
        @invariant()
        def nobody_pays_for_a_large_one(self) -> None:
            assert not hasattr(self, "talk") or all(made.args != ("L",) for made in self.talk.calls)

    said = told(lambda: run(Strict))
    assert "> *920*77#\n  Size?\n  1. S\n  2. L\n> 2  (L)\n· pay('L') gives 'R1'\n  Name?" in said
    assert "def test_shop():\n    talk = Conversation(shop, calls={'pay': 'R1'})\n    talk.choose('L')" in said


def test_every_machine_looks_whether_screens_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not fails it, with nothing said by the author."""
    run(FlowMachine.for_flow(greeting, screen=Screen(septets=60, units=30)), examples=10)

    def has_no_room(self: Conversation) -> None:
        raise AssertionError("no room")

    monkeypatch.setattr(Conversation, "require_fit", has_no_room)
    with pytest.raises(AssertionError, match="no room"):
        run(FlowMachine.for_flow(greeting), examples=10)


@pytest.mark.parametrize(
    ("subject", "options"),
    [
        (bank, {"navigation": Navigation(back="9", start="00")}),
        (bank, {"platform": "whatsapp"}),
        (airtime, {"calls": {"balance_of": 20, "pay": either(10, LookupError("no"))}}),
        (airtime, {"calls": {"balance_of": 20, "pay": 10}, "sessions": SessionConfig().durable()}),
    ],
    ids=["bank", "bank in a chat", "airtime", "airtime in durable sessions"],
)
def test_the_examples_bear_all_of_it(subject: Flow[..., Any], options: dict[str, Any]) -> None:
    """Whatever happens to a conversation, nothing breaks it."""
    run(FlowMachine.for_flow(subject, **options), examples=15, steps=20)


@flow
def account() -> Steps[None]:
    """Lets people draw one more than they have."""
    balance = yield from Call(never, key="balance")
    amount = yield from Prompt("amount", "How much?", transform=answers.whole(1, 500))
    yield Say("Paid." if amount <= balance + 1 else "Too much.")


def test_numbers_are_tried_near_to_what_calls_gave() -> None:
    """What a flow compares with is no limit of a parser, and mistakes are made just there."""
    talks = drawn(conversations(account, calls={"balance": 120}, mistakes=0), fixed)
    assert {"120", "121"} <= {typed(talk)[0] for talk in talks}
    ends = explore(account, calls={"balance": 120}).ends
    assert {"120", "121"} <= {dialogue.passages[1].did.text for dialogue in ends}


def test_options_of_a_machine_may_be_attributes() -> None:
    """As they are given to a conversation, they are written in a subclass."""

    class Machine(FlowMachine):
        flow = account
        calls = {"balance": 120}
        platform = "telegram"
        opener = "Hello"

    machine: Any = Machine()
    machine.begin(data=None)
    assert machine.talk.dialogue.passages[0].did.text == "Hello"
    assert not machine.talk.on_ussd


def test_versions_that_are_no_others_change_nothing() -> None:
    """A machine that was given the flow itself as another version has nothing to change to."""
    case = FlowMachine.for_flow(account, calls={"balance": 120}, versions=[account]).TestCase
    case.settings = settings(fixed, max_examples=5, stateful_step_count=10)
    case("runTest").runTest()
