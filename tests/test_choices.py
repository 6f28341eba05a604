"""Choices: which one was meant, which menus cannot be asked, and how a menu is known again."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import Prompt, choices
from flowdsl.choices import read_menu
from flowdsl.errors import BadPrompt


class Size(Enum):
    """Members whose values are numbers."""

    SMALL = 3
    VERY_LARGE = 1


class Colour(StrEnum):
    """Members that are equal to texts."""

    RED = "red"
    GREEN = "green"


class Shade(StrEnum):
    """Other members with the same names and values as those of Colour."""

    RED = "red"
    GREEN = "green"


class Switch(IntEnum):
    """Members that are equal to numbers."""

    OFF = 0
    ON = 1


class Nothing(Enum):
    """An enum without members."""


SAME_LABELS = {"acc": "Account", "act": "Account", "bal": "Balance"}
TWICE_SAME = {"a": "Same", "b": "same", "c": "SAME"}
SWITCHED = {"2": "Two", "1": "One"}
CROSSED = {"x": "2", "y": "1", "z": "x"}


@pytest.mark.parametrize(
    ("choices", "text", "meant"),
    [
        # The number shown comes first.
        ([5, 10, 2, 1], "1", 5),
        ([5, 10, 2, 1], "2", 10),
        ([5, 10, 2, 1], "3", 2),
        ([5, 10, 2, 1], "4", 1),
        (SWITCHED, "1", "2"),
        (SWITCHED, "2", "1"),
        (CROSSED, "1", "x"),
        (CROSSED, "2", "y"),
        ({True: "No", False: "Yes"}, "1", True),
        # Then the key.
        ([5, 10, 2, 1], "5", 5),
        ([5, 10, 2, 1], "10", 10),
        (CROSSED, "x", "x"),
        (CROSSED, "z", "z"),
        ({"en": "English", "tw": "Twi"}, "tw", "tw"),
        ({"no": "Yes", "yes": "No"}, "yes", "yes"),
        ({Decimal("2.50"): "Small", Decimal("5.00"): "Large"}, "2.50", Decimal("2.50")),
        # Then the label.
        (SWITCHED, "two", "2"),
        ({"en": "English", "tw": "Twi"}, "Twi", "tw"),
        (SAME_LABELS, "Balance", "bal"),
        # A label of two choices means neither of them.
        (SAME_LABELS, "Account", None),
        (SAME_LABELS, "acc", "acc"),
        (SAME_LABELS, "act", "act"),
        (SAME_LABELS, "2", "act"),
        (TWICE_SAME, "same", None),
        (TWICE_SAME, "3", "c"),
        # Case, blanks, and digits of another width make no difference.
        (["English", "Éwé", "straße"], "ENGLISH", "English"),
        (["English", "Éwé", "straße"], "éwé", "Éwé"),
        (["English", "Éwé", "straße"], "E\u0301we\u0301", "Éwé"),
        (["English", "Éwé", "straße"], "STRASSE", "straße"),
        (["English", "Twi"], "  2 \n", "Twi"),
        (["English", "Twi"], "\u00a0twi\u3000", "Twi"),
        (["English", "Twi"], "２", "Twi"),
        (["English", "Twi"], "Ｔｗｉ", "Twi"),
        ([" Spaced ", "Twi"], "spaced", " Spaced "),
        # Booleans.
        ({True: "Yes", False: "No"}, "yes", True),
        ({True: "Yes", False: "No"}, "NO", False),
        ({True: "Yes", False: "No"}, "2", False),
        ({True: "Yes", False: "No"}, "true", True),
        ({True: "Yes", False: "No"}, "False", False),
        ({True: "Yes", False: "No"}, "0", None),
        ({False: "Off", None: "Do not know"}, "none", None),
        # Enums: the member's name is its key.
        (Size, "1", Size.SMALL),
        (Size, "2", Size.VERY_LARGE),
        (Size, "3", None),
        (Size, "very_large", Size.VERY_LARGE),
        (Size, "very large", Size.VERY_LARGE),
        (Colour, "GREEN", Colour.GREEN),
        ({Size.SMALL: "Klein"}, "klein", Size.SMALL),
        ({Size.SMALL: "Klein"}, "small", Size.SMALL),
        ([Colour.GREEN], "green", Colour.GREEN),
        (Switch, "1", Switch.OFF),
        (Switch, "on", Switch.ON),
        # Everything else is none of them.
        (["English", "Twi"], "", None),
        (["English", "Twi"], "0", None),
        (["English", "Twi"], "3", None),
        (["English", "Twi"], "-1", None),
        (["English", "Twi"], "01", None),
        (["English", "Twi"], "1.", None),
        (["English", "Twi"], "1 2", None),
        (["English", "Twi"], "Eng", None),
    ],
)
def test_what_a_text_means(choices: Any, text: str, meant: object) -> None:
    """The number shown wins over a key, a key over a label; case, blanks and width do not matter."""
    option = read_menu(choices).pick(text)
    if meant is None:
        assert option is None or option.key is None
    else:
        assert option is not None
        assert option.key == meant
        assert type(option.key) is type(meant)


def test_none_can_be_chosen() -> None:
    """A choice whose answer is None is picked like any other."""
    option = read_menu({"yes": "Yes", None: "Do not know"}).pick("2")
    assert option is not None
    assert option.key is None


@pytest.mark.parametrize(("text", "meant"), [("1", True), ("2", False), ("yes", True), ("No", False), ("3", None), ("y", None)])
def test_confirm_is_answered_by_yes_or_no(text: str, meant: bool | None) -> None:
    """A confirmation gives True or False, by number or by word, and nothing else."""
    option = Prompt.confirm("sure", "Delete it?").menu.pick(text)
    assert (None if option is None else option.key) is meant


@pytest.mark.parametrize(("text", "meant"), [("aane", True), ("DAABI", False), ("yes", None), ("true", True), ("2", False)])
def test_confirm_takes_labels_of_its_own(text: str, meant: bool | None) -> None:
    """The words of another language are the ones that count."""
    option = Prompt.confirm("sure", "Ɛyɛ?", yes="Aane", no="Daabi").menu.pick(text)
    assert (None if option is None else option.key) is meant


@pytest.mark.parametrize("choices", [["ab", "Ab"], ["Ab", "ab"], {"ab": "One", "Ab": "Two"}, {"x": "Ab", "ab": "y", "Ab": "z"}])
def test_a_key_typed_exactly_is_never_taken_for_another(choices: Any) -> None:
    """Of two keys that differ in case only, what is typed exactly means that one, and what is typed otherwise means neither."""
    menu = read_menu(choices)
    picked = [menu.pick(text) for text in ("ab", " Ab ", "AB")]
    assert [each and each.key for each in picked] == ["ab", "Ab", None]


@pytest.mark.parametrize(("choices", "text"), [({"a": "One", "x": "Two", "1.0": "Dot", 1.0: "Point"}, "1.0"), (["5", 7, 5], "5")])
def test_a_text_that_is_the_key_of_two_choices_does_not_choose_silently(choices: Any, text: str) -> None:
    """Keys of two types that are written alike cannot be told apart by typing, so neither is meant."""
    assert read_menu(choices).pick(text) is None


TEXTS = st.text(st.sampled_from("aAbB12 "), min_size=1, max_size=3)


def folded(text: str) -> str:
    return text.strip().casefold()


@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=5), st.data())
@settings(deadline=None)
def test_every_number_shown_gives_the_choice_beside_it(choices: dict[str, str], data: st.DataObject) -> None:
    """Whatever the keys and labels look like, the number on the screen means the line it stands in."""
    number = data.draw(st.integers(1, len(choices)))
    option = read_menu(choices).pick(str(number))
    assert option is not None
    assert (option.key, option.label) == list(choices.items())[number - 1]


@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=5), TEXTS)
@settings(deadline=None, max_examples=300)
def test_a_choice_is_only_picked_by_its_own_number_key_or_label(choices: dict[str, str], text: str) -> None:
    """No text gives a choice that it does not name; a name that is a number, a key, a label means the first of these."""
    menu = read_menu(choices)
    option = menu.pick(text)
    by_number = [each for number, each in enumerate(menu.options, start=1) if str(number) == text.strip()]
    by_key = [each for each in menu.options if folded(each.key) == folded(text)]
    by_label = [each for each in menu.options if folded(each.label) == folded(text)]
    named = by_number or by_key or by_label
    if len(named) == 1:
        assert option == named[0]
    else:
        assert option is None or option in named


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ([], "empty"),
        ((), "empty"),
        ({}, "empty"),
        (Nothing, "empty"),
        ({"a", "b"}, "a set has no order"),
        (frozenset("ab"), "a set has no order"),
        ("ab", "give a list, .* or an Enum$"),
        (b"ab", "give a list, .* or an Enum$"),
        (5, "give a list, .* or an Enum$"),
        ((each for each in "ab"), "give a list, .* or an Enum$"),
        (str, "give a list, .* or an Enum$"),
        ([("en", "English"), ("tw", "Twi")], r"\('en', 'English'\) has no label: .* give a mapping"),
        ([["en", "English"]], "has no label"),
        ([{"en": "English"}], "has no label"),
        (["a", "b", "a"], "listed twice"),
        ([1, 2, 1], "listed twice"),
        ([Size.SMALL, Size.SMALL], "listed twice"),
        ({"a": 1}, "not a text"),
        ({"a": None}, "not a text"),
        ([object()], "object"),
        ([b"a"], "bytes"),
        ({frozenset(): "Empty"}, "frozenset"),
        (["\ud800"], "surrogate"),
    ],
)
def test_choices_that_cannot_be_asked_are_refused(choices: Any, reason: str) -> None:
    """A menu that nobody could answer, or whose order or answers would not last, says what is wrong with it."""
    with pytest.raises(BadPrompt, match=reason):
        read_menu(choices)


def test_a_prompt_names_itself_where_its_choices_are_refused() -> None:
    """The author learns which of many prompts it is."""
    with pytest.raises(BadPrompt, match=r"prompt 'language' cannot be asked: .*\{'English'\}"):
        _ = Prompt("language", "Choose:", choices={"English"}).menu  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Yes", "No"], {"Yes": "Oui", "No": "Non"}),
        (["Yes", "No"], ("Yes", "No")),
        ({"en": "English"}, {"en": "Anglais"}),
        (Size, {Size.SMALL: "Klein", Size.VERY_LARGE: "Groß"}),
        (Colour, [Colour.RED, Colour.GREEN]),
        ({True: "Yes", False: "No"}, [True, False]),
    ],
)
def test_labels_do_not_change_the_fingerprint(one: Any, other: Any) -> None:
    """Rewording or translating the labels keeps the answers that were given."""
    assert read_menu(one).fingerprint == read_menu(other).fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Yes", "No"], ["No", "Yes"]),
        (["Yes", "No"], ["Yes"]),
        (["Yes", "No"], ["Yes", "No", "Maybe"]),
        (["a,b"], ["a", "b"]),
        (["fp-1"], [1]),
        ([1], ["1"]),
        ([1], [1.0]),
        ([1], [True]),
        ([1, 0], [True, False]),
        ([Decimal(1)], ["1"]),
        (["red", "green"], Colour),
        ([0, 1], Switch),
        (Colour, Shade),
        ({("a", "b"): "Both"}, ["a", "b"]),
        (["None"], [None]),
    ],
)
def test_other_answers_change_the_fingerprint(one: Any, other: Any) -> None:
    """Choices with other keys, other types of keys or another order are another question."""
    assert read_menu(one).fingerprint != read_menu(other).fingerprint


def test_a_fingerprint_is_never_that_of_a_prompt_without_choices() -> None:
    """A free question and a menu of the same key are not taken for each other."""
    assert Prompt("plan", "Which?").menu.fingerprint == ""
    assert read_menu(["a"]).fingerprint


_tags = itertools.count()

CONFUSABLE: list[Callable[[str], tuple[Any, Any]]] = [
    lambda tag: ([1, 0, tag], [True, False, tag]),
    lambda tag: ({1: "A", 0: tag}, {True: "A", False: tag}),
    lambda tag: (["red", tag], [Colour.RED, tag]),
    lambda tag: ({"red": tag}, {Colour.RED: tag}),
    lambda tag: ([Colour.RED, tag], [Shade.RED, tag]),
    lambda tag: ([1, tag], [1.0, tag]),
    lambda tag: ([1, tag], [Decimal(1), tag]),
    lambda tag: ([1, tag], [Switch.ON, tag]),
    lambda tag: ([tag, 1], [tag, True]),
    lambda tag: ({tag: "A", 1: "B"}, {tag: "A", True: "B"}),
    lambda tag: ([tag, 1], [tag, 1.0]),
    lambda tag: ([tag, "red"], [tag, Colour.RED]),
    lambda tag: ([tag, Colour.RED], [tag, Shade.RED]),
    lambda tag: ({(1, 0, tag): "A"}, {(True, False, tag): "A"}),
]


@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
@pytest.mark.parametrize("pair", CONFUSABLE, ids=[repr(pair("…")) for pair in CONFUSABLE])
def test_menus_that_python_holds_for_equal_are_kept_apart(pair: Callable[[str], tuple[Any, Any]], backwards: bool) -> None:
    """A menu that was read before never stands in for one that is equal in Python but gives other answers."""
    menus = pair(f"tag {next(_tags)}")
    for menu in reversed(menus) if backwards else menus:
        assert [repr(option.key) for option in read_menu(menu).options] == [repr(key) for key in menu]


@pytest.mark.parametrize("first", [["twice-1", 1], ["twice-2", "red"]])
def test_a_choice_listed_twice_is_refused_whatever_was_read_before(first: list[Any]) -> None:
    """Whether a menu is refused depends on the menu alone."""
    read_menu([*first, {1: True, "red": Colour.RED}[first[1]]])
    with pytest.raises(BadPrompt, match="listed twice"):
        read_menu([*first, first[1]])


def test_a_list_that_changed_is_another_menu() -> None:
    """A list that its owner changes between two questions is read again."""
    plans = ["Daily"]
    assert len(read_menu(plans).options) == 1
    plans.append("Weekly")
    assert [option.key for option in read_menu(plans).options] == ["Daily", "Weekly"]


def test_menus_are_not_remembered_without_bound() -> None:
    """A flow that makes its menus of what people type does not fill the memory with them."""
    for number in range(choices._MOST + 5):
        read_menu([f"choice {number}"])
    assert len(choices._menus) <= choices._MOST
    assert len(choices._last) <= choices._MOST


class Plans(Sequence[str]):
    """A sequence of the flow's own, which can change."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __getitem__(self, place: Any) -> Any:
        return self.names[place]

    def __len__(self) -> int:
        return len(self.names)


