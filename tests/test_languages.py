"""Languages: texts that are made when they are shown, catalogues, and a language that is chosen in the middle."""

import ast
import asyncio
import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import (
    Become,
    Call,
    Chat,
    ConfigurationError,
    Flow,
    Inbound,
    Media,
    Navigation,
    Next,
    Prompt,
    Reply,
    Resume,
    Run,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    answers,
    flow,
)
from flowdsl.errors import BadPrompt, BadStep, UnstorableValue
from flowdsl.languages import Translated, Translations, compiled, messages
from flowdsl.messages import MediaKind
from flowdsl.record import read
from flowdsl.texts import BuiltIn, Deferred, Text, in_language, is_text, locale, plain
from flowdsl_adapters import Nalo, mount
from tests.people import Faulty, Person, lose

SHARED = SessionConfig(boundaries=("platform",), identifier="msisdn")
WIDE = Screen(septets=1000, units=1000)
LANGUAGES = {"en": "English", "fr": "Francais", "tw": "Twi"}


class Marked(dict[Any, str]):
    """A catalogue that marks every word of every message with its language, so that a screen shows what it is made of."""

    def __init__(self, language: str) -> None:
        self.language = language

    def get(self, message: Any, default: Any = None) -> Any:
        text = message if isinstance(message, str) else message[0]
        return " ".join(word if word.startswith("{") else f"{self.language}·{word}" for word in text.split(" "))


def marked(*languages: str) -> Translations:
    """Make catalogues that mark every word, whatever it is."""
    made = Translations.of({each: {"": ""} for each in languages}, default=languages[0])
    for each in languages:
        made._by_name[each]._catalog = Marked(each)  # type: ignore[attr-defined]
    return made


MARKED = marked("en", "fr", "tw")
_ = MARKED.gettext


def languages_of(screen: str) -> set[str]:
    """Tell which languages a screen is in; words without a mark are ``""``. Numbers, keys and names of languages have none."""
    words = [word for word in screen.split() if not re.fullmatch(r"\d+\.?|[#:*]|0|English|Francais|Twi|Ama:", word)]
    return {word.partition("·")[0] if "·" in word else "" for word in words}


async def record_of(runtime: Runtime, key: str) -> Any:
    """Read what is stored."""
    stored = await runtime.store.load(key)
    assert stored is not None
    return read(stored.value)


# Texts


class DjangoLike:
    """A lazy string as Django makes them: it has the methods of a text, and cannot be called."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"{locale()} {self.text}"

    def __len__(self) -> int:
        return len(str(self))

    def casefold(self) -> str:
        return str(self).casefold()


class BabelLike:
    """A lazy string as Babel makes them: all attributes are those of the text, and calling it calls the text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"{locale()} {self.text}"

    def __call__(self, *args: Any) -> Any:
        return str(self)(*args)  # type: ignore[operator]

    def __getattr__(self, name: str) -> Any:
        return getattr(str(self), name)


class Markup(str):
    """A text of another class, as those that template libraries have."""

    __slots__ = ()


class Shade(Enum):
    """An enum whose labels are lazy."""

    DARK = _("dark")
    LIGHT = _("light")
    GREY = "grey"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Name?", "Name?"),
        (Markup("Name?"), "Name?"),
        (lambda: "Name?", "Name?"),
        (lambda: f"{locale()} Name?", "fr Name?"),
        (DjangoLike("Name?"), "fr Name?"),
        (BabelLike("Name?"), "fr Name?"),
        (lambda: DjangoLike("Name?"), "fr Name?"),
        (lambda: BabelLike("Name?"), "fr Name?"),
        (_("Name?"), "fr·Name?"),
        (lambda: _("Name?"), "fr·Name?"),
        (lambda: lambda: "Name?", "Name?"),
        (_("{who} of {where}", who=_("Ama"), where=lambda: "Accra"), "fr·Ama fr·of Accra"),
        (_("{who} of {where}", who=DjangoLike("Ama"), where=BuiltIn("Accra")), "fr Ama fr·of Accra"),
        (BuiltIn("Back"), "Back"),
    ],
    ids=repr,
)
async def test_a_text_may_be_anything_that_becomes_one(text: Text, shown: str) -> None:
    """What is asked, what is said, labels and what is wrong are made in the language of the screen, and are plain texts."""

    @flow
    def asking(chat: Chat) -> Steps[None]:
        chat.locale = "fr"
        yield Say(text)
        yield Prompt("name", text, choices={"a": text}, invalid=text)

    assert is_text(text)
    person = Person(Runtime(), asking, screen=WIDE)
    assert await person.dial() == f"{shown}\n{shown}\n1. {shown}"
    assert await person.type("x") == f"{shown}\n{shown}\n1. {shown}"
    chatting = Person(Runtime(), asking, screen=None, platform="web")
    reply = await chatting.send(chatting.message("Hi"))
    assert type(reply.text) is str
    assert [type(each.label) for each in reply.choices] == [str]


@pytest.mark.parametrize("text", [5, b"Name?", None, str, ["Name?"]], ids=repr)
def test_what_is_no_text_is_refused_when_it_is_given(text: Any) -> None:
    """A prompt and what is said want something that can become a text."""
    assert not is_text(text)
    with pytest.raises(BadPrompt):
        Prompt("name", text)
    with pytest.raises(BadStep):
        Say(text)


