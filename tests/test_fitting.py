"""Whether every screen of a flow fits: septets and UCS-2 units, pages, languages, and the limits of chats."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import (
    Call,
    CallFailed,
    Chat,
    ConfigurationError,
    Flow,
    Media,
    Navigation,
    Prompt,
    Say,
    Screen,
    Steps,
    Translations,
    answers,
    flow,
)
from flowdsl.testing import (
    TELEGRAM,
    WHATSAPP,
    Conversation,
    Fit,
    MessageLimits,
    Shown,
    assert_fits,
    conversations,
    either,
)
from flowdsl.texts import locale
from flowdsl.ussd.alphabet import measure
from flowdsl_adapters import Nalo

fitted = partial(assert_fits, check=False)
"""Measures, and leaves it to the test what to say of it."""


def never(*_: Any) -> Any:
    """Stand for what is outside of the process."""
    raise NotImplementedError("tests do not call it")


def saying(text: Any, *, media: Media | None = None) -> Flow[..., Any]:
    """Make a flow that says one thing."""

    @flow
    def news() -> Steps[None]:
        yield Say(text, media=media)

    return news


def asking(**options: Any) -> Flow[..., Any]:
    """Make a flow that asks one thing, and says nothing long, also where an answer is refused."""

    @flow
    def ask() -> Steps[None]:
        yield from Prompt("answer", "Which one?", **options)
        yield Say(".")

    return ask


def only(fit: Fit) -> Shown:
    """Give the one screen that does not fit."""
    (misfit,) = fit.misfits
    return misfit


@pytest.mark.parametrize(
    ("text", "length", "unit"),
    [
        ("a" * 140, 140, "septets"),
        ("a" * 141, 141, "septets"),
        ("€" * 70, 140, "septets"),
        ("€" * 70 + "a", 141, "septets"),
        ("é" * 140, 140, "septets"),
        ("[]" * 35, 140, "septets"),
        ("ɛ" + "a" * 69, 70, "UCS-2 units"),
        ("ɛ" + "a" * 70, 71, "UCS-2 units"),
        ("😀" * 35, 70, "UCS-2 units"),
        ("😀" * 35 + "a", 71, "UCS-2 units"),
    ],
    ids=[
        "full",
        "one more",
        "extension",
        "one more with them",
        "accents",
        "brackets",
        "UCS-2",
        "one more",
        "emoji",
        "one more emoji",
    ],
)
def test_screens_are_measured_as_the_network_does(text: str, length: int, unit: str) -> None:
    """In septets, of which some letters take two, or in UCS-2 units where one letter is not in the alphabet."""
    fit = fitted(saying(text))
    room = 140 if unit == "septets" else 70
    assert fit.worst is not None
    assert (fit.worst.length, fit.worst.room, fit.worst.unit, fit.worst.text) == (length, room, unit, text)
    assert fit.worst.fits == (length <= room)
    assert bool(fit.misfits) == (length > room)
    assert fit.screens == 1
    if length > room:
        with pytest.raises(AssertionError, match=f"flow 'news': a screen has {length} of {room} {unit}"):
            assert_fits(saying(text))
    else:
        assert repr(assert_fits(saying(text))) == f"1 screen, the fullest with {length} of {room} {unit}"


@pytest.mark.parametrize(("line_break", "length"), [("\n", 139), ("\r\n", 141), ("|", 141)])
def test_line_breaks_are_measured_as_they_are_sent(line_break: str, length: int) -> None:
    """What the gateway ends lines with counts, though the texts have newlines."""
    fit = assert_fits(saying(f"{'a' * 100}\n{'b' * 20}\n{'c' * 17}"), page=Screen(line_break=line_break), check=False)
    assert fit.worst is not None
    assert (fit.worst.length, fit.worst.fits) == (length, length <= 140)


def test_the_letters_that_are_to_blame() -> None:
    """Of a text in UCS-2 it is told which letters made it that, each of them once, and of others nothing."""
    told = str(only(fitted(saying("Mepa wo kyɛw, ₵5, ɛyɛ. " * 5))))
    assert "(because of 'ɛ', '₵', which GSM 7-bit does not have; Screen(transliterate=True) writes all in that alphabet)" in told
    assert told.endswith("· the end")
    assert "because" not in str(only(fitted(saying("a" * 200))))


@pytest.mark.parametrize(
    ("options", "room"),
    [
        ({}, 140),
        ({"gateway": Nalo()}, 120),
        ({"gateway": Nalo(screen=Screen(septets=130))}, 130),
        ({"page": 90}, 90),
        ({"page": Screen(septets=95, units=80)}, 95),
        ({"screen": Screen(septets=95)}, 95),
        ({"gateway": Nalo(), "page": 150}, 150),
        ({"screen": Screen(septets=95), "page": 150}, 150),
    ],
)
def test_the_size_of_a_screen(options: dict[str, Any], room: int) -> None:
    """That of the gateway, unless ``page=`` gives one: septets, or a screen."""
    assert assert_fits(saying("a" * room), **options).misfits == ()
    assert only(fitted(saying("a" * (room + 1)), **options)).room == room


@pytest.mark.parametrize(("page", "room"), [(100, 50), (101, 50), (Screen(septets=100, units=60), 60)])
def test_the_size_of_a_screen_in_units(page: int | Screen, room: int) -> None:
    """Half as many units as septets, or as the screen has it."""
    assert assert_fits(saying("ɛ" * room), page=page).misfits == ()
    assert only(fitted(saying("ɛ" * (room + 1)), page=page)).room == room


def test_choices_and_ways_belong_to_a_screen() -> None:
    """Their lines are measured with the text, and so are those of a navigation where it is offered."""

    @flow
    def menus() -> Steps[None]:
        yield from Prompt("first", "First?", choices=["a", "b"], invalid="No.")
        yield from Prompt("second", "The second one?", choices=["a", "b"], invalid="No.")
        yield Say(".")

    ways = Navigation(back="9", start="00", back_label="The one before")
    plain, led = (fitted(menus, navigation=each).worst for each in (None, ways))
    assert plain is not None
    assert led is not None
    assert plain.text == "No.\nThe second one?\n1. a\n2. b"
    assert led.text.startswith(plain.text)
    assert "9 The one before" in led.text
    assert led.length == len(led.text) > plain.length == len(plain.text)
    assert only(fitted(menus, page=len(led.text) - 1, navigation=ways)).text == led.text


def test_what_is_said_when_an_answer_is_refused_counts_too() -> None:
    """A screen that is full has no room for a complaint above the question."""
    question = "Which one?" + "\n1. a" + "\n2. b"
    complaint = "Please choose one of the options.\n" + question
    fit = fitted(asking(choices=["a", "b"]), page=60)
    assert fit.worst is not None
    assert fit.worst.text == complaint
    assert fit.worst.length == len(complaint)
    tight = only(fitted(asking(choices=["a", "b"]), page=len(complaint) - 1))
    assert "Please choose" in str(tight)
    assert [passage.did.verb for passage in tight.dialogue.passages] == ["dial", "type"]
    assert fitted(asking(choices=["a", "b"], combine_error=False), page=len(complaint) - 1).misfits == ()


def test_the_worst_is_told_with_its_dialogue() -> None:
    """The fullest of each question comes first, with the shortest conversation that leads there."""

    @flow
    def towns() -> Steps[None]:
        town = yield from Prompt("town", "Town?", choices=["Accra", "Assin Fosu", "Ho"], invalid="No.")
        yield from Prompt("sure", f"{town}? " * 8, choices=["Yes", "No"])
        yield Say(f"{town}! " * 12)

    fit = fitted(towns, page=60)
    assert fit.worst == fit.misfits[0]
    assert len(fit.misfits) == 2
    assert [misfit.text.count("Assin Fosu") for misfit in fit.misfits] == [12, 8]
    for misfit in fit.misfits:
        assert [passage.did.label for passage in misfit.dialogue.passages][1] == "Assin Fosu"
    with pytest.raises(AssertionError) as told:
        assert_fits(towns, page=60)
    assert str(told.value).startswith(f"flow 'towns': {fit.misfits[0]}")


def test_three_misfits_are_told_and_how_many_more() -> None:
    """One for each question that is too long."""

    @flow
    def wordy() -> Steps[None]:
        for number in range(5):
            yield from Prompt(f"q{number}", f"{number} " * 40, choices=["a"])
        yield Say(".")

    with pytest.raises(AssertionError, match=r"… and 2 more$") as told:
        assert_fits(wordy, page=60)
    assert str(told.value).count("a screen has") == 3
    assert len(fitted(wordy, page=60).misfits) == 5


@pytest.mark.parametrize(("text", "taken"), [("word " * 5, 1), ("word " * 20, 2), ("word " * 45, 4)])
def test_pages_may_be_allowed(text: str, taken: int) -> None:
    """So many pages as are allowed fit, and more do not; ``None`` allows any number and tells how many there were."""
    subject = saying(text.strip())
    most = fitted(subject, page=70, pages=None)
    assert most.worst is not None
    assert (most.worst.unit, most.worst.length, most.misfits) == ("pages", taken, ())
    assert repr(most) == f"1 screen of at most {taken} page{'s' if taken > 1 else ''}"
    assert fitted(subject, page=70, pages=max(taken, 2)).misfits == ()
    for fewer in range(2, taken):
        misfit = only(fitted(subject, page=70, pages=fewer))
        assert (misfit.length, misfit.room, misfit.unit) == (taken, fewer, "pages")
    assert bool(fitted(subject, page=70).misfits) == (taken > 1)
    talk = Conversation(subject, screen=Screen(septets=70, units=35))
    for _ in range(taken - 1):
        talk.type("#")
    assert "Next" not in talk.screen


WORDS = Translations.of(
    {
        "fr": {"Balance": "Solde de votre compte", "Please choose one of the options.": "Veuillez choisir une des options."},
        "tw": {"Balance": "Wo sika a ɛwɔ hɔ"},
    }
)


@flow
def balance() -> Steps[None]:
    """Speaks three languages."""
    yield from Prompt("menu", WORDS.gettext("Balance"), choices=["a"])
    yield Say(WORDS.gettext("Balance"))


def test_each_language_is_measured() -> None:
    """What is too long in one only is told with that language, and letters of another make it UCS-2."""
    assert assert_fits(balance, page=60).misfits == ()
    french = only(fitted(balance, page=50, locales=["en", "fr"]))
    assert (french.locale, french.unit, french.length) == ("fr", "septets", 60)
    assert " septets in 'fr': 'Veuillez choisir" in str(french)
    assert "locale='fr'" in french.dialogue.as_test()
    assert only(fitted(balance, page=60, locales=["en", "fr", "tw"])).locale == "tw"
    with pytest.raises(AssertionError, match="UCS-2 units in 'tw' \\(because of 'ɛ', 'ɔ', which GSM"):
        assert_fits(balance, page=60, locales=["tw"])


def test_the_words_of_the_library_are_those_beside_the_flow() -> None:
    """The translations of the flow's module are used, as the command line does, unless others are given."""
    texts = [
        fitted(balance, page=140, locales=["fr"]).worst,
        fitted(balance, page=140, locales=["fr"], translations=None).worst,
    ]
    assert texts[0] is not None
    assert texts[1] is not None
    assert "Veuillez choisir" in texts[0].text
    assert "Please choose" in texts[1].text


