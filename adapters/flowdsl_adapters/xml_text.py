"""XML from outside, read safely, and texts written for it. Pure.

The standard library's expat is safe here without defusedxml: a document without a DOCTYPE has no entities but the five of XML
itself, and so none that grow and none that name files; and a body with a DOCTYPE never reaches expat.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from flowdsl.errors import BadPayload, UnsupportedContent
from flowdsl_adapters.content_types import LATIN_1, UTF_8, charset_of, kind_of

__all__ = ["read_xml", "xml_escaped"]

# Gateways nest two deep.
_DEEPEST: Final = 16
_MOST: Final = 100
_SHOWN: Final = 40

# XML 1.0, section 2.8; a byte order mark may stand before it.
_DECLARATION: Final = re.compile(rb"[\xef\xbb\xbf\xff\xfe]*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)")
# XML 1.0, section 2.2.
_NO_CHARACTER: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(body: bytes, content_type: str, root: str) -> Mapping[str, str]:
    """Read the elements within the one of a document, each with its text.

    Comments, processing instructions and attributes mean nothing, and neither does an element with further elements in it,
    which is no text: it is left out.

    Args:
        body: the raw bytes. Whoever reads them from the network says how many there may be.
        content_type: the header as it came. Empty is taken for XML. A charset that it names goes before that of the document.
        root: name of the one element.

    Raises:
        UnsupportedContent: it says that it is something else than XML, or in another alphabet than UTF-8, UTF-16 or
            ISO-8859-1.
        BadPayload: it is not XML, has a DOCTYPE, another root, an element twice, too many, or nested too deeply.

    >>> dict(read_xml(b"<ussd><msisdn>265888123456</msisdn><msg>Tom &amp; Ama</msg></ussd>", "text/xml", "ussd"))
    {'msisdn': '265888123456', 'msg': 'Tom & Ama'}
    """
    _require_xml(content_type)
    # Every alphabet that is read here is either one in which ASCII is ASCII, or UTF-16.
    plain = body.replace(b"\0", b"")
    _refuse_doctype(plain)
    parser, reader = expat.ParserCreate(_encoding(charset_of(content_type) or _declared(plain))), _Reader(root)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BadPayload(f"the body is not XML: {error}") from None
    return reader.texts


def xml_escaped(text: str) -> str:
    r"""Write a text so that it can stand in an element; what XML cannot hold at all is left out.

    >>> xml_escaped("Tom & Ama <3\x00")
    'Tom &amp; Ama &lt;3'
    """
    return escape(_NO_CHARACTER.sub("", text))


class _Reader:
    """Collects the texts of elements while expat goes through them."""

    def __init__(self, root: str) -> None:
        self.texts: dict[str, str] = {}
        self._root = root
        self._depth = 0
        self._element = ""
        self._seen: set[str] = set()

    def start(self, name: str, attributes: object) -> None:
        self._depth += 1
        if self._depth == 1 and name != self._root:
            raise BadPayload(f"the body is XML, but its root is {name[:_SHOWN]!r} and not {self._root!r}")
        if self._depth == 2:
            self._begin(name)
        elif self._depth == 3:
            self.texts.pop(self._element, None)
        elif self._depth > _DEEPEST:
            raise BadPayload("the body is nested too deeply")

    def end(self, name: str) -> None:
        self._depth -= 1

    def text(self, text: str) -> None:
        if self._depth == 2 and self._element in self.texts:
            self.texts[self._element] += text

    def _begin(self, name: str) -> None:
        if name in self._seen:
            raise BadPayload(f"the element {name[:_SHOWN]!r} comes twice")
        if len(self._seen) == _MOST:
            raise BadPayload(f"the body has more than {_MOST} elements")
        self._seen.add(name)
        self._element = name
        self.texts[name] = ""


def _refuse_doctype(plain: bytes) -> None:
    # When a handler raises, expat goes on to the end of what it was given, entities and all, so it must not see it.
    at = plain.find(b"<!DOCTYPE")
    if at >= 0:
        line, column = plain.count(b"\n", 0, at) + 1, at - plain.rfind(b"\n", 0, at) - 1
        raise BadPayload(f"the body has a DOCTYPE, which no gateway needs: line {line}, column {column}")


def _declared(plain: bytes) -> str:
    found = _DECLARATION.match(plain)
    return "" if found is None else found[1].decode("latin-1").lower()


def _encoding(charset: str) -> str | None:
    """Name an alphabet as expat knows it; for a name that it does not know it would ask Python, which remembers each for ever."""
    if not charset:
        return None
    if charset in UTF_8:
        return "utf-8"
    if charset in LATIN_1:
        return "iso-8859-1"
    if charset == "utf-16":
        return charset
    raise UnsupportedContent(f"the charset is {charset[:_SHOWN]!r}: send UTF-8")


@lru_cache(maxsize=64)
def _require_xml(content_type: str) -> None:
    kind = kind_of(content_type)
    if kind not in ("", "text/xml", "application/xml") and not kind.endswith("+xml"):
        raise UnsupportedContent(f"the content type is {kind!r}: send text/xml")
