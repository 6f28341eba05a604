"""What one USSD screen may hold, how it is written there, and how its page navigation is labelled."""

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.texts import BuiltIn, Text, is_text, plain
from flowdsl.ussd.alphabet import Length, is_basic, is_gsm, measure
from flowdsl.ussd.transliteration import require_anyascii, transliterate

__all__ = ["Screen"]

# The longest single character, an emoji outside the basic plane, and the newline above the navigation.
_LEAST = 2
_NEWLINE: Final = "\n"

if TYPE_CHECKING:
    _Label: TypeAlias = Text
else:
    _Label = Any  # a screen that is stored has been made, and its labels are plain texts


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    r"""The size of a screen and the keys that turn its pages.

    Args:
        septets: how much fits when the text is GSM 7-bit.
        units: how much fits when one character makes it UCS-2, in 16-bit units.
        next_key: typed to see the next page.
        back_key: typed to see the page before.
        next_label: what stands beside the next key. Labels are left out in a language in which they are too long.
        back_label: what stands beside the back key.
        transliterate: write all that is shown in the GSM 7-bit alphabet, so that no character makes it UCS-2. Needs
            ``flowdsl[transliteration]``.
        line_break: what the gateway ends lines with: a newline, ``"\r\n"``, or one visible character of the GSM 7-bit
            alphabet that is neither a letter nor a digit. Texts have newlines all the same, for the gateway's codec to replace;
            here it is only counted.

    Raises:
        ConfigurationError: the navigation leaves no room for text, its keys are the same, there is no such line break, or
            the library that transliterates is not installed.

    The defaults are 140 septets, as is usual in this field, and 70 units: the network's 160 octets hold
    182 septets or 80 units (3GPP TS 23.038, section 6.1.2.3), and gateways promise less.

    >>> Screen(septets=120).fits("Balance: GHS 20")
    True
    """

    septets: int = 140
    units: int = 70
    next_key: str = "#"
    back_key: str = "0"
    next_label: _Label = BuiltIn("Next")
    back_label: _Label = BuiltIn("Back")
    transliterate: bool = False
    line_break: str = _NEWLINE

    def __post_init__(self) -> None:
        keys = {self.next_key, self.back_key}
        if len(keys) < 2 or any(not isinstance(key, str) or not key or key != key.strip() for key in keys):
            raise ConfigurationError(
                "a screen needs two different keys, without blanks: one for the next page and one for the page before"
            )
        if not (is_text(self.next_label) and is_text(self.back_label)):
            raise ConfigurationError("the labels of a screen are texts")
        if self.line_break != _NEWLINE and not _breaks_lines(self.line_break):
            raise ConfigurationError(
                f"the line break of a screen is {self.line_break!r}: give '\\n', '\\r\\n', or one visible character of GSM 7-bit "
                "that is neither a letter nor a digit"
            )
        if self.transliterate:
            require_anyascii()
            if not is_gsm("".join(keys)):
                raise ConfigurationError(f"the keys {keys} cannot be shown as they are typed on a screen that transliterates")
        longest = self.navigation(back=True, forward=True)
        for room, example in ((self.septets, "a"), (self.units, "\N{CAMERA}")):
            need = self.measure(longest + example * _LEAST).units
            if room < need:
                raise ConfigurationError(
                    f"a screen of {room} has no room beside its navigation {longest[1:]!r}, which needs {need} with a "
                    "character: give it more septets and units, or shorter labels"
                )

    def made(self) -> "Screen":
        """Give the same screen with plain labels, in the language of whoever looks at it."""
        if self.next_label.__class__ is str and self.back_label.__class__ is str:
            return self
        try:
            return msgspec.structs.replace(self, next_label=plain(self.next_label), back_label=plain(self.back_label))
        except ConfigurationError:
            return msgspec.structs.replace(self, next_label="", back_label="")

    @property
    def most(self) -> int:
        """How many characters may fit at the very most."""
        return max(self.septets, self.units)

    def fits(self, text: str) -> bool:
        """Tell whether a text fits one screen."""
        if self.line_break == _NEWLINE and is_basic(text):  # as most are
            return len(text) <= self.septets
        if len(text) > self.most:
            return False
        length = self.measure(text)
        return length.units <= self.room(length)

    def measure(self, text: str) -> Length:
        """Count a text as :func:`~flowdsl.ussd.measure` does, and its newlines as what the gateway ends lines with."""
        return measure(text if self.line_break == _NEWLINE else text.replace(_NEWLINE, self.line_break))

    def room(self, length: Length) -> int:
        """Tell how much fits, in the units of a length."""
        return self.septets if length.gsm else self.units

    def written(self, text: str) -> str:
        r"""Write a text as it is shown here.

        >>> Screen(line_break="\r\n").written("Sika Susu\r\n1. Save")
        'Sika Susu\n1. Save'
        """
        if self.line_break != _NEWLINE:
            # The gateway's codec replaces newlines, and would make a line too many of these.
            text = text.replace("\r\n", _NEWLINE).replace("\r", _NEWLINE)
        return transliterate(text) if self.transliterate else text

    def navigation(self, *, back: bool, forward: bool) -> str:
        """Give the line that turns pages, with the newline before it; ``""`` where there is nowhere to go."""
        options = []
        if back:
            options.append(f"{self.back_key} {self._label(self.back_label)}".rstrip())
        if forward:
            options.append(f"{self.next_key} {self._label(self.next_label)}".rstrip())
        return _NEWLINE + "  ".join(options) if options else ""

    def _label(self, label: Text) -> str:
        return transliterate(plain(label)) if self.transliterate else plain(label)


def _breaks_lines(text: object) -> bool:
    if not isinstance(text, str) or len(text) != 1:
        return text == "\r\n"
    return text.isprintable() and text != " " and not text.isalnum() and bool(is_gsm(text))
