"""USSD: how long a text is for the network, what a screen may be, and pages that fit without losing anything."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowdsl.errors import ConfigurationError
from flowdsl.ussd import Screen, measure, paginate
from flowdsl.ussd.pages import shortened

# Computed from the tables of 3GPP TS 23.038 and cross-checked with three libraries for SMS; the file says which.
TABLES: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "text_limits.json").read_text(encoding="utf-8"))
BASIC = frozenset(TABLES["basic_table_in_code_order"]) - {"ESC"}
EXTENDED = frozenset({"FORM FEED": "\f"}.get(each, each) for each in TABLES["extension_table"].values())


@pytest.mark.parametrize("vector", TABLES["vectors"], ids=[vector["name"] for vector in TABLES["vectors"]])
def test_a_text_is_measured_as_the_network_does(vector: dict[str, Any]) -> None:
    """Alphabet, length and fit agree with the vectors computed from the standard's tables."""
    text = vector["text"]
    assert measure(text) == (vector["units"], vector["encoding"] == "GSM-7")
    assert Screen(septets=182, units=80).fits(text) == vector["fits_ussd_182_septets"]
    assert Screen(septets=160, units=80).fits(text) == vector["fits_ussd_160"]


def length(text: str) -> tuple[int, bool]:
    """Count a text by the tables of the file, character by character."""
    if all(each in BASIC or each in EXTENDED for each in text):
        return sum(2 if each in EXTENDED else 1 for each in text), True
    return sum(2 if ord(each) > 0xFFFF else 1 for each in text), False


def test_a_character_is_in_the_alphabet_of_the_tables() -> None:
    """One septet, two septets or UCS-2: each character of the basic plane, and a few beyond, is what the tables say."""
    points = [*range(0x10000), 0x10000, 0x1F642, 0x10FFFF]
    assert [hex(point) for point in points if measure(chr(point)) != length(chr(point))] == []


@given(st.text(st.sampled_from("aZ 5@\n\r_€[]|^~\\{}\fÇçéàɛ₵`\t\u00a0🙂\x1b")), st.text())
@settings(deadline=None)
def test_one_character_outside_the_alphabet_changes_the_whole_text(text: str, more: str) -> None:
    """A text is in one alphabet or the other as a whole, so its length is not the sum of its characters'."""
    for each in (text, more, text + more):
        assert measure(each) == length(each)


# Screens.


def navigation(screen: Screen, *, back: bool, forward: bool) -> str:
    """Write the line that turns pages as it is described, the newline above it included."""
    parts = [(screen.back_key, screen.back_label)] * back + [(screen.next_key, screen.next_label)] * forward
    return "\n" + "  ".join(f"{key} {label}".strip() for key, label in parts) if parts else ""


def holds(screen: Screen, text: str) -> bool:
    """Tell whether a screen holds a text, by the tables of the file, with its newlines as the gateway ends lines."""
    units, gsm = length(text.replace("\n", screen.line_break))
    return units <= (screen.septets if gsm else screen.units)


@pytest.mark.parametrize(
    ("back", "forward", "line"),
    [(False, False, ""), (True, False, "\n0 Back"), (False, True, "\n# Next"), (True, True, "\n0 Back  # Next")],
)
def test_the_navigation_shows_where_one_can_go(back: bool, forward: bool, line: str) -> None:
    """Only the keys that lead somewhere are shown, on a line of their own."""
    assert Screen().navigation(back=back, forward=forward) == line


def test_the_navigation_can_be_named() -> None:
    """Keys and labels are the screen's; a label that is empty leaves no blank."""
    screen = Screen(next_key="98", back_key="*", next_label="Kɔ so", back_label="")
    assert screen.navigation(back=True, forward=True) == "\n*  98 Kɔ so"


