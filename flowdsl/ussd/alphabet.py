"""How long a text is for the network: GSM 7-bit septets, or UCS-2 units where one character needs them.

Tables: GSM 03.38, now 3GPP TS 23.038 section 6.2.1. A text is sent in one alphabet or the other, so
one character outside the tables makes all of it UCS-2.
"""

import re
from typing import Final, NamedTuple

__all__ = ["ALPHABET", "Length", "is_basic", "is_gsm", "measure", "outside"]

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each is sent as an escape and a code, so it takes two septets.
_EXTENDED: Final = "\f^{}\\[~]|€"

ALPHABET: Final = re.escape(_BASIC + _EXTENDED)
"""All characters of both tables, to stand in a set of a regular expression."""

is_basic: Final = re.compile(f"[{re.escape(_BASIC)}]*").fullmatch
"""Whether every character of a text takes one septet."""

is_gsm: Final = re.compile(f"[{ALPHABET}]*").fullmatch
"""Whether every character of a text is in the tables."""

_escapes: Final = re.compile(f"[{re.escape(_EXTENDED)}]").findall
_outside: Final = re.compile(f"[^{ALPHABET}]").findall


class Length(NamedTuple):
    """How long a text is, and whether that is in septets (``gsm``) or in 16-bit units of UCS-2."""

    units: int
    gsm: bool


def measure(text: str) -> Length:
    """Count a text as the network does.

    >>> measure("Total: 5 €")
    Length(units=11, gsm=True)
    >>> measure("Total: 5 ₵")
    Length(units=10, gsm=False)
    """
    if is_basic(text):
        return Length(len(text), True)
    if is_gsm(text):
        return Length(len(text) + len(_escapes(text)), True)
    return Length(len(text.encode("utf-16-le", "surrogatepass")) // 2, False)


def outside(text: str) -> str:
    """List the characters that make a text UCS-2: each once, in the order in which they come.

    >>> outside("Balance: GH₵ 20 – GH₵ 5 fee")
    '₵–'
    """
    return "".join(dict.fromkeys(_outside(text)))
