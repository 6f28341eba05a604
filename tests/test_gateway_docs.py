"""The documentation of gateways: made from the codecs, committed, and true."""

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

import flowdsl_adapters
from flowdsl import Choice, ConfigurationError, Ended, Inbound, Media, Reply, Say, Steps, flow
from flowdsl.errors import UserInputError
from flowdsl_adapters import About, Field, HttpJson, Person, Query, Request, UssdGateway, mount
from flowdsl_adapters.catalogue import pages, whole_table
from flowdsl_adapters.curl import curl
from flowdsl_adapters.describing import page, renewed, row
from flowdsl_adapters.describing.facts import Facts
from flowdsl_adapters.describing.fields import meanings
from flowdsl_adapters.describing.spelling import as_answered, settings
from flowdsl_adapters.gateways import USSD

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
OVERVIEW: Final = (DOCS / "gateways.md").read_text()
README: Final = (ROOT / "README.md").read_text()
NAMES: Final = [*USSD, "http_json"]
RENEW: Final = "the codec says something else now: run `flowdsl gateways --markdown docs`, and look at what it has changed"

# By the reference on wire formats: what each sends, and how it is answered.
KNOWN: Final = {
    "nalo": ("POST JSON", "`MSGTYPE` true", "`MSGTYPE` true / false", "–", "– / 4"),
    "nsano": ("POST JSON", "an unseen `UserSessionID`", "`USSDResp.action` input / prompt", "–", "– / 4"),
    "africastalking": ("POST form", "`text` is empty", "`CON …` / `END …`", "`status` Success, Incomplete, Failed", "15 / 9"),
    "hubtel": (
        "POST JSON",
        "`Type` Initiation",
        "`Type` Response / Release; `DataType` input / display",
        "`Type` Release, Timeout",
        "5 / 4",
    ),
    "emergent": ("POST JSON", "`Type` Initiation", "`Type` Response / Release", "`Type` Release, Timeout", "– / 4"),
    "arkesel": ("POST JSON", "`newSession` true", "`continueSession` true / false", "–", "25 / 24"),
    "korba": ("POST JSON", "`ussdServiceOp` 1", "`ussdServiceOp` 2 / 17", "–", "– / 4"),
    "txtghana": ("POST JSON", "`ussdServiceOp` 1", "`ussdServiceOp` 2 / 17", "–", "– / 4"),
    "moolre": ("POST JSON", "`new` true", "`reply` true / false", "–", "– / 4"),
    "wigal": ("POST JSON", "`mode` START", "`mode` MORE / END", "`mode` END", "– / 4"),
    "hollatags": (
        "GET",
        "`session_operation` begin",
        "`session_operation` continue / end; `session_type` 1 / 4",
        "`session_operation` end",
        "– / 4",
    ),
    "beem": ("POST JSON", "`command` initiate", "`command` continue / terminate", "`command` terminate", "– / 4"),
    "advanta": ("GET", "an unseen `SESSIONID`", "`CON …` / `END …`", "–", "– / 4"),
    "crossgate": ("GET", "`ussd_string` is empty", "`CON …` / `END …`", "–", "– / 4"),
    "safaricom": ("GET", "an unseen `SESSION_ID`", "`CON …` / `END …`", "–", "– / 4"),
    "infobip": ("POST JSON", "`…/start`", "`shouldClose` false / true", "PUT `…/end`", "– / 4"),
    "flares": ("GET", "an unseen `SessionID`", "header `Freeflow` FC / FB", "`clean`", "– / 4"),
    "flares_xml": ("POST XML", "an unseen `sessionId`", "header `Freeflow` FC / FB", "–", "– / 4"),
    "truroute": ("POST XML", "`type` 1", "`type` 2 / 3", "`type` 3, 4", "– / 4"),
    "mtn_madapi": (
        "POST JSON",
        "`messageType` 0",
        "`data.userInputRequired` true / false; `data.messageType` 1 / 2",
        "`messageType` 2, 4, 5",
        "– / 4",
    ),
    "dmark": ("GET", "an unseen `transactionId`", "`action` request / end", "–", "– / 4"),
    "cellulant": (
        "GET",
        "`opCode` BEG",
        "`1|…|null|null|null|null` / `1|…|null|null|end|null`",
        "`opCode` ABO; `ABORT` 1",
        "– / 4",
    ),
    "imimobile": (
        "GET",
        "`msg` is what was dialled",
        "header `X-USSD-SESSION` 1 / 0",
        "`msg` Map Dialog User Abort User Reason",
        "– / 4",
    ),
}