@pytest.mark.parametrize(
    "fields",
    [
        {"next_key": "0"},
        {"next_key": "0", "back_key": "0"},
        {"next_key": "0 ", "back_key": "0"},
        {"next_key": ""},
        {"back_key": ""},
        {"back_key": "  "},
        {"next_key": "\t"},
    ],
)
def test_a_screen_needs_two_keys(fields: dict[str, Any]) -> None:
    """A page could not be turned with no key, or with one key for both ways."""
    with pytest.raises(ConfigurationError, match="two different keys"):
        Screen(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"septets": 0},
        {"septets": -1},
        {"units": 0},
        {"septets": 15, "units": 15},
        {"septets": 16, "units": 16},
        {"units": 16},
        {"next_label": "N" * 140},
        {"next_label": "ɛ" * 70},
        {"back_label": "€" * 65},
        {"next_label": "Next 🙂", "septets": 20, "units": 20},
    ],
)
def test_a_screen_without_room_for_a_character_is_refused(fields: dict[str, Any]) -> None:
    """A screen that its own navigation fills is refused when it is made, and the message says what it needs."""
    with pytest.raises(ConfigurationError, match="no room beside its navigation"):
        Screen(**fields)


@given(st.text(st.sampled_from("a€ɛ🙂"), max_size=70), st.integers(20, 60), st.integers(20, 60))
@example("ɛ" * 30, 20, 40)
@settings(deadline=None)
def test_a_text_fits_by_septets_or_by_units(text: str, septets: int, units: int) -> None:
    """Which of the two limits counts depends on the text, and nothing else does."""
    screen = Screen(septets=septets, units=units)
    assert screen.fits(text) == holds(screen, text)


@pytest.mark.parametrize(
    ("line_break", "text", "units"),
    [
        ("\n", "a\nb\nc", 5),
        ("\r\n", "a\nb\nc", 7),
        ("/", "a\nb\nc", 5),
        ("|", "a\nb\nc", 7),
        ("\n", "ɛ\nb\nc", 5),
        ("\r\n", "ɛ\nb\nc", 7),
        ("|", "ɛ\nb\nc", 5),
        ("\r\n", "abc", 3),
    ],
)
def test_a_line_break_takes_what_the_gateway_sends_for_it(line_break: str, text: str, units: int) -> None:
    """A newline counts as what lines are ended with on the wire, in septets as in units."""
    screen = Screen(septets=140, units=70, line_break=line_break)
    assert screen.measure(text) == (units, "ɛ" not in text)
    room = "a" if "ɛ" not in text else "ɛ"
    full = text + room * (screen.room(screen.measure(text)) - units)
    assert screen.fits(full)
    assert not screen.fits(full + room)


@pytest.mark.parametrize(
    "line_break", ["", " ", "\r", "\n\r", "\n\n", "a", "1", "é", "ɛ", "\t", "\x00", "<br>", "\u0301", "\u2028", None, 5]
)
def test_lines_end_as_a_gateway_may_end_them(line_break: Any) -> None:
    """A line break is a newline, CR LF, or one sign that a screen can show and that is no part of a word."""
    with pytest.raises(ConfigurationError, match="the line break of a screen"):
        Screen(line_break=line_break)


def test_a_line_break_of_two_counts_in_the_navigation() -> None:
    """The newline above the keys is one as any other, when a screen is made and when a page is."""
    assert Screen(septets=17, units=19).navigation(**BOTH) == "\n0 Back  # Next"
    with pytest.raises(ConfigurationError, match="no room beside its navigation"):
        Screen(septets=17, units=19, line_break="\r\n")
    screen = Screen(septets=18, units=20, line_break="\r\n")
    assert paginate("a" * 30, [], screen, ends=True) == ["a" * 10 + "\n# Next", "aa\n0 Back  # Next", "a" * 18]


def test_no_carriage_return_is_left_for_a_gateway_that_adds_one() -> None:
    """A text whose lines end in CR LF, or in CR, has newlines on such a screen, so that none is written twice."""
    screen = Screen(line_break="\r\n")
    assert paginate("One\r\nTwo\rThree\n", ["1. A\r\nB"], screen, ends=True) == ["One\nTwo\nThree\n\n1. A\nB"]
    assert shortened("One\r\nTwo", screen) == "One\nTwo"
    assert paginate("One\r\nTwo", [], Screen(), ends=True) == ["One\r\nTwo"]


