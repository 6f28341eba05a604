"""Any text in the GSM 7-bit alphabet, so that one ``₵`` or emoji does not make the whole screen UCS-2 and halve it. Pure.

What is in the tables stays. The rest goes by the small table below, else by what Unicode decomposes it to, else by anyascii.
"""

import re
from functools import lru_cache
from typing import Final
from unicodedata import category, combining, decimal, normalize

from flowdsl.errors import ConfigurationError
from flowdsl.ussd.alphabet import ALPHABET, is_gsm

__all__ = ["named", "require_anyascii", "transliterate"]

# Stands for an emoji until all of a text is written, for what stands beside it decides what becomes of the blanks.
# It is no character of the alphabet, and one that was there before is written as what nobody can write.
_EMOJI: Final = "\0"
_UNWRITABLE: Final = "?"

# Where the general tables serve a screen badly. Which letter stands for ŋ is an inference: Ewe and Ga are typed with n
# or ng, and one letter leaves a screen as long as it was. A bullet as * or #, as anyascii has it, reads like a key.
_SIGNS: Final = {
    **dict.fromkeys("`´", "'"),
    **dict.fromkeys("«»″", '"'),
    **dict.fromkeys("•‣◦●○■□◆◇", "-"),
    **dict.fromkeys("✓♪♫", _EMOJI),
    **dict.fromkeys("❗❕", "!"),
    **dict.fromkeys("❓❔", "?"),
    **dict.fromkeys("\t\x1c\x1d\x1e\x1f", " "),
    **dict.fromkeys("\v\x85\u2028\u2029", "\n"),
    "🔟": "10",
    "×": "x",
    "ŋ": "n",
    "Ŋ": "N",
    "ا": "a",
}
# Flags are two of these each.
_FLAGS: Final = range(0x1F1E6, 0x1F200)
# Blocks of nothing but pictures. Those that are too new for anyascii have no name there.
_PICTURES: Final = range(0x1F000, 0x1FC00)
# Of the letters before these anyascii knows all, and those for which it writes nothing have no sound of their own.
_MANY_UNKNOWN: Final = 0x3000

# GH₵ is how the cedi is written in Ghana, and GH¢ too by inference; alone, ¢ may be a cent.
_CODES: Final = {"GH₵": "GHS", "GH¢": "GHS", "₵": "GHS", "₦": "NGN"}
_money: Final = re.compile("GH[₵¢]|[₵₦]").sub
_foreign: Final = re.compile(f".[\u0300-\u036f]{{1,8}}|[^{ALPHABET}]", re.DOTALL).sub
_pictures: Final = re.compile(f"([ \n]?){_EMOJI}(?:[ \n]*{_EMOJI})*([ \n]?)").sub
_unwritten: Final = re.compile(f"[^{ALPHABET}{_EMOJI}]").sub
_OPENING: Final = "([¿¡"
_CLOSING: Final = ".,;:!?)]"


def require_anyascii() -> None:
    """Make sure that the library for other scripts is there.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import anyascii  # noqa: F401 (only its presence is of interest)
    except ImportError:
        raise ConfigurationError(
            "to transliterate needs anyascii: pip install 'flowdsl[transliteration]', or '.[transliteration]' in a clone"
        ) from None


def transliterate(text: str) -> str:
    """Write a text in the GSM 7-bit alphabet.

    Emoji are left out, with one of the blanks beside them. What nobody can write is ``?``.

    Args:
        text: any text. One that is in the alphabet is given back as it is.

    Raises:
        ConfigurationError: anyascii is needed and not installed.

    >>> transliterate("Mepa wo kyɛw 🙏, tua GH₵5.50 – “ɛnnɛ”…")
    'Mepa wo kyew, tua GHS 5.50 - "enne"...'
    """
    if is_gsm(text):
        return text
    written = _foreign(_one, _money(_code, text))
    if _EMOJI in written:
        written = _pictures(_left_out, written)
    if not written.strip() and any(map(str.isalnum, text)):
        return _UNWRITABLE  # letters without a sound, and nothing else
    return written


def named(text: str) -> str:
    """Write a text that must not be empty, as the label of a choice: where it is nothing but emoji, by their names.

    >>> named("👍"), named("Yes 👍"), named("🇬🇭")
    ('thumbsup', 'Yes', 'GH')
    """
    written = transliterate(text)
    if written.strip() or not text.strip():
        return written
    from anyascii import anyascii

    return transliterate(" ".join(anyascii(text).replace("_", " ").replace(":", " ").split())) or _UNWRITABLE


def _code(match: re.Match[str]) -> str:
    """Give the code of a currency, which is a word of its own beside a number."""
    text, start, end = match.string, match.start(), match.end()
    before = " " if text[start - 1 : start].isalnum() else ""
    following = text[end : end + 2].removeprefix(".")
    return f"{before}{_CODES[match[0]]}{' ' if following[:1].isdigit() else ''}"


def _one(match: re.Match[str]) -> str:
    """Give what is written for one character, perhaps with marks."""
    written = _written(match[0])
    if written[:1].isdigit() and match.string[match.start() - 1 : match.start()].isdigit() and decimal(match[0][0], None) is None:
        return f" {written}"  # 1½ is not 11/2, nor 10² a hundred and two
    return written


# A service says the same few things over and over, in the same letters.
@lru_cache(maxsize=4096)
def _written(cluster: str) -> str:
    sign = cluster[0]
    if sign in _SIGNS:
        return _SIGNS[sign]
    parts = normalize("NFKD", cluster)
    # Signs such as ¨ and ˘ are taken for a blank with a mark on it.
    if not (parts[0] == " " and len(parts) > 1 and sign != " ") and is_gsm(composed := _composed(parts)):
        return composed
    if is_gsm(sign):
        return sign
    return _unwritten(_UNWRITABLE, _by_library(sign))


def _composed(parts: str) -> str:
    """Put letters together with the marks with which they are in the alphabet; other marks are left out."""
    written = ""
    for part in parts:
        if not combining(part):
            written += part
        elif len(letter := normalize("NFC", written[-1:] + part)) == 1 and is_gsm(letter):
            written = written[:-1] + letter
    return written


def _by_library(sign: str) -> str:
    kind, code = category(sign), ord(sign)
    if kind[0] == "M" or kind == "Cf":
        return ""  # marks, joiners, variation selectors
    if code in _FLAGS:
        return _EMOJI
    if kind in ("Cc", "Cs", "Co"):
        return _UNWRITABLE
    require_anyascii()
    from anyascii import anyascii

    written = anyascii(sign)
    if not written:
        silent = kind[0] == "L" and code < _MANY_UNKNOWN
        return _EMOJI if code in _PICTURES else "" if silent else _UNWRITABLE
    if len(written) > 2 and written[0] == written[-1] == ":":
        return _EMOJI  # anyascii has named it
    return written.replace("`", "'")


def _left_out(match: re.Match[str]) -> str:
    """Give the blank that stays where emoji were."""
    text, start, end = match.string, match.start(), match.end()
    if start == 0 or end == len(text):
        return ""
    if "\n" in match[0]:
        return "\n"
    left, right = match.groups()
    before, after = text[start - 1], text[end]
    if left and right:
        return " "
    if left:
        return "" if after in _CLOSING else " "
    if right:
        return "" if before in _OPENING else " "
    return " " if after.isalnum() and (before.isalnum() or before in _CLOSING) else ""
