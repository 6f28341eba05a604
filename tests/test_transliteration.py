"""Transliteration: any text in the GSM 7-bit alphabet, and screens on which everything is written so."""

import json
import re
import sys
from pathlib import Path
from typing import Any
from unicodedata import category

import msgspec
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl import (
    Back,
    Call,
    Inbound,
    Media,
    Navigation,
    Next,
    Prompt,
    Reply,
    Resume,
    Runtime,
    Say,
    Screen,
    SessionConfig,
    Steps,
    Translations,
    flow,
)
from flowdsl.choices import read_menu
from flowdsl.errors import ConfigurationError, StoreError
from flowdsl.testing import Conversation, assert_fits
from flowdsl.ussd import measure, paginate, transliterate
from flowdsl.ussd.pages import shortened
from flowdsl.ussd.transliteration import named
from tests.people import Person

TABLES: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "text_limits.json").read_text(encoding="utf-8"))
ALPHABET = (frozenset(TABLES["basic_table_in_code_order"]) - {"ESC"}) | {
    {"FORM FEED": "\f"}.get(each, each) for each in TABLES["extension_table"].values()
}
TRICKY = "aZ é5.\n\r€ç₵₦H🙂👍🏽🇬🇭\ufe0f\u200d½²٣ا\u0301\u0323\0"
ANYTHING = st.text() | st.text(st.characters(codec=None)) | st.text(st.sampled_from(TRICKY))
WRITTEN = Screen(transliterate=True)


@pytest.mark.parametrize("vector", TABLES["vectors"], ids=[vector["name"] for vector in TABLES["vectors"]])
def test_every_vector_becomes_gsm_and_what_was_stays(vector: dict[str, Any]) -> None:
    """The texts of the standard's vectors are in the alphabet afterwards, and those that were are the same."""
    text = vector["text"]
    written = transliterate(text)
    assert measure(written).gsm
    if vector["encoding"] == "GSM-7":
        assert written is text


@given(ANYTHING)
@settings(deadline=None, max_examples=300)
def test_any_text_becomes_gsm_and_stays_so(text: str) -> None:
    """Whatever is in a text, halves of surrogate pairs included, it is in the tables afterwards, and the next time unchanged."""
    written = transliterate(text)
    assert set(written) <= ALPHABET
    assert transliterate(written) == written
    if set(text) <= ALPHABET:
        assert written == text


@given(st.lists(st.sampled_from(sorted(ALPHABET - set(" \n"))), max_size=30).map("".join), st.sampled_from("ɛ₵’–🙂中\t\ud800"))
@settings(deadline=None)
def test_what_is_in_the_alphabet_stays_where_it_stands(text: str, foreign: str) -> None:
    """One character that is not in the tables changes none of those that are."""
    for before, after in ((text, ""), ("", text), (text, text)):
        written = transliterate(f"{before}{foreign}{after}")
        assert written.startswith(before)
        assert written.endswith(after)


