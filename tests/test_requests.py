"""Requests as they come over the wire, and what of them a codec gets."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, make_mocked_request
from hypothesis import example, given
from hypothesis import strategies as st

from flowdsl import Prompt, Runtime, SessionConfig, Steps, UserInputError, flow
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import BadPayload, UnsupportedContent
from flowdsl_adapters import Request, mount
from flowdsl_adapters.forms import read_form, read_query
from flowdsl_adapters.requests import parts_of
from tests.own_gateway import Own, raw

FORM = "application/x-www-form-urlencoded"


@flow
def asking() -> Steps[None]:
    """Ask one thing."""
    yield from Prompt("a", "A?")


async def seen(target: bytes, *, path: str = "/ussd", headers: Mapping[str, str] = {}, **options: Any) -> Request:
    """Deliver a request whose target is exactly these bytes, and give what the codec was given."""
    app, gateway = web.Application(), Own()
    mount(app, path, gateway, asking, **options)
    async with TestServer(app) as server:
        await raw(server, target, headers=headers)
    (request,) = gateway.seen
    return request


NONE: frozenset[str] = frozenset()
QUERIES: list[tuple[str, dict[str, str], frozenset[str]]] = [
    ("", {}, NONE),
    ("a=1&b=2", {"a": "1", "b": "2"}, NONE),
    ("a&b=", {"a": "", "b": ""}, NONE),
    ("a=b=c", {"a": "b=c"}, NONE),
    ("?a=1", {"?a": "1"}, NONE),
    ("a=1;b=2", {"a": "1;b=2"}, NONE),
    # A gateway that does not escape what was dialled.
    ("INPUT=*415*33#", {"INPUT": "*415*33#"}, NONE),
    ("INPUT=*415*33#&X=1", {"INPUT": "*415*33#", "X": "1"}, NONE),
    ("a=1#2#?3", {"a": "1#2#?3"}, NONE),
    ("a=1+2%2B3", {"a": "1 2+3"}, NONE),
    ("phone=+254711082300", {"phone": " 254711082300"}, NONE),
    # UTF-8, or else what older operators send.
    ("a=%C3%89", {"a": "É"}, NONE),
    ("a=%C9", {"a": "É"}, NONE),
    ("a=%C9%C3%89", {"a": "ÉÃ\x89"}, NONE),
    ("%C9=1", {"É": "1"}, NONE),
    ("a=%C6%86s%C9%9B%20%F0%9F%99%82", {"a": "Ɔsɛ 🙂"}, NONE),
    # An escape that is none.
    ("a=%zz%", {"a": "%zz%"}, NONE),
    ("a=%E9%z", {"a": "é%z"}, NONE),
    ("a=100%", {"a": "100%"}, NONE),
    # Junk without a name.
    ("=x&&&a=1&=&", {"a": "1"}, NONE),
    # What comes twice.
    ("a=1&a=1", {"a": "1"}, NONE),
    ("a=1&a=%31&%61=1", {"a": "1"}, NONE),
    ("a=1&b=2&a=3&a=1", {"a": "1", "b": "2"}, frozenset("a")),
    ("a=&a=1", {"a": ""}, frozenset("a")),
    # What is no text.
    ("a=%00b", {"a": "\ufffdb"}, NONE),
    ("a=%ED%A0%80", {"a": "í\xa0\x80"}, NONE),
]


@pytest.mark.parametrize(("query", "fields", "twice"), QUERIES)
async def test_a_query_is_read_as_it_came(query: str, fields: dict[str, str], twice: frozenset[str]) -> None:
    """All that follows the first question mark, whatever a client library would have made of it."""
    request = await seen(b"/ussd?" + query.encode())
    assert (request.query, request.twice) == (fields, twice)


@pytest.mark.parametrize(("query", "fields", "twice"), QUERIES)
def test_a_form_is_read_as_a_query_is(query: str, fields: dict[str, str], twice: frozenset[str]) -> None:
    """Both are written in the same way."""
    assert read_form(query.encode(), FORM) == (fields, twice)


@given(st.binary(max_size=400))
@example(b"\xff=\xff&\xc3\xa9=%ff%00&%")
def test_no_query_is_too_odd_to_be_read(query: bytes) -> None:
    """Whatever the bytes are: names are there, and all of it is text that can be stored and shown."""
    fields, twice = read_query(query)
    assert twice <= set(fields)
    for text in [*fields, *fields.values()]:
        assert text.encode().decode() == text
        assert "\0" not in text
    assert "" not in fields


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.dictionaries(TEXTS.filter(bool), TEXTS))
def test_what_was_escaped_is_read_again(fields: dict[str, str]) -> None:
    """In UTF-8, any text comes through."""
    assert read_query(urlencode(fields).encode()) == (fields, NONE)
    assert (
        read_query("&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields.items()).encode())[0]
        == fields
    )


@given(st.text(st.characters(max_codepoint=0xFF, exclude_characters="\0")))
@example("café")
def test_what_was_escaped_in_latin_1_is_read_again(text: str) -> None:
    """Undeclared where it cannot be UTF-8, and declared always."""
    written = f"a={quote(text, safe='', encoding='latin-1')}".encode()
    assert read_form(written, f"{FORM}; charset=ISO-8859-1") == ({"a": text}, NONE)
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError:
        assert read_query(written) == ({"a": text}, NONE)


@given(st.binary(max_size=300), st.sampled_from(["", FORM, f"{FORM}; charset=utf-8", f"{FORM};charset=latin1"]))
def test_a_form_is_read_or_refused(body: bytes, content_type: str) -> None:
    """No bytes make it raise anything else."""
    try:
        fields, twice = read_form(body, content_type)
    except UserInputError:
        return
    assert twice <= set(fields)
    assert all(text.encode().decode() == text for text in [*fields, *fields.values()])


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("", "é"),
        (FORM, "é"),
        (FORM.upper(), "é"),
        (f"{FORM}; charset=UTF-8", "é"),
        (f'{FORM};Charset="utf8"', "é"),
        (f"{FORM}; charset=us-ascii", "é"),
        (f"{FORM}; charset=iso-8859-1", "Ã©"),
        (f"{FORM}; charset=latin1; x=y", "Ã©"),
        (f"{FORM}; charset=utf-8; charset=UTF-8", "é"),
        (f"{FORM}; charset=utf-8; charset=latin1", UnsupportedContent),
        (f"{FORM}; charset=utf-16", UnsupportedContent),
        (f"{FORM}; charset=nonsense", UnsupportedContent),
        ("multipart/form-data; boundary=x", UnsupportedContent),
        ("application/json", UnsupportedContent),
        ("text/plain", UnsupportedContent),
    ],
)
def test_a_form_says_what_it_is(content_type: str, expected: Any) -> None:
    """A charset that is named is taken at its word, and what is no form is refused."""
    if isinstance(expected, str):
        assert read_form(b"a=%C3%A9", content_type)[0] == {"a": expected}
    else:
        with pytest.raises(expected, match="send "):
            read_form(b"a=%C3%A9", content_type)


def test_a_form_is_in_the_alphabet_that_it_names() -> None:
    """Where it says UTF-8 nothing is guessed."""
    with pytest.raises(BadPayload, match="the body is not UTF-8, as its content type says"):
        read_form(b"a=%C9", f"{FORM}; charset=utf-8")


@pytest.mark.parametrize("form", ["a{}=1", "a=1"])
def test_a_form_is_bounded(form: str) -> None:
    """A hundred parameters, and not one more, whatever they are called."""
    hundred = "&".join(form.format(number) for number in range(100))
    assert read_form(f"&&{hundred}&&".encode(), FORM)
    with pytest.raises(BadPayload, match="more than 100 parameters"):
        read_form(f"{hundred}&b=1".encode(), FORM)


async def test_a_codec_gets_all_parts_of_a_request() -> None:
    """Method, what stands in the path, headers, and the address without the secret."""
    request = await seen(b"/ussd/ghana/s3cret?id=1", path="/ussd/{country}/{secret}", headers={"X-API-Key": "k"}, secret="s3cret")
    assert request.method == "GET"
    assert dict(request.parts) == {"country": "ghana"}
    assert request.headers["x-api-key"] == request.headers["X-Api-Key"] == "k"
    assert "authorization" not in request.headers
    assert request.url == "h/ussd/ghana/-"


async def test_a_request_without_parts_has_none() -> None:
    """Nothing is there that the address does not name."""
    request = await seen(b"/ussd")
    assert [*request.parts, *request.query, *request.twice] == []
    assert request.url == "h/ussd"


@pytest.mark.parametrize(
    ("path", "target", "url"),
    [
        ("/ussd", b"/ussd/events?id=1&why=x", "h/ussd"),
        ("/ussd/", b"/ussd/events?id=1&why=x", "h/ussd/"),
        ("/ussd/", b"/ussd/?id=1", "h/ussd/"),
        ("/", b"/events?id=1&why=x", "h/"),
        ("/", b"/?id=1", "h/"),
        ("/ussd", b"/ussd/session/95c6a1/status", "h/ussd"),
        ("/ussd", b"/ussd/session/9%2F5%25/status", "h/ussd"),
        ("/", b"/session/9%2F5/status", "h/"),
        ("/{tenant}", b"/one/session/1/status", "h/one"),
        ("/{tenant}", b"/a%20b/session/1/status?x", "h/a b"),
        ("/{tenant}", b"/a%2Fb?id=1", "h/a%2Fb"),
    ],
)
async def test_all_addresses_of_a_gateway_are_those_of_one_mount(path: str, target: bytes, url: str) -> None:
    """What a gateway calls below the mount, session ids included, makes no sessions of their own."""
    app, gateway = web.Application(), Own()
    mount(app, path, gateway, asking)
    async with TestServer(app) as server:
        await raw(server, target, method="POST" if b"events" in target else "GET")
    assert [request.url for request in gateway.seen] == [url]


@pytest.mark.parametrize("secret", ["s3cret", "a/b", "a%b", "a b", "é"])
async def test_a_secret_in_the_path_is_in_no_session_id(secret: str) -> None:
    """However it has to be escaped there."""
    cache = MemoryCache()
    config = SessionConfig(boundaries=["url"])
    target = f"/{quote(secret, safe='')}/session?id=1".encode()
    request = await seen(target, path="/{secret}/session", secret=secret, runtime=Runtime(cache=cache), sessions=config)
    assert request.url == "h/-/session"
    assert [key.rpartition("h/-/session")[1] for key in cache._values] == ["h/-/session"]


async def test_an_address_of_odd_bytes_is_text() -> None:
    """Neither half characters nor NUL reach a session id."""
    assert (await seen(b"/ussd", headers={"Host": "h\udce9"})).url == "hé/ussd"
    request = await seen(b"/t%00/%ff?id=1", path="/{tenant}/{x}")
    assert (request.url, dict(request.parts)) == ("h/t\ufffd/%ff", {"tenant": "t\ufffd", "x": "%ff"})


def test_raw_bytes_in_an_address_are_read_as_escaped_ones() -> None:
    """They get past aiohttp where it runs without its C extension."""
    request = make_mocked_request("GET", "/ussd?a=\udcc3\udca9&b=\udce9", headers={"Host": "h"})
    request._match_info = web.UrlMappingMatchInfo({"x": "\udce9"}, None)  # type: ignore[arg-type]
    read = parts_of(request, b"")
    assert (read.query, read.parts) == ({"a": "é", "b": "é"}, {"x": "é"})