def test_a_language_that_is_chosen_is_measured() -> None:
    """Also where the flow sets it itself."""

    @flow
    def choosing(chat: Chat) -> Steps[None]:
        chat.locale = yield from Prompt("language", "?", choices={"en": "E", "fr": "F"}, invalid="?")
        yield Say(WORDS.gettext("Balance"))

    worst = fitted(choosing, page=60).worst
    assert worst is not None
    assert worst.text == "Solde de votre compte"
    assert worst.dialogue.passages[-1].did.label == "F"


SMALL = MessageLimits(text=30, body=20, caption=10, buttons=2, button=5, rows=4, row=6)


@pytest.mark.parametrize(
    ("subject", "what", "length", "room", "unit"),
    [
        (saying("a" * 31), "text", 31, 30, "characters"),
        (saying("a" * 11, media=Media("https://a/b")), "caption", 11, 10, "characters"),
        (asking(choices=["a" * 6, "b"], invalid="No."), "button", 6, 5, "characters"),
        (asking(choices=["a" * 7, "b", "c"], invalid="No."), "row", 7, 6, "characters"),
        (asking(choices=["a", "b", "c", "d", "e"], invalid="No."), "menu", 5, 4, "choices"),
        (asking(choices=["a", "b"], invalid="b" * 11), "body", 22, 20, "characters"),
    ],
    ids=["text", "caption", "button", "row", "menu", "body"],
)
def test_messages_are_measured_by_limits_of_ones_own(
    subject: Flow[..., Any], what: str, length: int, room: int, unit: str
) -> None:
    """Texts, captions, buttons, rows of a list, and how many there are."""
    misfit = only(fitted(subject, platform="signal", message=SMALL))
    assert (misfit.what, misfit.length, misfit.room, misfit.unit) == (what, length, room, unit)
    assert str(misfit).startswith(f"a {what} has {length} of {room} {unit}: ")


