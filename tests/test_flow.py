"""``@flow``: what it takes, what it is called, and that every mistake of an author is told with its place."""

import contextlib
import functools
import gc
import operator
from collections.abc import Callable, Generator
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import pytest

from flowdsl import Back, Become, Call, Checkpoint, Prompt, Run, Say, Screen, Steps, flow
from flowdsl.errors import AuthorError, BadPrompt, BadStep, ConfigurationError, LimitExceeded, NotAFlow, UnstorableValue
from flowdsl.flow import Flow
from flowdsl.interpreter import play
from flowdsl.journal import Entry
from flowdsl.outcome import Limits


def place(mark: str) -> str:
    """Find the line of this file that ends with a mark, as ``file:line``."""
    file = place.__code__.co_filename
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if line.endswith(f"# here: {mark}")]
    return f"{file}:{number}"


# What may be a flow, and what it is called.


@flow
def greeting(chat: Any) -> Steps[str]:  # here: greeting
    """Greet."""
    name = yield Prompt("name", "What is your name?")
    yield Say(f"Hello, {name}!")
    return str(name)


@flow(name="other name")
def renamed(chat: Any) -> Steps[None]:
    """Have another name than the function."""
    yield Say("Hello!")


def test_a_flow_has_the_name_of_its_function_unless_given() -> None:
    """The name is the function's, or the one that is given."""
    assert greeting.name == "greeting"
    assert renamed.name == "other name"


def test_a_flow_says_what_and_where_it_is() -> None:
    """A flow in a log can be found in the source."""
    file, _, line = place("greeting").rpartition(":")
    assert repr(greeting) in {f"<flow 'greeting' at {file}:{number}>" for number in (int(line) - 1, int(line))}


@pytest.mark.parametrize("name", ["", 5, b"name", ["name"]])
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    """Sessions are found by the name, so it must be one."""
    with pytest.raises(ConfigurationError, match="needs a name") as refused:
        flow(name=name)(greeting.function)
    assert repr(name) in str(refused.value)


def no_yield(chat: Any) -> None:
    """Yield nothing."""
    Prompt("name", "What is your name?")


def returns_a_generator(chat: Any) -> Any:
    """Give back a generator without being one."""
    return greeting(chat)


async def waits(chat: Any) -> None:
    """Be a coroutine function."""


async def waits_and_yields(chat: Any) -> Any:
    """Be an asynchronous generator function."""
    yield Prompt("name", "What is your name?")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (no_yield, "not a generator"),
        (returns_a_generator, "not a generator"),
        (lambda chat: Say("Hello"), "not a generator"),
        (waits, "asynchronous"),
        (waits_and_yields, "asynchronous"),
    ],
)
def test_what_is_not_a_generator_function_is_refused(function: Callable[[Any], Any], reason: str) -> None:
    """A function that can never ask is refused when it is decorated, with its name and place."""
    code = function.__code__
    with pytest.raises(NotAFlow, match=reason) as refused:
        flow(function)
    assert f"flow {function.__name__!r} at {code.co_filename}:{code.co_firstlineno} " in str(refused.value)


@pytest.mark.parametrize("thing", [len, str, object(), Prompt("name", "What is your name?"), 5])
def test_what_is_not_a_function_is_refused(thing: Any) -> None:
    """Something without code at all is refused too, not only functions."""
    with pytest.raises(NotAFlow, match="not a generator"):
        flow(name="thing")(thing)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: flow("registration"), r"`@flow\(name='registration'\)`"),  # type: ignore[call-overload]
        (lambda: flow(greeting), "is a flow already"),
        (lambda: flow(functools.partial(greeting.function)), "needs a name to be a flow"),
        (lambda: flow(classmethod(greeting.function)), "put @flow directly above `def`"),  # type: ignore[call-overload]
        (lambda: flow(types=[1])(greeting.function), "among the types of flow 'greeting' is 1"),  # type: ignore[list-item]
        (lambda: flow(types=[one.Plan, other.Plan])(greeting.function), "two types called 'Plan'"),
    ],
    ids=["a name", "a flow", "without a name", "a classmethod", "no type", "two types of one name"],
)
def test_a_decorator_used_wrongly_says_how(make: Callable[[], Any], says: str) -> None:
    """What is not a bare generator function is told what to write."""
    with pytest.raises(AuthorError, match=says):
        make()


class one:  # noqa: N801
    """A namespace."""

    Plan = Enum("Plan", ["DAY"])


class other:  # noqa: N801
    """Another one."""

    Plan = Enum("Plan", ["DAY"])


def given_a_user(function: Any) -> Any:
    """Give a function more than it is called with."""

    @functools.wraps(function)
    def wrapper(chat: Any) -> Any:
        return (yield from function(chat, "Ama"))

    return wrapper


