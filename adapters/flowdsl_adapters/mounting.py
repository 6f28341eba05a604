"""``mount``: a gateway and a flow become a route of an aiohttp application."""

import asyncio
import logging
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import hdrs, web

from flowdsl import ConfigurationError, Flow, Inbound, Reply, Runtime, Screen, SessionConfig, UserInputError
from flowdsl.apologies import contained
from flowdsl.errors import BadPayload, StoreError
from flowdsl.settings import count, require, seconds
from flowdsl.signals import MessageEvent, WebhookEvent, message_sent, webhook_failed, webhook_verified
from flowdsl_adapters.gateway import Gateway, Response
from flowdsl_adapters.origin import Origin
from flowdsl_adapters.requests import read_request, refused

__all__ = ["mount"]

logger = logging.getLogger("flowdsl")

# A USSD request is a few hundred bytes.
_LARGEST: Final = 64 * 1024
# The strictest gateway waits 5 seconds for its answer (Hubtel), so a body that takes longer is given up.
_PATIENCE: Final = 5.0
# A second less than the shortest time within which a USSD gateway is known to want an answer (Hubtel: 5 seconds).
_USSD_DEADLINE: Final = 4.0

_RUNTIMES: Final = web.AppKey("flowdsl_runtimes", set[Runtime])


def mount(
    app: web.Application,
    path: str,
    gateway: Gateway,
    flow: Flow[..., Any],
    *,
    runtime: Runtime | None = None,
    sessions: SessionConfig | None = None,
    params: Mapping[str, Any] = {},
    secret: str | None = None,
    networks: Iterable[str] = (),
    largest: int = _LARGEST,
    patience: float = _PATIENCE,
    deadline: float | None = None,
) -> None:
    """Let a gateway deliver to a flow.

    The runtime is closed when the application is cleaned up. Several mounts may share one.

    Args:
        app: the application that gets the route.
        path: where the gateway delivers, ``"/ussd"``, or ``"/ussd/{secret}"`` with a secret in it.
        gateway: how it speaks, :class:`~flowdsl_adapters.Nalo` for example.
        flow: who answers.
        runtime: keeps the sessions; one of its own in memory unless given.
        sessions: what session ids are made of here, if not what the runtime says.
        params: the flow's keyword parameters.
        secret: what ``{secret}`` in the path, or ``?secret=`` in the query, must be. Requests without it
            get 403. These gateways do not sign, so whoever knows the address can otherwise speak for anybody.
        networks: networks that may deliver, such as ``["203.0.113.0/24"]``; others get 403.
        largest: bytes that a body may have; a larger one gets 413.
        patience: seconds in which a body must have arrived; a later one gets 408.
        deadline: seconds after which a person is asked to wait, where a turn makes calls that take longer. Unless given, as
            the runtime has it, or 4 seconds on USSD, whose gateways wait for 5 seconds or more.

    Raises:
        ConfigurationError: the secret is empty, a network cannot be read, the flow does not take the params, the path
            is taken or does not begin with ``/``, or a setting is not of its kind.

    >>> from flowdsl import Say, flow
    >>> from flowdsl_adapters import Nalo
    >>> @flow
    ... def hello():
    ...     yield Say("Hello!")
    >>> mount(web.Application(), "/ussd", Nalo(), hello)
    """
    _check(app, path, gateway, flow)
    if not isinstance(params, Mapping):
        raise ConfigurationError(f"the params are {params!r}: write params={{…}}")
    flow.require(params)
    runtime = Runtime() if runtime is None else runtime
    require("runtime", runtime, Runtime, "Runtime(…)")
    if sessions is not None:
        require("sessions", sessions, SessionConfig, "SessionConfig(…)")
    if "{secret}" in path and secret is None:
        raise ConfigurationError(f"the path {path!r} has a secret in it, and none is given: write mount(…, secret=…)")
    count("number of bytes in largest", largest)
    seconds("patience", patience)
    if deadline is not None:
        seconds("deadline", deadline)
    elif runtime.deadline is None and gateway.screen is not None:
        deadline = _USSD_DEADLINE
    endpoint = _Endpoint(
        gateway=gateway,
        flow=flow,
        runtime=runtime,
        sessions=sessions,
        params=params,
        origin=Origin(secret=secret, networks=networks),
        largest=largest,
        patience=patience,
        deadline=deadline,
    )
    try:
        app.router.add_route(gateway.method, path, endpoint.answer)
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(f"the path {path!r} cannot be served: {error}") from error
    if _RUNTIMES not in app:
        app[_RUNTIMES] = set()
        app.on_cleanup.append(_close_runtimes)
    app[_RUNTIMES].add(runtime)


def _check(app: object, path: object, gateway: object, flow: object) -> None:
    require("app", app, web.Application, "mount(app, path, gateway, flow)")
    if not isinstance(path, str) or not path.startswith("/"):
        raise ConfigurationError(f"the path {path!r} must begin with '/'")
    if isinstance(gateway, type):
        raise ConfigurationError(f"the gateway is the class {gateway.__name__} itself: write {gateway.__name__}()")
    if not isinstance(gateway, Gateway):
        raise ConfigurationError(f"{gateway!r} is no gateway: write mount(app, path, gateway, flow)")
    for member in ("name", "platform", "method"):
        require(f"{member} of the gateway", getattr(gateway, member), str, f'{member} = "…"')
    if gateway.screen is not None:
        require("screen of the gateway", gateway.screen, Screen, "screen = Screen(…), or None")
    if isinstance(flow, Generator):
        raise ConfigurationError(f"{flow!r} is what a flow gives when it is called: name the flow without calling it")
    if not isinstance(flow, Flow):
        raise ConfigurationError(f"{flow!r} is no flow: put @flow above the function")