def test_the_same_words_may_fit_in_one_place_and_not_in_another() -> None:
    """What was shown as a row of a list, or as a text, may be too long for a button."""
    label = "Every other month, 30"

    @flow
    def plans() -> Steps[None]:
        yield from Prompt("text", label)
        yield from Prompt("list", "List?", choices=[label, "a", "b", "c"])
        yield from Prompt("buttons", "Buttons?", choices=[label, "a"])
        yield Say(".")

    misfit = only(fitted(plans, platform="whatsapp"))
    assert (misfit.what, misfit.text, misfit.length, misfit.room) == ("button", label, 21, 20)


@pytest.mark.parametrize(
    "subject",
    [
        saying("a" * 30),
        saying("a" * 10, media=Media("https://a/b")),
        asking(choices=["a" * 5, "b"], invalid="No.", combine_error=False),
        asking(choices=["a" * 6, "b", "c"], invalid="No.", combine_error=False),
        asking(choices=["a", "b", "c", "d"], invalid="No.", combine_error=False),
    ],
)
def test_messages_that_just_fit(subject: Flow[..., Any]) -> None:
    """What is as long as it may be has room."""
    assert assert_fits(subject, platform="signal", message=SMALL).misfits == ()


def test_limits_of_platforms() -> None:
    """Those of WhatsApp and Telegram are known, and each is used for its platform, unless others are given."""
    assert only(fitted(saying("a" * 4097), platform="whatsapp")).room == WHATSAPP.text == 4096
    assert only(fitted(saying("a" * 4097), platform="telegram")).room == TELEGRAM.text == 4096
    assert only(fitted(asking(choices=["a" * 25, "b", "c", "d"]), platform="whatsapp")).what == "row"
    assert only(fitted(asking(choices=["a" * 21, "b", "c"]), platform="whatsapp")).what == "button"
    assert fitted(asking(choices=["a" * 25, "b", "c", "d"]), platform="telegram").misfits == ()
    assert only(fitted(asking(choices=[f"{number}" for number in range(11)]), platform="whatsapp")).what == "menu"
    assert only(fitted(saying("a" * 31), platform="whatsapp", message=SMALL)).room == 30