def test_every_character_is_written_somehow() -> None:
    """Of all characters that can be seen and are no emoji none vanishes, and none is outside the tables."""
    points = [*range(0x20, 0x10000), 0x1D400, 0x20000, 0xE0001, 0x10FFFF]
    vanished = []
    for point in points:
        sign = chr(point)
        written = transliterate(sign)
        assert set(written) <= ALPHABET
        seen = category(sign)[0] not in "MZ" and category(sign) != "Cf" and not sign.isspace()
        if not written.strip() and seen and not regex.fullmatch(r"\p{Extended_Pictographic}|\p{Emoji_Component}", sign):
            vanished.append(hex(point))
    # The blanks of Ethiopic, Braille and Tifinagh, and three signs that are left out as emoji are.
    assert vanished == ["0x1361", "0x266a", "0x266b", "0x2713", "0x2800", "0x2d70"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # Money: a code is a word of its own beside a number.
        ("GH₵ 5", "GHS 5"),
        ("GH₵5.50", "GHS 5.50"),
        ("GH¢5", "GHS 5"),
        ("₵5 or ₵ 5", "GHS 5 or GHS 5"),
        ("20₵", "20 GHS"),
        ("₵.50", "GHS .50"),
        ("Pay in ₵.", "Pay in GHS."),
        ("₦500, ₦", "NGN 500, NGN"),
        ("€5 £5 $5 ¥5 ¤", "€5 £5 $5 ¥5 ¤"),
        ("₹5", "Rs5"),
        # What word processors and translators put in.
        ("It’s “so” ‘fine’ „now‟ 5′", "It's \"so\" 'fine' \"now\" 5'"),
        ("« Oui »", '" Oui "'),
        ("9–10 — 11 ‑ −5", "9-10 - 11 - -5"),
        ("Wait…", "Wait..."),
        ("a\u00a0b\u2009c\u202fd", "a b c d"),
        ("a\tb\vc\u2028d\u0085e", "a b\nc\nd\ne"),
        ("`x´", "'x'"),
        ("• One\n· Two", "- One\n- Two"),
        ("2×3÷4", "2x3/4"),
        ("№ 5 ™ ﬁ Ⅷ ５：", "No 5 TM fi VIII 5:"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark", "softhyphen zerowidth mark"),
        # A number is not made another one.
        ("1½ kg", "1 1/2 kg"),
        ("½ kg", "1/2 kg"),
        ("10² m²", "10 2 m2"),
        ("①② ٢٣", "1 2 23"),
        # Letters of the field.
        ("Mepa wo kyɛw, ɔdɔ", "Mepa wo kyew, odo"),
        ("Ŋutɔ ƒe ɖeka, Ʋ ʋ Ɣ ɣ", "Nuto fe deka, V v G g"),
        ("Ẹ kú àárọ̀, ọjà ṣe", "E ku àarò, ojà se"),
        ("Ịgbò ụ ṅ", "Igbò u n"),
        ("ɓ ɗ ƙ ƴ Ɓ Ɗ", "b d k y B D"),
        ("ç Ç ã õ ê î ž Š", "c Ç a o e i z S"),
        # Marks that the alphabet has stay, in whichever order they come.
        ("e\u0301 E\u0301 c\u0327 C\u0327", "é É c Ç"),
        ("e\u0323\u0301 e\u0301\u0323 ế ǟ", "é é é ä"),
        ("é\u0323", "é"),
        ("m\u0300 ɛ\u0301", "m e"),
        ("Å Ω", "Å Ω"),
        # Other scripts.
        ("Привет", "Privet"),
        ("中文", "ZhongWen"),
        ("السلام", "alslam"),
        ("العربية", "al'rbyh"),
        ("አማርኛ", "'amarnya"),
        # What nobody can write.
        ("\ud800 \ue000 \x00 \x1b \ufffd", "? ? ? ? ?"),
        ("ๅ", "?"),
    ],
)
def test_what_becomes_of_signs_and_letters(text: str, written: str) -> None:
    """What a person in the field expects to read for it."""
    assert transliterate(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("🙂 Welcome", "Welcome"),
        ("Welcome 🙂", "Welcome"),
        ("Welcome🙂", "Welcome"),
        ("Pay 🙂 now", "Pay now"),
        ("Pay 🙂 🙂🙂 now", "Pay now"),
        ("Ok🙂Thanks", "Ok Thanks"),
        ("Ok🙂 Thanks", "Ok Thanks"),
        ("Ok 🙂Thanks", "Ok Thanks"),
        ("Thanks 🙂!", "Thanks!"),
        ("🎉\nWelcome\n🙂\nto us\n🎉", "Welcome\nto us"),
        ("One 🙂\n🙂 Two", "One\nTwo"),
        ("1. 🙂\n2. Two", "1.\n2. Two"),
        ("👍🏽 👨\u200d👩\u200d👧 Family ❤️", "Family"),
        ("🇬🇭 Ghana 🇳🇬 Nigeria", "Ghana Nigeria"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England", "England"),
        ("1️⃣ Save\n#️⃣ Next 🔟", "1 Save\n# Next 10"),
        ("Paid ✅ ✔️ ✓", "Paid"),
        ("Really❓ Yes❗", "Really? Yes!"),
        ("🆕 🆗", "NEW OK"),
        ("📷 Image: https://example.com/a.jpg", "Image: https://example.com/a.jpg"),
        ("\U0001fae8 \U0001faff new", "new"),
        ("🙂🙂", ""),
        ("(🙂 yes) (no 🙂)", "(yes) (no)"),
        ("Thanks.🙂Bye", "Thanks. Bye"),
    ],
)
def test_emoji_are_left_out_with_one_blank(text: str, written: str) -> None:
    """No emoji is named or leaves a gap, words do not grow together, and a line of nothing else is gone."""
    assert transliterate(text) == written


