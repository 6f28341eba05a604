"""Mounting: origin, life cycle, apologies, addresses."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import Call, ConfigurationError, Inbound, Next, Prompt, Reply, Runtime, SessionConfig, Steps, flow
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import Forbidden
from flowdsl.signals import message_sent
from flowdsl_adapters import Nalo, mount
from flowdsl_adapters.origin import Origin
from tests.servers import free_port

FIRST = {"USERID": "N", "MSISDN": "233244123456", "USERDATA": "*920#", "MSGTYPE": True, "SESSIONID": "1"}


@flow
def asking() -> Steps[None]:
    """Ask one thing."""
    yield from Prompt("a", "A?")


def application(path: str = "/ussd", **options: Any) -> web.Application:
    """Build an application with one mount."""
    app = web.Application()
    mount(app, path, Nalo(), asking, **options)
    return app


async def status(app: web.Application, path: str, **options: Any) -> int:
    """Post the first message, and tell the status."""
    async with TestClient(TestServer(app)) as client:
        response = await client.post(path, json=FIRST, **options)
        return response.status


@pytest.mark.parametrize(
    ("mounted", "called", "expected"),
    [
        ("/ussd", "/ussd?secret=s3cret", 200),
        ("/ussd", "/ussd", 403),
        ("/ussd", "/ussd?secret=", 403),
        ("/ussd", "/ussd?secret=s3cre", 403),
        ("/ussd", "/ussd?secret=S3CRET", 403),
        ("/ussd", "/ussd?secret=s3cretX", 403),
        ("/ussd/{secret}", "/ussd/s3cretX", 403),
        ("/ussd", "/ussd?secret=%FF%FE", 403),
        ("/ussd/{secret}", "/ussd/s3cret", 200),
        ("/ussd/{secret}", "/ussd/other", 403),
        ("/ussd/{secret}", "/ussd/other?secret=s3cret", 403),
    ],
)
async def test_a_shared_secret(mounted: str, called: str, expected: int) -> None:
    """Whoever does not carry the secret, in path or query, is refused."""
    assert await status(application(mounted, secret="s3cret"), called) == expected


@pytest.mark.parametrize(
    ("networks", "expected"),
    [(["127.0.0.0/8"], 200), (["203.0.113.0/24", "127.0.0.1"], 200), (["203.0.113.0/24"], 403), (["2001:db8::/32"], 403)],
)
async def test_networks_that_may_send(networks: list[str], expected: int) -> None:
    """Only the networks of the list are let in."""
    assert await status(application(networks=networks), "/ussd") == expected


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
    ],
)
def test_which_address_is_in_a_network(networks: Any, address: str | None, within: bool) -> None:
    """An IPv4 address is the same one in IPv6 clothes; what is no address is in no network."""
    origin = Origin(secret=None, networks=networks)
    if within:
        origin.require(secret="", address=address)
    else:
        with pytest.raises(Forbidden):
            origin.require(secret="", address=address)


@pytest.mark.parametrize("given", ["\udcff", "s3cret\udcff", "é"])
def test_a_secret_of_odd_bytes_is_a_wrong_one(given: str) -> None:
    """What cannot be text is compared all the same."""
    with pytest.raises(Forbidden):
        Origin(secret="s3cret", networks=()).require(secret=given, address=None)


async def test_a_refused_request_is_not_read() -> None:
    """What does not prove its origin reaches neither the codec nor a session."""
    cache = MemoryCache()
    app = application(secret="s3cret", runtime=Runtime(cache=cache))
    async with TestClient(TestServer(app)) as client:
        response = await client.post("/ussd", data=b"\xff" * 100_000)
        assert (response.status, await response.text()) == (403, "the shared secret is missing or wrong\n")
    assert len(cache) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"secret": ""},
        {"path": "/ussd/{secret}"},
        {"networks": ["10.0.0.1/8"]},
        {"networks": ["everybody"]},
        {"networks": [b"1.2.3.4"]},
        {"networks": [167772161]},
    ],
)
def test_a_setting_that_protects_nothing_is_refused(options: dict[str, Any]) -> None:
    """An empty secret, a place for one where none is given, and an unreadable network are errors at once."""
    with pytest.raises(ConfigurationError):
        application(**options)


@pytest.mark.parametrize(
    ("gateway", "served", "params", "says"),
    [
        (Nalo, asking, {}, r"write Nalo\(\)"),
        (Nalo(), asking.function, {}, "put @flow above the function"),
        (Nalo(), asking(), {}, "without calling it"),
        (asking, Nalo(), {}, r"is no gateway: write mount\(app, path, gateway, flow\)"),
        (Nalo(), asking, {"fee": 5}, "flow 'asking' at .*test_mount.py:.*it has no parameter 'fee'"),
        (Nalo(), asking, ["fee"], r"write params=\{"),
    ],
    ids=["class", "function", "called", "swapped", "params", "list"],
)
def test_what_cannot_be_served_is_refused(gateway: Any, served: Any, params: Any, says: str) -> None:
    """Mistakes in a mount are errors when it is made, not when the first person dials."""
    with pytest.raises(ConfigurationError, match=says):
        mount(web.Application(), "/ussd", gateway, served, params=params)


class Odd(Nalo):
    """A gateway of somebody's own, with a mistake in it."""

    def __init__(self, **members: Any) -> None:
        super().__init__()
        vars(self).update(members)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"runtime": Runtime}, r"the runtime is the class Runtime itself: write Runtime\(…\)"),
        ({"runtime": "memory://"}, r"the runtime is 'memory://': write Runtime"),
        ({"sessions": {"ttl": 1}}, r"write SessionConfig\(…\)"),
        ({"path": "ussd"}, "'ussd' must begin with '/'"),
        ({"path": ""}, "must begin with '/'"),
        ({"path": "/{"}, "'/{' cannot be served"),
        ({"app": "/ussd"}, r"the app is '/ussd': write mount\(app, path"),
        ({"largest": "64K"}, "number from 1 on"),
        ({"largest": 0}, "number from 1 on"),
        ({"patience": -1}, "positive number of seconds"),
        ({"secret": b"s3cret"}, "no text"),
        ({"networks": None}, "the networks are None: give a list"),
        ({"gateway": Odd(screen="small")}, r"the screen of the gateway is 'small': write screen = Screen\(…\)"),
        ({"gateway": Odd(platform=None)}, "the platform of the gateway is None"),
        ({"gateway": Odd(method=5)}, "the method of the gateway is 5"),
    ],
)
def test_a_mount_that_cannot_work_is_refused(options: dict[str, Any], says: str) -> None:
    """Arguments of another kind are errors when the mount is made, and say what to write."""
    arguments: dict[str, Any] = {"app": web.Application(), "path": "/ussd", "gateway": Nalo(), "flow": asking}
    with pytest.raises(ConfigurationError, match=says):
        mount(**{**arguments, **options})