def logged(function: Any) -> Any:
    """Hand on whatever comes."""

    @functools.wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        return function(*args, **options)

    return wrapper


def without_a_chat(function: Any) -> Any:
    """Take the chat away."""

    @functools.wraps(function)
    def wrapper(chat: Any) -> Any:
        return function()

    return wrapper


@flow
@given_a_user
def for_a_user(chat: Any, user: str) -> Steps[str]:
    """Take what a decorator gives."""
    yield Say("Hello!")
    return f"{chat} {user}"


@flow
@logged
def handed_on(chat: Any) -> Steps[str]:
    """Take the chat through a decorator that knows nothing of it."""
    yield Say("Hello!")
    return f"{chat}"


@flow
@without_a_chat
def alone() -> Steps[str]:
    """Take nothing, below a decorator that takes the chat."""
    yield Say("Hello!")
    return "alone"


@pytest.mark.parametrize(("decorated", "result"), [(for_a_user, "chat Ama"), (handed_on, "chat"), (alone, "alone")])
def test_a_decorated_function_is_called_as_its_decorator_takes_it(decorated: Flow[..., Any], result: str) -> None:
    """What counts is how the function is called, and not what it is made of."""
    assert play(decorated, "chat", []).result == result


def test_a_decorator_that_gives_something_else_is_told_of() -> None:
    """A flow whose function gives no generator says so, with its name and place."""
    function: Any = functools.wraps(greeting.function)(lambda chat: [Say("Hello!")])
    emptied: Flow[..., Any] = flow(name="emptied")(function)
    with pytest.raises(NotAFlow, match=r"flow 'emptied' at .*and not a generator: a decorator below @flow"):
        play(emptied, None, [])


def test_parameters_that_do_not_fit_are_told_of_with_the_flow() -> None:
    """Without mount, which looks first, a missing parameter says which flow lacks what."""

    @flow
    def shop(*, fee: int) -> Steps[None]:
        yield Say(f"{fee}")

    with pytest.raises(ConfigurationError, match=r"flow 'shop' at .*missing a required.* argument: 'fee'"):
        play(shop, None, [])


def limited(chat: Any, *, limit: int, fee: int = 1) -> Steps[None]:
    """Take parameters by name."""
    yield Say(f"{limit} {fee}")


def unlimited() -> Steps[None]:
    """Take no parameters."""
    yield Say("Hello!")


def open_to_all(chat: Any, *, limit: int, **more: int) -> Steps[None]:
    """Take any parameters."""
    yield Say(f"{limit} {more}")


@pytest.mark.parametrize(
    ("function", "params", "reason"),
    [
        (limited, {"limt": 4}, "it has no parameter 'limt', only 'limit' and 'fee'; missing a required argument: 'limit'"),
        (limited, {"limit": 4, "a": 1, "b": 2}, "it has no parameters 'a' and 'b', only 'limit' and 'fee'"),
        (unlimited, {"limit": 4}, "it has no parameter 'limit', nor any other"),
        (limited, {}, "missing a required argument: 'limit'"),
        (limited, {"limit": 4, "chat": 1}, "multiple values for argument 'chat'"),
        (open_to_all, {"limt": 4}, "missing a required argument: 'limit'"),
    ],
)
@pytest.mark.parametrize("how", [Run, Become])
def test_parameters_that_are_not_there_are_named_first(
    how: Any, function: Callable[..., Any], params: dict[str, int], reason: str
) -> None:
    """A slip in a parameter's name is told before what it leaves out, and how parameters are given, wherever that is."""
    inner = flow(function)

    @flow
    def outer() -> Any:
        yield how(inner, **params)  # here: parameters of a run

    with pytest.raises(ConfigurationError) as told:
        play(outer, None, [])
    message = str(told.value).replace("missing a required keyword-only argument", "missing a required argument")
    assert f"flow {inner.name!r} at {inner.where} cannot be started with these params: {reason}. " in message
    assert message.endswith(
        "They are given by Run(flow, name=value), Become(flow, name=value), mount(…, params={'name': value}), "
        "or --params of a command"
    )
    assert message.startswith(f"flow 'outer' at {place('parameters of a run')}: ")


def becomes_with_what_cannot_be_stored() -> Any:
    """Hand over a path."""
    yield Prompt("name", "Name?")
    yield Become(flow(limited), limit=1, fee=Path("a.txt"))  # here: parameters of a hand-over


def test_parameters_of_a_hand_over_can_be_stored() -> None:
    """What cannot be stored is told where the step is yielded and by its name, also within another flow."""
    inner = flow(becomes_with_what_cannot_be_stored)

    @flow
    def outer() -> Any:
        yield Run(inner)

    for conversation in (inner, outer):
        journal = play(conversation, None, []).journal
        with pytest.raises(UnstorableValue, match=r"flow 'limited' cannot be given 'fee', .* of type pathlib") as told:
            play(conversation, None, journal, "x")
        assert str(told.value).startswith(f"flow {conversation.name!r} at {place('parameters of a hand-over')}: ")