class Tariffs(Mapping[str, str]):
    """A mapping of the flow's own."""

    def __getitem__(self, key: str) -> str:
        return {"d": "Daily", "w": "Weekly"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter("dw")

    def __len__(self) -> int:
        return 2


def test_a_sequence_of_ones_own_is_read_anew_each_time() -> None:
    """Only the content of the choices counts, not the object that brought them."""
    plans = Plans(["Daily"])
    assert len(read_menu(plans).options) == 1
    plans.names.append("Weekly")
    assert [option.key for option in read_menu(plans).options] == ["Daily", "Weekly"]


def test_a_mapping_of_ones_own_is_a_menu() -> None:
    """Anything that is a mapping gives keys and labels."""
    assert [tuple(option) for option in read_menu(Tariffs()).options] == [("d", "Daily"), ("w", "Weekly")]


@pytest.mark.parametrize(
    ("choices", "labels"),
    [
        (Size, ["Small", "Very large"]),
        (Colour, ["red", "green"]),
        (Switch, ["Off", "On"]),
        ([Size.VERY_LARGE], ["1"]),
        ([Colour.RED], ["red"]),
        ([5, True, None, Decimal("2.50")], ["5", "True", "None", "2.50"]),
        ({"b": "Bee", "a": "Ay"}, ["Bee", "Ay"]),
    ],
)
def test_what_the_choices_are_called(choices: Any, labels: list[str]) -> None:
    """Lists show their elements, mappings their labels, enums their text or their name in plain words; in their order."""
    assert [option.label for option in read_menu(choices).options] == labels