@given(st.lists(st.sampled_from(["🙂", "👍🏽", "🇬🇭", " ", "\n", "a", "B."]), max_size=20))
@settings(deadline=None, max_examples=300)
def test_words_stay_apart_where_emoji_were(parts: list[str]) -> None:
    """What is left of a text without its emoji are its words and lines, with no more blanks than it had of both."""
    text = "".join(parts)
    written = transliterate(text)
    assert written.split() == re.sub(r"[^aB.\s]+", " ", text).split()
    filled = [re.sub(r"[^aB.\s]+", " ", line).split() for line in text.split("\n")]
    assert [line.split() for line in written.split("\n") if line.strip()] == [line for line in filled if line]
    assert len(re.findall(r"\s", written)) <= sum(part not in ("a", "B.") for part in parts)


@pytest.mark.parametrize(
    ("label", "shown"),
    [("👍", "thumbsup"), ("👨\u200d👩\u200d👧", "man woman girl"), ("🇬🇭", "GH"), ("Yes 👍", "Yes"), ("Yes", "Yes"), ("", "")],
)
def test_a_label_of_emoji_alone_is_named(label: str, shown: str) -> None:
    """What can be chosen must be there to read, so emoji have their names where there is nothing else."""
    assert named(label) == shown


# Screens.