def two_parameters(chat: Any, language: str) -> Steps[None]:
    """Take more than the chat."""
    yield Say(language)


def three_parameters(chat: Any, language: str, plan: str = "day") -> Steps[None]:
    """Take more than the chat, some of it by default."""
    yield Say(language + plan)


@pytest.mark.parametrize(("function", "count"), [(two_parameters, 2), (three_parameters, 3)])
def test_more_than_one_positional_parameter_is_refused(function: Callable[..., Any], count: int) -> None:
    """Only the chat is given by position; the message says how the rest is given."""
    with pytest.raises(ConfigurationError, match=f"takes {count} positional parameters: .*keyword parameters") as refused:
        flow(function)
    assert f"flow {function.__name__!r} at {function.__code__.co_filename}:{function.__code__.co_firstlineno} " in str(
        refused.value
    )


def takes_nothing() -> Steps[str]:
    """Take nothing."""
    yield Say("nothing")
    return "nothing"


def takes_the_chat(chat: Any) -> Steps[str]:
    """Take the chat."""
    yield Say(chat)
    return f"{chat}"


def takes_the_chat_by_position(chat: Any, /) -> Steps[str]:
    """Take the chat by position only."""
    yield Say(chat)
    return f"{chat}"


def takes_keywords(*, language: str, plan: str = "day") -> Steps[str]:
    """Take keywords only."""
    yield Say(language)
    return f"{language} {plan}"


def takes_both(chat: Any, *, language: str) -> Steps[str]:
    """Take the chat and a keyword."""
    yield Say(chat)
    return f"{chat} {language}"


def takes_both_by_default(chat: Any, language: str = "twi") -> Steps[str]:
    """Take the chat and a parameter that need not be given."""
    yield Say(chat)
    return f"{chat} {language}"


def takes_any_keywords(chat: Any, **params: Any) -> Steps[str]:
    """Take the chat and whatever is given."""
    yield Say(chat)
    return f"{chat} {params}"


class Bank:
    """Something whose method is a flow."""

    def menu(self, chat: Any) -> Steps[str]:
        """Take the chat beside the object."""
        yield Say(chat)
        return f"{type(self).__name__} {chat}"


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function as decorators do."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize(
    ("function", "params", "result"),
    [
        (takes_nothing, {}, "nothing"),
        (takes_the_chat, {}, "chat"),
        (takes_the_chat_by_position, {}, "chat"),
        (takes_keywords, {"language": "ga"}, "ga day"),
        (takes_keywords, {"language": "ga", "plan": "week"}, "ga week"),
        (takes_both, {"language": "ga"}, "chat ga"),
        (takes_both_by_default, {}, "chat twi"),
        (takes_both_by_default, {"language": "ga"}, "chat ga"),
        (takes_any_keywords, {"a": 1}, "chat {'a': 1}"),
        (Bank().menu, {}, "Bank chat"),
        (decorated(takes_both), {"language": "ga"}, "chat ga"),
        (functools.partial(takes_both, language="ga"), {}, "chat ga"),
    ],
)
def test_a_flow_is_given_the_chat_and_its_parameters(function: Any, params: dict[str, Any], result: str) -> None:
    """The chat goes to a flow that has a place for it, keyword parameters go by name."""
    assert play(flow(name="any")(function), "chat", [], params=params).result == result


def test_a_flow_is_called_as_the_function_it_was_made_of() -> None:
    """One flow holds another with ``yield from other(chat)``, and gets what it returns."""

    @flow
    def outer(chat: Any) -> Steps[str]:
        name = yield from greeting(chat)
        both = yield from takes(chat, language="ga")
        return f"{name}, {both}"

    takes = flow(takes_both)
    waiting = play(outer, "chat", [])
    assert waiting.prompt is not None
    assert waiting.prompt.key == "name"
    ended = play(outer, "chat", [], "Ama")
    assert [say.text for say in ended.said] == ["Hello, Ama!", "chat"]
    assert ended.result == "Ama, chat ga"


def test_calling_a_flow_gives_the_generator_itself() -> None:
    """Nothing is put around the generator: its steps come out one by one."""
    steps = greeting("chat")
    assert isinstance(steps, Generator)
    first = next(steps)
    assert isinstance(first, Prompt)
    assert steps.send("Ama").text == "Hello, Ama!"


# What an author may get wrong inside a flow, each at the line that a mark names.


class Key(StrEnum):
    """Texts that are more than texts."""

    NAME = "name"