async def giving_nothing() -> str:
    """Be asynchronous, as no text may be."""
    return "Name?"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (lambda: 5, "gave 5, which is not a text"),
        (lambda: None, "gave None, which is not a text"),
        (lambda: str, "gave <class 'str'>, which is not a text"),
        (giving_nothing, "is asynchronous: a screen cannot wait for it"),
        (
            lambda: _("Hello, {name}!", nom="Ama")(),
            r"cannot be made with the values that it was given \(nom\): KeyError\('name'\)",
        ),
    ],
)
async def test_a_function_that_gives_no_text_is_named(text: Any, wrong: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log says of which flow, and where that is, what the text was, and what it gave; the person reads an apology."""

    @flow
    def asking() -> Steps[None]:
        yield Prompt("name", text)

    assert await Person(Runtime(), asking).dial() == "Sorry, something went wrong. Please try again."
    assert re.search(rf"flow 'asking' at .*test_languages\.py:\d+: the text .*{wrong}", caplog.text)


async def test_a_function_that_raises_is_an_error_of_the_flow(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the line of the function."""

    @flow
    def asking() -> Steps[None]:
        yield Prompt("name", lambda: LANGUAGES["xx"])

    assert await Person(Runtime(), asking).dial() == "Sorry, something went wrong. Please try again."
    assert re.search(r"flow 'asking' raised at .*test_languages\.py:\d+ in session .*KeyError", caplog.text)


EARLY: list[Callable[[Translated], object]] = [
    str,
    lambda text: f"{text}",
    lambda text: f"{text:>10}",
    lambda text: f"Dear {text}!",
    lambda text: "{}".format(text),  # noqa: UP032
    lambda text: "%s" % text,  # noqa: UP031
    lambda text: text + "!",
    lambda text: "Dear " + text,
    lambda text: text + text,
    lambda text: text % 5,
    lambda text: "Dear %s" % (text,),  # noqa: UP031
]


@pytest.mark.parametrize("use", EARLY)
def test_a_text_that_is_made_too_early_says_so(use: Callable[[Translated], object]) -> None:
    """Nothing settles the language of a text before it is shown without the author's knowing; the message says what to do."""
    with pytest.raises(
        BadStep, match=r"<text 'Hello'> is put into another text .* give values by name, as in `_\(\"Hello, \{name\}"
    ):
        use(_("Hello"))


@pytest.mark.parametrize("name", ["upper", "format", "strip", "casefold"])
def test_a_text_that_is_not_made_has_no_methods_of_texts(name: str) -> None:
    """They would need the text, and so the language."""
    with pytest.raises(AttributeError, match=f"<text 'Hello'> is a text that is not made yet: no `.{name}` before"):
        getattr(_("Hello"), name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _("Hello").nothing  # noqa: B018


def test_a_text_that_is_not_made_is_no_text_yet_for_join() -> None:
    """Python itself refuses it."""
    with pytest.raises(TypeError, match="expected str instance, Translated found"):
        ", ".join([_("Hello")])  # type: ignore[list-item]


async def test_a_flow_that_makes_a_text_too_early_is_told_where(caplog: pytest.LogCaptureFixture) -> None:
    """The line is that of the f-string."""

    @flow
    def asking() -> Steps[None]:
        yield Prompt("name", f"{_('Name?')}")

    await Person(Runtime(), asking).dial()
    assert re.search(r"flow 'asking' at .*test_languages\.py:\d+: <text 'Name\?'> is put into another text", caplog.text)


async def test_a_text_that_is_yielded_is_told_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    """A text alone is no step."""

    @flow
    def asking() -> Steps[None]:
        yield _("Name?")  # type: ignore[misc]

    await Person(Runtime(), asking).dial()
    assert "it yields <text 'Name?'>: write `yield Say(…)` to tell it, or `yield Prompt(…)` to ask" in caplog.text


def test_a_text_can_be_made_early_on_purpose() -> None:
    """Calling it gives it in the language of the moment."""
    assert [in_language(each, _("Hello")) for each in ("fr", "tw", None)] == ["fr·Hello", "tw·Hello", "en·Hello"]


def test_a_deferred_text_of_another_kind_makes_itself() -> None:
    """The class is there for others to build upon, and is nothing by itself."""
    with pytest.raises(NotImplementedError):
        Deferred()()


def test_labels_of_some_members_of_an_enum_may_be_lazy() -> None:
    """A list of members is shown in the language of whoever reads it, whoever read it before."""
    prompt = Prompt("shade", "Shade?", choices=[Shade.DARK, Shade.GREY])
    menus = [in_language(each, lambda: prompt.menu) for each in ("fr", "en")]
    assert [menu.lines for menu in menus] == [("1. fr·dark", "2. grey"), ("1. en·dark", "2. grey")]
    again = Prompt("shade", "Shade?", choices=(Shade.DARK, Shade.GREY))
    assert in_language("fr", lambda: again.menu) == menus[0]


def test_labels_of_an_enum_may_be_texts_of_another_class() -> None:
    """They are texts all the same."""
    marked = Enum("marked", {"ONE": Markup("One")})
    assert Prompt("marked", "Which?", choices=marked).menu.lines == ("1. One",)


def test_labels_of_an_enum_may_be_lazy() -> None:
    """Each language has its own menu, with the same fingerprint, so that answers stay."""
    prompt = Prompt("shade", "Shade?", choices=Shade)
    menus = [in_language(each, lambda: prompt.menu) for each in ("en", "fr", "en")]
    assert [menu.lines for menu in menus][:2] == [
        ("1. en·dark", "2. en·light", "3. grey"),
        ("1. fr·dark", "2. fr·light", "3. grey"),
    ]
    assert len({menu.fingerprint for menu in menus}) == 1
    assert menus[1].pick("fr·light") == (Shade.LIGHT, "fr·light")
    assert [menus[1].pick(each) for each in ("2", "light")] == [menus[1].options[1]] * 2


async def test_an_enum_with_lazy_labels_is_answered_and_replayed() -> None:
    """The flow gets the member, in whichever language it was chosen."""

    @flow
    def asking(chat: Chat) -> Steps[None]:
        chat.locale = "fr"
        shade = yield Prompt("shade", "Shade?", choices=Shade)
        chat.locale = yield Prompt("language", "Language?", choices=LANGUAGES)
        yield Prompt("sure", f"{shade.name}?")
        yield Say(shade.name)

    assert await Person(Runtime(), asking).talk("fr·light", "3", "x") == "LIGHT"


@pytest.mark.parametrize("choices", [[_("Yes"), _("No")], {_("Yes"): "Yes"}])
def test_a_lazy_text_is_no_answer(choices: Any) -> None:
    """What the journal holds must be the same in every language, so choices with such labels have keys."""
    with pytest.raises(
        BadPrompt, match=r"its choice <text 'Yes'> has no label: for labels give a mapping|choices is <text 'Yes'>, a text that"
    ):
        _menu = Prompt("sure", "Sure?", choices=choices).menu


# Catalogues


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write catalogues for English, French, Portuguese, and that of Brazil."""
    words = {
        "en": {"greeting": "Hello", "only": "only English"},
        "fr": {"greeting": "Bonjour"},
        "pt": {"greeting": "Bom dia", "thanks": "Obrigado"},
        "pt_BR": {"greeting": "Oi"},
    }
    for language, catalogue in words.items():
        place = tmp_path / language / "LC_MESSAGES"
        place.mkdir(parents=True)
        (place / "messages.mo").write_bytes(compiled(catalogue))
    return tmp_path


@pytest.mark.parametrize(
    ("language", "greeting", "thanks"),
    [
        (None, "Hello", "thanks"),
        ("en", "Hello", "thanks"),
        ("en-GB", "Hello", "thanks"),
        ("fr", "Bonjour", "thanks"),
        ("fr-CA", "Bonjour", "thanks"),
        ("fr_FR.UTF-8", "Bonjour", "thanks"),
        ("fr@euro", "Bonjour", "thanks"),
        ("FR", "Bonjour", "thanks"),
        ("pt", "Bom dia", "Obrigado"),
        ("pt-PT", "Bom dia", "Obrigado"),
        ("pt-BR", "Oi", "Obrigado"),
        ("pt_br", "Oi", "Obrigado"),
        ("pt-BR-x-private", "Oi", "Obrigado"),
        ("tw", "Hello", "thanks"),
        ("", "Hello", "thanks"),
        ("../../etc/passwd", "Hello", "thanks"),
        ("-", "Hello", "thanks"),
        ("\ud800", "Hello", "thanks"),
        ("f" * 10_000, "Hello", "thanks"),
    ],
)
def test_a_language_falls_back_on_wider_ones(folder: Path, language: str | None, greeting: str, thanks: str) -> None:
    """The nearest catalogue that knows a message is asked, then the default's, and then the message is what it is."""
    translations = Translations(folder)
    _ = translations.gettext
    assert [in_language(language, _(each)) for each in ("greeting", "thanks", "only")] == [greeting, thanks, "only English"]


def test_catalogues_are_named(folder: Path) -> None:
    """A service can make a menu of the languages that it has."""
    translations = Translations(folder, default="fr")
    assert translations.languages == ("en", "fr", "pt", "pt_BR")
    assert repr(translations) == "<translations into en, fr, pt, pt_BR>"
    assert in_language(None, translations.gettext("greeting")) == "Bonjour"


def test_names_of_languages_do_not_fill_the_memory(folder: Path) -> None:
    """Devices may send what they like."""
    translations = Translations(folder)
    for number in range(5_000):
        in_language(f"x{number}", translations.gettext("greeting"))
    assert len(translations._chosen) <= 1024


def test_a_domain_has_files_of_its_own(folder: Path) -> None:
    """Django's catalogues, for example, are called django.mo."""
    (folder / "fr" / "LC_MESSAGES" / "django.mo").write_bytes(compiled({"greeting": "Salut"}))
    assert in_language("fr", Translations(folder, domain="django").gettext("greeting")) == "Salut"


def test_catalogues_that_are_not_there_are_an_error_at_once(tmp_path: Path) -> None:
    """The error says where they were looked for, and what is there instead."""
    with pytest.raises(ConfigurationError, match=rf"{tmp_path}/\*/LC_MESSAGES/messages.mo: there is none"):
        Translations(tmp_path)
    place = tmp_path / "fr" / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / "messages.po").write_text("")
    with pytest.raises(ConfigurationError, match=r"messages.po is there, and is not compiled: `msgfmt`"):
        Translations(tmp_path)
    with pytest.raises(ConfigurationError, match="none"):
        Translations(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"nonsense", compiled({"a": "b"})[:40], compiled({"a": "b"})[:-3]])