# Pages.

BLANKS = " \t\r\n\f\v\x85\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u200b\u2028\u2029\u205f\u3000"
BOTH = {"back": True, "forward": True}

# What a person sees as one character. No two of them grow together when they stand side by side.
ATOM = st.sampled_from(
    [
        *"aB7.#0",
        *"€[",
        *"ɛ₵’",
        "\u00a0",
        "e\u0301",
        "a" + "\u0301" * 9,
        "🙂",
        "👍🏽",
        "🇬🇭",
        "1\ufe0f\u20e3",
        "👨\u200d👩\u200d👧\u200d👦",
        "नि",
        "\u1100\u1161\u11a8",
    ]
)
Word = list[str]
WORD: st.SearchStrategy[Word] = st.one_of(
    st.text(st.sampled_from("abcdefgh"), min_size=1, max_size=12).map(list),
    st.lists(ATOM, min_size=1, max_size=5),
    st.builds(lambda atom, count: [atom] * count, ATOM, st.integers(1, 60)),
)
GAP = st.sampled_from([" ", " ", "  ", "\n", "\r\n", "\n\n", "\t", " \f", "\v"])


class Document(NamedTuple):
    """A text and its choices, and the words they are made of: those of the text, and those of each choice."""

    text: str
    lines: list[str]
    words: list[Word]
    labels: list[list[Word]]


@st.composite
def sentences(draw: st.DrawFn, least: int, most: int) -> tuple[str, list[Word]]:
    """Draw words with blanks between them."""
    words = draw(st.lists(WORD, min_size=least, max_size=most))
    return "".join(f"{draw(GAP) if place else ''}{''.join(word)}" for place, word in enumerate(words)), words


@st.composite
def documents(draw: st.DrawFn, *, menu: bool = False) -> Document:
    """Draw a text with choices; the text may be missing, and so may the choices where no menu is wanted."""
    text, words = draw(sentences(0, 15))
    labels = draw(st.lists(sentences(1, 4), min_size=menu, max_size=draw(st.sampled_from([menu, 3, 12]))))
    lines = [f"{number}. {label}" for number, (label, _) in enumerate(labels, start=1)]
    around = draw(st.sampled_from([("", "")] * 3 + [("\n ", ""), ("", "\n"), (" ", " ")]))
    return Document(f"{around[0]}{text}{around[1]}" if words else "", lines, words, [each for _, each in labels])


@st.composite
def screens(draw: st.DrawFn) -> Screen:
    """Draw screens of usual sizes, and the smallest ones that are allowed."""
    next_key, back_key = draw(st.sampled_from([("#", "0"), ("0", "#"), ("98", "00"), ("€", "*")]))
    next_label, back_label = draw(
        st.sampled_from([("Next", "Back"), ("", ""), ("Kɔ so", "San"), ("Suivant", "Précédent"), ("[>]", "[<]")])
    )
    usual = Screen(next_key=next_key, back_key=back_key, next_label=next_label, back_label=back_label)
    line_break = draw(st.sampled_from(["\n"] * 3 + ["\r\n", "|", "/"]))
    longest = navigation(usual, **BOTH).replace("\n", line_break)
    units = length(longest + "🙂🙂")[0] + draw(st.sampled_from([0, 1, 2, 5, 11, 30, 50]))
    septets = max(length(longest + "aa")[0], draw(st.sampled_from([0, units]))) + draw(st.sampled_from([0, 1, 2, 5, 11, 30, 70]))
    return msgspec.structs.replace(usual, septets=septets, units=units, line_break=line_break)


def bare(text: str) -> str:
    """Leave out the blanks at which a line may be broken."""
    return re.sub(f"[{BLANKS}]", "", text)


def whole(document: Document) -> str:
    return "\n".join([document.text, *document.lines]) if document.text else "\n".join(document.lines)


def with_newlines(text: str, screen: Screen) -> str:
    """End lines as texts for a screen do: in newlines alone, where the gateway ends them otherwise."""
    return text if screen.line_break == "\n" else text.replace("\r\n", "\n").replace("\r", "\n")


