"""Who is let in: secrets, networks, and the proxies before them."""

import hmac
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, UnixConnector, web
from aiohttp.test_utils import BaseTestServer, TestClient, TestServer
from hypothesis import example, given
from hypothesis import strategies as st

from flowdsl import ConfigurationError, Prompt, Runtime, Steps, flow
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import Forbidden
from flowdsl.signals import WebhookEvent, webhook_failed, webhook_verified
from flowdsl_adapters import mount
from flowdsl_adapters.origin import Origin
from tests.own_gateway import Own, raw

OURS = "203.0.113.7"
NETWORKS = ["203.0.113.0/24", "2001:db8:1::/48"]
GARBLED = ["unknown", "_hidden", "10.9.9", "10.9.9.9:", "10.9.9.9:a", "[10.9.9.9", "[fd00::9]443", "fd00::9]", "[]", "x"]
PROXIES = ["10.0.0.0/8", "fd00::/8", "127.0.0.1"]


@flow
def asking() -> Steps[None]:
    """Ask one thing."""
    yield from Prompt("a", "A?")


def application(path: str = "/ussd", **options: Any) -> web.Application:
    """Build an application with one mount."""
    app = web.Application()
    mount(app, path, Own(), asking, **options)
    return app


@asynccontextmanager
async def served(path: str = "/ussd", **options: Any) -> AsyncIterator[BaseTestServer]:
    """Serve it."""
    async with TestServer(application(path, **options)) as server:
        yield server


async def status(target: str, path: str = "/ussd", *, headers: Mapping[str, str] = {}, **options: Any) -> int:
    """Deliver a message, and tell the status."""
    async with served(path, **options) as server:
        return (await raw(server, target.encode(), headers=headers))[0]


def is_let_in(origin: Origin, address: str | None, *forwarded: str) -> bool:
    """Tell whether a request that comes from there is let in."""
    try:
        origin.require(address=address, forwarded=forwarded)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("mounted", "header", "called", "sent", "expected"),
    [
        # In the query.
        ("/ussd", None, "/ussd?id=1&secret=s3cret", {}, 200),
        ("/ussd", None, "/ussd?secret=s3%63ret&id=1", {}, 200),
        ("/ussd", None, "/ussd?id=1&dialled=*1#&secret=s3cret", {}, 200),
        ("/ussd", None, "/ussd?id=1", {}, 403),
        ("/ussd", None, "/ussd?id=1&secret=", {}, 403),
        ("/ussd", None, "/ussd?id=1&secret=s3cre", {}, 403),
        ("/ussd", None, "/ussd?id=1&secret=S3CRET", {}, 403),
        ("/ussd", None, "/ussd?id=1&secret=s3cretX", {}, 403),
        ("/ussd", None, "/ussd?id=1&secret=%FF%FE", {}, 403),
        ("/ussd", None, "/ussd?id=1&secret=no&secret=s3cret", {}, 403),
        ("/ussd", None, "/ussd?id=1", {"X-Api-Key": "s3cret", "secret": "s3cret"}, 403),
        # In the path.
        ("/ussd/{secret}", None, "/ussd/s3cret?id=1", {}, 200),
        ("/ussd/{secret}", None, "/ussd/s3%63ret?id=1", {}, 200),
        ("/ussd/{secret:[^/]*}", None, "/ussd/s3cret?id=1", {}, 200),
        ("/ussd/{secret}", None, "/ussd/s3cretX?id=1", {}, 403),
        ("/ussd/{secret}", None, "/ussd/other?id=1", {}, 403),
        ("/ussd/{secret}", None, "/ussd/other?id=1&secret=s3cret", {}, 403),
        ("/ussd/{secret:[^/]*}", None, "/ussd/?id=1&secret=s3cret", {}, 403),
        ("/ussd/{secret}", None, "/ussd/session/1/status", {}, 404),
        ("/ussd/{secret}", None, "/ussd/other/session/1/status", {}, 403),
        # In a header.
        ("/ussd", "X-Api-Key", "/ussd?id=1", {"X-Api-Key": "s3cret"}, 200),
        ("/ussd", "x-api-key", "/ussd?id=1", {"X-API-KEY": "s3cret"}, 200),
        ("/ussd", "X-Api-Key", "/ussd?id=1", {}, 403),
        ("/ussd", "X-Api-Key", "/ussd?id=1", {"X-Api-Key": ""}, 403),
        ("/ussd", "X-Api-Key", "/ussd?id=1", {"X-Api-Key": "s3cretX"}, 403),
        ("/ussd", "X-Api-Key", "/ussd?id=1", {"X-Api-Key": "\udcff"}, 403),
        ("/ussd", "X-Api-Key", "/ussd?id=1&secret=s3cret", {}, 403),
    ],
)
async def test_a_shared_secret(mounted: str, header: str | None, called: str, sent: dict[str, str], expected: int) -> None:
    """It counts in one place, the path, the header or the query; whoever does not carry it there is refused."""
    assert await status(called, mounted, headers=sent, secret="s3cret", secret_header=header) == expected