class Small(UssdGateway):
    """A gateway of which nothing is said but what must be."""

    name = "small"
    about = About(title="Small", sample={"id": "1", "phone": "233244123456", "in": "1*2"})
    wire = Query()
    session, number, text = Field("id"), Field("phone"), Field("in", blank=True)
    more, last = {"say": "{text}", "on": True}, {"say": "{text}", "on": False}


@flow
def hello() -> Steps[None]:
    """Ask for nothing."""
    yield Say("Hello!")


def read(name: str) -> str:
    """Read a page as it is committed."""
    return (DOCS / "gateways" / f"{name}.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    """Find the blocks of a language in Markdown."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def asked(command: str) -> tuple[str, str, dict[str, Any]]:
    """Read a curl line: the method, what follows host and port in the address, and what is sent."""
    words = iter(shlex.split(command))
    assert (next(words), next(words)) == ("curl", "-s")
    address, method, headers, body = next(words), "", {}, None
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        else:
            assert word == "-d"
            body = next(words)
    path = address.removeprefix("http://127.0.0.1:8080")
    return method or ("GET" if body is None else "POST"), path, {"headers": headers, "data": body}


def posted(body: bytes) -> Request:
    """Make a request of JSON."""
    return Request(body=body, content_type="application/json", method="POST")


def ran(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "flowdsl", "gateways", *arguments]
    options: dict[str, Any] = {"cwd": ROOT, "timeout": 60, "check": False, "env": {**os.environ, **environment}}
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(("name", "written"), list(pages()), ids=list(USSD))
def test_pages_are_what_codecs_say(name: str, written: str) -> None:
    """What is committed is what would be written now."""
    assert read(name) == written, RENEW


def test_the_table_is_what_codecs_say() -> None:
    """It has every gateway, and each leads to its page."""
    assert renewed(OVERVIEW, whole_table()) == OVERVIEW, RENEW
    assert re.findall(r"^\| \[[^]]*\]\(gateways/(\w+)\.md\)", OVERVIEW, re.MULTILINE) == list(USSD)


@pytest.mark.parametrize("name", USSD)
def test_the_table_agrees_with_the_reference(name: str) -> None:
    """What is found out by asking the codec is what is known of the wire."""
    told = row(USSD[name]())
    assert (told.transport, told.begins, told.told, told.ends, told.seconds) == KNOWN[name]
    assert told.evidence == USSD[name]().about.evidence


def test_no_gateway_is_forgotten() -> None:
    """Each has a page and no page is left over; README names each by its class, which can be imported."""
    assert {path.stem for path in (DOCS / "gateways").iterdir()} == set(NAMES)
    linked = re.findall(r"\[`(\w+)`\]\(docs/gateways/(\w+)\.md\)", README)
    classes = {HttpJson.__name__: "http_json", **{type(make()).__name__: name for name, make in USSD.items()}}
    assert dict(linked) == classes
    assert len(linked) == len(NAMES)
    assert set(classes) <= set(flowdsl_adapters.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_documented_is_said_first(name: str) -> None:
    """A page begins with how well the format is known, in words, and with what to check where the vendor does not say it."""
    head = read(name).partition("\n## ")[0]
    evidence = "seen in code" if name == "http_json" else USSD[name]().about.evidence
    _, _, known, *check = head.strip().split("\n\n")
    assert known.startswith(f"**{evidence.capitalize()}**: ")
    if evidence != "documented":
        (items,) = check
        assert items.startswith("- ")
    if evidence == "inferred":
        assert "a guess" in known


@pytest.mark.parametrize("name", NAMES)
async def test_what_a_page_shows_can_be_tried(name: str) -> None:
    """Its service runs, and its curl lines hold a conversation with it."""
    names: dict[str, Any] = {}
    exec(compile(blocks(read(name), "python")[0], f"{name}.md", "exec"), names)
    lines = [line for line in blocks(read(name), "sh") if line.startswith("curl")]
    async with TestClient(TestServer(names["app"]())) as client:
        for line, shown in zip(lines, ("What is your name?", "Hello, Ama!"), strict=True):
            method, path, options = asked(line)
            async with client.request(method, path, **options) as answer:
                assert answer.status == 200
                assert shown in await answer.text()


@pytest.mark.parametrize("name", USSD)
def test_what_is_not_read_is_not_read(name: str) -> None:
    """A field that a page says is not read makes no difference to what a request means."""
    gateway = USSD[name]()
    facts, sample = Facts(gateway), gateway.about.sample
    for meaning in meanings(facts):
        if meaning.words.endswith("is not read"):
            other = 1 if isinstance(sample[meaning.field], int) else "other"
            changed = gateway.decode(gateway.wire.write({**sample, meaning.field: other}))
            assert changed == gateway.decode(gateway.wire.write(sample)), meaning


@pytest.mark.parametrize("name", USSD)
def test_all_that_is_sent_is_told(name: str) -> None:
    """Each field of the sample has a meaning, once; one that goes back is in replies as it came."""
    gateway = USSD[name]()
    facts, sample = Facts(gateway), gateway.about.sample
    told = [meaning.field for meaning in meanings(facts)]
    assert len(told) == len(set(told))
    assert set(sample) <= set(told)
    assert all(meaning.words for meaning in meanings(facts))
    for meaning in meanings(facts):
        if "goes back as it came" in meaning.words:
            assert str(sample[meaning.field]) in gateway.encode(Reply("Hi"), facts.first).body.decode()


@pytest.mark.parametrize("name", USSD)
def test_notices_are_notices(name: str) -> None:
    """What a page says ends a session is read as that, and what it shows is sent so."""
    gateway = USSD[name]()
    for notice in Facts(gateway).notices:
        decoded = gateway.decode(notice.request)
        assert isinstance(decoded, Ended)
        assert decoded.reason == notice.reason
        assert f"- {notice.sign}: " in read(name)


@pytest.mark.parametrize("name", USSD)
async def test_notices_can_be_sent_by_hand(name: str) -> None:
    """Written as a command, each goes where the gateway sends it, and is taken."""
    gateway, application = USSD[name](), web.Application()
    mount(application, "/ussd", gateway, hello)
    async with TestClient(TestServer(application)) as client:
        for notice in Facts(gateway).notices:
            method, path, options = asked(curl(gateway.routes, notice.request, "http://127.0.0.1:8080/ussd"))
            async with client.request(method, path, **options) as answer:
                assert answer.status == 200, await answer.text()


@pytest.mark.parametrize("name", USSD)
def test_notices_are_shown_where_they_go(name: str) -> None:
    """At the address at which the vendor is to be told to send them."""
    gateway = USSD[name]()
    events = gateway.about.events
    addresses = gateway.about.addresses
    assert not events or events in addresses
    assert addresses.keys() <= {suffix for _, suffix in gateway.routes}
    assert all(f"- `POST https://your.host/ussd{suffix}`: {words}\n" in read(name) for suffix, words in addresses.items())
    assert (f"POST /ussd{events}\n" in read(name).partition("## When the session ends")[2]) is bool(events)


@pytest.mark.parametrize("name", USSD)
def test_what_a_screen_holds_is_marked(name: str) -> None:
    """What the vendor states is told apart from what is taken to be so."""
    gateway = USSD[name]()
    screen, stated = gateway.screen, gateway.about.characters
    assert screen is not None
    assert stated in (None, screen.septets)
    (limit,) = re.findall(r"^- A \[screen\].*$", read(name), re.MULTILINE)
    assert f"{screen.units} units" in limit.partition("(inferred)")[0]
    assert (f"holds {stated} characters, as the vendor states" in limit) is (stated is not None)
    assert (f"taken to hold {screen.septets} septets" in limit) is (stated is None)


@pytest.mark.parametrize("name", USSD)
def test_every_setting_is_explained(name: str) -> None:
    """The page has all that the class takes, and nothing else."""
    kind = type(USSD[name]())
    told = [each.partition("=")[0] for each, _ in settings(kind)]
    assert sorted(told) == sorted(signature(kind).parameters)
    assert all(f"- `{each}`: {words}\n" in read(name) for each, words in settings(kind))


def test_the_page_on_http_json_shows_what_it_answers() -> None:
    """It is written by hand, and its samples are what the codec reads and writes."""
    gateway = HttpJson(lambda _: Person(session_id="s1", user_id="u1"), clock=lambda: datetime(2026, 11, 23, 20, 10, tzinfo=UTC))
    inbound = gateway.decode(posted(b'{"input":"1"}'))
    assert isinstance(inbound, Inbound)
    choices = (Choice("1", "Save"), Choice("2", "Balance"))
    replies = [Reply("Pick", choices=choices), Reply("Bye", end=True), Reply("Wait.", held=True)]
    shown = blocks(read("http_json"), "text")
    for reply in replies:
        assert as_answered(gateway.encode(reply, inbound)) in shown
    with pytest.raises(UserInputError) as refused:
        gateway.decode(posted(b'{"input":1}'))
    assert as_answered(gateway.refuse(refused.value)) in shown
    several = gateway.encode(Reply("See", media=(Media("https://example.com/a"), Media("https://example.com/b"))), inbound)
    assert b'"more_media":[' in several.body
    assert [name for name, _ in settings(HttpJson)] == list(signature(HttpJson).parameters)
    for name, words in settings(HttpJson):
        assert f"- `{name}`: {words}" in " ".join(read("http_json").split())


def test_a_gateway_of_ones_own_is_described() -> None:
    """Of one of which little is said, that is told, and nothing is made up."""
    told = row(Small())
    assert (told.title, told.begins, told.text, told.ends, told.seconds) == (
        "Small",
        "an unseen `id`",
        "`in`: the last answer",
        "–",
        "– / 4",
    )
    written = page(Small())
    assert written.startswith("# Small\n\nIn code `Small`")
    assert "a part of the format is a guess" in written
    assert "| text | `in` | `1*2` at first, then what was typed last |" in written
    assert "## Notes" not in written


def test_a_sample_must_be_one() -> None:
    """A declaration whose sample cannot be what it says is told so."""

    class Wrong(Small):
        about = About(title="Wrong", sample=Small.about.sample, notices={"`in` 1*2": dict(Small.about.sample)})

    with pytest.raises(TypeError, match=r"the notice '`in` 1\*2' of small is none"):
        page(Wrong())


def test_the_command_lists_the_gateways() -> None:
    """A line for each: its name, what it is called, where, and how well it is known."""
    done = ran()
    assert done.returncode == 0, done.stderr
    lines = [re.split(r" {2,}", line) for line in done.stdout.splitlines()]
    assert lines[0] == ["name", "gateway", "where", "format"]
    assert lines[1] == ["nalo", "Nalo Solutions", "Ghana", "documented"]
    assert [line[0] for line in lines[1:]] == list(USSD)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_command_shows_a_page() -> None:
    """What is committed is what is shown, with what the terminal has no character for spelt out."""
    assert ran("wigal", PYTHONIOENCODING="utf-8").stdout == read("wigal")
    plain = ran("cellulant", PYTHONIOENCODING="ascii")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "mount(\\u2026, hangup" in plain.stdout


def test_the_command_writes_the_documentation(tmp_path: Path) -> None:
    """All pages, and the table where there is a place for it, or alone."""
    assert ran("--markdown", str(tmp_path / "docs")).returncode == 0
    assert {path.stem for path in (tmp_path / "docs" / "gateways").iterdir()} == set(USSD)
    assert (tmp_path / "docs" / "gateways" / "nalo.md").read_text() == read("nalo")
    overview = tmp_path / "docs" / "gateways.md"
    assert overview.read_text() == whole_table()
    overview.write_text("Before.\n<!-- table of gateways -->\nold\n<!-- end of the table -->\nAfter.\n")
    assert ran("--markdown", str(tmp_path / "docs")).returncode == 0
    assert overview.read_text() == f"Before.\n<!-- table of gateways -->\n{whole_table()}<!-- end of the table -->\nAfter.\n"
    overview.write_text("Nothing.\n")
    done = ran("--markdown", str(tmp_path / "docs"))
    assert done.returncode == 2
    assert "there is no place for the table: put <!-- table of gateways -->" in done.stderr
    assert overview.read_text() == "Nothing.\n"
    done = ran("--markdown", str(overview))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"), [(("pigeon",), "invalid choice: 'pigeon'"), (("nalo", "--markdown", "x"), "not allowed with")]
)
def test_wrong_usage(arguments: tuple[str, ...], says: str) -> None:
    """What cannot be meant ends with status 2 and a sentence."""
    done = ran(*arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_table_needs_both_comments() -> None:
    """Where one is missing nothing is thrown away."""
    for document in ("", "<!-- table of gateways -->\n", "<!-- end of the table -->\n<!-- table of gateways -->\n"):
        with pytest.raises(ConfigurationError, match="no place for the table"):
            renewed(document, "new\n")