def sub() -> Steps[str]:
    """Ask one question of several flows."""
    return (yield from Prompt("inner", "Inner?"))


def sub_with_a_mistake() -> Steps[None]:
    """Hold a mistake below another flow."""
    yield Prompt("inner", "Inner?")
    yield None  # type: ignore[misc]  # here: in a sub-generator


def yields_the_class() -> Any:
    yield Prompt  # here: the class Prompt


def yields_the_class_say() -> Any:
    yield Say  # here: the class Say


def yields_a_sub_generator() -> Any:
    yield sub()  # here: a sub-generator


def yields_the_steps_of_a_flow() -> Any:
    yield greeting("chat")  # here: the steps of a flow


def yields_nothing() -> Any:
    yield  # here: nothing


def yields_none_later() -> Any:
    yield Say("First.")
    yield Prompt("name", "Name?")
    yield None  # here: None after an answer


def yields_a_text() -> Any:
    yield "Hello"  # here: a text


def yields_a_flow() -> Any:
    yield greeting  # here: a flow


def takes_a_prompt_for_yes() -> Any:
    if Prompt.confirm("sure", "Pay?"):  # here: a prompt in a condition
        yield Say("Paid!")


def writes_a_prompt() -> Any:
    yield Say("Hello, " + str(Prompt("name", "Name?")))  # here: a prompt as a text


def returns_a_prompt() -> Any:  # here: a prompt returned
    yield Say("First.")
    return Prompt("name", "Name?")


def returns_a_call() -> Any:  # here: a call returned
    yield Say("First.")
    return Call(api, "Ama")


def returns_a_run() -> Any:  # here: a run returned
    yield Say("First.")
    return Run(greeting)


def yields_a_call_in_a_list() -> Any:
    yield [Call(api, "Ama")]  # here: a list with a call


def stores_a_call() -> Any:
    yield Prompt("file", "Name a file:", transform=lambda name: Call(api, name))  # here: a call stored


def returns_a_part() -> Any:  # here: a part returned
    yield Say("First.")
    return sub()


def returns_what_it_says() -> Any:  # here: a text returned
    yield Say("First.")
    return Say("Second.")


class Question(Prompt[str]):
    """A step of the author's own."""


def yields_a_subclass() -> Any:
    yield Question("name", "Name?")  # here: a subclass


def yields_another_class() -> Any:
    yield Screen  # here: another class


def has_no_text_for_no_choice() -> Any:
    yield Prompt("plan", "Plan?", choices=["Daily"], invalid=3)  # type: ignore[call-overload]  # here: invalid as a number


def yields_confirm() -> Any:
    yield Prompt.confirm  # here: a function of ours


def yields_the_function_of_a_part() -> Any:
    yield sub  # here: a part without a call


def api(name: str) -> str:
    """Stand for something that is called."""
    return name


def yields_the_function_of_a_call() -> Any:
    yield api  # here: a function without a call


def yields_an_asynchronous_function() -> Any:
    yield takes_its_time  # here: an asynchronous function


def yields_a_function_without_a_name() -> Any:
    yield lambda: 5  # here: a function without a name


def yields_a_function_within() -> Any:
    def stock(item: str) -> int:
        return len(item)

    yield stock  # here: a function within


def calls_a_flow() -> Any:
    yield Call(greeting)  # here: a flow called


def calls_a_part() -> Any:
    yield Call(sub)  # here: a part called


def transforms_by_a_text() -> Any:
    yield Prompt("age", "Age?", transform="int")  # type: ignore[call-overload]  # here: a text as transform


def validates_by_yes() -> Any:
    yield Prompt("age", "Age?", validate=True)  # type: ignore[call-overload]  # here: yes as validate


def returns_what_comes_next() -> Any:  # here: a hand-over returned
    yield Say("Hello!")
    return Become(greeting)


def returns_a_flow() -> Any:  # here: a flow returned
    yield Say("Hello!")
    return greeting


def returns_a_step_back() -> Any:  # here: a step back returned
    yield Say("Hello!")
    return Back()


def takes_a_run_for_yes() -> Any:
    if Run(greeting):  # here: a run in a condition
        yield Say("Hello!")


def puts_a_line_into_a_text() -> Any:
    yield Say(f"{Checkpoint()}")  # here: a line in a text


def puts_a_prompt_into_a_text() -> Any:
    name = Prompt("name", "Name?")
    yield Say(f"Hello, {name}!")  # here: a prompt in a text


def puts_a_call_into_a_text() -> Any:
    yield Say(f"Hello, {Call(api, 'Ama')}!")  # here: a call in a text


def pads_a_call() -> Any:
    yield Say(f"Hello, {Call(api, 'Ama'):>9}!")  # here: a padded call