async def _close_runtimes(app: web.Application) -> None:
    for runtime in app[_RUNTIMES]:
        await runtime.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    """A gateway, the flow that answers it, and what holds between them."""

    gateway: Gateway
    flow: Flow[..., Any]
    runtime: Runtime
    sessions: SessionConfig | None
    params: Mapping[str, Any]
    origin: Origin
    largest: int
    patience: float
    deadline: float | None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a delivery: 200 with a screen, a 4xx with a reason, or 503 where it should come again."""
        try:
            if self.origin.checked:
                self.verify(request)
            inbound = await self.decode(request)
            reply, session_id = await self.reply(inbound)
        except UserInputError as error:
            if webhook_failed.receivers:
                self.runtime.tell(webhook_failed, self.flow, self.event(error.status, str(error)))
            return await refused(request, error)
        except StoreError as error:
            return web.Response(status=error.status, text="sessions cannot be reached now: deliver again\n")
        response = _http(self.encode(reply, inbound))
        if message_sent.receivers:
            with suppress(ConnectionError):  # the sender hung up, so it was not handed over
                await response.prepare(request)
                await response.write_eof()
                self.runtime.tell(message_sent, self.flow, self.sent(inbound, session_id))
        return response

    def verify(self, request: web.Request) -> None:
        """Let the request prove where it comes from."""
        secret = request.match_info.get("secret") or request.query.get("secret", "")
        self.origin.require(secret=secret, address=request.remote)
        if webhook_verified.receivers:
            self.runtime.tell(webhook_verified, self.flow, self.event(200, ""))

    async def decode(self, request: web.Request) -> Inbound:
        """Read the request; nothing of it has touched a session yet."""
        parts = await read_request(request, largest=self.largest, patience=self.patience)
        try:
            inbound = self.gateway.decode(parts)
            if not isinstance(inbound, Inbound):
                raise TypeError(f"decode gave {inbound!r}, which is no Inbound")
            return inbound
        except UserInputError:
            raise
        except Exception:
            logger.exception("gateway %r could not read a request, and did not say why", self.gateway.name)
            raise BadPayload("the request cannot be read") from None

    async def reply(self, inbound: Inbound) -> tuple[Reply, str | None]:
        """Let the flow answer; what goes wrong becomes an apology that ends the session in the gateway's form.

        Raises:
            UserInputError: the message cannot be answered, for a reason that its sender should know.
            StoreError: sessions cannot be reached, and the sender will deliver again.
        """
        try:
            return await self.runtime.answer(
                self.flow,
                inbound,
                params=self.params,
                sessions=self.sessions,
                screen=self.gateway.screen,
                deadline=self.deadline,
            )
        except UserInputError:
            raise
        except StoreError as error:
            logger.error("flow %r could not be served: %s", self.flow.name, error)
            if self.gateway.screen is None:
                raise  # who sends messages delivers them again; a USSD session must be told something now
            return self.apology(error, inbound), None
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # the server is shutting down
            logger.exception("a message to flow %r could not be answered", self.flow.name)
            return self.apology(contained(error), inbound), None

    def apology(self, error: Exception, inbound: Inbound) -> Reply:
        """Say what a person reads instead of an error, and end the session."""
        return Reply(self.runtime.apology(error, self.gateway.screen, inbound.locale), end=True)

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the reply in the gateway's form; where it cannot be written, an apology, as plain text in the end."""
        try:
            return self.written(reply, inbound)
        except Exception as error:
            logger.exception("gateway %r could not write a reply of flow %r", self.gateway.name, self.flow.name)
            apology = self.apology(error, inbound)
        try:
            return self.written(apology, inbound)
        except Exception:
            return Response(body=apology.text.encode(), content_type="text/plain; charset=utf-8")

    def written(self, reply: Reply, inbound: Inbound) -> Response:
        """Let the gateway write, and hold what it gives against what it must be."""
        response = self.gateway.encode(reply, inbound)
        if isinstance(response, Response):
            return response
        raise TypeError(f"encode gave {response!r}, which is no Response")

    def event(self, status: int, reason: str) -> WebhookEvent:
        """Tell whether a request was let in."""
        return WebhookEvent(
            flow=self.flow.name, platform=self.gateway.platform, gateway=self.gateway.name, status=status, reason=reason
        )

    def sent(self, inbound: Inbound, session_id: str | None) -> MessageEvent:
        """Tell that the reply to a message was handed over."""
        return MessageEvent(
            flow=self.flow.name,
            platform=inbound.platform,
            gateway=inbound.gateway,
            session_id=session_id,
            message_id=inbound.message_id,
        )


def _http(response: Response) -> web.Response:
    return web.Response(body=response.body, status=response.status, headers={hdrs.CONTENT_TYPE: response.content_type})