def test_what_a_screen_needs_to_transliterate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library no such screen can be made, and the message names the extra; texts in the alphabet need none."""
    monkeypatch.setitem(sys.modules, "anyascii", None)
    with pytest.raises(ConfigurationError, match=re.escape("pip install 'flowdsl[transliteration]'")):
        Screen(transliterate=True)
    with pytest.raises(ConfigurationError, match="transliteration"):
        transliterate("\N{DESERET CAPITAL LETTER LONG I}")  # of which no other test has asked
    assert transliterate("Café ₵5 ọ") == "Café GHS 5 o"
    assert Screen().fits("ɛ")


def test_a_key_must_read_as_it_is_typed() -> None:
    """A screen that transliterates shows no key that is not in the alphabet, for another one would be read."""
    with pytest.raises(ConfigurationError, match="as they are typed"):
        Screen(transliterate=True, next_key="→")


def test_the_navigation_is_transliterated() -> None:
    """Labels of the page keys are written as all else is, and take as much room as is read."""
    screen = Screen(transliterate=True, next_label="Kɔ so ▶️", back_label="🔙", septets=22, units=22)
    assert screen.navigation(back=True, forward=True) == "\n0  # Ko so"
    assert screen.made().navigation(back=True, forward=True) == "\n0  # Ko so"
    with pytest.raises(ConfigurationError, match="no room"):
        Screen(next_label="Kɔ so ▶️", back_label="🔙 San", septets=22, units=17)


@given(ANYTHING, st.lists(ANYTHING, max_size=4), st.sampled_from(["\n", "\r\n", "|", "/"]), st.booleans(), st.integers(20, 60))
@settings(deadline=None, max_examples=200)
def test_every_page_is_gsm_and_fits(text: str, labels: list[str], line_break: str, ends: bool, septets: int) -> None:
    """Pages of a screen that transliterates need septets only, have room with every line break, and lose nothing."""
    screen = Screen(transliterate=True, line_break=line_break, septets=septets, units=20)
    lines = [f"{number}. {label}" for number, label in enumerate(labels, start=1)]
    pages = paginate(text, lines, screen, ends=ends)
    for page in [*pages, shortened(text, screen)]:
        sent = page.replace("\n", line_break)
        assert measure(sent).gsm
        assert measure(sent).units <= septets
    last = len(pages) - 1
    below = [screen.navigation(back=place > 0, forward=place < last) for place in range(last)]
    below.append("" if ends else screen.navigation(back=last > 0, forward=False))
    read = "".join(page.removesuffix(line) for page, line in zip(pages, below, strict=True))
    assert "".join(read.split()) == "".join("".join(map(screen.written, [text, *lines])).split())


LANGUAGES = Translations.of(
    {
        "tw": {
            "Please choose one of the options.": "Paw biako – mepa wo kyɛw 🙏",
            "Next": "Kɔ so",
            "Back": "Sɔn",
            "Sorry, something went wrong. Please try again.": "Kosɛ, biribi asɛe.",
            "Continue": "Kɔ so",
            "Start again": "Fi aseɛ",
        }
    },
    default="tw",
)


@flow
def shop() -> Steps[None]:
    """Say, ask, refuse and end in letters that no GSM screen has."""
    yield Say("🎉")
    yield Say("Akwaaba 🇬🇭 – “Sika” ₵5", media=Media("https://example.com/a.jpg", caption="Mfonini 📷"))
    plan = yield from Prompt("plan", "Ɛhe na wopɛ?", choices={"d": "Ɛnnɛ ₵5", "w": "Dapɛn 👍", "n": "👎", "c": "Café ọ"})
    count = yield from Prompt("count", "Ahe? 🤔", validate=lambda text: None if text == "1" else "Ɛnyɛ “1” ✋")
    yield Say(f"Meda wo ase 🙏 {plan} × {count}")


async def test_everything_on_a_screen_is_gsm() -> None:
    """What is said and asked, choices, errors, media and the end are in the alphabet, on one page."""
    person = Person(Runtime(translations=LANGUAGES), shop, screen=Screen(transliterate=True, septets=182))
    assert await person.dial() == (
        'Akwaaba - "Sika" GHS 5\nMfonini: https://example.com/a.jpg\nEhe na wope?\n'
        "1. Enne GHS 5\n2. Dapen\n3. thumbsdown\n4. Café o"
    )
    assert (await person.type("9")).startswith("Paw biako - mepa wo kyew\nEhe na wope?\n1. Enne")
    assert await person.type("2") == "Ahe?"
    assert await person.type("2") == 'Enye "1"\nAhe?'
    assert await person.type("1") == "Meda wo ase w x 1"


@pytest.mark.parametrize(
    ("typed", "plan"),
    [
        *(("enne ghs 5", "d"), ("Ɛnnɛ ₵5", "d"), ("DAPEN", "w"), ("Dapɛn 👍", "w"), ("thumbsdown", "n"), ("👎", "n")),
        *(("cafe\u0301 o", "c"), ("CAFÉ O", "c"), ("Café ọ", "c"), ("c", "c"), ("4", "c")),
    ],
)
async def test_a_label_can_be_typed_as_it_reads(typed: str, plan: str) -> None:
    """The label on the screen is a choice, as are the label by itself, the key and the number."""
    person = Person(Runtime(), shop, screen=Screen(transliterate=True, septets=182))
    assert await person.talk(typed, "1") == f"Meda wo ase {plan} x 1"


async def test_a_label_cannot_be_typed_as_it_reads_nowhere() -> None:
    """On a screen that does not transliterate nobody has read the other label."""
    person = Person(Runtime(), shop, screen=Screen(septets=500, units=500))
    assert (await person.talk("Dapen")).startswith("Please choose")


LABEL = st.text(min_size=1, max_size=8) | st.text(st.sampled_from("eéɛẹ👍 ç1"), min_size=1, max_size=3)


@given(st.lists(LABEL, min_size=1, unique=True))
@settings(deadline=None, max_examples=300)
def test_labels_shown_can_be_typed_back(labels: list[str]) -> None:
    """What a line shows behind its number picks that line, unless two read alike or it is called as another one is."""
    menu = read_menu({f"key {number}": label for number, label in enumerate(labels)})
    shown = menu.transliterated()
    assert [option.key for option in shown.options] == [option.key for option in menu.options]
    assert shown.fingerprint == menu.fingerprint
    reads = [line.partition(" ")[2] for line in shown.lines]
    assert all(set(each) <= ALPHABET for each in reads)
    folded = [each.strip().casefold() for each in reads]
    for number, label in enumerate(labels):
        own = menu.pick(label)
        assert (own and own.key) == ((picked := shown.pick(label)) and picked.key)
        if menu.pick(reads[number]) is None and folded.count(folded[number]) == 1 and folded[number] not in menu.folded:
            found = shown.pick(reads[number])
            assert found is not None
            assert found.key == f"key {number}"


def test_the_label_by_itself_comes_before_how_another_one_reads() -> None:
    """Nothing that could be typed before means something else on such a screen, and what two read as means neither."""
    menu = read_menu({"a": "Cafẹ", "b": "Cafe", "c": "ọ", "d": "ɔ", "e": "Ụ", "f": "e2", "u": "x"}).transliterated()
    picked = {text: menu.pick(text) for text in ("Cafe", "Cafẹ", "o", "ọ", "ɔ", "u", "Ụ")}
    assert {text: option and option.key for text, option in picked.items()} == {
        "Cafe": "b",
        "Cafẹ": "a",
        "o": None,
        "ọ": "c",
        "ɔ": "d",
        "u": "u",
        "Ụ": "e",
    }


async def test_pages_are_turned_and_gsm() -> None:
    """A long text is paged with the navigation transliterated, and its labels are those of the language."""
    screen = Screen(transliterate=True, septets=40, units=20)
    person = Person(Runtime(translations=LANGUAGES), shop, screen=screen)
    shown = [await person.dial()]
    while "# Ko so" in shown[-1]:
        shown.append(await person.type("#"))
    assert len(shown) > 3
    assert shown[1].endswith("\n0 Son  # Ko so")
    assert all(measure(page).gsm and screen.fits(page) for page in shown)


@pytest.mark.parametrize("last", [True, False])
async def test_pages_that_are_stored_are_transliterated_after_a_deploy(last: bool) -> None:
    """Who is in the middle of pages when a screen begins to transliterate sees them so, the last message included."""
    text = "Ɛnnɛ yɛ da pa ₵5 – " * 8

    @flow
    def long() -> Steps[None]:
        yield (Say(text) if last else Prompt("more", text))

    person = Person(Runtime(), long, screen=Screen(septets=60, units=40))
    assert "ɛ" in await person.dial()
    person.screen = Screen(septets=60, units=40, transliterate=True)
    shown = await person.type("#")
    seen = [shown]
    while shown.endswith("# Next"):
        shown = await person.type("#")
        seen.append(shown)
    assert all(measure(page).gsm for page in seen)
    read = " ".join(re.sub(r"\n(0 Back)?( *# Next)?$", "", page) for page in seen)
    assert "".join(read.split()) == "".join(transliterate(text).split())


async def test_the_way_back_and_the_old_answer_are_transliterated() -> None:
    """The keys of the navigation have their labels in the alphabet, and so has the answer that can be kept."""

    @flow
    def order() -> Steps[None]:
        size = yield from Prompt("size", "Size?", choices={"s": "Kɛtewa", "l": "Kɛseɛ"})
        yield from Prompt("sure", f"{size}?")

    runtime = Runtime(navigation=Navigation(back="0", keep="*", back_label="San – kɔ", keep_label="Fa “so”"))
    person = Person(runtime, order, screen=WRITTEN)
    assert await person.talk("ketewa") == "s?\n0 San - ko"
    assert await person.type("0") == 'Size?\n1. Ketewa\n2. Kesee\n* Fa "so": Ketewa'


async def test_who_dials_again_types_what_they_read() -> None:
    """The menu for who dials again is in the alphabet, and takes its labels as they read."""
    runtime = Runtime(translations=LANGUAGES, resume=Resume(text="Wopɛ sɛn?"))
    person = Person(runtime, shop, screen=Screen(transliterate=True, septets=182), sessions=SessionConfig().durable())
    await person.talk("Dapen")
    assert await person.dial() == "Wopen?\n1. Ko so\n2. Fi asee".replace("Wopen", "Wope sen")
    assert await person.type("ko so") == "Ahe?"
    await person.dial()
    assert (await person.type("fi asee")).startswith("Akwaaba")


@flow
def failing() -> Steps[None]:
    """Ask, and raise."""
    yield from Prompt("a", "A?")
    raise RuntimeError("no stock")


async def test_apologies_are_transliterated() -> None:
    """What is read instead of an error, and by whom a conversation is given up, is in the alphabet and fits."""
    runtime = Runtime(apology="Kosɛ 🙏 – sɔ hwɛ bio " * 9, parked="Yɛrehwɛ… ɛ", park_after=2)
    person = Person(runtime, failing, screen=WRITTEN)
    shown = await person.talk("x")
    assert shown.startswith("Kose - so hwe bio Kose")
    assert 100 < len(shown) <= 140
    await person.type("x")
    assert await person.type("x") == "Yerehwe... e"
    assert runtime.apology(ValueError(), WRITTEN).startswith("Kose - so")
    assert runtime.apology(ValueError()).startswith("Kosɛ 🙏")


async def test_who_is_asked_to_wait_reads_it_transliterated() -> None:
    """The words for work that takes long are in the alphabet, and so is what comes after it."""
    import asyncio

    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "ɛyɛ"

    @flow
    def working() -> Steps[None]:
        found = yield from Call(slow)
        yield Say(f"– {found}")

    runtime = Runtime(deadline=0.01, holding="Twɛn kakra ⏳")
    person = Person(runtime, working, screen=WRITTEN)
    assert await person.dial() == "Twen kakra"
    gate.set()
    await runtime.settle()
    assert await person.type("1") == "- eye"


@pytest.mark.parametrize(("said", "shown"), [("Ɛyɛ 🙂", "Eye"), ("Fine", "Fine"), ("ɛ" * 500, "e" * 140)])
async def test_what_middleware_says_is_transliterated(said: str, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    """A reply that no flow gave is on the same screen; only one that is too long is told to its author."""

    async def closed(inbound: Inbound, next: Next) -> Reply:
        return Reply(said, end=True)

    assert await Person(Runtime(middleware=[closed]), shop, screen=WRITTEN).dial() == shown
    assert len(caplog.records) == (len(said) > 140)


def test_a_screen_is_stored_as_it_is() -> None:
    """What a record keeps of a screen comes back equal, and one that was stored without the new settings has their defaults."""
    for screen in (WRITTEN, Screen(line_break="\r\n"), Screen(next_label="More", back_label="Less")):
        assert msgspec.json.decode(msgspec.json.encode(screen.made()), type=Screen) == screen.made()
    old = b'{"septets":140,"units":70,"next_key":"#","back_key":"0","next_label":"Next","back_label":"Back"}'
    assert msgspec.json.decode(old, type=Screen) == Screen()


async def test_pages_that_a_process_could_not_make_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing in one of several processes, a session in the middle of pages is not lost to the others."""
    person = Person(Runtime(), shop, screen=Screen(transliterate=True, septets=60, units=40))
    await person.dial()
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "anyascii", None)
        with pytest.raises(StoreError, match=r"cannot be read here: .*flowdsl\[transliteration\]"):
            await person.type("#")
    assert "# Next" in await person.type("#")