def writes_a_run() -> Any:
    yield Say("Hello, " + str(Run(greeting)))  # here: a run as a text


def puts_a_run_into_a_text() -> Any:
    yield Say(f"Hello, {Run(greeting)}!")  # here: a run in a text


def yields_a_number() -> Any:
    yield 5  # here: a number


def yields_a_list() -> Any:
    yield [Prompt("name", "Name?")]  # here: a list


def delegates_to_a_mistake() -> Any:
    yield from sub_with_a_mistake()


def delegates_to_a_list() -> Any:
    yield from [Say("First."), "Hello"]  # here: a list of steps


def delegates_to_prompts() -> Any:
    yield from [Prompt("name", "Name?"), Prompt("age", "Age?")]  # here: a list of prompts


def has_a_key_of_a_number() -> Any:
    yield Prompt(5, "Five?")  # type: ignore[call-overload]  # here: a number as key


def has_a_key_of_an_enum() -> Any:
    yield Prompt(Key.NAME, "Name?")  # here: an enum as key


def has_an_empty_key() -> Any:
    yield Prompt("", "What?")  # here: an empty key


def has_no_text() -> Any:
    yield Prompt("name", None)  # type: ignore[call-overload]  # here: no text


def forgets_the_key() -> Any:
    yield Prompt("What is your name?")  # type: ignore[call-overload]  # here: a forgotten key


def asks_with_a_text_for_media() -> Any:
    yield Prompt("name", "Name?", media="https://example.com/a.png")  # type: ignore[call-overload]  # here: media as a text


def says_with_a_text_for_media() -> Any:
    yield Say("Look!", media="https://example.com/a.png")  # type: ignore[arg-type]  # here: media said as a text


async def takes_its_time(text: str) -> None:
    """Wait, where nothing can be waited for."""


def transforms_asynchronously() -> Any:
    yield Prompt("name", "Name?", transform=takes_its_time)  # here: an asynchronous transform


def validates_asynchronously() -> Any:
    yield Prompt("name", "Name?", validate=takes_its_time)  # type: ignore[arg-type]  # here: an asynchronous validate


def says_no_text() -> Any:
    yield Say(None)  # type: ignore[arg-type]  # here: nothing said


def has_a_set_of_choices() -> Any:
    yield Prompt("language", "Choose:", choices={"Twi"})  # type: ignore[call-overload]  # here: a set


def has_no_choices() -> Any:
    yield Prompt("language", "Choose:", choices=[])  # here: no choices


def stores_a_path() -> Any:
    yield Prompt("file", "Name a file:", transform=Path)  # here: an answer that cannot be stored


def stores_it_by_yield_from() -> Any:
    yield Say("First.")
    yield from Prompt("file", "Name a file:", transform=Path)  # here: an answer that cannot be stored, by yield from


def transforms_by_what_is_not_python() -> Any:
    yield Prompt("name", "Name?", transform=operator.itemgetter("name"))  # here: a function without lines


def validates_by_true() -> Any:
    yield Prompt("age", "Age?", validate=str.isdecimal)  # type: ignore[arg-type]  # here: a bool


def validates_by_an_empty_text() -> Any:
    yield Prompt("age", "Age?", validate=lambda text: "")  # here: an empty text


def catches_everything_and_asks_again() -> Any:
    while True:
        try:
            return (yield Prompt("age", "Age?"))  # here: a bare except in a loop
        except:  # noqa: E722
            pass


def catches_everything_and_goes_on() -> Any:
    try:
        age = yield Prompt("age", "Age?")
    except:  # noqa: E722
        age = "unknown"
    yield Say(f"Your age is {age}.")  # here: a bare except


def yields_in_finally() -> Any:
    try:
        yield Prompt("age", "Age?")
    finally:
        yield Say("Goodbye.")  # here: a yield in finally


def says_for_ever() -> Any:
    while True:
        yield Say("Hello!")  # here: an endless loop


def says_for_ever_below() -> Any:
    yield Prompt("age", "Age?")
    yield from says_for_ever_here()


def says_for_ever_here() -> Any:
    while True:
        yield from Say("Hello!")  # here: an endless loop below


