"""How requests carry their fields: as JSON, as XML, as a form, or in the address."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import msgspec

from flowdsl.errors import BadPayload
from flowdsl_adapters.fields import TWICE
from flowdsl_adapters.forms import read_form
from flowdsl_adapters.gateway import Request
from flowdsl_adapters.strict_json import read_object
from flowdsl_adapters.xml_text import read_xml

# No phone can type it, and there are databases that cannot hold it. Forms and addresses are read so, too.
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

__all__ = ["Form", "Json", "Query", "Wire", "Xml"]


class Wire(Protocol):
    """What the fields of a request are carried in."""

    @property
    def method(self) -> str:
        """The HTTP method with which it comes."""
        ...

    def read(self, request: Request) -> Mapping[str, Any]:
        """Give the fields.

        Raises:
            UnsupportedContent: the content type is another one.
            BadPayload: they cannot be read.
        """
        ...

    def write(self, fields: Mapping[str, Any]) -> Request:
        """Make the request that carries these fields."""
        ...


class Json(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object, posted.

    Args:
        within: the field that holds another object; its fields are then called ``"within.name"``.
        any_case: names are read without regard to case.
        address: names of fields that stand in the address, where the route has them in braces.

    >>> Json(within="payload").read(Request(body=b'{"payload": {"response": "1"}}'))["payload.response"]
    '1'
    """

    method = "POST"

    within: str = ""
    any_case: bool = False
    address: tuple[str, ...] = ()

    def read(self, request: Request) -> Mapping[str, Any]:
        """Give the fields of the object."""
        body = request.body if b"\\u0000" not in request.body else _NUL.sub(rb"\1\\ufffd", request.body)
        fields = read_object(body, request.content_type)
        if self.address:
            fields |= {name: request.parts.get(name) for name in self.address}
        if self.within:
            inner = fields.get(self.within)
            if not isinstance(inner, dict):
                raise BadPayload(f"{self.within} is missing" if self.within not in fields else f"{self.within} is not an object")
            fields |= {f"{self.within}.{name}": value for name, value in inner.items()}
        return _AnyCase(fields) if self.any_case else fields

    def write(self, fields: Mapping[str, Any]) -> Request:
        """Make a request of fields; those of the inner object are called as when they are read."""
        parts = {name: str(value) for name, value in fields.items() if name in self.address}
        inner = f"{self.within}." if self.within else "\0"
        body: dict[str, Any] = {name: value for name, value in fields.items() if name not in parts and not name.startswith(inner)}
        if self.within:
            body[self.within] = {name.removeprefix(inner): value for name, value in fields.items() if name.startswith(inner)}
        written = json.dumps(body, separators=(",", ":")).encode()
        return Request(body=written, content_type="application/json", method=self.method, parts=parts)


class _AnyCase(dict[str, Any]):
    def __init__(self, fields: Mapping[str, Any]) -> None:
        small = {name.lower(): value for name, value in fields.items()}
        if len(small) < len(fields):
            raise BadPayload("a field comes twice, once in small letters and once in capitals")
        super().__init__(small)

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the address.

    >>> Query().read(Request(body=b"", query={"msisdn": "254722000000"}))["msisdn"]
    '254722000000'
    """

    method = "GET"

    def read(self, request: Request) -> Mapping[str, Any]:
        """Give the parameters."""
        return {**request.query, **dict.fromkeys(request.twice, TWICE)} if request.twice else request.query

    def write(self, fields: Mapping[str, Any]) -> Request:
        """Make a request whose address has these parameters."""
        return Request(body=b"", query={name: str(value) for name, value in fields.items()}, method=self.method)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """An HTML form, posted.

    >>> Form().read(Request(body=b"text=1%2A2"))["text"]
    '1*2'
    """

    method = "POST"

    def read(self, request: Request) -> Mapping[str, Any]:
        """Give the parameters of the body."""
        fields, twice = read_form(request.body, request.content_type)
        return {**fields, **dict.fromkeys(twice, TWICE)} if twice else fields

    def write(self, fields: Mapping[str, Any]) -> Request:
        """Make a request whose body has these parameters."""
        return Request(body=urlencode(fields).encode(), content_type="application/x-www-form-urlencoded", method=self.method)


_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'


class Xml(msgspec.Struct, frozen=True, kw_only=True):
    """Elements within one element of XML, posted.

    Args:
        root: name of that element.

    >>> Xml(root="ussd").read(Request(body=b"<ussd><msg>Tom &amp; Ama</msg></ussd>"))["msg"]
    'Tom & Ama'
    """

    method = "POST"

    root: str

    def read(self, request: Request) -> Mapping[str, Any]:
        """Give the texts of the elements."""
        return read_xml(request.body, request.content_type, self.root)

    def write(self, fields: Mapping[str, Any]) -> Request:
        """Make a document with these elements."""
        inside = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
        body = f"{_DECLARATION}<{self.root}>{inside}</{self.root}>".encode()
        return Request(body=body, content_type="text/xml; charset=utf-8", method=self.method)