def test_a_path_that_is_taken_is_refused() -> None:
    """Of two mounts on one path the second would never be reached."""
    app = web.Application()
    mount(app, "/ussd", Nalo(), asking)
    with pytest.raises(ConfigurationError, match="'/ussd' cannot be served"):
        mount(app, "/ussd", Nalo(), asking)


def raising(*args: Any) -> Any:
    """Fail on a request."""
    raise KeyError("MSISDN")


@pytest.mark.parametrize(
    ("decode", "says"), [(raising, "KeyError"), (lambda request: None, "decode gave None, which is no Inbound")]
)
async def test_a_codec_that_breaks_is_no_500(decode: Any, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """A gateway whose own code fails on a request refuses it, and the log tells why."""
    app = web.Application()
    mount(app, "/ussd", Odd(decode=decode), asking)
    assert await status(app, "/ussd") == 400
    assert says in caplog.text


@pytest.mark.parametrize(("encode", "says"), [(raising, "KeyError"), (lambda reply, inbound: b"A?", "encode gave b'A?'")])
async def test_a_codec_that_cannot_write_at_all_is_no_500(encode: Any, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """A gateway that can write no reply, not even an apology, gets it as it is."""
    app = web.Application()
    mount(app, "/ussd", Odd(encode=encode), asking)
    async with TestClient(TestServer(app)) as client:
        response = await client.post("/ussd", json=FIRST)
        assert (response.status, await response.text()) == (200, "Sorry, something went wrong. Please try again.")
    assert says in caplog.text


async def test_a_store_that_is_down_ends_with_an_apology() -> None:
    """The person reads why, in the gateway's own form."""
    runtime = Runtime(cache=f"redis://127.0.0.1:{free_port()}", apology="We are down.")
    async with TestClient(TestServer(application(runtime=runtime))) as client:
        response = await client.post("/ussd", json=FIRST)
        assert response.status == 200
        assert await response.json() == {"USERID": "N", "MSISDN": "233244123456", "MSG": "We are down.", "MSGTYPE": False}


@pytest.mark.parametrize("error", [RuntimeError("no database"), SystemExit("no database"), asyncio.CancelledError("no database")])
async def test_middleware_that_raises_ends_with_an_apology(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """An error in front of the flow is logged and never a 500, nor the end of the server."""

    async def broken(inbound: Inbound, next: Next) -> Reply:
        raise error

    told: list[Exception] = []

    def words(exception: Exception) -> str:
        told.append(exception)
        return "We are down."

    async with TestClient(TestServer(application(runtime=Runtime(middleware=[broken], apology=words)))) as client:
        response = await client.post("/ussd", json=FIRST)
        answer = await response.json()
        assert (response.status, answer["MSG"], answer["MSGTYPE"]) == (200, "We are down.", False)
    assert error in (told[0], told[0].__cause__)
    assert "no database" in caplog.text


async def forgetful(inbound: Inbound, next: Next) -> None:
    """Answer nothing."""
    await next(inbound)


def impatient(inbound: Inbound, next: Next) -> Reply:
    """Answer without waiting."""
    return Reply("Hello!")


@pytest.mark.parametrize(("middleware", "says"), [(forgetful, "returned None"), (impatient, "is not asynchronous")])
async def test_middleware_without_a_reply_ends_with_an_apology(
    middleware: Any, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A person reads the apology, and the log names the function, its line and what to write."""
    async with TestClient(TestServer(application(runtime=Runtime(middleware=[middleware])))) as client:
        response = await client.post("/ussd", json=FIRST)
        assert (response.status, (await response.json())["MSGTYPE"]) == (200, False)
    assert f"middleware {middleware.__name__} at {__file__}:{middleware.__code__.co_firstlineno} {says}" in caplog.text


async def test_an_apology_of_mount_fits_the_screen() -> None:
    """What goes wrong in front of the flow is told in no more than a screen as well."""

    async def broken(inbound: Inbound, next: Next) -> Reply:
        raise RuntimeError("no database")

    async with TestClient(TestServer(application(runtime=Runtime(middleware=[broken], apology="sorry " * 40)))) as client:
        answer = await (await client.post("/ussd", json=FIRST)).json()
        assert Nalo().screen.fits(answer["MSG"])


class Chatting(Nalo):
    """A gateway whose sender delivers again, and whose messages may be long."""

    platform = "chat"

    def __init__(self) -> None:
        super().__init__()
        self.screen = None  # type: ignore[assignment]


async def test_a_sender_that_delivers_again_is_told_to() -> None:
    """Where nothing has to be shown now, a store that is down is 503, and the same message may come again."""
    app = web.Application()
    runtime = Runtime(cache=f"redis://127.0.0.1:{free_port()}", sessions=SessionConfig().durable())
    mount(app, "/chat", Chatting(), asking, runtime=runtime)
    assert await status(app, "/chat") == 503


async def test_parameters_reach_the_flow() -> None:
    """What is given where a flow is mounted is what it is started with."""

    @flow
    def shop(*, fee: int) -> Steps[None]:
        yield from Prompt("sure", f"Pay {fee}?")

    app = web.Application()
    mount(app, "/ussd", Nalo(), shop, params={"fee": 5})
    async with TestClient(TestServer(app)) as client:
        assert (await (await client.post("/ussd", json=FIRST)).json())["MSG"] == "Pay 5?"


async def test_what_a_gateway_cannot_write_is_an_apology(caplog: pytest.LogCaptureFixture) -> None:
    """A reply with half a character, which only middleware can make, is no 500."""

    async def odd(inbound: Inbound, next: Next) -> Reply:
        return Reply("\ud800", end=True)

    async with TestClient(TestServer(application(runtime=Runtime(middleware=[odd])))) as client:
        response = await client.post("/ussd", json=FIRST)
        assert (response.status, (await response.json())["MSG"]) == (200, "Sorry, something went wrong. Please try again.")
    assert "could not write a reply of flow 'asking'" in caplog.text


async def test_a_session_id_that_cannot_be_made_is_an_apology() -> None:
    """A function of the author's that fails is no 500, and the connection lives on."""

    def broken(inbound: Inbound) -> str:
        raise KeyError("shop")

    app = application(sessions=SessionConfig(id=broken))
    with message_sent.connected_to(lambda sender, *, event: None):
        async with TestClient(TestServer(app)) as client:
            for _ in range(2):
                response = await client.post("/ussd", json=FIRST)
                assert (response.status, (await response.json())["MSGTYPE"]) == (200, False)


async def test_a_sender_that_hangs_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that is closed in the middle of a body is nobody's fault, and leaves nothing in the log."""
    app = application(runtime=Runtime(), patience=20)
    async with TestClient(TestServer(app)) as client:
        server = client.server
        _, writer = await asyncio.open_connection(server.host, server.port)
        head = b"POST /ussd HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        writer.write(head + b'{"USERID":')
        await writer.drain()
        assert (await client.post("/ussd", json=FIRST)).status == 200
        writer.close()
        await writer.wait_closed()
        assert (await client.post("/ussd", json=FIRST)).status == 200
    assert caplog.text == ""


async def test_a_shared_runtime_is_closed_once() -> None:
    """Two mounts share a runtime; cleaning the application up closes it, and only once."""
    closed: list[Runtime] = []

    class Counted(Runtime):
        async def close(self, *, patience: float = 10.0) -> None:
            closed.append(self)
            await super().close(patience=patience)

    runtime = Counted()
    app = application(runtime=runtime)
    mount(app, "/other", Nalo(), asking, runtime=runtime)
    async with TestClient(TestServer(app)):
        assert not closed
    assert closed == [runtime]


async def test_tenants_by_address_have_sessions_of_their_own() -> None:
    """With ``isolate_urls`` the same person at two addresses is in two sessions; the secret is in neither id."""
    cache = MemoryCache()
    runtime = Runtime(cache=cache)
    app = application("/{tenant}/{secret}", runtime=runtime, secret="s3cret", sessions=SessionConfig().durable().isolate_urls())
    async with TestClient(TestServer(app)) as client:
        for tenant in ("one", "two"):
            assert (await client.post(f"/{tenant}/s3cret", json=FIRST)).status == 200
    assert len(cache) == 2
    assert not any("s3cret" in key for key in cache._values)
    assert all(key.startswith("asking:ussd:nalo:127.0.0.1/") for key in cache._values)


async def test_a_person_is_asked_to_wait_in_time() -> None:
    """A call that takes longer than the deadline goes on, and its result is shown at the next message."""
    gate = asyncio.Event()

    @flow
    def slow() -> Steps[None]:
        amount = yield from Prompt("amount", "Amount?")
        yield Call(gate.wait)
        yield from Prompt("next", f"Paid {amount}. Next?")

    app, runtime = web.Application(), Runtime(holding="One moment.")
    mount(app, "/ussd", Nalo(), slow, runtime=runtime, deadline=0.01)
    async with TestClient(TestServer(app)) as client:

        async def send(text: str, new: bool = False) -> tuple[str, bool]:
            response = await client.post("/ussd", json={**FIRST, "USERDATA": text, "MSGTYPE": new})
            shown = await response.json()
            return shown["MSG"], shown["MSGTYPE"]

        assert await send("*920#", new=True) == ("Amount?", True)
        assert await send("5") == ("One moment.", True)
        assert await send("1") == ("One moment.", True)
        gate.set()
        await runtime.settle()
        assert await send("1") == ("Paid 5. Next?", True)
        assert await send("x") == ("", False)


@pytest.mark.parametrize(
    ("gateway", "own", "given", "expected"),
    [
        (Nalo(), None, None, 4.0),
        (Nalo(), 9.0, None, None),
        (Nalo(), None, 2.0, 2.0),
        (Chatting(), None, None, None),
        (Chatting(), None, 3.0, 3.0),
    ],
)
async def test_ussd_has_a_deadline_unless_another_is_given(
    gateway: Any, own: float | None, given: float | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its gateways do not wait; elsewhere, and where the runtime has one, nothing is assumed."""
    seen = []
    runtime = Runtime(deadline=own)

    async def answer(*args: Any, deadline: float | None, **options: Any) -> tuple[Reply, None]:
        seen.append(deadline)
        return Reply("x"), None

    monkeypatch.setattr(runtime, "answer", answer)
    app = web.Application()
    mount(app, "/ussd", gateway, asking, runtime=runtime, deadline=given)
    await status(app, "/ussd")
    assert seen == [expected]


@pytest.mark.parametrize("deadline", [0, -1, "4", True])
def test_a_deadline_that_cannot_be_is_refused(deadline: Any) -> None:
    """When it is given."""
    with pytest.raises(ConfigurationError, match="deadline"):
        application(deadline=deadline)
