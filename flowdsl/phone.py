"""Phone numbers as E.164, which is what sessions and flows know people by."""

import re
from functools import lru_cache
from typing import Any, Final

from flowdsl.errors import ConfigurationError

__all__ = ["e164", "require_region"]

_LONGEST: Final = len("+") + 15
# The lengths of countries' codes, in digits; none begins as another one.
_CODES: Final = (1, 2, 3)


@lru_cache(maxsize=4096)
def e164(number: str, region: str | None = None) -> str | None:
    """Write a number in E.164, or give ``None`` where it cannot be one.

    Only lengths and prefixes that can exist are asked for, not numbers in use: which ranges are in use
    changes with every release of the tables, and with it people would change their sessions.

    Args:
        number: with ``+``, with the country's code but no ``+``, or as it is dialled within ``region``.
        region: two letters of the country whose national numbers begin with ``0`` here, such as ``"GH"``.

    >>> e164("233244123456")
    '+233244123456'
    >>> e164("0244123456", "GH")
    '+233244123456'
    >>> e164("NALOTEST") is None
    True
    """
    # Imported when the first number comes: its tables take as long as the rest of flowdsl.
    import phonenumbers

    # phonenumbers reads letters as on a keypad, and then two spellings would be two people or one.
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdecimal():
        return None
    if _is_written_out(digits):
        return f"+{digits}"
    national = region is not None and number.startswith("0")
    if digits.startswith("0") and not national:
        return None  # no country's code does, and phonenumbers would take what follows for one: +0077… for Russia
    try:
        parsed = phonenumbers.parse(number if national else f"+{digits}", region)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        again = parsed if written == f"+{digits}" else phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return None
    # E.164 has at most 15 digits. And what reads as another number the second time would be two people.
    if len(written) > _LONGEST or parsed != again or not phonenumbers.is_possible_number(parsed):
        return None
    return written


def _is_written_out(digits: str) -> bool:
    """Tell whether digits are a country's code and a number in that country, of which nothing is to be read otherwise.

    Nearly all that gateways send are. To parse a number is to search it for brackets, blanks and extensions, which takes
    as long as a third of a turn; the tables of phonenumbers tell the same.
    """
    import phonenumbers

    if digits.startswith("0") or len(digits) >= _LONGEST:
        return False
    for length in _CODES:
        code, national = digits[:length], digits[length:]
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if national else None
        if regions is not None:
            table: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), regions[0])
            if len(national) not in table.general_desc.possible_length:
                return False
            # What is dialled within the country before a number may also stand here, and is then left out.
            dialled_before = table.national_prefix_for_parsing
            return dialled_before is None or re.match(dialled_before, national) is None
    return False


def require_region(region: str) -> str:
    """Make sure that a region exists, because numbers of one that does not would all be refused.

    Args:
        region: two letters, such as ``"GH"``.

    Returns:
        The region in capitals.

    Raises:
        ConfigurationError: there is no such region.
    """
    import phonenumbers

    if not isinstance(region, str) or region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError(f"there is no region {region!r}: give the two letters of a country, such as 'GH'")
    return region.upper()
