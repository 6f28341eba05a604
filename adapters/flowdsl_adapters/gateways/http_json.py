"""HTTP JSON: web chats, tests, and front ends of one's own. The format of flow_chat's ``Http::Gateway::Simple``, v0.10.1."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Final, get_args

import msgspec

from flowdsl import ConfigurationError, Ended, Inbound, Media, Paid, Reply
from flowdsl.errors import BadPayload, Unauthorized, UserInputError
from flowdsl.messages import MediaKind
from flowdsl_adapters.fields import Field
from flowdsl_adapters.gateway import Probe, Request, Response
from flowdsl_adapters.wires import Form, Json, Query

__all__ = ["HttpJson", "Person", "in_headers"]

_KINDS: Final = get_args(MediaKind)
_FORM: Final = "application/x-www-form-urlencoded"

_INPUT: Final = Field("input", required=False, blank=True)
_MEDIA_URL: Final = Field("media_url", required=False, blank=True)
_MEDIA_TYPE: Final = Field("media_type", required=False, blank=True)
_MIME_TYPE: Final = Field("mime_type", required=False, blank=True)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who is speaking, as the application knows them.

    Args:
        session_id: of the application's session.
        user_id: their stable id.
        name: what they are called.
        msisdn: their number. Sessions by number find them again on other gateways where it is E.164.

    Raises:
        ConfigurationError: an id is empty or no text, which would put every such person into one session.
    """

    session_id: str
    user_id: str
    name: str | None = None
    msisdn: str | None = None

    def __post_init__(self) -> None:
        for name in ("session_id", "user_id"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConfigurationError(f"the {name} of a person is {value!r}: give one that is theirs alone")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ConfigurationError(f"the {name} of a person is {value!r}, which has half of a surrogate pair") from None


def in_headers(*, session: str = "X-Session-Id", user: str = "X-User-Id") -> Callable[[Request], Person | None]:
    """Find the person in headers, for use behind a proxy of one's own that sets them: whoever can send them can be anybody.

    Args:
        session: the header with the session's id.
        user: the header with the person's id.

    What it makes raises ``BadPayload`` where one of them has bytes that are no text.

    >>> from flowdsl_adapters import Request
    >>> find = in_headers()
    >>> find(Request(body=b"", headers={"x-session-id": "s1", "x-user-id": "u1"})).user_id
    'u1'
    """

    def find(request: Request) -> Person | None:
        found = {name.lower(): value for name, value in request.headers.items()}
        session_id, user_id = (_whole(name, found.get(name.lower(), "")) for name in (session, user))
        return Person(session_id=session_id, user_id=user_id) if session_id.strip() and user_id.strip() else None

    return find


def _whole(name: str, value: str) -> str:
    # aiohttp has bytes that are no UTF-8 as halves of surrogate pairs.
    return Field(name, required=False, blank=True).read({name: value}) or ""


def _now() -> datetime:
    return datetime.now(UTC)


class HttpJson:
    """A gateway for front ends of one's own: GET, or POST of JSON or a form, answered by JSON.

    Args:
        identify: finds out who is speaking, from the headers of a request for example; ``None`` where nobody is signed in,
            who then gets 401. Nothing in the request itself says it.
        clock: gives the time that is written into replies.

    >>> from flowdsl import Reply
    >>> from flowdsl_adapters import Person, Request
    >>> gateway = HttpJson(lambda request: Person(session_id="s1", user_id="u1"), clock=lambda: datetime(2026, 11, 23, 20, 10))
    >>> message = gateway.decode(Request(body=b'{"input": "1"}', content_type="application/json", method="POST"))
    >>> gateway.encode(Reply("Bye", end=True), message).body
    b'{"type":"terminal","session_id":"s1","user_id":"u1","timestamp":"2026-11-23T20:10:00Z","message":"Bye"}'
    """

    name = "http_json"
    platform = "web"
    # Whatever else comes is refused with 400, as flow_chat does.
    routes = (("GET", ""), ("POST", ""), ("*", ""))
    screen = None
    deadline = None
    lost = "begin"
    payments = False

    def __init__(self, identify: Callable[[Request], Person | None], *, clock: Callable[[], datetime] = _now) -> None:
        if iscoroutinefunction(identify):
            raise ConfigurationError(
                "identify is a function of the request that returns a Person or None: it cannot be a coroutine"
            )
        if not callable(identify):
            raise ConfigurationError(f"identify is {identify!r}: give a function of the request that returns a Person, or None")
        self._identify = identify
        self._clock = clock

    def decode(self, request: Request) -> Inbound:
        """Read a message.

        Raises:
            Unauthorized: nobody is signed in.
            UnsupportedContent: the body is neither JSON nor a form.
            BadPayload: it comes by another method, or cannot be read.
            ConfigurationError: ``identify`` raised, or gave something else than a person or ``None``.
        """
        fields = _fields(request)
        person = self._person(request)
        text = _INPUT.read(fields) or ""
        return Inbound(
            platform=self.platform,
            gateway=self.name,
            text=text if text.strip() else "",
            request_id=person.session_id,
            user_id=person.user_id,
            name=person.name,
            msisdn=person.msisdn,
            url=request.url,
            attachment=_attachment(fields),
            echo={"session_id": person.session_id, "user_id": person.user_id},
        )

    def _person(self, request: Request) -> Person:
        try:
            person = self._identify(request)
        except (ConfigurationError, UserInputError):
            raise
        except Exception as error:
            raise ConfigurationError(f"identify raised {error!r}") from error
        if person is None:
            raise Unauthorized("nobody is signed in")
        if not isinstance(person, Person):
            if iscoroutine(person):
                person.close()  # or Python warns that nobody has waited for it
            raise ConfigurationError(f"identify gave {person!r}: give a Person, or None where nobody is signed in")
        return person

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the reply: a prompt, the last word, that there is nothing to say, or that it is still being worked on."""
        if reply.held:
            return Response(body=b'{"status":"processing"}')
        silent = not reply.text and not reply.media and not reply.end
        body: dict[str, Any] = {
            "type": "skip" if silent else "terminal" if reply.end else "prompt",
            **inbound.echo,
            "timestamp": f"{self._clock():%Y-%m-%dT%H:%M:%SZ}",
        }
        if not silent:
            body["message"] = reply.text
        if reply.choices:
            body["choices"] = [{"key": each.key, "value": each.label} for each in reply.choices]
        if reply.media:
            first, *others = map(_written, reply.media)
            body["media"] = first
            if others:
                body["more_media"] = others
        return Response(body=msgspec.json.encode(body))

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        """Answer what never comes."""
        return Response(body=b"{}")

    def refuse(self, error: UserInputError) -> Response:
        """Refuse with the status of the error, and its words."""
        return Response(body=msgspec.json.encode({"error": str(error)}), status=error.status)


def _fields(request: Request) -> Mapping[str, Any]:
    if request.method == "GET":
        return Query().read(request)
    if request.method != "POST":
        raise BadPayload(f"messages are not sent by {request.method}: send GET or POST")
    form = request.content_type.partition(";")[0].strip().lower() == _FORM
    return Form().read(request) if form else Json().read(request)


def _attachment(fields: Mapping[str, Any]) -> Media | None:
    url = _MEDIA_URL.read(fields)
    if not url or not url.strip():
        return None
    kind: Any = _MEDIA_TYPE.read(fields)
    return Media(url, kind=kind if kind in _KINDS else "document", mime=_MIME_TYPE.read(fields) or "")


def _written(media: Media) -> dict[str, str]:
    known = {"url": media.url, "type": media.kind}
    return {**known, "caption": media.caption} if media.caption else known
