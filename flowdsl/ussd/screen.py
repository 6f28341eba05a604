"""What one USSD screen may hold, and how its page navigation is labelled."""

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from flowdsl.errors import ConfigurationError
from flowdsl.texts import BuiltIn, Text, is_text, plain
from flowdsl.ussd.alphabet import is_basic, measure

__all__ = ["Screen"]

# The longest single character, an emoji outside the basic plane, and the newline above the navigation.
_LEAST = 2

if TYPE_CHECKING:
    _Label: TypeAlias = Text
else:
    _Label = Any  # a screen that is stored has been made, and its labels are plain texts


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a screen and the keys that turn its pages.

    Args:
        septets: how much fits when the text is GSM 7-bit.
        units: how much fits when one character makes it UCS-2, in 16-bit units.
        next_key: typed to see the next page.
        back_key: typed to see the page before.
        next_label: what stands beside the next key. Labels are left out in a language in which they are too long.
        back_label: what stands beside the back key.

    Raises:
        ConfigurationError: the navigation leaves no room for text, or its keys are the same.

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

    def __post_init__(self) -> None:
        keys = {self.next_key, self.back_key}
        if len(keys) < 2 or any(not isinstance(key, str) or not key or key != key.strip() for key in keys):
            raise ConfigurationError(
                "a screen needs two different keys, without blanks: one for the next page and one for the page before"
            )
        if not (is_text(self.next_label) and is_text(self.back_label)):
            raise ConfigurationError("the labels of a screen are texts")
        longest = self.navigation(back=True, forward=True)
        for room, example in ((self.septets, "a"), (self.units, "\N{CAMERA}")):
            need = measure(longest + example * _LEAST).units
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
        if is_basic(text):  # as most are
            return len(text) <= self.septets
        if len(text) > self.most:
            return False
        length = measure(text)
        return length.units <= (self.septets if length.gsm else self.units)

    def navigation(self, *, back: bool, forward: bool) -> str:
        """Give the line that turns pages, with the newline before it; ``""`` where there is nowhere to go."""
        options = []
        if back:
            options.append(f"{self.back_key} {plain(self.back_label)}".rstrip())
        if forward:
            options.append(f"{self.next_key} {plain(self.next_label)}".rstrip())
        return "\n" + "  ".join(options) if options else ""