def test_a_platform_of_which_nothing_is_known() -> None:
    """It needs limits, and the message says so."""
    with pytest.raises(ConfigurationError, match="on 'signal' is not known: give message=MessageLimits"):
        fitted(saying("Hello!"), platform="signal")


def test_a_chat_has_no_pages() -> None:
    """What would take several screens is one message, which is measured by its limits."""
    fit = fitted(saying("a" * 1000), platform="telegram")
    assert (fit.misfits, fit.screens) == ((), 1)
    assert repr(fit) == "1 screen, the fullest with 1000 of 4096 characters"


def test_everything_that_calls_come_to_is_shown() -> None:
    """The longest result is found, and a failure as well."""

    @flow
    def looking() -> Steps[None]:
        try:
            yield Say(f"{(yield from Call(never, key='look'))}")
        except CallFailed as error:
            yield Say(error.message)

    results = either("short", "a" * 150, TimeoutError("b" * 160))
    fit = fitted(looking, calls={"look": results})
    assert fit.worst is not None
    assert fit.worst.text == "b" * 160
    assert fit.screens == 3
    assert fitted(looking, calls={"look": "short"}).misfits == ()


def test_the_longest_answer_is_what_the_test_gives() -> None:
    """What a person types is repeated by flows, so that the test says how long it may be."""

    @flow
    def greeting() -> Steps[None]:
        name = yield from Prompt("name", "Name?", transform=answers.words(1, 40))
        yield Say(f"Welcome, {name}!")

    assert only(fitted(greeting, page=45)).length == len("Welcome, !") + 40
    assert fitted(greeting, page=45, answers={"name": "Ama"}).misfits == ()


