"""How long a text is for the network: GSM 7-bit septets, or UCS-2 units where one character needs them.

Tables: GSM 03.38, now 3GPP TS 23.038 section 6.2.1. A text is sent in one alphabet or the other, so
one character outside the tables makes all of it UCS-2.
"""

import re
from typing import Final, NamedTuple

__all__ = ["Length", "is_basic", "measure"]

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each is sent as an escape and a code, so it takes two septets.
_EXTENDED: Final = "\f^{}\\[~]|€"

is_basic: Final = re.compile(f"[{re.escape(_BASIC)}]*").fullmatch
"""Whether every character of a text takes one septet."""

_is_gsm: Final = re.compile(f"[{re.escape(_BASIC + _EXTENDED)}]*").fullmatch
_escapes: Final = re.compile(f"[{re.escape(_EXTENDED)}]").findall


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
    if _is_gsm(text):
        return Length(len(text) + len(_escapes(text)), True)
    return Length(len(text.encode("utf-16-le", "surrogatepass")) // 2, False)
