"""What is at the address of a mount: a request becomes a message to the flow, and its reply a response."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

from aiohttp import hdrs, web
from multidict import CIMultiDict

from flowdsl import Ended, Flow, Inbound, Paid, Reply, Runtime, Screen, SessionConfig, UserInputError
from flowdsl.apologies import contained
from flowdsl.errors import AuthorError, BadPayload, Forbidden, MissingIdentifier, Stalled, StoreError, UnknownSession
from flowdsl.signals import (
    MessageEvent,
    PaymentReceived,
    WebhookEvent,
    message_sent,
    payment_received,
    webhook_failed,
    webhook_verified,
)
from flowdsl_adapters.gateway import Decoded, Gateway, Probe, Request, Response
from flowdsl_adapters.origin import Origin
from flowdsl_adapters.requests import awaited_body, carried_secret, parts_of, ready_body, refused

__all__ = ["Endpoint"]

logger = logging.getLogger("flowdsl")

_TEXT: Final = "text/plain; charset=utf-8"
_DECODED: Final = (Inbound, Ended, Probe, Paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A gateway, the flow that answers it, and what holds between them.

    Args:
        gateway: how requests are read and answers written.
        flow: who answers.
        runtime: keeps the sessions.
        sessions: what session ids are made of, if not what the runtime says.
        params: the flow's keyword parameters.
        origin: what a request must show.
        largest: bytes that a body may have.
        patience: seconds in which it must have arrived.
        deadline: seconds after which a person is asked to wait.
        lost: what becomes of an answer in a session that is not known.
        payments: the gateway can ask for a payment.
        keep: whether a session lives on when that of the gateway is over; ``None`` as the runtime has it.
        expired: finds the words for a person whose session is lost, for a screen.
        below: what of the path of requests follows that of the mount.
        method: the method of requests; ``""`` for any.
    """

    gateway: Gateway
    flow: Flow[..., Any]
    runtime: Runtime
    sessions: SessionConfig | None
    params: Mapping[str, Any]
    origin: Origin
    largest: int
    patience: float
    deadline: float | None
    lost: Literal["begin", "end"]
    payments: bool
    keep: bool | None
    expired: Callable[[Screen | None], str]
    below: str = ""
    method: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a delivery: 200 with a screen, a 4xx with a reason, or 503 where it should come again."""
        if self.origin.checked:
            try:
                self._verify(request)
            except Forbidden as error:  # whoever is not the gateway is not answered in its form
                return await self._refuse(request, error, _plain(error))
        try:
            body = ready_body(request, self.largest)
            if body is None:
                body = await awaited_body(request, largest=self.largest, patience=self.patience)
            parts = parts_of(request, body, method=self.method, below=self.below)
            decoded = self._decode(parts)
            if not isinstance(decoded, Inbound):
                return _http(await self._note(decoded))
            response, session_id = await self._reply(decoded)
        except UserInputError as error:
            return await self._refuse(request, error, self._refusal(error))
        except AuthorError as error:
            return _http(self._unread(error))
        except StoreError as error:
            return web.Response(status=error.status, text="sessions cannot be reached now: deliver again\n")
        answer = _http(response)
        if message_sent.receivers:
            with suppress(ConnectionError):  # the sender hung up, so it was not handed over
                await answer.prepare(request)
                await answer.write_eof()
                self.runtime.tell(message_sent, self.flow, self._sent(decoded, session_id))
        return answer

    def _verify(self, request: web.Request) -> None:
        """Let the request prove where it comes from."""
        secret = carried_secret(request, self.origin.header) if self.origin.asks_secret else ""
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
        self.origin.require(secret=secret, address=request.remote, forwarded=forwarded)
        if webhook_verified.receivers:
            self.runtime.tell(webhook_verified, self.flow, self._event(200, ""))

    def _decode(self, parts: Request) -> Decoded:
        """Read the request; nothing of it has touched a session yet."""
        try:
            decoded = self.gateway.decode(parts)
            if not isinstance(decoded, _DECODED):
                raise TypeError(f"decode gave {decoded!r}, which is no Inbound, Ended, Probe or Paid")
            return decoded
        except (UserInputError, AuthorError):
            raise
        except Exception:
            logger.exception("gateway %r could not read a request, and did not say why", self.gateway.name)
            raise BadPayload("the request cannot be read") from None

    async def _reply(self, inbound: Inbound) -> tuple[Response, str | None]:
        """Let the flow answer; what goes wrong becomes an apology that ends the session in the gateway's form.

        Raises:
            UserInputError: the message cannot be answered, for a reason that its sender should know.
            StoreError: sessions cannot be reached, and the sender will deliver again.
        """
        session_id: str | None = None
        try:
            reply, session_id = await self.runtime.answer(
                self.flow,
                inbound,
                params=self.params,
                sessions=self.sessions,
                screen=None if inbound.roomy else self.gateway.screen,
                deadline=self.deadline,
                lost=self.lost,
                payments=self.payments,
            )
        except UnknownSession as error:
            return self._lost(error, inbound), None
        except UserInputError:
            raise
        except StoreError as error:
            logger.error("flow %r could not be served: %s", self.flow.name, error)
            if self.gateway.screen is None:
                raise  # who sends messages delivers them again; a USSD session must be told something now
            reply = self._apology(error, inbound)
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            if _shutting_down():
                raise
            logger.exception("a message to flow %r could not be answered", self.flow.name)
            reply = self._apology(contained(error), inbound)
        return self._encode(reply, inbound), session_id

    async def _note(self, decoded: Ended | Probe | Paid) -> Response:
        """Take in what is no message; what goes wrong is logged, since nobody reads the answer.

        Raises:
            UserInputError: nothing says whose session it is about.
            StoreError: sessions cannot be reached, and the sender will deliver again.
        """
        alive = False
        try:
            alive = await self._alive(decoded)
        except UserInputError:
            raise
        except StoreError as error:
            logger.error("flow %r could not be told of %r: %s", self.flow.name, type(decoded).__name__, error)
            if self.gateway.screen is None:
                raise
        except (Exception, SystemExit, asyncio.CancelledError):
            if _shutting_down():
                raise
            logger.exception("flow %r could not be told of %r", self.flow.name, type(decoded).__name__)
        try:
            return _required(self.gateway.acknowledge(decoded, alive=alive), "acknowledge")
        except Exception:
            logger.exception("gateway %r could not acknowledge %r", self.gateway.name, type(decoded).__name__)
            return Response(body=b"", content_type=_TEXT)

    async def _alive(self, decoded: Ended | Probe | Paid) -> bool:
        if isinstance(decoded, Ended):
            return await self.runtime.ended(self.flow, decoded, sessions=self.sessions, keep=self.keep)
        if isinstance(decoded, Paid):
            self._paid(decoded)
            return False
        asked = Inbound(
            platform=decoded.platform, gateway=decoded.gateway, request_id=decoded.request_id, url=decoded.url, new=None
        )
        return await self.runtime.is_alive(self.flow, asked, sessions=self.sessions)

    def _paid(self, paid: Paid) -> None:
        """Tell of a payment, with the session in which it was asked for where the notice tells that."""
        if not payment_received.receivers:
            return
        config = self.runtime.sessions if self.sessions is None else self.sessions
        session_id: str | None = None
        with suppress(MissingIdentifier):
            asked = Inbound(
                platform=paid.platform, gateway=paid.gateway, request_id=paid.request_id, msisdn=paid.msisdn, url=paid.url
            )
            session_id = config.session_id(asked, flow=self.flow)
        event = PaymentReceived(
            flow=self.flow.name,
            platform=paid.platform,
            gateway=paid.gateway,
            session_id=session_id,
            order_id=paid.order_id,
            amount=paid.amount,
            currency=paid.currency,
            successful=paid.successful,
        )
        self.runtime.tell(payment_received, self.flow, event)

    def _unread(self, error: AuthorError) -> Response:
        """Apologise for a request in which nothing was wrong, though nobody knows whose it is."""
        logger.error("a message to flow %r could not be read", self.flow.name, exc_info=error)
        nobody = Inbound(platform=self.gateway.platform, gateway=self.gateway.name)
        return self._encode(self._apology(error, nobody), nobody)

    def _lost(self, error: UnknownSession, inbound: Inbound) -> Response:
        """Tell a person that their session is lost.

        A gateway whose network understands its errors, as it answers them with 200, has its own words for that.
        """
        refusal = self._refusal(error)
        if refusal.status == web.HTTPOk.status_code:
            return refusal
        words = self.runtime.say(self.expired, None if inbound.roomy else self.gateway.screen, inbound.locale)
        return self._encode(Reply(words, end=True), inbound)

    def _apology(self, error: Exception, inbound: Inbound) -> Reply:
        """Say what the person reads instead of an error."""
        return Reply(self.runtime.apology(error, None if inbound.roomy else self.gateway.screen, inbound.locale), end=True)

    def _encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the reply in the gateway's form; where it cannot be written, an apology, as plain text in the end."""
        try:
            return _required(self.gateway.encode(reply, inbound), "encode")
        except Exception as error:
            logger.exception("gateway %r could not write a reply of flow %r", self.gateway.name, self.flow.name)
            apology = self._apology(error, inbound)
        try:
            return _required(self.gateway.encode(apology, inbound), "encode")
        except Exception:
            return Response(body=apology.text.encode(), content_type=_TEXT)

    def _refusal(self, error: UserInputError) -> Response:
        """Write an error in the gateway's form."""
        try:
            return _required(self.gateway.refuse(error), "refuse")
        except Exception:
            logger.exception("gateway %r could not write an error", self.gateway.name)
            return _plain(error)

    async def _refuse(self, request: web.Request, error: UserInputError, response: Response) -> web.Response:
        if webhook_failed.receivers:
            self.runtime.tell(webhook_failed, self.flow, self._event(error.status, str(error)))
        return await refused(request, _http(response), stalled=isinstance(error, Stalled))

    def _event(self, status: int, reason: str) -> WebhookEvent:
        """Tell whether a request was let in."""
        return WebhookEvent(
            flow=self.flow.name, platform=self.gateway.platform, gateway=self.gateway.name, status=status, reason=reason
        )

    def _sent(self, inbound: Inbound, session_id: str | None) -> MessageEvent:
        """Tell that the reply to a message was handed over."""
        return MessageEvent(
            flow=self.flow.name,
            platform=inbound.platform,
            gateway=inbound.gateway,
            session_id=session_id,
            message_id=inbound.message_id,
        )


def _required(response: Response, method: str) -> Response:
    """Hold what a gateway gives against what it must be."""
    if not isinstance(response, Response):
        raise TypeError(f"{method} gave {response!r}, which is no Response")
    if response.headers:
        _require_headers(response.headers)
    return response


def _require_headers(headers: Mapping[str, str]) -> None:
    # aiohttp finds out too late, when nothing but a 500 can be sent.
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str) and f"{name}: {value}".isprintable()):
            raise TypeError(f"the header {name!r} of the response cannot be {value!r}")


def _plain(error: UserInputError) -> Response:
    return Response(body=f"{error}\n".encode(errors="backslashreplace"), content_type=_TEXT, status=error.status)


def _http(response: Response) -> web.Response:
    if not response.headers:
        headers: Mapping[str, str] = {hdrs.CONTENT_TYPE: response.content_type}
    else:
        headers = CIMultiDict(response.headers)
        headers[hdrs.CONTENT_TYPE] = response.content_type
    return web.Response(body=response.body, status=response.status, headers=headers)


def _shutting_down() -> bool:
    """Tell whether the server has cancelled this task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