def test_the_longest_question_is_answered_wrongly_as_well() -> None:
    """Where a question repeats an answer, what is shown when it is refused is longest for the longest one."""

    @flow
    def sizes() -> Steps[None]:
        name = yield from Prompt("name", "Name?")
        yield from Prompt("size", f"{name}?", choices=["S", "L"])
        yield Say(".")

    worst = fitted(sizes, answers={"name": ["a", "a" * 50]}).worst
    assert worst is not None
    assert worst.text == f"Please choose one of the options.\n{'a' * 50}?\n1. S\n2. L"


def test_what_is_not_walked_to_its_end_does_not_fit() -> None:
    """A measure of only some screens is none."""

    @flow
    def wide() -> Steps[None]:
        path = ""
        for place in range(5):
            path += yield from Prompt(f"menu {place}", "?", choices=["a", "b", "c", "d"])
        yield Say(path)

    assert not fitted(wide, turns=50).complete
    with pytest.raises(AssertionError, match="flow 'wide' was not walked to its end: give fewer answers, or a higher `turns=`"):
        assert_fits(wide, turns=50)


def test_a_flow_that_shows_nothing() -> None:
    """Where it raises before its first word nothing was measured; that it raises is for other tests."""

    @flow
    def bad() -> Steps[None]:
        raise LookupError("nothing")
        yield

    fit = fitted(bad)
    assert (fit.screens, fit.worst, fit.misfits, fit.complete) == (0, None, (), True)
    assert repr(fit) == "0 screens"


def test_screens_that_are_alike_count_once() -> None:
    """However many paths lead to them."""
    fit = fitted(asking(choices=["a", "b", "c"]))
    assert fit.screens == 3
    assert re.fullmatch(r"3 screens, the fullest with \d+ of 140 septets", repr(fit))


@flow
def varied() -> Steps[None]:
    """Screens of many lengths, in two alphabets."""
    name = yield from Prompt("name", "Name?", transform=answers.words(1, 30))
    size = yield from Prompt("size", f"{name[:12]}, which size? " * 2, choices=["Small", "Medium", "Large, ₵12"])
    while (yield from Prompt("more", "More?", choices=["Yes", "No"])) == "Yes":
        number = yield from Prompt("number", f"How many {size}?", transform=answers.whole(1, 99))
        if number > 9:
            yield Say(f"{number} are many: " + "x" * number)
    yield Say(f"Thank you for {size}. " * len(size))


