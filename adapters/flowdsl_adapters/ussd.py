"""``UssdGateway``: what USSD gateways have in common, of which each declares what is its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

import msgspec

from flowdsl import Ended, History, Inbound, Paid, Reply, Screen
from flowdsl.errors import BadPayload, UserInputError
from flowdsl.messages import EndReason
from flowdsl.phone import e164, require_region
from flowdsl.settings import require
from flowdsl_adapters.about import About
from flowdsl_adapters.declaring import OWN_SLOTS, require_declared
from flowdsl_adapters.dialling import behind, code_of, joined, parts_of
from flowdsl_adapters.fields import Field, Kind, Stage, carried
from flowdsl_adapters.gateway import Decoded, Probe, Request, Response, Route
from flowdsl_adapters.in_one_text import in_one_text
from flowdsl_adapters.templates import ReplyForm, Template
from flowdsl_adapters.wires import Wire
from flowdsl_adapters.xml_text import xml_escaped

__all__ = ["UssdGateway"]

# A second less than the shortest time within which a USSD gateway is known to want an answer (Hubtel: 5 seconds).
_DEADLINE: Final = 4.0
_TEXT: Final = "text/plain; charset=utf-8"


class UssdGateway:
    """A USSD gateway, declared: where each field stands, how a session begins, and how a reply says more or end.

    A subclass says these things in its class body; what has a default here may be left out. What no declaration
    can say is said by overriding one of the methods.

    Args:
        code: the service's own dial string, such as ``"*920*77#"``. What is dialled behind it are shortcuts; unless it is
            given there are none, since nobody else can tell which parts are the service's.
        region: two letters of the country in which a number beginning with ``0`` is national.
        screen: what one screen holds, where that is not what the gateway is known to take.

    Raises:
        ConfigurationError: the code is no dial string, there is no such region, or the screen is none.

    >>> from flowdsl_adapters import Field, Query, Request, Stage, UssdGateway
    >>> class Telco(UssdGateway):
    ...     name = "telco"
    ...     wire = Query()
    ...     session, number, text = Field("sid"), Field("phone"), Field("input", blank=True)
    ...     stage = Stage("op", {"begin": "new", "continue": "on", "end": "released"})
    ...     more, last = "CON {text}", "END {text}"
    >>> query = {"sid": "1", "phone": "233244123456", "op": "continue", "input": "2"}
    >>> message = Telco().decode(Request(body=b"", query=query))
    >>> message.msisdn, message.text
    ('+233244123456', '2')
    >>> Telco().encode(Reply("Goodbye.", end=True), message).body
    b'END Goodbye.'
    """

    name: str
    """What sessions and signals call it."""
    platform: str = "ussd"
    about: ClassVar[About] = About()
    """What people should know of it."""

    wire: Wire
    """What its requests carry their fields in."""
    session: Field | None = None
    """Its id of the session. Where that is missing, the number is one."""
    number: Field
    """The person's number."""
    text: Field
    """What was typed last, or all that was typed."""
    stage: Stage | None = None
    """What says that a conversation begins or is over; without it, one begins with an unseen session."""
    sequence: Field | None = None
    """A number that grows with each message of a session, so that one that comes again is known."""
    network: Field | None = None
    account: Field | None = None
    service: Field | None = None
    """The code that was dialled."""
    channel: Field | None = None
    """What the person uses, where that may be something else than ``USSD``: an app or a browser."""
    cumulative: Literal["", "answers", "dialled"] = ""
    """Whether the text is all that was typed so far, joined by ``*``: the answers, or what was dialled and the answers."""
    repeats: bool = True
    """Whether cumulative text that comes unchanged is the same message again; else it is an empty answer."""

    more: ReplyForm
    """A reply that keeps the session open: ``{text}`` and ``{key}`` are its own, other names are fields of the request."""
    last: ReplyForm
    """A reply that ends it."""
    more_headers: Mapping[str, str] = {}
    last_headers: Mapping[str, str] = {}
    replaced: Mapping[str, str] = {}
    """Characters that a reply cannot carry, and what stands for each."""
    own_slots: Collection[str] = ()
    """Slots that look like fields of the request, and are something else in the reply."""

    routes: Sequence[Route] = ()
    """How it delivers; unless given, by the method of its wire to the path of the mount."""
    # Where the vendor states no size: 140 septets are usual in this field, and fit every network (inferred).
    screen: Screen | None = Screen()
    deadline: float | None = _DEADLINE
    lost: str = "begin"
    payments: bool = False
    region: str = ""

    def __init__(self, *, code: str | None = None, region: str | None = None, screen: Screen | None = None) -> None:
        require_declared(self, UssdGateway)
        self._code = () if code is None else code_of(code)
        self._region = require_region(self.region if region is None else region) if region is not None or self.region else None
        if screen is not None:
            self.screen = require("screen", screen, Screen, "Screen(…)")
        if self.screen is not None and self.screen.line_break == "\n" and "\n" in self.replaced:
            # A line break takes as much of a screen of one's own as of the usual one.
            self.screen = msgspec.structs.replace(self.screen, line_break=self.replaced["\n"])
        self.routes = self.routes or ((self.wire.method, ""),)
        replaced = str.maketrans(dict(self.replaced)) if self.replaced else None
        self._more, self._last = _template(self.more, replaced), _template(self.last, replaced)
        # In a plain text whatever is filled in could end a field, so there the template replaces it.
        self._replaced = None if _is_plain(self.more) else replaced
        self._content_type = _content_type(self.more)
        self._echoed = tuple(sorted((self._more.slots | self._last.slots) - OWN_SLOTS))
        # As a rule a reply is made of its text and of what goes back, and of nothing that would have to be found first.
        self._echoes = type(self).filling is UssdGateway.filling and "key" not in self._more.slots | self._last.slots
        self._plain = not (self.cumulative or self.service or self.sequence or self.channel)

    def decode(self, request: Request) -> Decoded:
        """Read what the gateway sends.

        Raises:
            UnsupportedContent: the content type is another one.
            BadPayload: a field is missing or of another kind, or the number is none.
        """
        fields = self.wire.read(request)
        kind = self.kind(fields)
        if kind is not None and kind != "new" and kind != "on":
            return self.ended(fields, kind, request.url)
        number = self.number.read(fields) or ""
        # An unescaped plus of an address is read as a blank.
        msisdn = e164(number.strip(), self._region)
        if msisdn is None:
            raise BadPayload(f"{self.number.name} is not a phone number with its country's code, such as {self.about.number}")
        typed = self.text.read(fields) or ""
        new = None if kind is None else kind == "new"
        inbound = Inbound(
            platform=self.platform,
            gateway=self.name,
            text="" if new else typed,  # what opens a conversation is no answer
            new=new,
            request_id=self.session_id(fields, number),
            msisdn=msisdn,
            url=request.url,
            network=None if self.network is None else self.network.read(fields),
            account=None if self.account is None else self.account.read(fields),
            echo=self._echo(fields),
        )
        return inbound if new is False and self._plain else self._completed(inbound, fields, typed)

    def _completed(self, inbound: Inbound, fields: Mapping[str, Any], typed: str) -> Inbound:
        """Add what most messages have not: to make all of it for each would take a third of the time of reading it."""
        service = None if self.service is None else self.service.read(fields)
        new, text, history = inbound.new, inbound.text, None
        if self.cumulative:
            history = History(self.heard(typed), self.repeats)
            new = True if self.cumulative == "answers" and not typed else new
            text = "" if new else history.text.rpartition("*")[2]
        # Where nothing tells whether a conversation begins, the session does.
        dialled, shortcut = (None, ()) if new is False else self.opening(fields, typed, service or "", new=new)
        return msgspec.structs.replace(
            inbound,
            text=text,
            dialled=dialled,
            new=new,
            message_id=None if self.sequence is None else self.message_id(fields, self.sequence, inbound),
            history=history,
            shortcut=shortcut,
            service=service,
            roomy=self.channel is not None and (self.channel.read(fields) or "ussd").lower() != "ussd",
        )

    def _echo(self, fields: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for name in self._echoed:
            value: Any = fields.get(name)
            found[name] = value if value.__class__ is str and value.isascii() else carried(name, fields)
        return found

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the next screen, or the last one."""
        if inbound.roomy:
            reply = in_one_text(reply)
        template, headers = (self._last, self.last_headers) if reply.end else (self._more, self.more_headers)
        text = reply.text if self._replaced is None else reply.text.translate(self._replaced)
        filling = {**inbound.echo, "text": text} if self._echoes else {**self.filling(reply, inbound), "text": text}
        return Response(body=template.filled(filling), content_type=self._content_type, headers=headers)

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        """Answer what is no message: with nothing, since nobody reads it."""
        return Response(body=b"", content_type=_TEXT)

    def refuse(self, error: UserInputError) -> Response:
        """Answer a request that cannot be answered otherwise: with the status of the error, and its words."""
        return Response(body=f"{error}\n".encode(), content_type=_TEXT, status=error.status)

    def kind(self, fields: Mapping[str, Any]) -> Kind | None:
        """Tell what a request is; ``None`` where only the session can."""
        return None if self.stage is None else self.stage.read(fields)

    def session_id(self, fields: Mapping[str, Any], number: str) -> str:
        """Give the gateway's id of the session; the number, where it has none."""
        session = None if self.session is None else self.session.read(fields)
        return session if session and session.strip() else f"{self.name}:{number}"

    def message_id(self, fields: Mapping[str, Any], sequence: Field, inbound: Inbound) -> str | None:
        """Name a message by its place in the session, where the gateway counts them."""
        place = (sequence.read(fields) or "").strip()
        if not place:
            return None
        if not (place.isascii() and place.isdecimal()):
            raise BadPayload(f"{sequence.name} is no whole number")
        return f"{inbound.request_id}/{place}"

    def heard(self, typed: str) -> str:
        """Give all that was typed so far, without what the gateway puts around it."""
        return typed

    def opening(
        self, fields: Mapping[str, Any], typed: str, service: str, *, new: bool | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """Give what was dialled, should a conversation begin with this request, and the answers behind the code.

        Where only the session tells whether one begins, and this gives ``None``, what is in the text was dialled then.
        """
        if self.cumulative == "answers":
            return service or None, behind(joined(service, typed), self._code)
        if self.cumulative == "dialled":
            return joined(service, typed), behind(joined(service, typed), self._code)
        return typed or None if new else None, behind(typed, self._code)

    def sent(self, code: str, texts: Sequence[str]) -> dict[str, Any]:
        """Tell in which fields the gateway sends what was dialled and typed; the other direction of reading them.

        Args:
            code: what was dialled.
            texts: the answers so far; none where the person has just dialled.
        """
        latest = texts[-1] if texts else code
        fields: dict[str, Any] = {} if self.service is None else {self.service.name: code}
        if self.cumulative == "dialled":
            service, *rest = parts_of(code)
            fields[self.service.name if self.service else ""] = service
            latest = "*".join((*rest, *texts))
        return {**fields, self.text.name: "*".join(texts) if self.cumulative == "answers" else latest}

    def filling(self, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        """Give what stands in the slots of a reply, besides its text."""
        return {**inbound.echo, "key": reply.key}

    def ended(self, fields: Mapping[str, Any], reason: EndReason, url: str, *, detail: str = "") -> Ended:
        """Read a notice that the session is over. It may lack what a message must have.

        Raises:
            BadPayload: it names neither a session nor a number, or one of them is no text.
        """
        number = self.number.told(fields)
        session = "" if self.session is None else self.session.told(fields)
        if not (session.strip() or number.strip()):
            names = [field.name for field in (self.session, self.number) if field is not None]
            raise BadPayload(f"nothing says which session is over: there is no {' and no '.join(names)}")
        return Ended(
            platform=self.platform,
            gateway=self.name,
            reason=reason,
            request_id=self.session_id(fields, number),
            msisdn=e164(number.strip(), self._region),
            url=url,
            detail=detail,
        )


def _template(form: ReplyForm, replaced: dict[int, str] | None) -> Template:
    if _is_plain(form):
        return Template(form, str if replaced is None else lambda text: text.translate(replaced))
    return Template(form, xml_escaped)


def _content_type(form: ReplyForm) -> str:
    if not isinstance(form, str):
        return "application/json"
    return _TEXT if _is_plain(form) else "text/xml; charset=utf-8"


def _is_plain(form: ReplyForm) -> bool:
    return isinstance(form, str) and not form.startswith("<")