@pytest.mark.parametrize("given", ["\udcff", "s3cret\udcff", "é", "", "s3cre", "s3cretX"])
def test_a_secret_of_odd_bytes_is_a_wrong_one(given: str) -> None:
    """What cannot be text is compared all the same."""
    with pytest.raises(Forbidden):
        Origin(secret="s3cret").require(secret=given)


async def test_a_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through every door, a secret goes to the one function that takes as long for a good beginning as for a bad one."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert await status("/ussd?secret=s3cret", secret="s3cret") == 403
    assert await status("/s3cret", "/{secret}", secret="s3cret") == 403
    assert await status("/ussd", headers={"X-Key": "s3cret"}, secret="s3cret", secret_header="X-Key") == 403
    assert compared == [(b"s3cret", b"s3cret")] * 3


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        (["127.0.0.0/8"], 200),
        (["203.0.113.0/24", "127.0.0.1"], 200),
        ("127.0.0.1", 200),
        (["203.0.113.0/24"], 403),
        (["2001:db8::/32"], 403),
    ],
)
async def test_networks_that_may_send(networks: list[str], expected: int) -> None:
    """Only the networks of the list are let in."""
    assert await status("/ussd?id=1", networks=networks) == expected


@pytest.mark.parametrize(
    ("networks", "address", "within"),
    [
        (["203.0.113.0/24"], "203.0.113.7", True),
        (["203.0.113.0/24"], "::ffff:203.0.113.7", True),
        (["::ffff:203.0.113.0/120"], "203.0.113.7", True),
        (["::ffff:203.0.113.0/120"], "::ffff:203.0.113.7", True),
        (["::ffff:203.0.113.0/120"], "203.0.114.7", False),
        (["::/0"], "2001:db8::1", True),
        (["::/0"], "203.0.113.7", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        ("203.0.113.0/24", "203.0.113.7", True),
        (["0.0.0.0/0", "::/0"], "", False),
        (["0.0.0.0/0", "::/0"], None, False),
        (["0.0.0.0/0", "::/0"], "localhost", False),
        (["0.0.0.0/0", "::/0"], "203.0.113.7:443", False),
    ],
)
def test_which_address_is_in_a_network(networks: Any, address: str | None, within: bool) -> None:
    """An IPv4 address is the same one in IPv6 clothes; what is no address is in no network."""
    assert is_let_in(Origin(networks=networks), address) is within


@pytest.mark.parametrize(
    ("peer", "forwarded", "let_in"),
    [
        # The peer is no proxy: whatever it says, it is who it is.
        (OURS, [], True),
        (OURS, ["198.51.100.9"], True),
        ("198.51.100.9", [OURS], False),
        # One proxy.
        ("10.0.0.1", [OURS], True),
        ("10.0.0.1", ["198.51.100.9"], False),
        ("::ffff:10.0.0.1", [OURS], True),
        ("fd00::1%eth0", [OURS], True),
        # What was there before the proxy added its own is anybody's word.
        ("10.0.0.1", [f"{OURS}, 198.51.100.9"], False),
        ("10.0.0.1", [f"198.51.100.9, {OURS}"], True),
        ("10.0.0.1", [f"garbled, {OURS}"], True),
        # Several, in one line or in several.
        ("10.0.0.1", [f"{OURS}, 10.9.9.9"], True),
        ("10.0.0.1", [f"{OURS},10.9.9.9 ,fd00::9,::ffff:10.1.1.1"], True),
        ("10.0.0.1", [f"198.51.100.9, {OURS}", "10.9.9.9"], True),
        ("10.0.0.1", ["10.9.9.9", OURS], True),
        ("10.0.0.1", [OURS, "198.51.100.9"], False),
        ("10.0.0.1", [f"{OURS}, 198.51.100.9, 10.9.9.9"], False),
        # In each way that addresses are written.
        ("10.0.0.1", [f"{OURS}:50123"], True),
        ("10.0.0.1", [f"::ffff:{OURS}"], True),
        ("10.0.0.1", ["2001:db8:1::5"], True),
        ("10.0.0.1", ["[2001:db8:1::5]"], True),
        ("10.0.0.1", ["[2001:db8:1::5]:50123, [fd00::9]:443, 10.9.9.9:80"], True),
        ("10.0.0.1", ["2001:db8:2::5"], False),
        ("10.0.0.1", [f" \t{OURS}\t "], True),
        ("10.0.0.1", [f"{OURS},", "", ", 10.9.9.9,,"], True),
        # A garbled entry on the way ends the search.
        *(("10.0.0.1", [f"{OURS}, {garbled}, 10.9.9.9"], False) for garbled in GARBLED),
        *(("10.0.0.1", [f"{OURS}, {garbled}"], False) for garbled in GARBLED),
        ("10.0.0.1", [f'"{OURS}"'], False),
        ("10.0.0.1", [f"for={OURS}"], False),
        ("10.0.0.1", [f"{OURS};10.9.9.9"], False),
        ("10.0.0.1", ["\udcff"], False),
        # Nobody but proxies: who stands leftmost.
        ("10.0.0.1", ["10.8.8.8, 10.9.9.9"], False),
        ("10.0.0.1", [], False),
        ("10.0.0.1", ["", " , "], False),
        # A Unix socket is no proxy unless it is named.
        ("", [OURS], False),
        (None, [OURS], False),
    ],
)
def test_who_sends_behind_proxies(peer: str | None, forwarded: list[str], let_in: bool) -> None:
    """The first from the right that is no trusted proxy, as far as that can be read."""
    assert is_let_in(Origin(networks=NETWORKS, proxies=PROXIES), peer, *forwarded) is let_in


@pytest.mark.parametrize(
    ("networks", "forwarded", "let_in"),
    [
        (["10.8.8.8"], ["10.8.8.8, 10.9.9.9"], True),
        (["10.9.9.9"], ["10.8.8.8, 10.9.9.9"], False),
        (["10.0.0.1"], [], True),
        (["10.0.0.1"], ["10.9.9.9"], False),
    ],
)
def test_where_all_are_trusted_the_leftmost_sends(networks: list[str], forwarded: list[str], let_in: bool) -> None:
    """A service within one's own network may be in both lists."""
    assert is_let_in(Origin(networks=networks, proxies=PROXIES), "10.0.0.1", *forwarded) is let_in


@pytest.mark.parametrize(
    ("peer", "forwarded", "let_in"),
    [("", [OURS], True), ("", ["198.51.100.9"], False), ("", [], False), (None, [OURS], False), ("10.0.0.1", [OURS], False)],
)
def test_a_unix_socket_may_be_a_proxy(peer: str | None, forwarded: list[str], let_in: bool) -> None:
    """Where it is named; a TCP peer that is gone has no address either, and is none."""
    assert is_let_in(Origin(networks=NETWORKS, proxies="unix"), peer, *forwarded) is let_in


@given(st.lists(st.text(st.sampled_from("203.0113,:[]; abcdef%x\udcff"), max_size=40), max_size=4))
@example([OURS])
def test_without_proxies_nothing_is_believed(forwarded: Sequence[str]) -> None:
    """Whatever the header says, the peer is who sends; and behind a proxy no header makes it raise anything else."""
    assert is_let_in(Origin(networks=NETWORKS), OURS, *forwarded)
    assert not is_let_in(Origin(networks=NETWORKS), "10.0.0.1", *forwarded)
    is_let_in(Origin(networks=NETWORKS, proxies=PROXIES), "10.0.0.1", *forwarded)


@given(st.lists(st.sampled_from(["198.51.100.9", "unknown", OURS, "10.9.9.9"])), st.sampled_from([OURS, "198.51.100.9"]))
def test_nobody_can_forge_an_address(written: list[str], sender: str) -> None:
    """Whatever a sender writes into the header, it is the proxy's word that counts."""
    line = ", ".join([*written, sender])
    assert is_let_in(Origin(networks=NETWORKS, proxies=PROXIES), "10.0.0.1", line) is (sender == OURS)


@pytest.mark.parametrize(("proxies", "expected"), [(["127.0.0.1"], 200), ([], 403)])
async def test_the_header_of_a_proxy_reaches_the_check(proxies: list[str], expected: int) -> None:
    """Over HTTP, in several lines, in any spelling of the name."""
    headers = {"X-Forwarded-For": "198.51.100.9", "x-forwarded-for": f"{OURS}:80", "X-FORWARDED-FOR": "127.0.0.1"}
    assert await status("/ussd?id=1", headers=headers, networks=NETWORKS, proxies=proxies) == expected


@pytest.mark.parametrize(("proxies", "expected"), [(["unix"], 200), (["127.0.0.1"], 403)])
async def test_a_proxy_delivers_through_a_unix_socket(proxies: list[str], expected: int, tmp_path: Path) -> None:
    """Where one is trusted that does."""
    runner = web.AppRunner(application(networks=NETWORKS, proxies=proxies))
    await runner.setup()
    try:
        await web.UnixSite(runner, f"{tmp_path}/s").start()
        async with ClientSession(connector=UnixConnector(f"{tmp_path}/s")) as client:
            response = await client.get("http://h/ussd?id=1", headers={"X-Forwarded-For": OURS})
            assert response.status == expected
    finally:
        await runner.cleanup()


async def test_a_refused_request_is_not_read() -> None:
    """What does not prove its origin reaches neither the codec nor a session, and is not answered in the gateway's form."""
    cache, gateway, app = MemoryCache(), Own(), web.Application()
    mount(app, "/ussd", gateway, asking, secret="s3cret", runtime=Runtime(cache=cache))
    async with TestClient(TestServer(app)) as client:
        response = await client.post("/ussd?id=1", data=b"\xff" * 100_000)
        assert (response.status, await response.text()) == (403, "the shared secret is missing or wrong\n")
    assert len(cache) == 0
    assert gateway.seen == []


async def test_it_is_told_who_was_let_in() -> None:
    """Signals say which requests have shown what they must, and why others were refused."""
    told: list[tuple[int, str]] = []

    def note(sender: Any, *, event: WebhookEvent) -> None:
        told.append((event.status, event.reason))

    runtime = Runtime()
    with webhook_verified.connected_to(note), webhook_failed.connected_to(note):
        async with served(secret="s3cret", networks=["127.0.0.1"], runtime=runtime) as server:
            await raw(server, b"/ussd?id=1&secret=s3cret")
            await raw(server, b"/ussd?id=1&secret=other")
        async with served(networks=NETWORKS, runtime=runtime) as server:
            await raw(server, b"/ussd?id=1")
        await runtime.settle()
    assert told == [
        (200, ""),
        (403, "the shared secret is missing or wrong"),
        (403, "requests from this address are not accepted"),
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"secret": ""}, "protects nothing"),
        ({"secret": b"s3cret"}, "no text"),
        ({"secret": "\ud800"}, "the secret has half of a surrogate pair, which nobody can send"),
        ({"path": "/ussd/{secret}"}, r"has a secret in it, and none is given: write mount\(…, secret=…\)"),
        ({"path": "/ussd/{secret:.+}"}, "has a secret in it"),
        ({"path": "/{secret}", "secret": "s", "secret_header": "X-Key"}, "in the path .* and in the header: leave out one"),
        ({"secret_header": "X-Key"}, "looked for in the header 'X-Key', and none is given"),
        ({"secret": "s", "secret_header": ""}, "give a name such as"),
        ({"secret": "s", "secret_header": "X-Key: "}, "give a name such as"),
        ({"secret": "s", "secret_header": 5}, "give a name such as"),
        ({"networks": ["10.0.0.1/8"]}, "one of the networks cannot be read: .*host bits"),
        ({"networks": ["everybody"]}, "one of the networks cannot be read"),
        ({"networks": ["unix"]}, "one of the networks cannot be read"),
        ({"networks": [b"1.2.3.4"]}, "among the networks is no text"),
        ({"networks": [167772161]}, "among the networks is no text"),
        ({"networks": None}, "the networks are None: give a list"),
        ({"networks": NETWORKS, "proxies": ["10.0.0.1/8"]}, "one of the proxies cannot be read: .*host bits"),
        ({"networks": NETWORKS, "proxies": ["localhost"]}, "one of the proxies cannot be read"),
        ({"networks": NETWORKS, "proxies": [5]}, "among the proxies is no text"),
        ({"networks": NETWORKS, "proxies": 5}, "the proxies are 5: give a list"),
        ({"networks": NETWORKS, "proxies": ["0.0.0.0/0"]}, "everybody is one of the proxies"),
        ({"networks": NETWORKS, "proxies": ["::/0"]}, "everybody is one of the proxies"),
        ({"proxies": ["10.0.0.0/8"]}, "nobody says who may: give networks="),
        ({"proxies": ["unix"], "secret": "s"}, "nobody says who may: give networks="),
    ],
)
def test_a_setting_that_protects_nothing_is_refused(options: dict[str, Any], says: str) -> None:
    """When the mount is made, in words."""
    with pytest.raises(ConfigurationError, match=says):
        application(**options)