MISTAKES: list[tuple[Callable[[], Any], list[str], type[AuthorError], str, list[str]]] = [
    (yields_the_class, [], BadStep, "the class Prompt", ["write `yield Prompt(…)`"]),
    (yields_the_class_say, [], BadStep, "the class Say", ["write `yield Say(…)`"]),
    (yields_a_sub_generator, [], BadStep, "a sub-generator", ["write `yield from sub(…)`"]),
    (yields_the_steps_of_a_flow, [], BadStep, "the steps of a flow", ["write `yield from greeting(…)`"]),
    (yields_nothing, [], BadStep, "nothing", ["yields nothing"]),
    (yields_none_later, ["Ama"], BadStep, "None after an answer", ["yields nothing"]),
    (yields_a_text, [], BadStep, "a text", ["'Hello'", "write `yield Say(…)`"]),
    (yields_a_flow, [], BadStep, "a flow", ["'greeting'", "write `yield Run(greeting)`, or `yield from greeting(…)`"]),
    (takes_a_prompt_for_yes, [], BadPrompt, "a prompt in a condition", ["prompt 'sure' itself", "yes or no", "write `yield`"]),
    (writes_a_prompt, [], BadPrompt, "a prompt as a text", ["prompt 'name' itself", "write `yield`"]),
    (returns_a_prompt, [], BadStep, "a prompt returned", ["returns the prompt 'name'", "write `yield`"]),
    (returns_a_call, [], BadStep, "a call returned", ["returns call 'api' itself", "write `yield`"]),
    (returns_a_run, [], BadStep, "a run returned", ["returns run of flow 'greeting' itself", "write `yield`"]),
    (calls_a_flow, [], BadStep, "a flow called", ["calls the flow 'greeting'", "write `yield Run(greeting)`"]),
    (calls_a_part, [], BadStep, "a part called", ["calls sub, which gives steps", "write `yield from sub(…)`"]),
    (transforms_by_a_text, [], BadPrompt, "a text as transform", ["'age'", "its transform is 'int'"]),
    (validates_by_yes, [], BadPrompt, "yes as validate", ["'age'", "its validate is True"]),
    (returns_what_comes_next, [], BadStep, "a hand-over returned", ["returns hand-over to flow 'greeting'", "write `yield`"]),
    (returns_a_flow, [], BadStep, "a flow returned", ["returns the flow 'greeting'", "write `yield Become(greeting)`"]),
    (returns_a_step_back, [], BadStep, "a step back returned", ["returns back itself", "write `yield`"]),
    (takes_a_run_for_yes, [], BadStep, "a run in a condition", ["run of flow 'greeting' itself", "yes or no"]),
    (puts_a_line_into_a_text, [], BadStep, "a line in a text", ["checkpoint itself", "put into a text", "`Checkpoint(…)`"]),
    (yields_a_call_in_a_list, [], BadStep, "a list with a call", ["it yields [<call 'api'>]"]),
    (stores_a_call, ["x"], UnstorableValue, "a call stored", ["'file'", "flowdsl.calls.Call"]),
    (returns_a_part, [], BadStep, "a part returned", ["returns the generator of 'sub'", "write `yield from`"]),
    (returns_what_it_says, [], BadStep, "a text returned", ["returns what it would say", "write `yield`"]),
    (yields_a_subclass, [], BadStep, "a subclass", ["yields a Question", "no subclass"]),
    (yields_another_class, [], BadStep, "another class", ["the class Screen itself"]),
    (has_no_text_for_no_choice, [], BadPrompt, "invalid as a number", ["'plan'", "its invalid is 3"]),
    (yields_confirm, [], BadStep, "a function of ours", ["write `yield Prompt.confirm(…)`"]),
    (
        yields_the_function_of_a_part,
        [],
        BadStep,
        "a part without a call",
        ["write `yield from sub(…)`", "`yield Run(sub)`", "@flow"],
    ),
    (yields_the_function_of_a_call, [], BadStep, "a function without a call", ["api", "write `yield Call(api, …)`"]),
    (yields_an_asynchronous_function, [], BadStep, "an asynchronous function", ["write `yield Call(takes_its_time, …)`"]),
    (yields_a_function_without_a_name, [], BadStep, "a function without a name", ["a lambda", "`yield Call(function, …)`"]),
    (yields_a_function_within, [], BadStep, "a function within", ["function stock itself", "write `yield Call(stock, …)`"]),
    (puts_a_prompt_into_a_text, [], BadPrompt, "a prompt in a text", ["prompt 'name' itself", "write `yield`"]),
    (puts_a_call_into_a_text, [], BadStep, "a call in a text", ["call 'api' itself", "write `yield` before `Call(…)`"]),
    (pads_a_call, [], BadStep, "a padded call", ["call 'api' itself", "write `yield` before `Call(…)`"]),
    (writes_a_run, [], BadStep, "a run as a text", ["run of flow 'greeting' itself", "write `yield` before `Run(…)`"]),
    (puts_a_run_into_a_text, [], BadStep, "a run in a text", ["run of flow 'greeting' itself", "before `Run(…)`"]),
    (yields_a_number, [], BadStep, "a number", ["it yields 5"]),
    (yields_a_list, [], BadStep, "a list", ["it yields ["]),
    (delegates_to_a_mistake, ["x"], BadStep, "in a sub-generator", ["yields nothing"]),
    (delegates_to_a_list, [], BadStep, "a list of steps", ["'Hello'"]),
    (delegates_to_prompts, ["Ama"], BadStep, "a list of prompts", ["takes no answers", "write `yield from` a generator"]),
    (has_a_key_of_a_number, [], BadPrompt, "a number as key", ["key of a prompt is 5"]),
    (has_a_key_of_an_enum, [], BadPrompt, "an enum as key", ["key of a prompt is <Key.NAME"]),
    (has_an_empty_key, [], BadPrompt, "an empty key", ["key of a prompt is ''"]),
    (has_no_text, [], BadPrompt, "no text", ["prompt 'name' is None"]),
    (forgets_the_key, [], BadPrompt, "a forgotten key", ["a prompt has a key and a text"]),
    (asks_with_a_text_for_media, [], BadPrompt, "media as a text", ["prompt 'name'", "write Media(…)"]),
    (says_with_a_text_for_media, [], BadStep, "media said as a text", ["write Media(…)"]),
    (transforms_asynchronously, ["x"], BadPrompt, "an asynchronous transform", ["'name'", "transform is asynchronous"]),
    (validates_asynchronously, ["x"], BadPrompt, "an asynchronous validate", ["'name'", "validate is asynchronous"]),
    (says_no_text, [], BadStep, "nothing said", ["what is said is None"]),
    (has_a_set_of_choices, [], BadPrompt, "a set", ["prompt 'language'", "{'Twi'}", "a set has no order"]),
    (has_no_choices, [], BadPrompt, "no choices", ["prompt 'language'", "empty"]),
    (stores_a_path, ["a.txt"], UnstorableValue, "an answer that cannot be stored", ["'file'", "of type pathlib."]),
    (
        stores_it_by_yield_from,
        ["a.txt"],
        UnstorableValue,
        "an answer that cannot be stored, by yield from",
        ["'file'", "of type pathlib."],
    ),
    (transforms_by_what_is_not_python, ["x"], BadPrompt, "a function without lines", ["'name'", "raised TypeError"]),
    (validates_by_true, ["40"], BadPrompt, "a bool", ["'age'", "validate returned True"]),
    (validates_by_true, ["x"], BadPrompt, "a bool", ["'age'", "validate returned False"]),
    (validates_by_an_empty_text, ["x"], BadPrompt, "an empty text", ["'age'", "validate returned ''"]),
    (catches_everything_and_goes_on, [], BadStep, "a bare except", ["an `except` that names no class"]),
    (yields_in_finally, [], BadStep, "a yield in finally", ["a `finally` that yields"]),
    (says_for_ever, [], LimitExceeded, "an endless loop", ["1000 things", "in a loop?"]),
    (says_for_ever_below, ["40"], LimitExceeded, "an endless loop below", ["1000 things", "in a loop?"]),
]