def test_a_catalogue_that_cannot_be_read_is_named(folder: Path, content: bytes) -> None:
    """A file that was cut off does not wait for the first person who speaks the language."""
    file = folder / "fr" / "LC_MESSAGES" / "messages.mo"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"the catalogue {file} cannot be read"):
        Translations(folder)


@pytest.mark.parametrize(
    ("catalogues", "wrong"),
    [
        ({}, "the translations are {}"),
        ([], "the translations are"),
        ({"fr": []}, "a catalogue is"),
        ({"fr": {"Name?": 5}}, "translates 'Name\\?' as 5"),
        ({"fr": {"Name?": []}}, "translates 'Name\\?' as"),
        ({"fr": {"Name?": ["Nom ?", 5]}}, "translates 'Name\\?' as"),
        ({"fr": {5: "Nom ?"}}, "translates 5"),
        ({"fr": {("a", "b", "c"): "Nom ?"}}, "translates"),
        ({"fr": {"": 5}}, "the header of a catalogue is 5"),
        ({"fr": {"": "Plural-Forms: nonsense"}}, "the catalogue fr cannot be read"),
        ({"pt-BR": {"a": "b"}, "pt_br": {"a": "b"}}, "two of the languages pt-BR, pt_br are the same"),
    ],
)
def test_dicts_that_are_no_catalogues_are_refused(catalogues: Any, wrong: str) -> None:
    """The error says what to give."""
    with pytest.raises(ConfigurationError, match=wrong):
        Translations.of(catalogues)


def test_a_default_must_be_a_language() -> None:
    """None is no language to fall back on."""
    with pytest.raises(ConfigurationError, match="the default language is ''"):
        Translations.of({"fr": {"a": "b"}}, default="")


FRENCH = Translations.of(
    {
        "fr": {
            "": "Plural-Forms: nplurals=2; plural=n > 1;\n",
            "Hello, {name}!": "Bonjour, {name} !",
            "{n} item": ["{n} article", "{n} articles"],
            "Back": "Retour",
            ("body", "Back"): "Dos",
            ("shop", "{n} item"): ["{n} produit", "{n} produits"],
            "Not yet": "",
            "{wrong}": "{faux}",
            "{n} wrong": ["{m} faux", "{m} faux"],
            "100%": "cent {pour} cent",
        }
    }
)


@pytest.mark.parametrize(
    ("text", "french", "english"),
    [
        (FRENCH.gettext("Hello, {name}!", name="Ama"), "Bonjour, Ama !", "Hello, Ama!"),
        (FRENCH.gettext("Hello, {name}!", name="{name}"), "Bonjour, {name} !", "Hello, {name}!"),
        (FRENCH.gettext("Hello, {name}!", name=FRENCH.gettext("Back")), "Bonjour, Retour !", "Hello, Back!"),
        (FRENCH.gettext("{price:.2f} GHS", price=5), "5.00 GHS", "5.00 GHS"),
        (FRENCH.gettext("100%"), "cent {pour} cent", "100%"),
        (FRENCH.gettext("{not a value}"), "{not a value}", "{not a value}"),
        (FRENCH.gettext(""), "", ""),
        (FRENCH.gettext("Not yet"), "Not yet", "Not yet"),
        (FRENCH.gettext("{message} {plural}", message="a", plural="b"), "a b", "a b"),
        (FRENCH.ngettext("{n} item", "{n} items", 0), "0 article", "0 items"),
        (FRENCH.ngettext("{n} item", "{n} items", 1), "1 article", "1 item"),
        (FRENCH.ngettext("{n} item", "{n} items", 2), "2 articles", "2 items"),
        (FRENCH.ngettext("one", "{n} of {what}", 2, what="it"), "2 of it", "2 of it"),
        (FRENCH.ngettext("{n} item", "{n} items", 2, n="two"), "two articles", "two items"),
        (FRENCH.pgettext("body", "Back"), "Dos", "Back"),
        (FRENCH.pgettext("way", "Back"), "Back", "Back"),
        (FRENCH.gettext("Back"), "Retour", "Back"),
        (FRENCH.npgettext("shop", "{n} item", "{n} items", 3), "3 produits", "3 items"),
    ],
    ids=repr,
)
def test_catalogues_are_looked_up_as_gettext_does(text: Translated, french: str, english: str) -> None:
    """Values, plurals and contexts, in a language that has them and in one that has not."""
    assert [in_language(each, text) for each in ("fr", "en")] == [french, english]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (FRENCH.gettext("{wrong}", wrong="right"), "right"),
        (FRENCH.ngettext("{n} wrong", "{n} wrongs", 1), "1 wrong"),
        (FRENCH.ngettext("{n} wrong", "{n} wrongs", 2), "2 wrongs"),
    ],
)
def test_a_translation_that_cannot_be_used_is_no_error_for_the_person(
    text: Translated, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A translator's slip shows the message as it is written, and is logged."""
    assert in_language("fr", text) == shown
    assert re.search(r"the translation '.*' of '.*' into 'fr' cannot be used", caplog.text)


@pytest.mark.parametrize("language", ["fr", None])
def test_a_value_that_was_not_given_is_the_authors_error(language: str | None) -> None:
    """Neither the translation nor the message can be made."""
    with pytest.raises(BadStep, match=r"the text '\{wrong\}' cannot be made with the values that it was given \(right\)"):
        in_language(language, FRENCH.gettext("{wrong}", right="right"))


@pytest.mark.parametrize("n", [1.5, "2", None])
def test_a_plural_needs_a_whole_number(n: Any) -> None:
    """A half is neither one nor many."""
    with pytest.raises(BadStep, match="a plural is chosen by a whole number"):
        FRENCH.ngettext("{n} item", "{n} items", n)


@given(st.dictionaries(st.text(min_size=1).filter(lambda text: "\0" not in text and "\x04" not in text), st.text(min_size=1)))
def test_a_catalogue_of_a_dict_says_what_the_dict_does(words: dict[str, str]) -> None:
    """Whatever the messages are, each is found, and no other is."""
    words = {key: text for key, text in words.items() if not re.search("[\0\ud800-\udfff]", key + text)}
    translations = Translations.of({"xx": {"": "", **words}})
    assert {key: in_language("xx", translations.gettext(key)) for key in words} == words
    assert in_language("xx", translations.gettext("\x01 is in none")) == "\x01 is in none"


# The words of the library

BUILT_IN = Navigation(back="0", start="00", keep="*")


@flow
def built_in(chat: Chat) -> Steps[None]:
    """Ask in every way that has words of the library."""
    yield from Prompt("plain", _("plain"))
    yield from Prompt("kind", _("kind"), choices={"a": _("a"), "b": _("b")})
    yield from Prompt("count", _("count"), transform=int)
    yield from Prompt("place", _("place"), expects="location")
    yield from Prompt("map", _("map"), media=Media("https://example.com"), choices={"a": _("a")})
    yield from Prompt.confirm("sure", _("sure"))


def words_in_the_code() -> tuple[set[str], set[tuple[str, str]]]:
    """Find what the packages translate: the words that stand in their code, and where others are made."""
    root = Path(__file__).parent.parent
    words, made = set(), set()
    for path in [*(root / "flowdsl").rglob("*.py"), *(root / "adapters" / "flowdsl_adapters").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="BuiltIn" | "translate"), args=[ast.Constant(value=str(text))]):
                    words.add(text)
                case ast.Call(func=ast.Name(id="BuiltIn" | "translate"), args=[argument]):
                    made.add((path.stem, ast.unparse(argument)))
    return words, made


