"""The other side of a gateway's wire: the requests that it sends when somebody dials and types, and how it reads replies."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import unescape
from typing import Any, Final

import msgspec

from flowdsl import ConfigurationError, Inbound, Reply
from flowdsl_adapters.dialling import parts_of
from flowdsl_adapters.gateway import Request, Response
from flowdsl_adapters.templates import Template
from flowdsl_adapters.ussd import UssdGateway
from flowdsl_adapters.wires import Xml

__all__ = ["Caller", "Handset"]


_CODE: Final = "*920*77#"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A person at a phone, as the gateway tells of them.

    Args:
        session: the gateway's own id of the session.
        number: the person's number as the gateway writes it.
        code: what they dialled.
    """

    session: str
    number: str
    code: str = _CODE


class Handset:
    """What a declared gateway sends for a phone, and what it shows on it: for tests, simulators, and ``flowdsl serve``.

    Args:
        gateway: the gateway, which has a sample of its first request.

    >>> from flowdsl_adapters import AfricasTalking
    >>> handset, caller = Handset(AfricasTalking()), Caller(session="ATUid_1", number="+254711082300")
    >>> AfricasTalking().decode(handset.typed(caller, ["1", "2"])).text
    '2'
    >>> handset.shown(Response(body=b"END Goodbye.")).end
    True
    """

    def __init__(self, gateway: UssdGateway) -> None:
        self.gateway = gateway

    def example(self) -> Caller:
        """Give the caller of the gateway's sample.

        Raises:
            ConfigurationError: the gateway has none, or one without a field that it reads.
        """
        gateway, sample = self.gateway, self.gateway.about.sample
        missing = [each.name for each in (gateway.session, gateway.number) if each is not None and each.name not in sample]
        if missing:
            raise ConfigurationError(
                f"the sample of {type(gateway).__name__} has no {' and no '.join(missing)}: "
                "write about = About(sample={…}), the first request of a session, field by field"
            )
        first = gateway.decode(gateway.wire.write(sample))
        code = (first.dialled or first.text) if isinstance(first, Inbound) else ""
        session = "" if gateway.session is None else str(sample[gateway.session.name])
        return Caller(session=session, number=str(sample[gateway.number.name]), code=code or _CODE)

    def dialled(self, caller: Caller) -> Request:
        """Make the request of who dials."""
        return self._request(caller, "new", [])

    def typed(self, caller: Caller, texts: Sequence[str]) -> Request:
        """Make the request of who has typed the last of these texts, and the others before."""
        return self._request(caller, "on", texts)

    def endings(self, caller: Caller) -> dict[str, Request]:
        """Make the notices that the session is over, each by how it shows; none where the gateway never tells."""
        kinds = {} if self.gateway.stage is None else self.gateway.stage.values
        told: dict[str, Request] = {kind: self._request(caller, kind, []) for kind in kinds.values() if kind not in ("new", "on")}
        return {**told, **{name: self._notice(caller, sample) for name, sample in self.gateway.about.notices.items()}}

    def echoed(self, part: Request | Response) -> dict[str, str]:
        """Read what goes back as it came, out of a request or an answer."""
        gateway = self.gateway
        if isinstance(part, Request):
            fields: Any = gateway.wire.read(part)
        else:
            forms = (Template(gateway.more), Template(gateway.last))
            fields = next((found for form in forms if (found := form.read(part.body)) is not None), {})
        names = (Template(gateway.more).slots & Template(gateway.last).slots) - {"text", "key", *gateway.own_slots}
        return {name: str(fields.get(name, "")) for name in sorted(names)}

    def shown(self, response: Response) -> Reply:
        """Read an answer as the gateway does.

        Raises:
            ValueError: it is not in the gateway's form.
        """
        gateway = self.gateway
        for form, headers, end in (
            (gateway.more, gateway.more_headers, False),
            (gateway.last, gateway.last_headers, True),
        ):
            filling = Template(form).read(response.body)
            if filling is not None and all(response.headers.get(name) == value for name, value in headers.items()):
                return Reply(self._as_shown(str(filling["text"])), end=end)
        raise ValueError(f"this is not in the form of {gateway.name}: {response.body[:200]!r}, {dict(response.headers)}")

    def _request(self, caller: Caller, kind: str, texts: Sequence[str]) -> Request:
        gateway, sample = self.gateway, self.gateway.about.sample
        fields = {**sample, gateway.number.name: caller.number, **gateway.sent(caller.code, texts)}
        if gateway.service is not None and gateway.service.name in sample:
            fields[gateway.service.name] = _bare(fields[gateway.service.name], sample[gateway.service.name])
        if gateway.session is not None:
            fields[gateway.session.name] = caller.session
        if gateway.stage is not None:
            fields[gateway.stage.name] = _as_in(sample.get(gateway.stage.name), gateway.stage.spelt(kind) or "")
        if gateway.sequence is not None:
            fields[gateway.sequence.name] = _as_in(sample.get(gateway.sequence.name), str(len(texts) + 1))
        return gateway.wire.write(fields)

    def _notice(self, caller: Caller, sample: Mapping[str, Any]) -> Request:
        gateway, fields = self.gateway, {**sample}
        for name in sample:
            if gateway.session is not None and name == gateway.session.name:
                fields[name] = caller.session
            elif name.lower() == gateway.number.name.lower():
                fields[name] = caller.number
        return gateway.wire.write(fields)

    def _as_shown(self, text: str) -> str:
        text = unescape(text) if isinstance(self.gateway.wire, Xml) else text
        for plain, written in self.gateway.replaced.items():
            if plain == "\n":
                text = text.replace(written, plain)
        return text


def _as_in(sample: object, value: str) -> Any:
    """Write a value as another one of its field is written: as a number or a flag, or with its capitals."""
    if isinstance(sample, bool | int):
        with suppress(ValueError):
            return json.loads(value)
    known = str(sample)
    return value.upper() if known.isupper() else value.capitalize() if known.istitle() else value


def _bare(code: Any, sample: object) -> Any:
    """Write a code without star and hash where that of the sample has none."""
    return "*".join(parts_of(code)) if isinstance(code, str) and not str(sample).startswith("*") else code
