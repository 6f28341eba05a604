"""XML from outside, which may be hostile, and texts written into XML."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowdsl import UserInputError
from flowdsl.errors import BadPayload, UnsupportedContent
from flowdsl_adapters.xml_text import read_xml, xml_escaped

USSD = "<ussd><msisdn>265888123456</msisdn><msg>é</msg></ussd>"


def declared(encoding: str) -> str:
    """Write a document that says in which alphabet it is."""
    return f'<?xml version="1.0" encoding="{encoding}"?>{USSD}'


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("<ussd/>", {}),
        ("<ussd></ussd>", {}),
        ("<ussd><msg/></ussd>", {"msg": ""}),
        ("<ussd><msg> 1 </msg></ussd>", {"msg": " 1 "}),
        ("\n<ussd>\n  <msg>a\nb</msg>\n</ussd>\n", {"msg": "a\nb"}),
        ("<ussd>text<msg>1</msg>text</ussd>", {"msg": "1"}),
        ("<ussd a='1'><msg b='2'>1</msg></ussd>", {"msg": "1"}),
        ("<ussd><msg>&lt;b&gt; &amp; &quot;&apos;&#233;&#x1F642;</msg></ussd>", {"msg": "<b> & \"'é🙂"}),
        ("<ussd><msg>a<![CDATA[<b>&amp;]]>c</msg></ussd>", {"msg": "a<b>&amp;c"}),
        ("<?x y?><ussd><!-- a --><msg>1<!-- b --><?x y?>2</msg></ussd><!-- c -->", {"msg": "12"}),
        # What has elements in it is no text.
        ("<ussd><premium><cost>0</cost></premium><msg>1</msg></ussd>", {"msg": "1"}),
        ("<ussd><msg>a<b>c</b>d</msg></ussd>", {}),
        ("<ussd><Msg>1</Msg><msg>2</msg></ussd>", {"Msg": "1", "msg": "2"}),
        ("<ussd xmlns='urn:x' xmlns:y='urn:y'><y:msg>1</y:msg></ussd>", {"y:msg": "1"}),
    ],
)
def test_elements_are_read_with_their_texts(body: str, fields: dict[str, str]) -> None:
    """Nothing of a text is lost, and nothing else is read."""
    assert read_xml(body.encode(), "text/xml", "ussd") == fields


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "no element found: line 1, column 0"),
        ("<ussd>\n<msg>1</ussd>", "mismatched tag: line 2, column 8"),
        ("<ussd>\n\n  <msg", "line 3, column"),
        ("<ussd/><ussd/>", "junk after document element: line 1, column 7"),
        ("<ussd><msg>a & b</msg></ussd>", "not well-formed (invalid token): line 1, column 14"),
        ("<ussd><msg>&nbsp;</msg></ussd>", "undefined entity: line 1, column 11"),
        ("<ussd><msg>&#0;</msg></ussd>", "reference to invalid character number"),
        ("<ussd><msg>&#xD800;</msg></ussd>", "reference to invalid character number"),
        ("<ussd><msg>&#xFFFE;</msg></ussd>", "reference to invalid character number"),
        ("<ussd><msg>\x01</msg></ussd>", "invalid token"),
        ("<ussd><msg>\uffff</msg></ussd>", "invalid token"),
        ('{"msg": 1}', "invalid token"),
        ("<request><msg>1</msg></request>", "its root is 'request' and not 'ussd'"),
        ("<USSD><msg>1</msg></USSD>", "its root is 'USSD' and not 'ussd'"),
        ("<x:ussd xmlns:x='urn:x'/>", "its root is 'x:ussd' and not 'ussd'"),
        (f"<{'a' * 500}/>", f"its root is '{'a' * 40}' and not 'ussd'"),
        ("<ussd><msg>1</msg><msg>2</msg></ussd>", "the element 'msg' comes twice"),
        ("<ussd><msg>1</msg><msg>1</msg></ussd>", "the element 'msg' comes twice"),
        ("<ussd><msg><b/></msg><msg>1</msg></ussd>", "the element 'msg' comes twice"),
        ("<ussd>" + "".join(f"<a{each}/>" for each in range(101)) + "</ussd>", "more than 100 elements"),
        ("<ussd>" + "<a>" * 16 + "</a>" * 16 + "</ussd>", "nested too deeply"),
        ("<ussd>" + "<a>" * 20_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said(body: str, says: str) -> None:
    """With line and column, or with the element."""
    with pytest.raises(BadPayload) as caught:
        read_xml(body.encode(), "text/xml", "ussd")
    assert says in str(caught.value)


def test_limits_are_what_they_say() -> None:
    """A hundred elements, and sixteen within each other, are read."""
    hundred = "".join(f"<a{each}>1</a{each}>" for each in range(100))
    assert len(read_xml(f"<ussd>{hundred}</ussd>".encode(), "", "ussd")) == 100
    assert read_xml(("<ussd>" + "<a>" * 15 + "</a>" * 15 + "</ussd>").encode(), "", "ussd") == {}


BOMB = (
    "<!DOCTYPE ussd [<!ENTITY a '" + "x" * 50_000 + "'>"
    "<!ENTITY b '" + "&a;" * 90 + "'><!ENTITY c '" + "&b;" * 90 + "'>]>"
    "<ussd><msg>&c;</msg></ussd>"
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        "<!DOCTYPE ussd><ussd><msg>1</msg></ussd>",
        "<!DOCTYPE ussd SYSTEM 'file:///etc/passwd'><ussd><msg>1</msg></ussd>",
        "<!DOCTYPE ussd [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><ussd><msg>&x;</msg></ussd>",
        "<!DOCTYPE ussd [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;]><ussd><msg>1</msg></ussd>",
        "<!-- <ussd> -->\n  <!DOCTYPE ussd [<!ENTITY x 'y'>]><ussd><msg>&x;</msg></ussd>",
        "<ussd><msg>1</msg><!DOCTYPE ussd></ussd>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=iso-8859-1", "; charset=utf-16"])
def test_a_doctype_is_refused(body: str, encoding: str, charset: str) -> None:
    """In whatever alphabet, before anything of it grows or is looked up."""
    with pytest.raises(BadPayload, match=r"the body has a DOCTYPE.*: line [12], column \d+$"):
        read_xml(body.encode(encoding), f"text/xml{charset}", "ussd")


def test_no_file_is_opened(tmp_path: Path) -> None:
    """What stands in a file that a request names is not in what is read of it."""
    file = tmp_path / "secret"
    file.write_text("s3cret")
    with pytest.raises(BadPayload) as caught:
        read_xml(f"<!DOCTYPE ussd [<!ENTITY x SYSTEM '{file.as_uri()}'>]><ussd><msg>&x;</msg></ussd>".encode(), "", "ussd")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "document", "encoding"),
    [
        ("text/xml", USSD, "utf-8"),
        ("", USSD, "utf-8"),
        ("application/xml; charset=UTF-8", USSD, "utf-8"),
        ("application/soap+xml", USSD, "utf-8"),
        ("Text/XML;charset=utf8", USSD, "utf-8"),
        ("text/xml", USSD, "utf-8-sig"),
        ("text/xml", USSD, "utf-16"),
        ("text/xml; charset=utf-16", USSD, "utf-16-le"),
        ("text/xml; charset=iso-8859-1", USSD, "latin-1"),
        # The header goes before the document (RFC 7303, section 3).
        ("text/xml; charset=utf-8", declared("ISO-8859-1"), "utf-8"),
        ("text/xml; charset=latin1", declared("UTF-8"), "latin-1"),
        ("text/xml", declared("ISO-8859-1"), "latin-1"),
        ("text/xml", declared("latin1"), "latin-1"),
        ("text/xml", declared("UTF-8"), "utf-8"),
        ("text/xml", declared("utf8"), "utf-8"),  # as Python's ElementTree may write it
        ("text/xml", declared("UTF-16"), "utf-16"),
    ],
)
def test_alphabets_are_honoured(content_type: str, document: str, encoding: str) -> None:
    """Whether the header names them, the document does, or its first bytes show them."""
    assert read_xml(document.encode(encoding), content_type, "ussd")["msg"] == "é"


@pytest.mark.parametrize(
    ("content_type", "document", "encoding", "error"),
    [
        ("text/plain", USSD, "utf-8", UnsupportedContent),
        ("application/json", USSD, "utf-8", UnsupportedContent),
        ("xml", USSD, "utf-8", UnsupportedContent),
        ("text/xml; charset=windows-1252", USSD, "cp1252", UnsupportedContent),
        ("text/xml; charset=utf-7", USSD, "utf-7", UnsupportedContent),
        ("text/xml", declared("utf-7"), "utf-7", UnsupportedContent),
        ("text/xml", declared("nonsense"), "utf-8", UnsupportedContent),
        ("text/xml", declared("nonsense"), "utf-8-sig", UnsupportedContent),
        ("text/xml", declared("nonsense"), "utf-16", UnsupportedContent),
        ("text/xml", USSD, "latin-1", BadPayload),
        ("text/xml; charset=ascii", USSD, "latin-1", BadPayload),
        ("text/xml; charset=utf-16", USSD, "utf-8", BadPayload),
        ("text/xml", declared("UTF-16"), "utf-8", BadPayload),
    ],
)
def test_other_alphabets_and_types_are_refused(content_type: str, document: str, encoding: str, error: Any) -> None:
    """What is not named, or is not in the alphabet that is named, is not guessed."""
    with pytest.raises(error):
        read_xml(document.encode(encoding), content_type, "ussd")


@given(st.binary(max_size=200))
@example(b"<?xml version='1.0' encoding='x'?>")
@example(b"<ussd>\xff")
def test_anything_is_read_or_refused(body: bytes) -> None:
    """No bytes make it raise anything but what has a status."""
    for written in (body, b"<ussd><msg>" + body + b"</msg></ussd>", b"<?xml version='1.0' encoding='" + body + b"'?><ussd/>"):
        try:
            fields = read_xml(written, "", "ussd")
        except UserInputError:
            continue
        assert all(text.encode().decode() == text and "\0" not in text for text in [*fields, *fields.values()])


@given(st.text())
@example("Tom & Ama <3 ]]> \x00\x1b\ud800\ufffe\uffff 🙂\t\r\n")
def test_what_is_written_is_read_by_any_parser(text: str) -> None:
    """All of it but what XML cannot hold."""
    written = f"<a>{xml_escaped(text)}</a>".encode()
    lost = {*map(chr, range(0x20)), *map(chr, range(0xD800, 0xE000)), "\ufffe", "\uffff"} - {"\t", "\n", "\r"}
    kept = [each for each in text if each not in lost]
    # Parsers make one line end of every kind of line end (XML 1.0, section 2.11).
    expected = "".join(kept).replace("\r\n", "\n").replace("\r", "\n")
    assert (ElementTree.fromstring(written).text or "") == expected
    assert read_xml(b"<ussd>" + written + b"</ussd>", "", "ussd")["a"] == expected