def test_all_words_of_the_library_are_listed() -> None:
    """Whatever flowdsl says is in the list for catalogues, once, and nothing else is."""
    words, made = words_in_the_code()
    kinds = {kind.capitalize() for kind in get_args(MediaKind)}
    assert made == {
        ("parser", "self.message"),  # one of answers.MESSAGES
        ("rendering", "medium.kind.capitalize()"),
        ("texts", "str.__str__(made)"),  # of a BuiltIn
    }
    assert set(messages()) == words | kinds | {*answers.MESSAGES}
    assert len(messages()) == len(set(messages()))
    assert all(type(each) is str for each in messages())


async def test_the_words_of_the_library_are_translated() -> None:
    """Rejections, the ways back, yes and no, and what is beside a picture are in the person's language."""
    runtime = Runtime(translations=MARKED, navigation=BUILT_IN)
    person = Person(runtime, built_in, screen=WIDE)
    opening = person.message("", new=True, dialled="*1#", locale="fr")
    assert (await person.send(opening)).text == "fr·plain"
    assert await person.type("x") == "fr·kind\n1. fr·a\n2. fr·b\n0 fr·Back\n00 fr·Start fr·again"
    shown = await person.type("c")
    assert shown.startswith("fr·Please fr·choose fr·one fr·of fr·the fr·options.\nfr·kind")
    assert (await person.type("0")).endswith("* fr·Keep: x")
    await person.type("*")
    await person.type("1")
    assert (await person.type("x")).startswith("fr·Please fr·enter fr·a fr·whole fr·number.")
    await person.type("5")
    assert (await person.type("x")).startswith("fr·Please fr·send fr·a fr·location.")


async def test_yes_no_and_pictures_are_translated() -> None:
    """And so are the keys that turn pages."""

    @flow
    def asking() -> Steps[None]:
        yield from Prompt("map", _("map"), media=Media("https://example.com"), choices={"a": _("a")})
        yield from Prompt.confirm("sure", _("sure"))
        yield Say(_(" ".join(["word"] * 30)))

    person = Person(Runtime(translations=MARKED), asking)
    opening = person.message("", new=True, dialled="*1#", locale="tw")
    assert (await person.send(opening)).text == "tw·map\ntw·Image: https://example.com\n1. tw·a"
    assert await person.type("1") == "tw·sure\n1. tw·Yes\n2. tw·No"
    assert (await person.type("TW·YES")).endswith("\n# tw·Next")
    assert (await person.type("#")).endswith("\n0 tw·Back  # tw·Next")


@pytest.mark.parametrize("screen", [Screen(), None], ids=["ussd", "chat"])
async def test_without_translations_the_words_of_the_library_are_english(screen: Screen | None) -> None:
    """As in a service of one language, whatever the device says."""
    person = Person(Runtime(navigation=BUILT_IN), built_in, screen=screen)
    opening = person.message("", new=True, dialled="*1#", locale="fr")
    await person.send(opening)
    reply = await person.send(person.message("x"))
    shown = reply.text + "".join(f"\n{each.key} {each.label}" for each in reply.choices)
    assert shown.endswith("\n0 Back\n00 Start again")
    assert (await person.type("c")).startswith("Please choose one of the options.\n")


async def test_one_runtime_does_not_translate_for_another() -> None:
    """Two runtimes of one process have words of their own."""
    first, second = Person(Runtime(translations=MARKED), built_in), Person(Runtime(), built_in)
    texts = await asyncio.gather(first.talk("x", "c"), second.talk("x", "c"))
    assert [text.split("\n")[0] for text in texts] == [
        "en·Please en·choose en·one en·of en·the en·options.",
        "Please choose one of the options.",
    ]
    assert plain(BuiltIn("Back")) == "Back"


@pytest.mark.parametrize("translations", [{"fr": {}}, "locale", Translations, lambda text: text])
def test_translations_must_be_such(translations: Any) -> None:
    """A mistake does not wait for the first person who dials."""
    with pytest.raises(ConfigurationError, match="the translations is"):
        Runtime(translations=translations)


async def test_an_apology_is_in_the_language_of_the_session() -> None:
    """Where the flow raises, where it is given up, and in the person's device's language where there is no session yet."""

    @flow
    def failing(chat: Chat) -> Steps[None]:
        if (yield Prompt("name", _("name"))) != "again":
            chat.locale = yield Prompt("language", _("language"), choices=LANGUAGES)
            yield Prompt("last", _("last"))
        raise KeyError("stock")

    runtime = Runtime(translations=MARKED, park_after=2)
    person = Person(runtime, failing)
    await person.talk("x", "2")
    assert await person.type("x") == "fr·Sorry, fr·something fr·went fr·wrong. fr·Please fr·try fr·again."
    await person.type("x")
    assert (await person.type("x")).startswith("fr·Sorry, fr·this fr·service fr·is fr·not fr·available")
    assert runtime.apology(KeyError(), None, "tw").startswith("tw·Sorry,")
    assert runtime.apology(KeyError()).startswith("en·Sorry,")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (_("Oh no."), "fr·Oh fr·no."),
        (DjangoLike("Oh no."), "fr Oh no."),
        (BabelLike("Oh no."), "fr Oh no."),
        (lambda error: _("Oh no: {error}", error=type(error).__name__), "fr·Oh fr·no: KeyError"),
        (lambda error: f"{locale()} oh no", "fr oh no"),
        (lambda error: 5, "fr·Sorry, fr·something fr·went fr·wrong. fr·Please fr·try fr·again."),
        (lambda error: _("{no}", yes=1), "fr·Sorry, fr·something fr·went fr·wrong. fr·Please fr·try fr·again."),
    ],
)
async def test_an_apology_may_be_a_text_of_any_kind(words: Any, shown: str) -> None:
    """A lazy one, or a function of the exception that gives one; what cannot be made becomes the library's own words."""
    assert Runtime(translations=MARKED, apology=words).apology(KeyError(), None, "fr") == shown


