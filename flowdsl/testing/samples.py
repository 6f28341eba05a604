"""What a person might type: answers that a question takes, at the limits of what it takes, and one that it refuses."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from flowdsl.choices import NO_MENU, Menu
from flowdsl.errors import ConfigurationError
from flowdsl.messages import Attachment, Contact, Expected, Location, Media
from flowdsl.prompt import Prompt
from flowdsl.testing.dialogue import Input
from flowdsl.testing.variables import written
from flowdsl.verdict import Accepted, Rejected, known_types, verdict

__all__ = ["Answers", "Sampler", "Samples", "as_input", "as_inputs", "given_for", "near", "pick", "place_of", "why_stuck"]

Answers: TypeAlias = Mapping[str, Any]
"""Key of a question to what is typed there: a text, an attachment, a list of them, or a function of the prompt that gives one."""

# What people are asked all day. The first that a question takes is used where it takes any text.
_WORDS: Final = (
    *("Ama", "Ama Mensah", "0244123456", "+233244123456", "ama@example.com", "31/12/1990", "12/31/1990", "1990-12-31"),
    *("31-12-1990", "01/01/2030", "18:30", "2026-12-31 18:30", "yes", "no", "1234", "12345", "123456", "12345678", "AB123456"),
    *("12.50", "GHS 20", "12345678-1234-5678-1234-567812345678", "A", "a long answer of more than a few words"),
)
_NUMBERS: Final = (-1, 0, 1, 2, 5, 10, 18, 20, 25, 50, 65, 100, 120, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
_WRONG: Final = ("?", "", "-1", "0", "x", "abc", "99999999999", "1.234.5")
_NOT_A_CHOICE: Final = ("?", "99", "-", "none of these")

_SENT: Final[Mapping[Expected, Attachment]] = {
    "location": Location(5.6037, -0.187, "Accra"),
    "contact": Contact("Kofi Mensah", ("+233201234567",)),
    "media": Media("https://example.com/picture.jpg"),
    "image": Media("https://example.com/picture.jpg"),
    "audio": Media("https://example.com/voice.ogg", "audio"),
    "video": Media("https://example.com/film.mp4", "video"),
    "document": Media("https://example.com/paper.pdf", "document"),
    "sticker": Media("https://example.com/sticker.webp", "sticker"),
}


class Samples(NamedTuple):
    """What can be typed at a question.

    Args:
        taken: what it takes; of numbers the smallest, one between, and the largest.
        refused: what it refuses; empty where it takes anything.
        range: the smallest and the largest whole number that it takes, where there are such.
    """

    taken: tuple[Input, ...]
    refused: tuple[Input, ...]
    range: tuple[int, int] | None = None

    @property
    def numeric(self) -> bool:
        """Whether it takes numbers and nothing else."""
        return self.range is not None


class Sampler:
    """Finds what can be typed at questions, and remembers it for as long as a test goes on.

    Args:
        types: the enums and dataclasses that the flow names.
        on_ussd: the questions are asked there, where nobody can send a picture or a place.

    >>> from flowdsl import answers
    >>> [each.text for each in Sampler({}).of(Prompt("age", "Age?", transform=answers.whole(18, 120))).taken]
    ['18', '65', '120']
    """

    __slots__ = ("_known", "_types", "on_ussd")

    def __init__(self, types: Mapping[str, type], *, on_ussd: bool = False) -> None:
        self._types: Final = types
        self.on_ussd: Final = on_ussd
        # With the functions, so that no other one gets their place in memory.
        self._known: Final[dict[Any, tuple[Samples, Prompt[Any]]]] = {}

    def takes(self, prompt: Prompt[Any], text: str) -> bool:
        """Tell whether a question takes a text."""
        return isinstance(verdict(prompt, text, known_types(prompt, self._types)), Accepted)

    def of(self, prompt: Prompt[Any], menu: Menu = NO_MENU) -> Samples:
        """Find what can be typed at a question, by trying.

        Args:
            prompt: the question.
            menu: its choices, as they read on the screen.
        """
        if prompt.expects is not None:
            sent = Input("send", attachment=_SENT[prompt.expects])
            return Samples(() if self.on_ussd else (sent,), (Input("type", "?", slip=True),))
        # A prompt is made anew on every replay, and to try what it takes takes longer than the turn.
        key = menu.lines if prompt.choices is not None else _key(prompt)
        known = None if key is None else self._known.get(key)
        if known is not None:
            return known[0]
        found = _picks(menu) if prompt.choices is not None else _typed(prompt, known_types(prompt, self._types))
        if key is not None:
            self._known[key] = (found, prompt)
        return found


def near(results: Iterable[Any], takes: Callable[[str], bool]) -> list[Input]:
    """Give numbers that calls have come to, and what is a little more: where a flow compares them, it goes wrong there.

    Args:
        results: what calls have come to.
        takes: tells whether the question takes a text.

    >>> near([120, "R1"], str.isdecimal)
    [type('120'), type('121')]
    """
    found: dict[str, None] = {}
    for result in results:
        if result.__class__ in _STEPS:
            for number in (result, result + _STEPS[result.__class__]):
                text = f"{number:f}" if result.__class__ is Decimal else f"{number}"
                if takes(text):
                    found[text] = None
    return [Input("type", text) for text in found]


def why_stuck(prompt: Prompt[Any], *, on_ussd: bool, given: bool = False) -> str:
    """Say why nothing answers a question.

    Args:
        prompt: the question.
        on_ussd: it is asked there.
        given: the test has said what is typed there.
    """
    key = prompt.key
    if given:
        return f"the question {key!r} refuses all that answers[{key!r}] has"
    if on_ussd and prompt.expects is not None:
        return f"on USSD nobody can send what the question {key!r} expects, which is {prompt.expects!r}"
    return f"nothing that was tried answers the question {key!r}: give answers={{{key!r}: …}}"


def given_for(prompt: Prompt[Any], answers: Answers) -> Any:
    """Look up what a test gives for a question; ``None`` where it gives nothing.

    Args:
        prompt: the question.
        answers: what the test gives.
    """
    given = answers.get(prompt.key)
    return given(prompt) if callable(given) else given


def as_inputs(given: Any, key: str) -> tuple[Input, ...]:
    """Read what a test gives for a question.

    Raises:
        ConfigurationError: it is no text, attachment, or list of them.
    """
    each: Sequence[Any] = given if isinstance(given, list | tuple) else (given,)
    if not each:
        raise ConfigurationError(f"answers[{key!r}] is empty: give what a person types")
    return tuple(as_input(one, key) for one in each)


def as_input(given: Any, key: str) -> Input:
    """Read one thing that a test gives for a question.

    Raises:
        ConfigurationError: it is neither a text nor an attachment.
    """
    if isinstance(given, str):
        return Input("type", given)
    if isinstance(given, Media | Location | Contact):
        return Input("send", attachment=given)
    raise ConfigurationError(f"answers[{key!r}] has {given!r}: give what a person types, as a text, or an attachment")


def _picks(menu: Menu) -> Samples:
    picked = tuple(pick(menu, number) for number in range(1, len(menu.options) + 1))
    refused = next((text for text in _NOT_A_CHOICE if menu.pick(text) is None), None)
    return Samples(picked, () if refused is None else (Input("type", refused, slip=True),))


def pick(menu: Menu, number: int) -> Input:
    """Give what picks a choice.

    Args:
        menu: the choices, as they read on the screen.
        number: which one, counted from 1.
    """
    label = menu.options[number - 1].label
    return Input("choose", str(number), label, plainly=place_of(menu, label) == number)


def place_of(menu: Menu, choice: Any) -> int | None:
    """Tell the number of a choice, by the answer that it stands for, or by what it is called; ``None`` where it is none.

    Args:
        menu: the choices, as they read on the screen.
        choice: an answer or a label.
    """
    options = menu.options
    named = [number for number, each in enumerate(options, 1) if type(each.key) is type(choice) and each.key == choice]
    named = named or [number for number, each in enumerate(options, 1) if each.label == choice]
    return named[0] if named else None


def _typed(prompt: Prompt[Any], types: Mapping[str, type]) -> Samples:
    takes = partial(_takes, prompt, types)
    limits = [*_limits(prompt)]
    numbers = sorted({number for number in (*_NUMBERS, *map(int, filter(_is_whole, limits))) if takes(str(number))})
    anything = takes("Ama")
    mistakes = _mistakes(prompt, types, (*_WRONG, *_beyond(numbers, takes)))
    raising = [text for text in (*_WRONG, *_WORDS, *map(str, _NUMBERS)) if takes(text) is None][:1]
    if numbers and not anything:
        low, high = _edge(numbers[0], -1, takes), _edge(numbers[-1], 1, takes)
        middle = min(numbers, key=lambda number: abs(number - min((low + high) // 2, _USUAL)))
        typed, between = [str(low), str(middle), str(high)], (low, high)
    else:
        words = [text for text in (*limits, *_WORDS) if takes(text)]
        typed, between = (["Ama"] if anything else words[:_FEW]) + list(filter(takes, _longest(prompt))), None
    return Samples(tuple(Input("type", text) for text in dict.fromkeys([*typed, *raising])), mistakes, between)


def _mistakes(prompt: Prompt[Any], types: Mapping[str, type], texts: Iterable[str]) -> tuple[Input, ...]:
    """Find what a question refuses, once for each thing that it says then."""
    said: dict[str, str] = {}
    for text in texts:
        with suppress(Exception):  # whoever explores the flow sees that
            judged = verdict(prompt, text, types)
            if isinstance(judged, Rejected):
                said.setdefault(judged.message, text)
    return tuple(Input("type", text, slip=True) for text in [*said.values()][:_FEW_MISTAKES])


def _takes(prompt: Prompt[Any], types: Mapping[str, type], text: str) -> bool | None:
    """Tell whether a question takes a text; ``None`` where that raises, which whoever explores the flow should see."""
    try:
        return isinstance(verdict(prompt, text, types), Accepted)
    except Exception:
        return None


def _edge(number: int, towards: int, takes: Callable[[str], bool | None]) -> int:
    """Find the last whole number in a direction that is taken, where there is one not too far away."""
    good, step = number, towards
    while abs(step) <= _FARTHEST and takes(str(good + step)):
        good, step = good + step, step * 2
    if abs(step) > _FARTHEST:
        return number
    bad = good + step
    while abs(bad - good) > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if takes(str(middle)) else (good, middle)
    return good


_STEPS: Final[Mapping[type, Any]] = {int: 1, Decimal: Decimal("0.01"), float: 0.01}
_FARTHEST: Final = 2**24
# A number between the limits that people might type.
_USUAL: Final = 100
# So many words of which a question takes only some are tried.
_FEW: Final = 2
# So many of the things that it says of wrong answers are looked at.
_FEW_MISTAKES: Final = 3


def _beyond(numbers: list[int], takes: Callable[[str], bool | None]) -> Iterator[str]:
    if numbers:
        yield str(_edge(numbers[0], -1, takes) - 1)
        yield str(_edge(numbers[-1], 1, takes) + 1)


def _limits(prompt: Prompt[Any]) -> Iterator[str]:
    """Give what the parsers of :mod:`flowdsl.answers` tell of themselves: their limits, and what can be entered."""
    parser: Any = prompt.transform
    writes = getattr(parser, "format", None)
    for name in ("earliest", "latest", "least", "most"):
        if (limit := getattr(parser, name, None)) is not None and writes is not None:
            with suppress(AttributeError, TypeError, ValueError):  # of words these are lengths
                yield writes(limit)
    for name in ("options", "yes", "no"):
        yield from (each for each in getattr(parser, name, ())[:1] if isinstance(each, str))
    if isinstance(digits := getattr(parser, "digits", None), int):
        yield "1234567890"[:digits].ljust(digits, "5")
    if isinstance(least := getattr(parser, "least", None), int):
        yield _text_of(least)


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _longest(prompt: Prompt[Any]) -> Iterator[str]:
    if isinstance(most := getattr(prompt.transform, "most", None), int):
        yield _text_of(most)


def _text_of(length: int) -> str:
    """Give a text of so many characters, or of as many as a message may have."""
    length = min(length, 160)
    return ("Abena Owusu Mensah " * (length // 19 + 1))[:length].rstrip().ljust(length, "a")


def _key(prompt: Prompt[Any]) -> Any:
    parts = (written(prompt.validate), written(prompt.transform), written(prompt.invalid))
    return None if None in parts else parts
