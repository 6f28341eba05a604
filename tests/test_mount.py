"""Mounting: life cycle, apologies, addresses, and what a gateway says besides messages."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from flowdsl import Call, ConfigurationError, Inbound, Next, Prompt, Reply, Runtime, Screen, SessionConfig, Steps, flow
from flowdsl._aiocache import MemoryCache
from flowdsl.errors import UnknownSession, UserInputError
from flowdsl.languages import Translations
from flowdsl.signals import WebhookEvent, message_sent, webhook_failed
from flowdsl.texts import locale
from flowdsl_adapters import Nalo, Request, Response, mount
from tests.own_gateway import Own, raw
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


class Unfinished:
    """A gateway whose author has only begun."""

    def decode(self, request: Request) -> Inbound:
        """Read nothing."""
        raise NotImplementedError


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
        ({"gateway": Odd(screen="small")}, r"the screen of the gateway is 'small': write screen = Screen\(…\)"),
        ({"gateway": Odd(payments="yes")}, "the payments of the gateway is 'yes': write payments = True, or False"),
        ({"gateway": Odd(platform=None)}, "the platform of the gateway is None"),
        ({"gateway": Odd(routes=())}, r"the routes of the gateway are \(\): write routes = \[\('POST', ''\)\]"),
        ({"gateway": Odd(routes="POST")}, "the routes of the gateway are 'POST'"),
        ({"gateway": Odd(routes=[("POST", "events")])}, "the routes of the gateway are"),
        ({"gateway": Odd(routes=[("POST", "", "")])}, "the routes of the gateway are"),
        ({"gateway": Odd(routes=["GO"])}, "the routes of the gateway are"),
        ({"gateway": Odd(routes=[("POST", ""), ("", "/x")])}, "'/ussd/x' cannot be served"),
        ({"gateway": Odd(routes=[("POST", "/{")])}, "'/ussd/{' cannot be served"),
        ({"gateway": Odd(routes=[("POST", "/x"), ("*", "/y"), ("POST", "/x")])}, "'/ussd/x' cannot be served: .* there already"),
        ({"gateway": Odd(deadline=0)}, "the deadline of the gateway is 0"),
        ({"gateway": Odd(deadline="4")}, "the deadline of the gateway is '4'"),
        ({"gateway": Odd(lost="wait")}, "the lost of the gateway is 'wait': it is 'begin' or 'end'"),
        ({"gateway": object()}, r"is no gateway: write mount\(app, path, gateway, flow\)"),
        ({"gateway": Unfinished()}, "is no gateway: it has no name, platform, routes, screen, deadline, lost, payments, enc"),
        ({"lost": "keep"}, "the lost is 'keep': it is 'begin' or 'end'"),
        ({"hangup": "begin"}, "the hangup is 'begin': it is 'end' or 'keep'"),
        ({"hangup": True}, "the hangup is True"),
        ({"hangup": ["end"]}, "the hangup is"),
        ({"expired": 5}, "the words for sessions that have expired are 5: give a text"),
    ],
)
def test_a_mount_that_cannot_work_is_refused(options: dict[str, Any], says: str) -> None:
    """Arguments of another kind are errors when the mount is made, and say what to write."""
    arguments: dict[str, Any] = {"app": web.Application(), "path": "/ussd", "gateway": Nalo(), "flow": asking}
    with pytest.raises(ConfigurationError, match=says):
        mount(**{**arguments, **options})


@pytest.mark.parametrize("between", [[], ["/other"]])
@pytest.mark.parametrize("path", ["/ussd", "/{tenant}/ussd"])
def test_a_path_that_is_taken_is_refused(path: str, between: list[str]) -> None:
    """Of two mounts on one path the second would never be reached, whatever was mounted between them."""
    app = web.Application()
    for each in [path, *between]:
        mount(app, each, Nalo(), asking)
    with pytest.raises(ConfigurationError, match=f"'{path}' cannot be served"):
        mount(app, path, Nalo(), asking)


def test_two_methods_of_one_path_are_two_routes() -> None:
    """A gateway may post where another one gets."""
    app = web.Application()
    mount(app, "/ussd", Nalo(), asking)
    mount(app, "/other", Nalo(), asking)
    mount(app, "/ussd", Own(routes=[("GET", "")]), asking)


def raising(*args: Any, **options: Any) -> Any:
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

    screen = None  # type: ignore[assignment]
    deadline = None


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
        (Own(deadline=7.0), None, None, 7.0),
        (Own(deadline=7.0), 9.0, 2.0, 2.0),
        (Own(deadline=None), None, None, None),
        (Chatting(), None, None, None),
        (Chatting(), None, 3.0, 3.0),
    ],
)
async def test_a_gateway_has_a_deadline_unless_another_is_given(
    gateway: Any, own: float | None, given: float | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the mount goes first, then that of the runtime; where none has one, nothing is assumed."""
    seen = []
    runtime = Runtime(deadline=own)

    async def answer(*args: Any, deadline: float | None, **options: Any) -> tuple[Reply, None]:
        seen.append(deadline)
        return Reply("x"), None

    monkeypatch.setattr(runtime, "answer", answer)
    app = web.Application()
    mount(app, "/ussd", gateway, asking, runtime=runtime, deadline=given)
    await status(app, "/ussd?id=1")
    assert seen == [expected]


