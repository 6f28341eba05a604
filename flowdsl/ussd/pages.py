"""A text of any length as USSD pages that fit, navigation included."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from flowdsl.errors import ConfigurationError
from flowdsl.ussd.screen import Screen

__all__ = ["paginate", "shortened"]

_LINE, _HEAD, _WORD, _GRAPHEME, _CODE_POINT = range(5)
# Only blanks at which a line may be broken (Unicode, UAX 14): a no-break space is part of its word.
_BLANKS: Final = " \t\r\n\f\v\x85\u1680\u2028\u2029\u205f\u3000" + "".join(map(chr, {*range(0x2000, 0x200C)} - {0x2007}))
_words: Final = re.compile(f"([{_BLANKS}]*)([^{_BLANKS}]+)").findall
# A grapheme cluster (Unicode, UAX 29). Flags are pairs, told apart by a rule of their own, because to find where one
# begins \X looks back over all the flags before it, which takes the square of the time.
_CLUSTER: Final = r"[\U0001F1E6-\U0001F1FF]{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*|\X"
_numbered: Final = re.compile(f"([^{_BLANKS}]+[{_BLANKS}]+)(.+)", re.DOTALL).fullmatch


class _Piece(NamedTuple):
    """Something that stays whole if a page can hold it, and the blanks before it."""

    blanks: str
    text: str
    grain: int


def paginate(text: str, lines: Sequence[str], screen: Screen, *, ends: bool, back: bool = False) -> list[str]:
    r"""Cut a text and its choices into screens.

    A choice, a word or a visible character is cut only when a page of its own cannot hold it. Nothing
    but the blanks at which a page is turned is left out.

    Args:
        text: what is said and asked; broken between words.
        lines: the numbered choices, each kept whole.
        screen: its size and navigation.
        ends: the session is over when the last page is shown, so nobody can go back from it.
        back: the key for the page before is offered on the first one of several, too, where it leads to the question before.

    >>> paginate("one two three four five", [], Screen(septets=20, units=24), ends=True)
    ['one two three\n# Next', 'four five']
    """
    if screen.transliterate or screen.line_break != "\n":
        text, lines = screen.written(text), [screen.written(line) for line in lines]
    whole = "\n".join((text, *lines)) if text else "\n".join(lines)
    if screen.fits(whole):
        return [whole]
    screen = screen.made()
    pieces = deque(_pieces(text, lines))
    pages: list[str] = []
    while pieces:
        pages.append(_page(pieces, screen, back=back or bool(pages), ends=ends))
    return pages or [""]


def shortened(text: str, screen: Screen) -> str:
    """Cut off what one screen cannot hold, between words if it can be: for texts that nobody can page through.

    >>> shortened("one two three four five", Screen(septets=17, units=24))
    'one two three'
    """
    text = screen.written(text)
    if screen.fits(text):
        return text
    text = text.lstrip(_BLANKS)
    kept = _beginning(_graphemes(text[: screen.most + 1]), screen) or _beginning(text[: screen.most + 1], screen)
    if kept == text:
        return text
    whole = kept if text[len(kept)] in _BLANKS else _up_to_a_blank(kept)
    # Less of a text may be of another alphabet, and then too long.
    return next(cut for cut in (whole.rstrip(_BLANKS), kept) if screen.fits(cut))


def _beginning(parts: Sequence[str], screen: Screen) -> str:
    count = len(parts)
    while not screen.fits("".join(parts[:count])):
        count -= 1
    return "".join(parts[:count])


def _up_to_a_blank(text: str) -> str:
    end = max(map(text.rfind, _BLANKS))
    return text if end < 0 else text[:end]


def _pieces(text: str, lines: Sequence[str]) -> Iterator[_Piece]:
    # Blanks at the end belong to no word, and looking for one behind each of them takes the square of the time.
    bare = text.rstrip(_BLANKS)
    for blanks, word in _words(bare):
        yield _Piece(blanks, word, _WORD)
    between = text[len(bare) :]
    for line in lines:
        yield _Piece(f"{between}\n", line.rstrip(_BLANKS), _LINE)
        between = ""


def _page(pieces: deque[_Piece], screen: Screen, *, back: bool, ends: bool) -> str:
    """Take from the pieces what the next page holds."""
    last = "" if ends else screen.navigation(back=back, forward=False)
    rest = _rest(pieces, screen)
    if rest is not None and screen.fits(rest + last):
        pieces.clear()
        return rest + last
    turning = screen.navigation(back=back, forward=True)
    alone = screen.navigation(back=True, forward=True)
    alone_at_last = "" if ends else screen.navigation(back=True, forward=False)
    page = ""
    while pieces:
        piece = pieces[0]
        final = len(pieces) == 1
        longer = page + piece.blanks + piece.text if page else piece.text
        # Navigation in another alphabet may make the page with more on it the one that fits.
        if screen.fits(longer + (last if final else turning)):
            page = longer
            pieces.popleft()
        elif page and (piece.grain == _LINE or screen.fits(piece.text + (alone_at_last if final else alone))):
            break  # a choice that must be cut starts its own page, so that its number stands with its label
        else:
            pieces.popleft()
            pieces.extendleft(reversed(_cut(piece)))
    return page + (turning if pieces else last)


def _rest(pieces: deque[_Piece], screen: Screen) -> str | None:
    """Join what is left, or tell by ``None`` that it is too long without joining it."""
    length = 0
    for piece in pieces:
        length += len(piece.text)
        if length > screen.most:
            return None
    joined = "".join(piece.blanks + piece.text for piece in pieces)
    return joined[len(pieces[0].blanks) :]


def _cut(piece: _Piece) -> list[_Piece]:
    """Cut what no page can hold into pieces of the next finer grain."""
    if piece.grain == _LINE:
        # The number and the first word of the label are one piece; the other words are cut as words are.
        words = _words(piece.text)
        head = "".join(part for pair in words[:2] for part in pair)
        return [_Piece(piece.blanks, head, _HEAD), *(_Piece(blanks, word, _WORD) for blanks, word in words[2:])]
    grain = _GRAPHEME
    numbered = _numbered(piece.text) if piece.grain == _HEAD else None
    if numbered is not None:
        number, word = numbered.groups()
        letter, *others = _graphemes(word)
        parts = [number + letter, *others]
    elif piece.grain in (_HEAD, _WORD):
        parts = _graphemes(piece.text)
    elif piece.grain == _GRAPHEME:
        # A visible character, perhaps with the number of its choice before it.
        *before, (gap, letter) = _words(piece.text)
        split = [(blanks if not place else "", one) for blanks, word in before for place, one in enumerate(word)]
        if split:
            number = [_Piece(blanks if place else piece.blanks, one, _CODE_POINT) for place, (blanks, one) in enumerate(split)]
            return [*number, _Piece(gap, letter, _GRAPHEME)]
        return [_Piece("" if place else piece.blanks, one, _CODE_POINT) for place, one in enumerate(letter)]
    else:
        raise ConfigurationError(f"a screen has no room for {piece.text!r} beside its navigation")
    return [_Piece("" if place else piece.blanks, part, grain) for place, part in enumerate(parts)]


def _graphemes(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    import regex  # only texts that are neither short nor ASCII need it, and it takes 10 ms to import

    return regex.findall(_CLUSTER, text)