async def test_a_store_that_is_down_is_told_in_the_language_of_the_device() -> None:
    """Nobody knows more then."""

    class French(Nalo):
        """A gateway that tells the language of the device."""

        def decode(self, request: Any) -> Inbound:
            return __import__("msgspec").structs.replace(super().decode(request), locale="fr")  # type: ignore[no-any-return]

    store = Faulty()
    store.before_load.append(lose)
    app = web.Application()
    mount(app, "/ussd", French(screen=WIDE), built_in, runtime=Runtime(store=store, translations=MARKED))
    body = {"USERID": "N", "MSISDN": "233244123456", "USERDATA": "*920#", "MSGTYPE": True, "SESSIONID": "1"}
    async with TestClient(TestServer(app)) as client:
        answer = await (await client.post("/ussd", json=body)).json()
        assert answer["MSG"] == "fr·Sorry, fr·something fr·went fr·wrong. fr·Please fr·try fr·again."


async def test_who_waits_is_asked_to_in_their_language() -> None:
    """In the one that they have just chosen, even where the flow chose it in the very turn that takes so long."""
    gate = asyncio.Event()

    @flow
    def slow(chat: Chat) -> Steps[None]:
        chat.locale = yield Prompt("language", _("language"), choices=LANGUAGES)
        yield Call(gate.wait)
        yield Prompt("name", _("name"))

    runtime = Runtime(translations=MARKED, deadline=0.05)
    person = Person(runtime, slow)
    await person.dial()
    assert languages_of(await person.type("2")) == {"fr"}
    # Another message comes while the first one's work goes on: it finds the lane taken, and reads it, too, in French.
    assert languages_of(await person.type("x")) == {"fr"}
    gate.set()
    await runtime.settle()
    assert await person.type("x") == "fr·name"


async def test_words_for_waiting_that_cannot_be_made_are_those_of_the_library(caplog: pytest.LogCaptureFixture) -> None:
    """A slip in them keeps nobody from being asked to wait."""
    gate = asyncio.Event()

    @flow
    def slow() -> Steps[None]:
        yield Call(gate.wait)
        yield Prompt("name", _("name"))

    runtime = Runtime(deadline=0.01, holding=lambda: LANGUAGES["xx"])
    assert (await Person(runtime, slow).dial()).startswith("This takes a moment.")
    assert "the words for holding cannot be made" in caplog.text
    gate.set()
    await runtime.settle()
    with pytest.raises(ConfigurationError, match="the words for holding are 5"):
        Runtime(holding=5)  # type: ignore[arg-type]


# A language that is chosen in the middle


@flow
def shop(chat: Chat) -> Steps[None]:
    """Ask for a name, and for a drink, over and over; the language can be chosen in between."""
    name = yield from Prompt("name", _("name"))
    yield Say(_("welcome"))
    while True:
        what = yield from Prompt("drink", _("drink"), choices={"tea": _("tea"), "milk": _("milk"), "language": _("language")})
        if what == "language":
            chat.locale = yield from Prompt("language", _("which"), choices=LANGUAGES)
        else:
            yield Say(_("{name}: {what}", name=name, what=_(what)))


@flow
def settings_menu(chat: Chat) -> Steps[None]:
    """Choose a language, over and over."""
    while True:
        chat.locale = yield from Prompt("language", _("which"), choices=LANGUAGES)


def two_flows(runtime: Runtime, first: Flow[..., Any] = shop, screen: Screen = WIDE) -> tuple[Person, Person]:
    """Let one person use two flows that share a session."""
    return Person(runtime, first, sessions=SHARED, screen=screen), Person(runtime, settings_menu, sessions=SHARED)


async def test_a_new_language_holds_from_the_next_screen_on() -> None:
    """The question that comes back is in the new language, and so is everything after it, also when it is dialled again."""
    person = Person(Runtime(translations=MARKED), shop, sessions=SessionConfig().durable(), screen=WIDE)
    await person.talk("Ama", "3", "2")
    assert await person.type("x") == (
        "fr·Please fr·choose fr·one fr·of fr·the fr·options.\nfr·drink\n1. fr·tea\n2. fr·milk\n3. fr·language"
    )
    assert await person.type("fr·tea") == "Ama: fr·tea\nfr·drink\n1. fr·tea\n2. fr·milk\n3. fr·language"
    person.session = "other"
    assert await person.dial() == "Ama: fr·tea\nfr·drink\n1. fr·tea\n2. fr·milk\n3. fr·language"


async def test_a_language_chosen_in_another_flow_holds_here() -> None:
    """What is dialled again, what was said before it, and what comes next are in it; numbers answer as always."""
    person, elsewhere = two_flows(Runtime(translations=MARKED))
    assert await person.talk("Ama", "1") == "Ama: en·tea\nen·drink\n1. en·tea\n2. en·milk\n3. en·language"
    await elsewhere.talk("2")
    assert await person.dial() == "Ama: fr·tea\nfr·drink\n1. fr·tea\n2. fr·milk\n3. fr·language"
    await elsewhere.type("3")
    assert await person.type("x") == (
        "tw·Please tw·choose tw·one tw·of tw·the tw·options.\ntw·drink\n1. tw·tea\n2. tw·milk\n3. tw·language"
    )
    assert await person.type("2") == "Ama: tw·milk\ntw·drink\n1. tw·tea\n2. tw·milk\n3. tw·language"


async def test_a_choice_that_is_replayed_does_not_hide_a_later_one() -> None:
    """The flow chose French long ago, and says so again at every turn; the person chose Twi elsewhere since."""
    person, elsewhere = two_flows(Runtime())
    await person.talk("Ama", "3", "2")
    await elsewhere.talk("3")
    for _time in range(2):
        assert languages_of(await person.type("1")) == {"tw"}


async def test_the_same_language_can_be_chosen_again() -> None:
    """French here, Twi elsewhere, and French here once more: that is a new choice, though the flow's own is the old one."""
    person, elsewhere = two_flows(Runtime())
    await person.talk("Ama", "3", "2")
    await elsewhere.talk("3")
    await person.type("3")
    assert languages_of(await person.type("2")) == {"fr"}
    assert languages_of(await person.type("1")) == {"fr"}
    assert languages_of(await elsewhere.type("x")) == {"fr"} | {""}  # the library's own words are English here