@pytest.mark.parametrize("deadline", [0, -1, "4", True])
def test_a_deadline_that_cannot_be_is_refused(deadline: Any) -> None:
    """When it is given."""
    with pytest.raises(ConfigurationError, match="deadline"):
        application(deadline=deadline)


# What a gateway says besides messages


async def told(app: web.Application, *targets: str, method: str = "GET") -> list[tuple[int, str]]:
    """Deliver to an application, and give status and text of each answer."""
    async with TestServer(app) as server:
        answers = [await raw(server, target.encode(), method="POST" if "events" in target else method) for target in targets]
    return [(status, body) for status, _, body in answers]


def own(path: str = "/ussd", gateway: Own | None = None, flow: Any = asking, **options: Any) -> web.Application:
    """Build an application with a gateway of the tests' own."""
    app = web.Application()
    mount(app, path, Own() if gateway is None else gateway, flow, **options)
    return app


@pytest.mark.parametrize(
    ("path", "messages", "events", "status"),
    [
        ("/ussd", "/ussd", "/ussd/events", "/ussd/session/1/status"),
        ("/ussd/", "/ussd/", "/ussd/events", "/ussd/session/1/status"),
        ("/", "/", "/events", "/session/1/status"),
        ("/{tenant}", "/one", "/one/events", "/one/session/1/status"),
        ("/{secret}", "/s3cret", "/s3cret/events", "/s3cret/session/1/status"),
        ("/a/{secret}/", "/a/s3cret/", "/a/s3cret/events", "/a/s3cret/session/1/status"),
    ],
)
async def test_every_route_of_a_gateway_is_below_the_mount(path: str, messages: str, events: str, status: str) -> None:
    """Whatever the path, each is served, the secret counts in all, and they share the session."""
    app = own(path, secret="s3cret" if "{secret}" in path else None)
    assert await told(app, f"{messages}?id=1", status, f"{events}?id=1&why=x", status) == [
        (200, "CON A?"),
        (202, "Probe True"),
        (202, "Ended False"),
        (202, "Probe False"),
    ]