# In tests of one's own.


def test_a_scripted_conversation_is_on_the_same_screen() -> None:
    """A test sees and types what the person does, and chooses by what is read there, or by the answer."""
    talk = Conversation(shop, screen=Screen(transliterate=True, septets=182))
    talk.see("Akwaaba", "1. Enne GHS 5").miss("ɛ")
    assert talk.choices == ["Enne GHS 5", "Dapen", "thumbsdown", "Café o"]
    assert talk.type("dapen").see("Ahe?").answers == {"plan": "w"}
    assert Conversation(shop, screen=Screen(transliterate=True, septets=182)).choose("Café o").answers == {"plan": "c"}
    assert Conversation(shop, screen=Screen(transliterate=True, septets=182)).choose("n").answers == {"plan": "n"}


def test_what_a_person_reads_when_a_flow_raises_is_on_the_same_screen() -> None:
    """A scripted conversation shows the apology as the service would."""
    talk = Conversation(failing, screen=WRITTEN, translations=LANGUAGES)
    with pytest.raises(RuntimeError):
        talk.type("x")
    talk.see("Kose, biribi asee.")


def test_a_screen_that_transliterates_is_measured_so() -> None:
    """What would be UCS-2 is measured in septets on such a screen, one page or several, and without it the cure is told."""

    @flow
    def long() -> Steps[None]:
        yield Say("ɛ" * 130)

    fit = assert_fits(long, page=Screen(transliterate=True))
    assert fit.worst is not None
    assert (fit.worst.length, fit.worst.room, fit.worst.unit, fit.worst.text) == (130, 140, "septets", "e" * 130)
    assert assert_fits(long, page=Screen(transliterate=True, septets=60, units=20), check=False).misfits[0].text == "e" * 130
    with pytest.raises(AssertionError, match=r"because of 'ɛ', which .*; Screen\(transliterate=True\) writes"):
        assert_fits(long)
    with pytest.raises(AssertionError, match=r"has 4 of 2 pages \(because of 'ɛ', .*Screen\(transliterate=True\)"):
        assert_fits(long, pages=2, page=100)


async def test_going_back_finds_the_choice_by_the_label_that_was_read() -> None:
    """A label typed as it reads is an answer like any other: it is kept, replayed and gone back from."""

    @flow
    def order() -> Steps[None]:
        size = yield from Prompt("size", "Size?", choices={"s": "Kɛtewa", "l": "Kɛseɛ"})
        if (yield from Prompt("sure", f"{size}?", choices=["Aane", "Daabi"])) == "Daabi":
            yield Back()
        yield Say(size)

    person = Person(Runtime(), order, screen=WRITTEN)
    assert await person.talk("kesee", "Daabi") == "Size?\n1. Ketewa\n2. Kesee"
    assert await person.type("Ketewa") == "s?\n1. Aane\n2. Daabi"