def bodies(pages: list[str], screen: Screen, *, ends: bool) -> list[str]:
    """Take the navigation off each page, which must be exactly the one that belongs there."""
    found = []
    last = len(pages) - 1
    for place, page in enumerate(pages):
        line = "" if place == last and ends else navigation(screen, back=place > 0, forward=place < last)
        assert page.endswith(line)
        found.append(page.removesuffix(line))
    return found


def turns(document: Document, screen: Screen, *, ends: bool) -> tuple[list[str], list[int]]:
    """Cut a document into pages; give their bodies, and after how many characters other than blanks each page is turned."""
    found = bodies(paginate(document.text, document.lines, screen, ends=ends), screen, ends=ends)
    places, passed = [], 0
    for body in found[:-1]:
        passed += len(bare(body))
        places.append(passed)
    return found, places


def alone(text: str, screen: Screen, *, first: bool, last: bool, ends: bool) -> bool:
    """Tell whether a page of its own holds a piece of the document."""
    if first and last:
        return holds(screen, text)
    line = "" if last and ends else navigation(screen, back=not first, forward=not last)
    return holds(screen, text + line) or (first and holds(screen, text + navigation(screen, **BOTH)))


@given(documents(), screens(), st.booleans())
@settings(deadline=None, max_examples=120)
def test_every_page_fits_its_screen(document: Document, screen: Screen, ends: bool) -> None:
    """No page is longer than its screen, its navigation included, and a text that fits one screen has one page without any."""
    pages = paginate(document.text, document.lines, screen, ends=ends)
    assert pages
    for page in pages:
        assert holds(screen, page)
    if holds(screen, text := with_newlines(whole(document), screen)):
        assert pages == [text]


@given(documents(), screens(), st.booleans())
@example(Document("", ["1. a", "2. €€€€€"], [], [[["a"]], [["€"] * 5]]), Screen(septets=17, units=19), False)
@settings(deadline=None, max_examples=120)
def test_nothing_but_blanks_is_left_out(document: Document, screen: Screen, ends: bool) -> None:
    """The pages without their navigation are the document; the first has no way back, the last none on, nor any at the end."""
    found = bodies(paginate(document.text, document.lines, screen, ends=ends), screen, ends=ends)
    assert bare("".join(found)) == bare(whole(document))
    assert all(map(bare, found)) or len(found) == 1


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=5), screens(), st.booleans())
@example("", [], Screen(), False)
@example(" " * 400, [], Screen(), False)
@example("a", [""] * 200, Screen(), False)
@example("\u0301" * 200, ["\u200d" * 200], Screen(), False)
@example(" \u0301" * 200, [], Screen(), False)
@settings(deadline=None, max_examples=120)
def test_any_text_becomes_pages_that_fit_and_lose_nothing(text: str, labels: list[str], screen: Screen, ends: bool) -> None:
    """Texts and labels of any characters, blank ones included, become pages with their navigation where it belongs."""
    lines = [f"{number}. {label}" for number, label in enumerate(labels, start=1)]
    pages = paginate(text, lines, screen, ends=ends)
    assert all(holds(screen, page) for page in pages)
    assert bare("".join(bodies(pages, screen, ends=ends))) == bare(text + "".join(lines))


def placed(document: Document) -> list[tuple[int, str, Word]]:
    """List all words: where each begins, blanks not counted; the number that must stand before it; what it is made of."""
    found, place = [], 0
    for number, label in enumerate([document.words, *document.labels]):
        before = f"{number}. " if number else ""
        place += len(bare(before))
        for word in label:
            found.append((place, before, word))
            place += len("".join(word))
            before = ""
    return found


def starts(place: int, word: Word) -> list[int]:
    """Tell where each visible character of a word begins."""
    return [place + len("".join(word[:count])) for count in range(len(word))]