@pytest.mark.parametrize(("function", "answers", "error", "mark", "words"), MISTAKES, ids=[each[0].__name__ for each in MISTAKES])
def test_a_mistake_names_flow_file_and_line(
    function: Callable[[], Any], answers: list[str], error: type[AuthorError], mark: str, words: list[str]
) -> None:
    """Each mistake is told with the flow's name, the line that holds it, and what is wrong there."""
    conversation = flow(name=f"conversation {mark}")(function)
    *earlier, last = [None, *answers]
    journal: list[Entry] = []
    for answer in earlier:
        journal = play(conversation, None, journal, answer).journal
    with pytest.raises(error) as told:
        play(conversation, None, journal, last)
    assert type(told.value) is error
    message = str(told.value)
    assert message.startswith(f"flow 'conversation {mark}' at {place(mark)}: ")
    for word in words:
        assert word in message


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_bare_except_in_a_loop_names_flow_file_and_line() -> None:
    """A flow that asks again whenever it is told to stop is reported where it asks."""
    conversation = flow(catches_everything_and_asks_again)
    with pytest.raises(BadStep, match="an `except` that names no class") as told:
        play(conversation, None, [])
    where = place("a bare except in a loop")
    assert str(told.value).startswith(f"flow 'catches_everything_and_asks_again' at {where}: ")
    # Python closes the generator once more when it is thrown away, and complains: here, not in a later test.
    del told
    gc.collect()


def test_a_coroutine_names_flow_file_and_line() -> None:
    """A flow that forgets where waiting is allowed is told that it cannot wait here."""

    async def balance() -> int:
        return 5

    waiting = balance()

    @flow
    def awaits() -> Any:
        yield waiting  # here: a coroutine

    with contextlib.closing(waiting), pytest.raises(BadStep, match="must be awaited") as told:
        play(awaits, None, [])
    assert str(told.value).startswith(f"flow 'awaits' at {place('a coroutine')}: ")