def said(*marks: str) -> dict[str, Any]:
    """Run those snippets of the page that have a mark, and give what they define."""
    page = (Path(__file__).parent.parent / "docs" / "origin.md").read_text()
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        if any(mark in code for mark in marks):
            exec(compile(code, "origin.md", "exec"), names)
    return names


async def test_a_secret_is_in_no_log_as_the_page_says(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though aiohttp writes down what it cannot parse, unless it is told not to."""
    server_logger = logging.getLogger("aiohttp.server")
    monkeypatch.setattr(server_logger, "filters", [])
    async with served(secret="s3cret") as server:
        for quiet in (False, True):
            if quiet:
                said("def parsed(")
            assert (await raw(server, b"/ussd?id=caf\xe9&secret=s3cret"))[0] == 400
            assert ("s3cret" in caplog.text) is not quiet
            caplog.clear()
    server_logger.error("something else", exc_info=KeyError())
    assert "something else" in caplog.text


async def test_a_secret_is_changed_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one and the new one count each at its own address, and a conversation goes on from one to the other."""
    names = said("def app(", "def rotating(")
    monkeypatch.setenv("USSD_SECRET", "old")
    monkeypatch.setenv("USSD_NEW_SECRET", "new")
    shown = []
    async with TestClient(TestServer(names["rotating"]())) as client:
        for path, text in [("/ussd/old", "*1#"), ("/ussd/new/old", ""), ("/ussd/new", ""), ("/ussd/new/new", "Ama")]:
            fields = {"USERID": "N", "MSISDN": "233244123456", "USERDATA": text, "MSGTYPE": text == "*1#", "SESSIONID": "1"}
            response = await client.post(path, json=fields)
            shown.append((await response.json())["MSG"] if response.status == 200 else response.status)
    assert shown == ["What is your name?", 403, 403, "Hello, Ama!"]


def test_who_was_refused_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """With the address that was found behind the proxies, since a wrong one is found on the first day."""
    origin = Origin(networks=["203.0.113.0/24"], proxies=["10.0.0.0/8"])
    with caplog.at_level("INFO", "flowdsl"), pytest.raises(Forbidden) as refused:
        origin.require(address="10.0.0.1", forwarded=["198.51.100.7"])
    assert "its sender is 198.51.100.7, its peer 10.0.0.1" in caplog.text
    assert "198" not in str(refused.value)
