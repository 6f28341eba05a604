"""Parameters, as addresses and HTML forms carry them: ``text=1%2A2&phone=%2B254711082300``. Pure."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

from flowdsl.errors import BadPayload, UnsupportedContent
from flowdsl_adapters.content_types import LATIN_1, UTF_8, charset_of, kind_of

__all__ = ["Parameters", "mended", "read_form", "read_query"]

Parameters: TypeAlias = tuple[Mapping[str, str], frozenset[str]]
"""Names to values, the first value where a name comes twice; and the names that come twice, with different values."""

# A gateway sends a dozen at most.
_MOST: Final = 100
_KIND: Final = "application/x-www-form-urlencoded"

_NONE: Final[frozenset[str]] = frozenset()
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def read_query(query: bytes) -> Parameters:
    """Read what follows the question mark of an address. Whatever the bytes are, something is read of them.

    A ``+`` is a blank, escapes are UTF-8 or else ISO-8859-1, an escape that is none stays as it is, and what has no name is
    left out. No text has a NUL or half of a surrogate pair in it.

    Args:
        query: the raw bytes, not unescaped.

    >>> read_query(b"INPUT=*415*33%2A1#&MSISDN=254722000000&&=x")
    ({'INPUT': '*415*33*1#', 'MSISDN': '254722000000'}, frozenset())
    """
    return _read(query, _guessed, len(query))


def read_form(body: bytes, content_type: str) -> Parameters:
    """Read an HTML form that was posted, as :func:`read_query` reads an address.

    Args:
        body: the raw bytes.
        content_type: the header as it came. Empty is taken for a form. A charset that it names is taken at its word.

    Raises:
        UnsupportedContent: it says that it is something else, or in another alphabet than UTF-8 or ISO-8859-1.
        BadPayload: it is not in the alphabet that it names, or has more than 100 parameters.

    >>> read_form(b"text=1%2A2&name=Ama+Serwaa", "application/x-www-form-urlencoded")
    ({'text': '1*2', 'name': 'Ama Serwaa'}, frozenset())
    """
    try:
        return _read(body, _decoder(content_type), _MOST)
    except UnicodeDecodeError:
        raise BadPayload("the body is not UTF-8, as its content type says") from None


def mended(text: str) -> str:
    r"""Make a text of one that came with bytes in it which are no UTF-8, as half surrogate pairs, or with a NUL.

    >>> mended("caf\udce9")
    'café'
    """
    return text if text.isascii() and "\0" not in text else _text_of(text.encode("utf-8", "surrogateescape"))


def _read(raw: bytes, text: Callable[[bytes], str], most: int) -> Parameters:
    found: dict[str, str] = {}
    twice: set[str] = set()
    left = most
    for pair in raw.replace(b"+", b" ").split(b"&"):
        written, _, value = pair.partition(b"=")
        # Live requests of Comviva Flares carry junk without a name, as pull request 550 of vumi shows.
        if not written:
            continue
        if not left:
            raise BadPayload(f"the body has more than {most} parameters")
        left -= 1
        name, typed = text(written), text(value)
        if found.setdefault(name, typed) != typed:
            twice.add(name)
    return found, frozenset(twice) if twice else _NONE


@lru_cache(maxsize=64)
def _decoder(content_type: str) -> Callable[[bytes], str]:
    kind, charset = kind_of(content_type), charset_of(content_type)
    if kind not in ("", _KIND):
        raise UnsupportedContent(f"the content type is {kind!r}: send {_KIND}")
    if not charset:
        return _guessed
    if charset in UTF_8:
        return _utf_8
    if charset in LATIN_1:
        return _latin_1
    raise UnsupportedContent(f"the charset is {charset!r}: send UTF-8")


def _guessed(written: bytes) -> str:
    return _text_of(unquote_to_bytes(written))


def _utf_8(written: bytes) -> str:
    return _without_nul(unquote_to_bytes(written).decode())


def _latin_1(written: bytes) -> str:
    return _without_nul(unquote_to_bytes(written).decode("latin-1"))


def _text_of(raw: bytes) -> str:
    try:
        return _without_nul(raw.decode())
    except UnicodeDecodeError:
        # Inferred: older operators send ISO-8859-1, which hardly ever happens to be UTF-8 as well.
        return _without_nul(raw.decode("latin-1"))


def _without_nul(text: str) -> str:
    # No phone can type it, and there are databases that cannot hold it. To drop it would make another text.
    return text.replace("\0", _REPLACEMENT) if "\0" in text else text