@given(documents(), screens(), st.booleans())
@settings(deadline=None, max_examples=120)
def test_no_word_and_no_character_is_cut_that_fits_a_page(document: Document, screen: Screen, ends: bool) -> None:
    """A page is turned inside a word, or a visible character, only where a page of its own could not hold it."""
    _, places = turns(document, screen, ends=ends)
    total = len(bare(whole(document)))
    for start, before, word in placed(document):
        for at, piece in [(start, "".join(word)), *zip(starts(start, word), word, strict=True)]:
            end = at + len(piece)
            text = before + piece if at == start else piece
            if alone(text, screen, first=at == len(bare(before)), last=end == total, ends=ends):
                assert not any(at < place < end for place in places)


@given(documents(menu=True), screens(), st.booleans())
@settings(deadline=None, max_examples=120)
def test_no_choice_is_cut_that_fits_a_page(document: Document, screen: Screen, ends: bool) -> None:
    """A page is turned inside a choice only where a page of its own could not hold it; each begins on a line of its own."""
    found, places = turns(document, screen, ends=ends)
    total = len(bare(whole(document)))
    begin_a_line, passed = set(), 0
    for body in found:
        begin_a_line |= {passed + len(bare(body[: match.end()])) for match in re.finditer("^|\n", body)}
        passed += len(bare(body))
    start = len(bare(document.text))
    for line in document.lines:
        end = start + len(bare(line))
        if alone(line, screen, first=start == 0, last=end == total, ends=ends):
            assert not any(start < place < end for place in places)
        assert start in begin_a_line
        start = end


@given(documents(menu=True), screens(), st.booleans())
@settings(deadline=None, max_examples=120)
def test_the_number_of_a_choice_never_stands_without_its_label(document: Document, screen: Screen, ends: bool) -> None:
    """No page ends between a number and its label, where any page can hold the number and the beginning of the label."""
    _, places = turns(document, screen, ends=ends)
    start = len(bare(document.text))
    for number, (line, label) in enumerate(zip(document.lines, document.labels, strict=True), start=1):
        if holds(screen, f"{number}. {label[0][0]}{navigation(screen, **BOTH)}"):
            assert start + len(f"{number}.") not in places
        start += len(bare(line))


@pytest.mark.parametrize("label", ["abcdefghijkl", "abcdefghijkl mnop", "abcdefghijk.", "ɛɛɛɛɛɛɛɛɛɛɛ"])
def test_a_label_that_nearly_fills_a_page_stays_with_its_number(label: str) -> None:
    """A label that would fit a page alone, but not with its number, is cut rather than parted from it."""
    screen = Screen(septets=27, units=27)
    pages = paginate("Which of these do you", [f"1. {label}", "2. Something else"], screen, ends=False)
    for body in bodies(pages, screen, ends=False):
        assert not re.search(r"(^|\n)[12]\.$", body)


@given(documents(), screens(), st.booleans())
@settings(deadline=None, max_examples=120)
def test_words_stay_words(document: Document, screen: Screen, ends: bool) -> None:
    """Within a page no two words grow together and none falls apart."""
    found, _ = turns(document, screen, ends=ends)
    limits, passed = {0}, 0
    for word in re.findall(f"[^{BLANKS}]+", whole(document)):
        passed += len(word)
        limits.add(passed)
    passed = 0
    for body in found:
        tokens = re.findall(f"[^{BLANKS}]+", body)
        for place, token in enumerate(tokens):
            assert passed in limits or place == 0
            assert not any(passed < limit < passed + len(token) for limit in limits)
            passed += len(token)
            assert passed in limits or place == len(tokens) - 1