@pytest.mark.parametrize("target", ["/other/session/1/status", "/other/events?id=1&why=x"])
async def test_the_secret_counts_on_every_route(target: str) -> None:
    """Whoever does not have it can neither end a session nor ask after one."""
    runtime = Runtime()
    app = own("/{secret}", secret="s3cret", runtime=runtime)
    (_, refused, (_, alive)) = await told(app, "/s3cret?id=1", target, "/s3cret/session/1/status")
    assert refused == (403, "the shared secret is missing or wrong\n")
    assert alive == "Probe True"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_route_of_any_method_takes_them_all(method: str) -> None:
    """And one that names its method takes no other."""
    gateway = Own()
    first, second = await told(own(gateway=gateway), "/ussd?id=1", "/ussd/session/1/status", method=method)
    assert first == (200, "CON A?")
    assert second[0] == (202 if method == "GET" else 405)
    assert gateway.seen[0].method == method


@flow
def counting() -> Steps[None]:
    """Ask until somebody hangs up."""
    for place in range(1, 100):
        yield from Prompt("a", f"{place}?")


@pytest.mark.parametrize(
    ("sessions", "hangup", "alive"),
    [
        (None, None, False),
        (None, "end", False),
        (None, "keep", True),
        (SessionConfig().durable("user_id"), None, True),
        (SessionConfig(id=lambda inbound: f"s-{inbound.request_id}"), "end", False),
        (SessionConfig(id=lambda inbound: f"s-{inbound.request_id}"), "keep", True),
    ],
)
async def test_what_becomes_of_a_session_whose_gateway_hangs_up(sessions: SessionConfig | None, hangup: Any, alive: bool) -> None:
    """It is ended or kept as the mount says, the gateway is told, and whoever comes again finds it so."""
    app = own(flow=counting, sessions=sessions, hangup=hangup, lost="begin")
    dialled, answered, ended, again = await told(
        app, *("/ussd?id=1", "/ussd?id=1&text=x", "/ussd/events?id=1&why=x", "/ussd?id=1&text=y")
    )
    assert [dialled, answered] == [(200, "CON 1?"), (200, "CON 2?")]
    assert ended == (202, f"Ended {alive}")
    assert again == (200, "CON 3?" if alive else "CON 1?")


async def test_a_notice_comes_twice_or_for_nobody() -> None:
    """It is acknowledged all the same."""
    app = own()
    answers = await told(app, "/ussd?id=1", *["/ussd/events?id=1&why=x"] * 2, "/ussd/events?id=2&why=x", "/ussd/session/2/status")
    assert answers[1:] == [(202, "Ended False")] * 3 + [(202, "Probe False")]


@pytest.mark.parametrize("target", ["/ussd/events?id=1&why=x", "/ussd/session/1/status"])
async def test_a_store_that_is_down_and_what_is_no_message(target: str, caplog: pytest.LogCaptureFixture) -> None:
    """On USSD nobody reads the answer, so it is acknowledged; elsewhere it is delivered again."""
    address = f"redis://127.0.0.1:{free_port()}"
    name = "Ended" if "events" in target else "Probe"
    assert await told(own(runtime=Runtime(cache=address)), target) == [(202, f"{name} False")]
    assert f"flow 'asking' could not be told of '{name}'" in caplog.text
    chat = Own(screen=None, platform="chat")
    app = own(gateway=chat, runtime=Runtime(cache=address), sessions=SessionConfig(identifier="request_id"))
    assert await told(app, target) == [(503, "sessions cannot be reached now: deliver again\n")]


