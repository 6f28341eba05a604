"""How a gateway speaks, found out by letting it send its own sample and letting its codec read that. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from flowdsl import Ended, Inbound
from flowdsl.messages import EndReason
from flowdsl_adapters.gateway import Request
from flowdsl_adapters.handset import Handset
from flowdsl_adapters.routing import delivery
from flowdsl_adapters.templates import ReplyForm
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Form, Json, Query, Xml

__all__ = ["Facts", "Notice", "written"]

_SLOT: Final = re.compile(r"\{[\w.]+\}")
_ELEMENT: Final = re.compile(r"<([\w.]+)>([^<>{}]*)</\1>")
_CALLED: Final[Mapping[type, str]] = {Json: "POST JSON", Form: "POST form", Query: "GET", Xml: "POST XML"}


class Notice(NamedTuple):
    """A notice that a session is over.

    Args:
        field: what tells it.
        value: what that is then; ``""`` where the field alone tells it.
        reason: why the session is over.
        request: one, made by the handset or a sample of the gateway's own.
        own: it is a sample of the gateway's own.
    """

    field: str
    value: str
    reason: EndReason
    request: Request
    own: bool = True

    @property
    def sign(self) -> str:
        """What tells it, in words."""
        return f"{self.field} {self.value}".strip()


class Facts:
    """How a gateway speaks.

    Args:
        gateway: the gateway, which has a sample of its first request.

    >>> from flowdsl_adapters import Nalo
    >>> facts = Facts(Nalo())
    >>> facts.transport, facts.session, facts.begins
    ('POST JSON', '`SESSIONID`', '`MSGTYPE` true')
    >>> facts.told
    (('`MSGTYPE`', 'true', 'false'),)
    """

    def __init__(self, gateway: UssdGateway) -> None:
        self.gateway = gateway
        self.handset = handset = Handset(gateway)
        self.caller = caller = handset.example()
        self.sample = gateway.wire.write(gateway.about.sample)
        self.first = _message(gateway, self.sample)
        self.dialling, self.answering = handset.dialled(caller), handset.typed(caller, ["1", "2"])
        self.goes_back = frozenset(handset.echoed(self.sample))

    @property
    def transport(self) -> str:
        """How its messages come."""
        wire = self.gateway.wire
        return _CALLED.get(type(wire), wire.method)

    @property
    def session(self) -> str:
        """What names a session of the gateway's."""
        gateway = self.gateway
        if gateway.session is None:
            return f"the number, `{gateway.number.name}`"
        named = f"`{gateway.session.name}`" + (" in the address" if self.in_address(gateway.session.name) else "")
        alone = self.first.request_id == str(gateway.about.sample[gateway.session.name])
        return named if alone else f"`{gateway.number.name}` and {named}"

    @property
    def begins(self) -> str:
        """What shows that a conversation begins."""
        gateway = self.gateway
        if self.first.new is None:
            return self.unseen
        if gateway.stage is not None:
            return self.sign(gateway.stage.name, self.dialling)
        return f"`{gateway.text.name}` is {'empty' if gateway.cumulative else 'what was dialled'}"

    @property
    def unseen(self) -> str:
        """What begins a conversation where nothing else tells it."""
        return f"an unseen `{(self.gateway.session or self.gateway.number).name}`"

    @property
    def told(self) -> tuple[tuple[str, str, str], ...]:
        """What in a reply says that the session goes on, and what that it ends: a field, and its value in either."""
        gateway = self.gateway
        more, last = dict(_constants(gateway.more)), dict(_constants(gateway.last))
        headers = (
            (f"header `{name}`", value, gateway.last_headers.get(name, "")) for name, value in gateway.more_headers.items()
        )
        found = (*((name and f"`{name}`", more[name], last[name]) for name in more if name in last), *headers)
        return tuple((name, goes_on, ends) for name, goes_on, ends in found if goes_on != ends)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """How it tells that a session is over."""
        own = tuple(self._by_sample())
        signs = [notice.sign for notice in own]
        return (*(notice for notice in self._by_stage() if notice.sign not in signs), *own)

    def read(self, request: Request) -> Mapping[str, Any]:
        """Give the fields of a request."""
        return self.gateway.wire.read(request)

    def in_address(self, name: str) -> bool:
        """Tell whether a field is a part of the address."""
        wire = self.gateway.wire
        return isinstance(wire, Json) and name in wire.address

    def sign(self, name: str, request: Request) -> str:
        """Say what stands in a field of a request."""
        value = written(self.read(request).get(name))
        return f"`…/{value}`" if self.in_address(name) else f"`{name}` {value}"

    def _by_stage(self) -> Iterator[Notice]:
        gateway, stage = self.gateway, self.gateway.stage
        if stage is None:
            return
        for shown, request in self.handset.endings(self.caller).items():
            if shown in gateway.about.notices:
                continue
            reason, value = _end(gateway, request, shown), written(self.read(request).get(stage.name))
            if self.in_address(stage.name):
                yield Notice(f"{delivery(gateway.routes, request)[0]} `…/{value}`", "", reason, request, own=False)
            else:
                yield Notice(f"`{stage.name}`", value, reason, request, own=False)

    def _by_sample(self) -> Iterator[Notice]:
        for shown, fields in self.gateway.about.notices.items():
            request = self.gateway.wire.write(fields)
            field, _, value = shown.partition("` ")
            yield Notice(f"{field}`" if value else field, value, _end(self.gateway, request, shown), request)


def written(value: object) -> str:
    """Write a value of a field, as people read it.

    >>> written(True), written("MORE"), written("")
    ('true', 'MORE', 'empty')
    """
    return (value or "empty") if isinstance(value, str) else json.dumps(value)


def _message(gateway: UssdGateway, request: Request) -> Inbound:
    decoded = gateway.decode(request)
    if not isinstance(decoded, Inbound):
        raise TypeError(f"the sample of {gateway.name} is no message, but {decoded!r}")
    return decoded


def _end(gateway: UssdGateway, request: Request, shown: str) -> EndReason:
    decoded = gateway.decode(request)
    if not isinstance(decoded, Ended):
        raise TypeError(f"the notice {shown!r} of {gateway.name} is none, but {decoded!r}")
    return decoded.reason


def _constants(form: ReplyForm, within: str = "") -> Iterator[tuple[str, str]]:
    """Give what of a form is the same in every reply, by its name; all of a text that is one line has none."""
    if isinstance(form, str):
        pairs: Iterator[tuple[str, str]] = ((found[1], found[2]) for found in _ELEMENT.finditer(form))
        yield from pairs if form.startswith("<") else iter([("", _SLOT.sub("…", form))])
        return
    for name, value in form.items():
        if isinstance(value, Mapping):
            yield from _constants(value, f"{within}{name}.")
        elif not (isinstance(value, str) and _SLOT.search(value)):
            yield f"{within}{name}", written(value)