@given(documents(), screens(), st.booleans())
@example(
    Document("a a a a a a a a\n", ["1. a", "2. a"], [["a"]] * 8, [[["a"]], [["a"]]]),
    Screen(septets=17, units=21, next_label="Kɔ so", back_label="San"),
    False,
)
@settings(deadline=None, max_examples=120)
def test_a_page_is_turned_only_when_it_is_full(document: Document, screen: Screen, ends: bool) -> None:
    """What begins the next page did not fit on this one: newlines and choices do not waste a screen."""
    pages = paginate(document.text, document.lines, screen, ends=ends)
    found = bodies(pages, screen, ends=ends)
    document = document._replace(
        text=with_newlines(document.text, screen), lines=[with_newlines(line, screen) for line in document.lines]
    )
    text = whole(document)
    visible = [place for place, each in enumerate(text) if each not in BLANKS]
    words = {match.start(): match.group() for match in re.finditer(f"[^{BLANKS}]+", text)}
    lines, at = {}, len(document.text) + 1 if document.text else 0
    for line in document.lines:
        lines[at] = line
        at += len(line) + 1
    passed = 0
    for page, body in enumerate(found[:-1]):
        passed += len(bare(body))
        at = visible[passed]
        gap = text[visible[passed - 1] + 1 : at] if passed else ""
        next_piece = lines.get(at, words.get(at))
        if next_piece is None:
            continue  # inside a word, of which another test tells
        following = gap + next_piece
        is_last = passed + len(bare(following)) == len(visible)
        below = "" if is_last and ends else navigation(screen, back=page > 0, forward=not is_last)
        assert not holds(screen, body + following + below)


MENU_PAGES = ["Your plan,\n# Next", "please:\n0 Back  # Next", "1. Day\n2. Week\n0 Back"]


@pytest.mark.parametrize(
    ("text", "lines", "ends", "pages"),
    [
        ("Short.", [], True, ["Short."]),
        ("Pick:", ["1. A", "2. B"], False, ["Pick:\n1. A\n2. B"]),
        ("", ["1. A", "2. B"], False, ["1. A\n2. B"]),
        ("", [], True, [""]),
        ("one two three four five six", [], True, ["one two three\n# Next", "four five six"]),
        ("one two three four five six", [], False, ["one two three\n# Next", "four five six\n0 Back"]),
        ("one\ntwo\nthree\nfour\nfive\n6", [], True, ["one\ntwo\nthree\n# Next", "four\nfive\n6"]),
        ("Your plan, please:", ["1. Day", "2. Week"], False, MENU_PAGES),
        ("a" * 32, [], True, ["a" * 17 + "\n# Next", "a" * 15]),
        ("a" * 42, [], False, ["a" * 17 + "\n# Next", "a" * 9 + "\n0 Back  # Next", "a" * 16 + "\n0 Back"]),
        ("a" * 44, [], False, ["a" * 17 + "\n# Next", *["a" * 9 + "\n0 Back  # Next"] * 2, "a" * 9 + "\n0 Back"]),
    ],
)
def test_pages_read_as_a_person_would_cut_them(text: str, lines: list[str], ends: bool, pages: list[str]) -> None:
    """A few texts, and the pages one would write by hand."""
    assert paginate(text, lines, Screen(septets=24, units=24), ends=ends) == pages


@pytest.mark.parametrize("blank", ["\u2003", "\u3000", "\u200b", "\u2028", "\u2009", "\x85"])
def test_a_blank_of_another_width_is_one(blank: str) -> None:
    """Lines are broken at every blank of Unicode at which they may be, and words between them stay whole."""
    screen = Screen(septets=60, units=40)
    for body in bodies(paginate(blank.join(["hello"] * 40), [], screen, ends=True), screen, ends=True):
        assert set(body.split(blank)) == {"hello"}


@pytest.mark.parametrize("space", ["\u00a0", "\u2007", "\u202f"])
def test_a_no_break_space_is_part_of_its_word(space: str) -> None:
    """What an author keeps together stays together."""
    screen = Screen(septets=60, units=40)
    for body in bodies(paginate(" ".join([f"GHS{space}20"] * 30), [], screen, ends=True), screen, ends=True):
        assert set(body.split(" ")) == {f"GHS{space}20"}


def test_a_choice_that_must_be_cut_begins_its_own_page() -> None:
    """A label that no page can hold is read from the top of one."""
    first, *_ = paginate("Pick:", ["1. " + "word " * 30], Screen(septets=60, units=40), ends=True)
    assert first == "Pick:\n# Next"