@pytest.mark.parametrize("target", ["/ussd/events?id=1&why=x", "/ussd/session/1/status"])
@pytest.mark.parametrize("error", [RuntimeError("no shop"), SystemExit("no shop"), asyncio.CancelledError("no shop")])
async def test_what_is_no_message_is_no_500(target: str, error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Code of the author's that fails is logged, and the gateway gets its acknowledgement."""

    def broken(inbound: Inbound) -> str:
        raise error

    ((status, body),) = await told(own(sessions=SessionConfig(id=broken), hangup="end"), target)
    assert (status, body.split()[1]) == (202, "False")
    assert "no shop" in caplog.text


async def test_what_nobody_can_be_found_by_is_refused() -> None:
    """A question after a session that is known by the person, who is not in it, gets an error and no guess."""
    app = own(sessions=SessionConfig().durable())
    assert await told(app, "/ussd/session/1/status") == [(400, "ERR the message has no msisdn, which its session needs")]


@pytest.mark.parametrize(
    ("members", "says"),
    [({"acknowledge": raising}, "KeyError"), ({"acknowledge": lambda decoded, alive: None}, "acknowledge gave None, which")],
)
async def test_a_codec_that_cannot_acknowledge_is_no_500(
    members: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An acknowledgement that cannot be written is empty."""
    assert await told(own(gateway=Own(**members)), "/ussd/session/1/status") == [(200, "")]
    assert "could not acknowledge 'Probe'" in caplog.text
    assert says in caplog.text


# Sessions that are lost

LATE = "/ussd?id=1&text=x"
MARKED = Translations.of({"fr": {"Your session has expired. Please dial again.": "Session expirée."}})


@pytest.mark.parametrize(
    ("gateway", "lost", "shown"),
    [
        (Own(), None, "CON A?"),
        (Own(lost="begin"), "end", "END Your session has expired. Please dial again."),
        (Own(lost="end"), None, "END Your session has expired. Please dial again."),
        (Own(lost="end"), "begin", "CON A?"),
        (Own(lost="end", screen=None, platform="chat"), None, "END Your session has expired. Please dial again."),
    ],
)
async def test_an_answer_in_a_lost_session(gateway: Own, lost: Any, shown: str) -> None:
    """It begins a conversation or ends with words, as the gateway has it or the mount."""
    assert await told(own(gateway=gateway, lost=lost), LATE) == [(200, shown)]


@pytest.mark.parametrize(
    ("expired", "runtime", "language", "shown"),
    [
        ("Dial *1#.", Runtime(), "", "Dial *1#."),
        (lambda: "Dial *1#.", Runtime(), "", "Dial *1#."),
        (lambda: f"{locale()}", Runtime(), "fr", "fr"),
        (MARKED.gettext("Your session has expired. Please dial again."), Runtime(), "fr", "Session expirée."),
        (None, Runtime(translations=MARKED), "fr", "Session expirée."),
        (None, Runtime(translations=MARKED), "en", "Your session has expired. Please dial again."),
        (None, Runtime(translations=MARKED), "", "Your session has expired. Please dial again."),
        (lambda: 5, Runtime(), "", "Your session has expired. Please dial again."),
        (raising, Runtime(), "", "Your session has expired. Please dial again."),
        ("dial again " * 40, Runtime(), "", None),
    ],
)
async def test_words_for_a_lost_session(expired: Any, runtime: Runtime, language: str, shown: str | None) -> None:
    """They are those of the mount, in the person's language, and fit the screen."""
    options = {} if expired is None else {"expired": expired}
    ((_, body),) = await told(own(lost="end", runtime=runtime, **options), f"{LATE}&lang={language}")
    assert body.startswith("END ")
    text = body.removeprefix("END ")
    assert text == shown if shown is not None else Screen().fits(text)


async def test_a_lost_session_in_a_gateway_with_errors_of_its_own() -> None:
    """Where a gateway tells errors within answers that are fine, its own words for this go first."""
    told_of: list[UserInputError] = []

    def refuse(error: UserInputError) -> Response:
        told_of.append(error)
        return Response(body=b'{"exitCode": 400}')

    assert await told(own(gateway=Own(refuse=refuse), lost="end"), LATE) == [(200, '{"exitCode": 400}')]
    assert [type(each) for each in told_of] == [UnknownSession]


async def test_a_lost_session_is_no_failed_webhook() -> None:
    """The request was fine; its reply was sent, and to no session."""
    failed: list[WebhookEvent] = []
    sent: list[str | None] = []
    runtime = Runtime()
    with (
        webhook_failed.connected_to(lambda sender, *, event: failed.append(event)),
        message_sent.connected_to(lambda sender, *, event: sent.append(event.session_id)),
    ):
        await told(own(lost="end", runtime=runtime), LATE)
    assert (failed, sent) == ([], [None])


# Errors in the gateway's own form


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("/ussd", {}, (400, "BadPayload", "ERR id is missing")),
        ("/ussd?id=%20", {}, (400, "MissingIdentifier", "ERR the message has no request_id, which its session needs")),
        ("/ussd?id=1&long", {"largest": 3}, (413, "PayloadTooLarge", "ERR the body has more than 3 bytes")),
        ("/ussd?id=1&stalled", {"patience": 0.01}, (408, "Stalled", "ERR the body did not arrive within 0.01 seconds")),
    ],
)
async def test_errors_are_written_by_the_gateway(target: str, options: dict[str, Any], expected: tuple[int, str, str]) -> None:
    """With its status, its headers and its words."""
    async with TestServer(own(**options)) as server:
        length = {"long": 5, "stalled": 5}.get(target.rpartition("&")[2], 0)
        sent = b"x" * length if "long" in target else b""
        status, headers, body = await raw(
            server, target.encode(), method="POST", headers={"Content-Length": f"{length}"}, body=sent
        )
    assert (status, headers["X-Error"], body) == expected


