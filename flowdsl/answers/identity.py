"""By what people are reached and known: phone numbers, e-mail addresses, PINs."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final, overload

from msgspec import UNSET, UnsetType

from flowdsl.answers.parser import Parser, Template, cleaned, keyed
from flowdsl.errors import ConfigurationError
from flowdsl.phone import e164, require_region
from flowdsl.texts import Text

__all__ = ["MESSAGES", "email", "phone", "pin"]

_PHONE: Final = "Please enter a phone number with its country's code, such as +233244123456."
_PHONE_AT_HOME: Final = "Please enter a phone number, best with + and the country's code."
_EMAIL: Final = "Please enter an e-mail address such as name@example.com."
_PIN: Final = "Please enter a PIN of {digits} digits."

MESSAGES: Final = (_PHONE, _PHONE_AT_HOME, _EMAIL, _PIN)
"""What these parsers say, for catalogues."""

# RFC 5321: 4.1.2 has the grammar, of which quoted names and address literals are left out, because people who type
# them mean something else; 4.5.3.1 has the lengths: 64 octets before the @, and a path of 256, of which two are <>.
# RFC 1035, 2.3.4, has the 63 octets between two dots.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = rf"(?P<name>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>(?:{_LABEL}\.)+(?![0-9]+$){_LABEL})"
_LONGEST_NAME: Final = 64
_LONGEST_ADDRESS: Final = 254

_LONGEST_PIN: Final = 64


class _Phone(Parser[str], frozen=True, kw_only=True):
    region: str | None

    def _read(self, text: str) -> str | None:
        number = re.sub(r"[\s().-]", "", keyed(text))
        if self.region is None or number.startswith(("+", "0")):
            return _complete(e164(number, self.region))
        return _at_home(number, self.region)

    def _asks(self) -> Template:
        return Template(_PHONE if self.region is None else _PHONE_AT_HOME)


def _complete(number: str | None) -> str | None:
    """Refuse a number that can be dialled in its town only, or has the zero that is dialled before it at home."""
    import phonenumbers

    if number is None:
        return None
    parsed = phonenumbers.parse(number)
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    home = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    zero = parsed.italian_leading_zero and phonenumbers.ndd_prefix_for_region(home, True) == "0"
    return None if zero else number


def _at_home(number: str, region: str) -> str | None:
    """Read a number that may have its country's code, if it can be read in one way only."""
    import phonenumbers

    # To e164() any digits begin with a country's code, and 11912345678 of São Paulo would be of the United States.
    code = str(phonenumbers.country_code_for_region(region))
    typed = [f"+{number}", f"+{code}{number}"] if number.startswith(code) else [f"+{code}{number}"]
    ways = {each for each in map(_complete, map(e164, typed)) if each is not None}
    if len(ways) > 1:
        ways = {each for each in ways if phonenumbers.is_valid_number(phonenumbers.parse(each))}
    return ways.pop() if len(ways) == 1 else None


class _Email(Parser[str], frozen=True, kw_only=True):
    def _read(self, text: str) -> str | None:
        text = cleaned(text).removesuffix(".")
        found = re.fullmatch(_ADDRESS, text) if len(text) <= _LONGEST_ADDRESS else None
        # Before the @ case may make a difference, behind it never.
        return f"{found['name']}@{found['domain'].lower()}" if found and len(found["name"]) <= _LONGEST_NAME else None

    def _asks(self) -> Template:
        return Template(_EMAIL)


class _Pin(Parser[str], frozen=True, kw_only=True):
    digits: int

    def _read(self, text: str) -> str | None:
        text = cleaned(text)
        return text if len(text) == self.digits and text.isascii() and text.isdecimal() else None

    def _asks(self) -> Template:
        return Template(_PIN, digits=f"{self.digits}")


class _HashedPin:
    __slots__ = ("_key", "_pin")

    def __init__(self, pin: _Pin, key: bytes) -> None:
        self._pin: Final = pin
        self._key: Final = key

    @property
    def digits(self) -> int:
        """How many digits a PIN has."""
        return self._pin.digits

    def __call__(self, text: str) -> str:
        return hmac.new(self._key, self._pin(text).encode(), hashlib.sha256).hexdigest()


def phone(region: str | None = None, *, wrong: Text | None = None) -> Parser[str]:
    """Read a phone number, with blanks, dashes, dots and brackets in it or not, as E.164.

    Args:
        region: two letters of the country whose numbers may be typed as they are dialled at home, such as ``"GH"``;
            numbers of other countries then begin with ``+``. Without it a number has its country's code, and may have ``+``.
        wrong: what to say instead of the parser's own message.

    Raises:
        ConfigurationError: there is no such region.

    >>> phone("GH")("024 412-3456"), phone("BR")("(11) 91234-5678"), phone()("+233 24 412 3456")
    ('+233244123456', '+5511912345678', '+233244123456')
    """
    return _Phone(region=None if region is None else require_region(region), wrong=wrong)


def email(*, wrong: Text | None = None) -> Parser[str]:
    """Read an e-mail address; its domain becomes small letters.

    Args:
        wrong: what to say instead of the parser's own message.

    >>> email()("Ama@Example.com")
    'Ama@example.com'
    >>> email()("ama@example")
    Traceback (most recent call last):
    ValueError: Please enter an e-mail address such as name@example.com.
    """
    return _Email(wrong=wrong)


@overload
def pin(digits: int = 4, *, wrong: Text | None = None) -> Parser[str]: ...


@overload
def pin(digits: int = 4, *, hashed_with: str | bytes, wrong: Text | None = None) -> Callable[[str], str]: ...


def pin(
    digits: int = 4, *, hashed_with: str | bytes | UnsetType = UNSET, wrong: Text | None = None
) -> Parser[str] | Callable[[str], str]:
    """Read a PIN, of exactly so many digits.

    With ``hashed_with`` the answer is not the PIN but its hash, so that the journal and the store never hold it:
    ``hmac.new(key, pin.encode(), "sha256").hexdigest()``. Compare hashes by ``hmac.compare_digest``. Who has the key can
    try all PINs, and equal PINs have equal hashes: keep the key apart from the sessions. A hash cannot be written as a PIN
    again, so what reads it is a function and no :class:`Parser`.

    Args:
        digits: how many.
        hashed_with: the key of the hash; a text stands for its UTF-8 bytes.
        wrong: what to say instead of the parser's own message.

    Raises:
        ConfigurationError: no PIN has so many digits, or the key is empty or ``None``: a setting that is not there
            must not let PINs be kept as they are.

    >>> pin()("0042")
    '0042'
    >>> pin(hashed_with="a long secret")("0042")[:8]
    '6b49ed27'
    >>> pin(6)("0042")
    Traceback (most recent call last):
    ValueError: Please enter a PIN of 6 digits.
    """
    if digits.__class__ is not int or not 1 <= digits <= _LONGEST_PIN:
        raise ConfigurationError(f"a PIN has {digits!r} digits: give a number from 1 to {_LONGEST_PIN}")
    plain = _Pin(digits=digits, wrong=wrong)
    if hashed_with is UNSET:
        return plain
    if not isinstance(hashed_with, str | bytes) or not hashed_with:
        raise ConfigurationError("PINs cannot be hashed: their key is empty, or neither a text nor bytes")
    return _HashedPin(plain, hashed_with.encode() if isinstance(hashed_with, str) else hashed_with)