def test_a_blank_line_above_the_choices_stays() -> None:
    """Only blanks at which a page is turned are left out, so pages look as one screen would."""
    lines = ["1. A", "2. " + "b " * 40, "3. " + "c " * 40]
    first, *_ = paginate("Pick:\n\n", lines, Screen(septets=120, units=70), ends=False)
    assert first.startswith("Pick:\n\n\n1. A\n2. b b")


@pytest.mark.parametrize(("units", "number"), [(13, "2. "), (14, "12. "), (15, "112. "), (15, "2.   ")])
def test_a_visible_character_is_whole_though_its_number_cannot_stand_with_it(units: int, number: str) -> None:
    """On the smallest screens a number may be alone, but a letter is not parted from its mark."""
    screen = Screen(septets=81, units=units, next_label="€", back_label="[")
    pages = paginate("x", [f"{number}ก็ ก็ก็", f"{number}{'ก็' * 9}"], screen, ends=False)
    assert not any(page.startswith("็") for page in pages)
    assert all(screen.fits(page) for page in pages)


@given(st.text(max_size=200) | documents().map(whole), screens())
@settings(deadline=None, max_examples=200)
def test_what_is_shortened_fits_and_is_how_the_text_begins(text: str, screen: Screen) -> None:
    """A text that nobody can page through is cut where the screen ends: between words, or else between characters."""
    cut, text = shortened(text, screen), with_newlines(text, screen)
    assert holds(screen, cut)
    if holds(screen, text):
        assert cut == text
        return
    assert cut or not bare(text)
    text = text.lstrip(BLANKS)
    assert text.startswith(cut)
    if cut != text and measure(text).gsm and re.search(f"[{BLANKS}]", cut):
        assert text[len(cut)] in BLANKS


@pytest.mark.parametrize("labels", [[" " * 200], ["Daily" + " " * 200], ["Daily \n" + "\t" * 200], ["\n" * 200, ""]])
def test_blanks_after_a_label_make_no_page(labels: list[str]) -> None:
    """The last page offers no next one, even where the document ends in more blanks than a page holds."""
    lines = [f"{number}. {label}" for number, label in enumerate(labels, start=1)]
    pages = paginate("Pick:", lines, Screen(), ends=False)
    assert "Next" not in pages[-1]
    assert bare("".join(bodies(pages, Screen(), ends=False))) == bare("".join(["Pick:", *lines]))


@pytest.mark.parametrize(("next_label", "back_label"), [("Kɔ so", "San"), ("Next", "Sɔn"), ("Kɔ so", "Sɔn")])
def test_the_last_page_offers_no_next_one_in_either_alphabet(next_label: str, back_label: str) -> None:
    """A label that makes the page UCS-2 may make it shorter; the last page still has its own navigation, and fits with it."""
    screen = Screen(septets=30, units=30, next_label=next_label, back_label=back_label)
    for count in range(1, 60):
        pages = paginate("€" * count, [], screen, ends=False)
        assert all(holds(screen, page) for page in pages)
        assert "".join(bodies(pages, screen, ends=False)) == "€" * count


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("word " * 20_000, []),
        ("w" * 100_000, []),
        ("👨\u200d👩\u200d👧\u200d👦" * 5_000, []),
        ("a" + "\u0301" * 20_000, []),
        ("🇬🇭" * 40_000, []),
        ("Pick:", [f"{number}. Choice {number}" for number in range(1, 5_000)]),
        ("Pick:", ["1. " + "label " * 10_000, "2. " + "l" * 50_000]),
        ("\n" * 50_000 + "a" + " " * 3_000, []),
    ],
    ids=["words", "one word", "emoji", "marks", "flags", "choices", "long choices", "blanks"],
)
def test_a_very_long_text_is_cut_too(text: str, lines: list[str]) -> None:
    """However long something is, it is cut into pages that hold it all, in the time that its length takes."""
    screen = Screen()
    pages = paginate(text, lines, screen, ends=False)
    assert all(screen.fits(page) for page in pages)
    assert bare("".join(bodies(pages, screen, ends=False))) == bare(text + "".join(lines))