def _worst(**options: Any) -> Callable[[str], float]:
    """Give how full a screen is, as fitting measures it."""
    fit = fitted(varied, page=1000, **options)
    assert fit.worst is not None
    assert fit.complete
    fullest = fit.worst.length / fit.worst.room

    def over(text: str) -> float:
        length = measure(text)
        return length.units / (1000 if length.gsm else 500) - fullest

    return over


_over = _worst()


@settings(max_examples=150, deadline=None)
@given(
    conversations(
        varied,
        mistakes=2,
        screen=Screen(septets=1000, units=500),
        # What a person types may be in any alphabet; what fitting has typed is not.
        answers={"name": st.text("abc xyz", min_size=1, max_size=30).filter(str.strip)},
    )
)
def test_nothing_is_fuller_than_what_was_measured(talk: Conversation) -> None:
    """Whatever conversations show, the fullest screen was at least as full."""
    for passage in talk.dialogue.passages:
        assert _over(passage.shown.text) <= 0


def test_the_language_that_is_told_is_that_of_the_screen() -> None:
    """It may have been chosen since, whatever the device speaks."""
    words = Translations.of({"fr": {"Bye.": "Au revoir, et merci encore une fois de nous avoir choisis."}})

    @flow
    def asking(chat: Chat) -> Steps[None]:
        chat.locale = yield from Prompt("language", "Language?", choices=["en", "fr"])
        yield Say(words.gettext("Bye."))

    (misfit,) = fitted(asking, page=40, pages=1, locales=["en"]).misfits[:1]
    assert (misfit.text, misfit.locale) == ("Au revoir, et merci encore une fois de nous avoir choisis.", "fr")


@flow
def calling() -> Steps[None]:
    """Says too much after a call."""
    yield from Call(never, key="rate")
    yield Say("x" * 500)


@flow
def refusing() -> Steps[None]:
    """Says too much after a question that nothing answers."""
    yield from Prompt("code", "Code?", validate=lambda text: None if text == "qqq" else "No.")
    yield Say("x" * 500)


@pytest.mark.parametrize(("subject", "says"), [(calling, "makes the call 'rate'"), (refusing, "question 'code'")])
def test_what_could_not_be_measured_does_not_pass(subject: Flow[..., Any], says: str) -> None:
    """Where a walk cannot go on, what comes after is not known to fit."""
    with pytest.raises(AssertionError, match=f"could not be measured whole: .*{says}"):
        assert_fits(subject)
    with pytest.raises(AssertionError, match="500 of 140"):
        assert_fits(subject, calls={"rate": 1}, answers={"code": "qqq"})


def test_the_longest_texts_come_together() -> None:
    """However many questions take a free text, a screen that shows all of them is measured with the longest."""

    @flow
    def three() -> Steps[None]:
        texts = []
        for key in ("a", "b", "c"):
            texts += [(yield from Prompt(key, "?", transform=answers.words(1, 60)))]
        yield Say(" ".join(texts))

    (misfit,) = fitted(three).misfits
    assert misfit.length == 182


@pytest.mark.parametrize("locales", ["fr", []])
def test_locales_are_a_list(locales: Any) -> None:
    """One text is no list of languages, and none at all measures nothing."""
    with pytest.raises(ConfigurationError, match="the locales are"):
        assert_fits(three_words, locales=locales)


def test_the_language_of_the_device_is_measured() -> None:
    """As it is given to a conversation."""
    assert fitted(three_words, locale="fr").misfits
    assert not fitted(three_words).misfits


@flow
def three_words() -> Steps[None]:
    """Is long in French."""
    yield Say(lambda: "x" * 300 if locale() == "fr" else "It is fine.")


def test_no_pages_are_refused() -> None:
    """A text takes one at least."""
    with pytest.raises(ConfigurationError, match="number of pages"):
        assert_fits(three_words, pages=0)