@pytest.mark.parametrize("answers", [[], ["x"]], ids=["at once", "after an answer"])
def test_delegating_to_a_coroutine_names_flow_file_and_line(answers: list[str]) -> None:
    """A flow that delegates to an asynchronous function, within another one too, is told to have it called."""
    waiting: list[Any] = []

    @flow
    def within() -> Any:
        for answer in answers:
            yield Prompt(answer, "Which?")
        coroutine: Any = takes_its_time("Ama")
        waiting.append(coroutine)
        yield from coroutine  # here: a delegated coroutine

    @flow
    def around() -> Any:
        yield Run(within)

    for conversation in (within, around):
        journal: list[Entry] = []
        for answer in [None, *answers][:-1]:
            journal = play(conversation, None, journal, answer).journal
        with pytest.raises(BadStep, match=r"a coroutine.*write `yield from Call") as told:
            play(conversation, None, journal, answers[-1] if answers else None)
        where = place("a delegated coroutine")
        assert str(told.value).startswith(f"flow {conversation.name!r} at {where}: it delegates to a coroutine")
        assert told.value.where == where
        assert isinstance(told.value.__cause__, TypeError)
        waiting.pop().close()


def test_another_type_error_stays_what_it_is() -> None:
    """What looks like it, and was raised by the author's own code, is raised as it is."""

    @flow
    def adds() -> Any:
        yield Say("First.")
        coroutine: Any = "a coroutine object"
        yield Say(coroutine + 1)

    def refuses(text: str) -> None:
        raise TypeError("cannot 'yield from' a coroutine object in a non-coroutine generator")

    @flow
    def judges() -> Any:
        yield Prompt("name", "Name?", validate=refuses)

    with pytest.raises(TypeError, match="concatenate"):
        play(adds, None, [])
    with pytest.raises(TypeError, match="cannot 'yield from'"):
        play(judges, None, [], "x")


@pytest.mark.parametrize(
    "key", ["name", "plan", "$dict", "a:b", "ключ", " "], ids=["plain", "other", "dollar", "colon", "letters", "blank"]
)
def test_any_other_text_is_a_key(key: str) -> None:
    """A key may be any text that names something, whatever characters it has."""
    assert Prompt(key, "What?").key == key


class OutOfReach(Exception):
    """Something that only the flow knows."""


def raises(error: Exception) -> Callable[[Any], Any]:
    """Make a function that raises."""

    def fail(text: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("kind", [OutOfReach, KeyError, ZeroDivisionError, RuntimeError, NotImplementedError])
@pytest.mark.parametrize("how", ["in the flow", "in validate", "in transform"])
def test_an_exception_of_the_authors_own_code_comes_out_as_it_is(kind: type[Exception], how: str) -> None:
    """What the author's code raises is raised, never taken for a mistake that flowdsl knows."""
    error = kind("down")

    @flow
    def fails() -> Steps[None]:
        yield Say("First.")
        if how == "in the flow":
            raises(error)("")
        elif how == "in validate":
            yield Prompt("name", "Name?", validate=raises(error))
        else:
            yield Prompt("name", "Name?", transform=raises(error))

    with pytest.raises(kind) as raised:
        play(fails, None, [], "Ama")
    assert raised.value is error


def test_a_flow_is_closed_when_its_turn_is_over() -> None:
    """A flow that waits for an answer may clean up: its ``finally`` runs in the same turn."""
    events = []

    @flow
    def tidy() -> Steps[None]:
        try:
            yield Prompt("name", "Name?")
        finally:
            events.append("closed")

    play(tidy, None, [])
    assert events == ["closed"]


@pytest.mark.parametrize("kind", [OutOfReach, RuntimeError])
def test_an_exception_of_the_flows_own_clean_up_comes_out_as_it_is(kind: type[Exception]) -> None:
    """A flow that fails while it cleans up is not taken for one that will not stop."""
    error = kind("down")

    @flow
    def untidy() -> Steps[None]:
        try:
            yield Prompt("name", "Name?")
        finally:
            raises(error)("")

    with pytest.raises(kind) as raised:
        play(untidy, None, [])
    assert raised.value is error


@pytest.mark.parametrize("steps", [1, 7])
def test_the_limit_of_things_said_can_be_set(steps: int) -> None:
    """As many things as the limit allows may be said in a row, and no more."""

    def saying(count: int) -> Flow[..., None]:
        @flow(name="saying")
        def conversation() -> Steps[None]:
            for number in range(count):
                yield Say(f"{number}")

        return conversation

    assert len(play(saying(steps), None, [], limits=Limits(steps=steps)).said) == steps
    with pytest.raises(LimitExceeded, match=rf"flow 'saying' at .*said {steps} things"):
        play(saying(steps + 1), None, [], limits=Limits(steps=steps))