async def test_who_stalls_is_not_waited_for() -> None:
    """Not even for the rest of the body, for which aiohttp would wait as long as it is told."""
    server = TestServer(own(patience=0.01))
    await server.start_server(lingering_time=3600)
    try:
        async with asyncio.timeout(20):
            status, _, _ = await raw(server, b"/ussd?id=1", method="POST", headers={"Content-Length": "5"})
    finally:
        await server.close()
    assert status == 408


@pytest.mark.parametrize(
    ("refuse", "says"),
    [
        (raising, "KeyError"),
        (lambda error: b"ERR", "refuse gave b'ERR', which is no Response"),
        (lambda error: Response(body=b"", headers={"X-Error": "a\r\nb"}), "cannot be 'a"),
    ],
)
async def test_a_codec_that_cannot_write_an_error_is_no_500(refuse: Any, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """The error is written as it is, and the log tells why."""
    assert await told(own(gateway=Own(refuse=refuse)), "/ussd") == [(400, "id is missing\n")]
    assert "could not write an error" in caplog.text
    assert says in caplog.text


async def test_headers_of_a_reply_are_sent() -> None:
    """Where a gateway reads in them whether its session goes on."""
    async with TestServer(own()) as server:
        shown = [(await raw(server, target))[1] for target in (b"/ussd?id=1", b"/ussd?id=1&text=x")]
    assert [(each["Freeflow"], each["Content-Type"]) for each in shown] == [("CON", "text/plain"), ("END", "text/plain")]


@pytest.mark.parametrize("headers", [{"Freeflow": "FC\r\nX: y"}, {"Free\nflow": "FC"}, {"Freeflow": 1}, {"Freeflow": "\ud800"}])
async def test_headers_that_cannot_be_sent_are_no_500(headers: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that a person has typed can make up headers of its own."""
    gateway = Own(encode=lambda reply, inbound: Response(body=b"x", headers=headers))
    assert await told(own(gateway=gateway), "/ussd?id=1") == [(200, "Sorry, something went wrong. Please try again.")]
    assert "of the response cannot be" in caplog.text


async def test_a_content_type_comes_once() -> None:
    """Among other headers, and whichever way it is spelt there."""
    gateway = Own(
        encode=lambda reply, inbound: Response(body=b"x", content_type="text/xml", headers={"content-type": "a/b", "X": "y"})
    )
    async with TestClient(TestServer(own(gateway=gateway))) as client:
        response = await client.get("/ussd?id=1")
        assert response.headers.getall("Content-Type") == ["text/xml"]
        assert response.headers["X"] == "y"
