"""The ``Content-Type`` header, taken apart. Pure."""

from functools import lru_cache
from typing import Final

from flowdsl.errors import UnsupportedContent

__all__ = ["LATIN_1", "UTF_8", "charset_of", "kind_of"]

UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""Names of UTF-8, and of the alphabet that is a part of it."""

LATIN_1: Final = frozenset({"iso-8859-1", "iso8859-1", "latin1", "latin-1"})
"""Names of ISO-8859-1."""


@lru_cache(maxsize=64)
def kind_of(content_type: str) -> str:
    """Tell what a body is, in small letters; ``""`` where nothing says so.

    >>> kind_of("Text/XML; charset=utf-8")
    'text/xml'
    """
    return content_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=64)
def charset_of(content_type: str) -> str:
    """Tell in which alphabet a body is written, in small letters; ``""`` where nothing says so.

    Raises:
        UnsupportedContent: it says so twice, and differently.

    >>> charset_of('text/xml; Charset="UTF-8"')
    'utf-8'
    """
    found = set()
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            found.add(value.strip().strip('"').lower())
    if len(found) > 1:
        raise UnsupportedContent(f"the content type names {len(found)} charsets: send one")
    return found.pop() if found else ""