@pytest.mark.parametrize("label", ["en·milk", "EN·MILK", " fr·milk ", "milk", "2"])
async def test_labels_are_those_of_the_screen_and_of_the_language(label: str) -> None:
    """Who reads an older screen types what stands there; keys and numbers mean the same in every language."""
    person, elsewhere = two_flows(Runtime())
    await person.talk("Ama")
    await elsewhere.talk("2")
    assert (await person.type(label)).startswith("Ama: fr·milk")


async def test_a_label_means_what_the_screen_says() -> None:
    """A label that is another choice's in the new language is the one that the person saw."""
    crossed = Translations.of({"fr": {"left": "right", "right": "left"}})

    @flow
    def turning() -> Steps[None]:
        yield Say((yield Prompt("turn", "Turn?", choices={"l": crossed.gettext("left"), "r": crossed.gettext("right")})))

    person, elsewhere = two_flows(Runtime(), turning)
    await person.dial()
    await elsewhere.talk("2")
    assert await person.type("left") == "l"
    await person.dial()
    assert await person.type("left") == "r"


async def test_a_language_is_kept_where_a_sub_flow_chose_it() -> None:
    """What a flow that ran within did to the session stays when its answers are not kept any more."""

    @flow
    def choosing(chat: Chat) -> Steps[None]:
        chat.session.set("asked", chat.session.get("asked", 0) + 1)
        chat.session.delete("gone")
        chat.locale = yield Prompt("language", _("which"), choices=LANGUAGES)

    @flow
    def outer(chat: Chat) -> Steps[None]:
        chat.session.set("gone", True)
        yield Run(choosing)
        while True:
            yield Say(f"{chat.locale} {chat.session.get('asked')} {'gone' in chat.session}")
            yield Prompt("more", _("more"))

    person = Person(Runtime(), outer)
    assert await person.talk("2") == "fr 1 False\nfr·more"
    for _time in range(3):
        assert await person.type("x") == "fr 1 False\nfr·more"


async def test_a_session_ends_where_a_sub_flow_wanted_it() -> None:
    """Also when that is long done."""

    @flow
    def forgetting(chat: Chat) -> Steps[None]:
        yield Prompt("sure", "Forget?")
        chat.session.destroy()

    @flow
    def outer(chat: Chat) -> Steps[None]:
        chat.session.set("name", "Ama")
        chat.locale = "fr"
        yield Run(forgetting)
        yield Prompt("one", "One?")
        yield Prompt("two", "Two?")
        yield Say("Bye")

    runtime = Runtime()
    person = Person(runtime, outer, sessions=SHARED)
    await person.talk("x", "x", "x")
    record = await record_of(runtime, SHARED.session_id(person.message(""), flow=outer))
    assert (record.data, record.locale, record.alive) == ({}, None, False)


async def test_a_language_is_kept_where_a_flow_hands_over() -> None:
    """The flow that comes next, and those after it, begin in the language that was chosen."""

    @flow
    def second(chat: Chat, *, times: int) -> Steps[None]:
        answer = yield Prompt("more", lambda: f"{times} {chat.locale} {locale()}")
        if answer == "language":
            chat.locale = yield Prompt("language", _("which"), choices=LANGUAGES)
        yield Become(second, times=times + 1)

    @flow
    def first(chat: Chat) -> Steps[None]:
        chat.locale = yield Prompt("language", _("which"), choices=LANGUAGES)
        yield Become(second, times=1)

    person, elsewhere = two_flows(Runtime(), first)
    assert await person.talk("2") == "1 fr fr"
    assert [await person.type("x") for _time in range(3)] == ["2 fr fr", "3 fr fr", "4 fr fr"]
    assert await person.type("language") == "fr·which\n1. English\n2. Francais\n3. Twi"
    assert [await person.type(each) for each in "3xx"] == ["5 tw tw", "6 tw tw", "7 tw tw"]
    await elsewhere.talk("1")
    assert [await person.type("x") for _time in range(2)] == ["8 en en", "9 en en"]


async def test_a_choice_that_is_gone_back_on_is_none() -> None:
    """The screen falls back to the language before it, and so does the session; forward again is a new choice."""
    runtime = Runtime(translations=MARKED, navigation=Navigation(back="0"))
    person, elsewhere = two_flows(runtime)
    await elsewhere.dial()
    await person.talk("Ama", "3", "2")
    assert await person.type("0") == "en·which\n1. English\n2. Francais\n3. Twi\n0 en·Back"
    assert languages_of(await elsewhere.type("x")) == {"en"}
    assert languages_of(await person.type("2")) == {"fr"}
    assert languages_of(await elsewhere.type("x")) == {"fr"}


async def test_going_back_does_not_undo_what_was_chosen_elsewhere() -> None:
    """Only the choice of this flow is gone."""
    runtime = Runtime(translations=MARKED, navigation=Navigation(back="0"))
    person, elsewhere = two_flows(runtime)
    await person.talk("Ama", "3", "2")
    await elsewhere.talk("3")
    assert languages_of(await person.type("0")) == {"tw"}
    assert languages_of(await person.type("0")) == {"tw"}


async def test_a_flow_goes_the_same_way_whatever_the_screens_language() -> None:
    """A flow that asks for its language sees the one with which it began, and its own; what is made later sees the screen's."""

    @flow
    def telling(chat: Chat) -> Steps[None]:
        while True:
            own = chat.locale
            answer = yield Prompt(f"seen {own}", partial(seen, chat, own), validate=lambda text: judged(chat, text))
            if answer in LANGUAGES:
                chat.locale = answer

    def seen(chat: Chat, own: str | None) -> str:
        return f"{own} {chat.locale} {locale()}"

    def judged(chat: Chat, text: str) -> str | None:
        return f"wrong in {chat.locale}" if text == "wrong" else None

    person, elsewhere = two_flows(Runtime(), telling)
    assert await person.talk("fr") == "fr fr fr"
    await elsewhere.talk("3")
    assert await person.type("x") == "fr tw tw"
    assert await person.type("wrong") == "wrong in tw\nfr tw tw"
    assert await person.type("en") == "en en en"


async def test_pages_are_cut_anew_in_a_new_language() -> None:
    """A key that turns pages shows the question from its beginning, in the language of now; no page of the old one is left."""

    @flow
    def long(chat: Chat) -> Steps[None]:
        yield Prompt("long", _(" ".join(["word"] * 40)), choices={"a": _("a")})
        yield Say(_("done"))

    person, elsewhere = two_flows(Runtime(translations=MARKED), long, Screen())
    await person.dial()
    assert languages_of(await person.type("#")) == {"en"}
    await elsewhere.talk("2")
    first = await person.type("#")
    assert languages_of(first) == {"fr"}
    assert first.endswith("\n# fr·Next")
    assert languages_of(await person.type("#")) == {"fr"}
    assert await person.type("fr·a") == "fr·done"


async def test_a_last_message_is_read_to_its_end_in_one_language() -> None:
    """The flow is over, and what is left of it is its pages."""

    @flow
    def long() -> Steps[None]:
        yield Say(_(" ".join(["word"] * 40)))

    person, elsewhere = two_flows(Runtime(translations=MARKED), long, Screen())
    await person.dial()
    await elsewhere.talk("2")
    assert languages_of(await person.type("#")) == {"en"}
    assert languages_of(await person.dial()) == {"fr"}


