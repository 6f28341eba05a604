"""How wide text is, and how it is broken into lines. Pure.

Nobody knows the fonts of the reader, so every width is an estimate, and a generous one: by class of character, for the fonts
that systems bring.
"""

import unicodedata
from typing import Final

__all__ = ["cut", "is_right_to_left", "legible", "shortened", "width_of", "wrapped"]

_MONO: Final = 0.62
_WIDE: Final = 1.05
_CAPITAL: Final = 0.68
_OTHER: Final = 0.59
_NARROW: Final = {
    **dict.fromkeys("ijl|!.,:;'`", 0.31),
    **dict.fromkeys(' ()[]{}/\\-ftrI"', 0.37),
    **dict.fromkeys("mwMW@%", 0.93),
}
_ZERO: Final = ("Mn", "Me", "Cf", "Cc")
_DOTS: Final = "…"
_JOINER: Final = "\u200d"
_TONES: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


def legible(text: str) -> str:
    r"""Replace what is no character of XML or HTML, and what turns the direction of all that follows.

    >>> legible("a\x00b\u202ec")
    'a\ufffdb\ufffdc'
    """
    if text.isprintable():
        return text
    return "".join("\ufffd" if _is_foul(each) else each for each in text)


def _is_foul(character: str) -> bool:
    code = ord(character)
    control = code < 0x20 and character not in "\t\n\r"
    return control or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or 0x202A <= code <= 0x202E or code & 0xFFFE == 0xFFFE


def width_of(text: str, size: float, *, mono: bool = False) -> float:
    """Estimate how wide a text is.

    Args:
        text: one line of it.
        size: of the font.
        mono: its characters are of one width.

    >>> width_of("ill", 10) < width_of("mum", 10) < width_of("漢字仮名", 10)
    True
    """
    if text.isascii():
        return size * sum(_width(each, mono=mono) for each in text)
    total, joined = 0.0, False
    for each in text:
        # Emoji that are joined to the one before are seen as one with it, and so are tones of skin.
        total += 0 if joined or each in _TONES else _width(each, mono=mono)
        joined = each == _JOINER
    return size * total


def _width(character: str, *, mono: bool) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in _ZERO:
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 2 * _MONO if mono else _WIDE
    if mono:
        return _MONO
    return _NARROW.get(character, _CAPITAL if character.isupper() else _OTHER)


def cut(text: str, size: float, width: float, *, mono: bool = False, front: bool = False) -> str:
    """Cut off what does not fit, and put dots there.

    Args:
        text: one line.
        size: of the font.
        width: the room for it.
        mono: its characters are of one width.
        front: cut off the beginning.

    >>> cut("registration", 10, 40, mono=True), cut("registration", 10, 40, mono=True, front=True)
    ('regis…', '…ation')
    """
    if width_of(text, size, mono=mono) <= width:
        return text
    letters = _graphemes(text)
    room = width - width_of(_DOTS, size, mono=mono)
    kept = 0
    for letter in reversed(letters) if front else letters:
        room -= width_of(letter, size, mono=mono)
        if room < 0:
            break
        kept += 1
    return _DOTS + "".join(letters[len(letters) - kept :]) if front else "".join(letters[:kept]).rstrip() + _DOTS


def wrapped(text: str, size: float, width: float, lines: int) -> list[str]:
    r"""Break a text into lines; what comes after the last one is dots.

    Args:
        text: any text, with line ends of its own.
        size: of the font.
        width: of the lines.
        lines: how many there may be.

    >>> wrapped("What is your name?\nWrite it in full", 10, 60, 3)
    ['What is', 'your name?', 'Write it in…']
    """
    found: list[str] = []
    # Not more of it is read than can be shown.
    for paragraph in text.strip()[: lines * 200].splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if line and width_of(longer, size) > width:
                found.append(line)
                longer = word
            pieces = _chopped(longer, size, width)
            found += pieces[:-1]
            line = pieces[-1]
        if line:
            found.append(line)
    if len(found) <= lines:
        return found
    return [*found[: lines - 1], cut(found[lines - 1] + _DOTS, size, width) if lines else ""]


def _chopped(word: str, size: float, width: float) -> list[str]:
    """Break a word that is longer than a line."""
    if width_of(word, size) <= width:
        return [word]
    pieces, piece, taken = [], "", 0.0
    for letter in _graphemes(word):
        wide = width_of(letter, size)
        if piece and taken + wide > width:
            pieces.append(piece)
            piece, taken = "", 0.0
        piece, taken = piece + letter, taken + wide
    return [*pieces, piece]


def shortened(text: str, most: int) -> str:
    """Keep as many visible characters as there is room for, dots included, in one line or several.

    >>> shortened("What is your name?", 8), shortened("Name?", 8)
    ('What is…', 'Name?')
    """
    text = text.strip()
    if len(text) <= most:
        return text
    letters = _graphemes(text)
    return text if len(letters) <= most else "".join(letters[: most - 1]).rstrip() + _DOTS


def is_right_to_left(text: str) -> bool:
    """Tell by its first letter whether a text is written from the right.

    >>> is_right_to_left("1. שלום"), is_right_to_left("Hello")
    (True, False)
    """
    for each in text:
        direction = unicodedata.bidirectional(each)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _graphemes(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    import regex  # only texts that are not ASCII need it, and it takes 10 ms to import

    return regex.findall(r"\X", text)