@pytest.mark.parametrize(
    "screen",
    [Screen(septets=60, units=60), Screen(line_break="\r\n"), Screen(transliterate=True)],
    ids=["size", "lines", "letters"],
)
async def test_a_last_message_fits_the_screen_of_a_deploy_in_any_language(screen: Screen) -> None:
    """Where the service has a smaller screen now, or writes it otherwise, what is left is cut anew, in any language."""

    @flow
    def long() -> Steps[None]:
        yield Say("\n".join(["ɛ"] * 100))

    person, elsewhere = two_flows(Runtime(translations=MARKED), long, Screen())
    await person.dial()
    await elsewhere.talk("2")
    person.screen = screen
    reply = await person.send(person.message("#"))
    while not reply.end:
        assert screen.fits(reply.text)
        assert screen.measure(reply.text).gsm == screen.transliterate
        assert "# fr" in reply.text
        reply = await person.send(person.message("#"))


@pytest.mark.parametrize("where", ["answer", "data", "call", "parameter"])
async def test_a_text_that_is_not_made_is_not_kept(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not as an answer, in the session, as what was called gave, or as a parameter: it would be another text then."""

    @flow
    def keeping(chat: Chat, *, text: Any = None) -> Steps[None]:
        if where == "answer":
            yield Prompt("name", "Name?", transform=_)
        if where == "data":
            chat.session.set("text", _("Name?"))
        if where == "call":
            yield Call(_, "Name?")
        if where == "parameter" and text is None:
            yield Prompt("name", "Name?")
            yield Become(keeping, text=_("Name?"))
        yield Prompt("last", "Last?")

    await Person(Runtime(), keeping).talk("Name?", "x")
    assert re.search(r"<text 'Name\?'>, a text that is not made yet: what is kept must be the same|UnstorableValue", caplog.text)


async def test_a_session_that_is_destroyed_forgets_the_language() -> None:
    """The next conversation begins in the language of the device again."""

    @flow
    def forgetting(chat: Chat) -> Steps[None]:
        chat.locale = yield Prompt("language", _("which"), choices=LANGUAGES)
        yield Prompt("sure", _("sure"))
        chat.session.destroy()
        yield Say(_("bye"))

    person = Person(Runtime(), forgetting, sessions=SHARED)
    assert await person.talk("2", "x") == "fr·bye"
    assert languages_of(await person.dial()) == {"en"}


async def test_a_language_outlives_the_flow_that_chose_it() -> None:
    """It is kept in the session, as session data are, and lives as long."""

    @flow
    def choosing(chat: Chat) -> Steps[None]:
        chat.locale = yield Prompt("language", _("which"), choices=LANGUAGES)
        yield Say(_("thanks"))

    runtime = Runtime()
    person = Person(runtime, choosing, sessions=SHARED)
    assert await person.talk("2") == "fr·thanks"
    assert (await record_of(runtime, SHARED.session_id(person.message(""), flow=choosing))).alive
    assert languages_of(await Person(runtime, shop, sessions=SHARED).dial()) == {"fr"}


async def test_no_language_can_be_chosen() -> None:
    """None is a choice as any other, and stays one: the default's language, and not the device's."""

    @flow
    def unknowing(chat: Chat) -> Steps[None]:
        yield Prompt("one", _("one"))
        chat.locale = None
        yield Prompt("two", lambda: f"{chat.locale} {locale()}")
        yield Prompt("three", lambda: f"{chat.locale} {locale()}")

    person = Person(Runtime(), unknowing)
    assert (await person.send(person.message("", new=True, locale="fr"))).text == "fr·one"
    assert [await person.type("x") for _time in range(2)] == ["None None", "None None"]


@pytest.mark.parametrize("wrong", ["", 5, b"fr", "\ud800"])
async def test_what_is_no_language_is_refused(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the line."""

    @flow
    def choosing(chat: Chat) -> Steps[None]:
        chat.locale = wrong
        yield Prompt("one", "One?")

    await Person(Runtime(), choosing).dial()
    assert re.search(r"flow 'choosing' at .*test_languages\.py:\d+: .*(the locale .* is not a text|surrogate)", caplog.text)


# The language of the device


async def test_a_device_tells_the_language_with_which_a_flow_begins() -> None:
    """The flow sees it, on every replay, also where later messages tell another or none."""

    @flow
    def telling(chat: Chat) -> Steps[None]:
        while True:
            yield Say(f"{chat.locale}")
            yield Prompt("more", _("more"))

    person = Person(Runtime(), telling)
    assert (await person.send(person.message("", new=True, locale="fr"))).text == "fr\nfr·more"
    assert await person.type("x") == "fr\nfr·more"
    assert (await person.send(person.message("x", locale="tw"))).text == "fr\nfr·more"


async def test_a_device_does_not_overrule_the_person() -> None:
    """What was chosen in the session comes first; another flow that begins in it has it, too."""
    person, elsewhere = two_flows(Runtime())
    await elsewhere.send(elsewhere.message("", new=True, locale="en"))
    assert languages_of((await person.send(person.message("", new=True, locale="fr"))).text) == {"fr"}
    await elsewhere.type("3")
    assert languages_of(await person.dial()) == {"tw"}
    other = Person(person.runtime, built_in, sessions=SHARED)
    assert (await other.send(other.message("", new=True, locale="fr"))).text == "tw·plain"


async def test_a_choice_that_is_gone_back_on_leaves_the_device() -> None:
    """Where nothing else was chosen, its language is the one to fall back to."""
    person = Person(Runtime(navigation=Navigation(back="0")), shop)
    await person.send(person.message("", new=True, locale="fr"))
    for text in ("Ama", "3", "3"):
        shown = await person.type(text)
    assert languages_of(shown) - {"", "Back"} == {"tw"}
    assert (await person.type("0")).startswith("fr·which")


async def test_middleware_may_know_the_language() -> None:
    """A profile, for example, is a better source than the device."""

    async def profile(inbound: Inbound, next: Next) -> Reply:
        return await next(Inbound(**{**{each: getattr(inbound, each) for each in inbound.__struct_fields__}, "locale": "tw"}))

    person = Person(Runtime(middleware=[profile], translations=MARKED), built_in)
    assert await person.dial() == "tw·plain"
    assert (await person.talk("x", "c")).startswith("tw·Please")


# Dialling again


async def test_the_menu_for_who_dials_again_is_in_their_language() -> None:
    """Its question, its choices, and the answers to them."""
    runtime = Runtime(translations=MARKED, resume=Resume())
    person, elsewhere = two_flows(runtime)
    await person.talk("Ama", "3", "2")
    asked = await person.dial()
    assert asked.split("\n")[1:] == ["1. fr·Continue", "2. fr·Start fr·again"]
    assert languages_of(asked) == {"fr"}
    await elsewhere.dial()
    await elsewhere.type("3")
    assert await person.type("what?") == asked.replace("fr·", "tw·")
    assert (await person.type("tw·continue")).startswith("tw·drink")
    await person.dial()
    await elsewhere.type("2")
    assert (await person.type("tw·start tw·again")) == "fr·name"


async def test_the_menu_for_who_dials_again_may_take_several_pages() -> None:
    """In a language with longer words it does, and they are turned like any others."""
    person = Person(Runtime(translations=MARKED, resume=Resume()), shop, screen=Screen(septets=60, units=60))
    await person.talk("Ama", "3", "2")
    asked = await person.dial()
    assert asked.endswith("# fr·Next")
    shown = ""
    for _time in range(5):
        shown += await person.type("#")
    assert "2. fr·Start fr·again" in shown
    assert (await person.type("0")).endswith("# fr·Next")
    assert (await person.type("1")).startswith("fr·drink")


# Screens


async def test_labels_of_a_screen_may_be_texts_of_any_kind() -> None:
    """And are left out in a language in which they are too long for it."""
    lengthy = Translations.of({"fr": {"More": "more " * 10, "Less": "less " * 10}})
    screen = Screen(septets=40, units=40, next_label=lengthy.gettext("More"), back_label=lambda: "Less")

    @flow
    def long() -> Steps[None]:
        yield Prompt("long", "word " * 20)

    person = Person(Runtime(), long, screen=screen)
    assert (await person.dial()).endswith("\n# More")
    assert (await person.type("#")).endswith("\n0 Less  # More")
    person = Person(Runtime(), long, screen=screen)
    assert (await person.send(person.message("", new=True, locale="fr"))).text.endswith("word\n#")
    with pytest.raises(ConfigurationError, match="the labels of a screen are texts"):
        Screen(next_label=5)  # type: ignore[arg-type]


# Whatever happens


@pytest.mark.parametrize("policy", ["restart", "reuse"])
async def test_a_conversation_that_is_restarted_changes_its_session_once(policy: Any) -> None:
    """What the flow did before it was found to be another one is forgotten with its answers."""

    def version(key: str) -> Flow[..., Any]:
        @flow(name="changing", on_change=policy)
        def changing(chat: Chat) -> Steps[None]:
            chat.session.set("count", chat.session.get("count", 0) + 1)
            chat.locale = "fr" if chat.locale is None else "twice"
            yield Prompt(key, lambda: f"{chat.session.get('count')} {chat.locale}")
            yield Prompt("last", lambda: f"{chat.session.get('count')} {chat.locale}")

        return changing

    runtime = Runtime()
    person = Person(runtime, version("old"))
    assert await person.talk("x") == "1 fr"
    person.flow = version("new")
    assert await person.type("x") == "1 fr"


async def test_journals_hold_keys_and_not_texts() -> None:
    """What is stored of an answer is the same in every language: not a word of what was on the screen."""
    runtime = Runtime(translations=MARKED)
    person, elsewhere = two_flows(runtime)
    journals = []
    for language in "123":
        await elsewhere.talk(language)
        await person.talk("Ama", "1", "2")
        for label in ("milk", "tea"):
            await person.type(f"{list(LANGUAGES)[int(language) - 1]}·{label}")
        record = await record_of(runtime, SHARED.session_id(person.message(""), flow=shop))
        state = record.flows["shop"]
        journals.append([(each.key, each.choices, each.value) for each in state.journal][-4:])
        assert "·" not in str((state.journal, state.asked, state.began, state.changed, state.kept))
    assert [each[2] for each in journals[0]] == ["tea", "milk", "milk", "tea"]
    assert journals[0] == journals[1] == journals[2]


ACTS = st.lists(
    st.tuples(st.sampled_from(["number", "label", "key", "wrong", "dial"]), st.integers(0, 1))
    | st.tuples(st.sampled_from(["here", "there"]), st.integers(0, 2)),
    max_size=12,
)


def key_on(screen: str) -> str:
    """Tell which question is on a screen, by its text."""
    return next(str(word) for word in re.findall(r"·(\w+)", screen) if word in ("name", "drink", "which"))


@given(ACTS)
@settings(max_examples=150, deadline=None)
def test_languages_change_words_and_nothing_else(acts: list[tuple[str, int]]) -> None:
    """However the language changes, here or elsewhere, each screen is in that of then, and the conversation stays the same."""
    asyncio.run(_talked(acts))


async def _talked(acts: list[tuple[str, int]]) -> None:
    runtime, still = Runtime(translations=MARKED), Runtime(translations=MARKED)
    person, elsewhere = two_flows(runtime)
    same, _elsewhere = two_flows(still)
    current = "en"
    await elsewhere.dial()
    shown, alike = await person.talk("Ama"), await same.talk("Ama")
    for what, which in acts:
        if what == "there":
            current = list(LANGUAGES)[which]
            await elsewhere.type(str(which + 1))
            continue
        if what == "here":
            await person.type("3")
            current = list(LANGUAGES)[which]
            shown = await person.type(str(which + 1))
            await same.type("3")
            alike = await same.type("1")
        elif what == "dial":
            shown, alike = await person.dial(), await same.dial()
        else:
            drink = ("tea", "milk")[which]
            mark = shown.split("·")[0][-2:]  # what was read last may be in another language than the next screen
            typed = {"number": str(which + 1), "key": drink, "wrong": "?", "label": f"{mark}·{drink}"}[what]
            shown = await person.type(typed)
            alike = await same.type(f"en·{drink}" if what == "label" else typed)
        assert languages_of(shown) == {current}, shown
        assert key_on(shown) == key_on(alike)
        assert re.sub("(en|fr|tw)·", "", shown) == alike.replace("en·", "")
    journals = [
        [(each.key, each.value) for each in record.flows["shop"].journal if each.key != "language"]
        for each_runtime in (runtime, still)
        for record in [await record_of(each_runtime, SHARED.session_id(person.message(""), flow=shop))]
    ]
    assert journals[0] == journals[1]


async def test_a_choice_outside_of_shared_sessions_is_ones_own() -> None:
    """The language of one person is nobody else's."""
    runtime = Runtime(translations=MARKED)
    person, other = Person(runtime, shop), Person(runtime, shop, msisdn="+233200000001")
    await person.talk("Ama", "3", "2")
    texts = await asyncio.gather(person.dial(), other.dial())
    assert [languages_of(each) for each in texts] == [{"fr"}, {"en"}]


def test_a_text_that_raises_what_it_likes_is_not_swallowed() -> None:
    """An error of the translation library is the author's to see."""

    class Broken:
        def __str__(self) -> str:
            raise UnstorableValue("broken")

        def casefold(self) -> str:
            return ""

    with pytest.raises(UnstorableValue, match="broken"):
        plain(Broken())


async def test_a_language_that_the_code_chooses_no_more_is_gone_at_once() -> None:
    """The turn that meets the new code and the dial after it show the same."""

    def trip(speaks: str | None) -> Any:
        @flow(name="trip")
        def going(chat: Chat) -> Steps[None]:
            yield from Prompt("name", "Name?")
            if speaks is not None:
                chat.locale = speaks
            yield from Prompt("town", lambda: f"Town in {locale()}?")
            yield from Prompt("day", lambda: f"Day in {locale()}?")

        return going

    person = Person(Runtime(), trip("fr"))
    assert await person.talk("Ama") == "Town in fr?"
    person.flow = trip(None)
    assert await person.type("Accra") == await person.dial() == "Day in None?"
