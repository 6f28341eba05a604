"""Whose session a message belongs to: one id, composed of what keeps conversations apart."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Literal

from msgspec import UNSET, UnsetType

from flowdsl.errors import ConfigurationError, MissingIdentifier
from flowdsl.flow import Flow
from flowdsl.messages import Inbound
from flowdsl.settings import is_count, seconds

__all__ = ["Boundary", "Identifier", "SessionConfig"]

Boundary = Literal["flow", "platform", "gateway", "url"]
Identifier = Literal["msisdn", "request_id", "user_id"]

_BOUNDARIES: Final = ("flow", "platform", "gateway", "url")
_IDENTIFIERS: Final = ("msisdn", "request_id", "user_id")
_PLATFORM_DEFAULT: Final[dict[str, Identifier]] = {"ussd": "request_id", "whatsapp": "msisdn"}
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR

_unsafe_in_url: Final = re.compile(r"[^a-zA-Z0-9._/-]")
_shortened: Final = re.compile(r".*_[0-9a-f]{8}", re.DOTALL).fullmatch
_URL_LENGTH: Final = 50
_URL_KEPT: Final = 41
_TELLING: Final = 8
_OWNER_LENGTH: Final = 16


@dataclass(frozen=True, kw_only=True)
class SessionConfig:
    """What a session id is made of, and how long a session lives.

    The id is ``flow:platform:gateway:url:identifier``, of which only the enabled boundaries appear:
    ``registration:ussd:nalo:17954658000000101``.

    Args:
        boundaries: what keeps sessions apart: ``"flow"``, ``"platform"``, ``"gateway"``, ``"url"``.
        identifier: which field says who it is: ``"msisdn"``, ``"request_id"``, ``"user_id"``, or ``None`` for
            the platform's default (USSD: the gateway's session; WhatsApp: the number; others: the user id).
        hash_phone_numbers: keep numbers and user ids out of the store's keys. Off means really off.
        hash_length: hexadecimal digits of the hash, 8 to 64. Eight collide among about 77,000 people.
        secret: key of the hash. Without one, anybody who reads a key can find the number by trying them all.
        ttl: seconds that a session lives after its last message; ``None`` for ever. Where flows share a session, the
            one that answered last sets it for all of it.
        id: a session id of your own, or a function that makes one of the message; wins over all of the above.

    Raises:
        ConfigurationError: one of them cannot work.

    >>> SessionConfig().session_id(Inbound(platform="ussd", gateway="nalo", request_id="abc123"), flow="registration")
    'registration:ussd:nalo:abc123'
    """

    boundaries: Iterable[Boundary] = ("flow", "platform", "gateway")
    identifier: Identifier | None = None
    hash_phone_numbers: bool = True
    hash_length: int = 32
    secret: str | bytes | None = field(default=None, repr=False)
    ttl: float | None = _HOUR
    id: str | Callable[[Inbound], str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "boundaries", _ordered(self.boundaries))
        if self.identifier is not None and self.identifier not in _IDENTIFIERS:
            raise ConfigurationError(f"unknown identifier {self.identifier!r}: it is one of {', '.join(_IDENTIFIERS)}, or None")
        if not is_count(self.hash_length, 8) or self.hash_length > 64:
            raise ConfigurationError(f"hash_length is {self.hash_length!r}: a hash has 8 to 64 hexadecimal digits")
        if self.ttl is not None:
            seconds("ttl of the sessions", self.ttl)
        if self.secret is not None and not (isinstance(self.secret, str | bytes) and self.secret):
            raise ConfigurationError("the secret is empty or no text, which protects nothing: give one, or None")
        if self.id is not None and not callable(self.id) and not (isinstance(self.id, str) and self.id):
            raise ConfigurationError(f"the session id is {self.id!r}: give a text, or a function of the message that makes one")

    def durable(self, identifier: Identifier = "msisdn", *, ttl: float | UnsetType | None = UNSET) -> "SessionConfig":
        """Sessions that a person finds again on dialling again, by number or user id.

        Args:
            identifier: ``"msisdn"`` or ``"user_id"``.
            ttl: seconds that they live, ``None`` for ever; unless given, what they have been given before, or a day.
        """
        before = _DAY if self.ttl is _HOUR else self.ttl  # the very default, which nobody has given
        return replace(self, identifier=_stable(identifier), ttl=before if ttl is UNSET else ttl)

    def cross_platform(self, identifier: Identifier = "msisdn") -> "SessionConfig":
        """One session for a person on every platform and gateway, by number or user id.

        Tenants that are isolated by address stay so.

        Args:
            identifier: ``"msisdn"`` or ``"user_id"``; it must mean the same on all of them.
        """
        kept: list[Boundary] = [each for each in self.boundaries if each in ("flow", "url")]
        return replace(self, identifier=_stable(identifier), boundaries=["flow", *kept])

    def isolate_urls(self) -> "SessionConfig":
        """Sessions of their own for every address, where tenants share one flow."""
        return replace(self, boundaries=[*self.boundaries, "url"])

    def session_id(self, inbound: Inbound, *, flow: "str | Flow[..., Any]") -> str:
        """Compose the id of the session that a message belongs to.

        Args:
            inbound: the message.
            flow: the flow it is for, or its name.

        Raises:
            MissingIdentifier: the message lacks the field that says who it is, or your function found none.
            ConfigurationError: your function gave something else than a text.
        """
        if self.id is not None:
            chosen = self.id(inbound) if callable(self.id) else self.id
            if not chosen:
                raise MissingIdentifier("nothing in the message says whose session it is")
            if not isinstance(chosen, str):
                raise ConfigurationError(f"the function that makes session ids returned {chosen!r}, which is no text")
            return chosen
        name = flow if isinstance(flow, str) else flow.name
        url = inbound.url if "url" in self.boundaries else ""
        boundaries: Any = self.boundaries
        return _within(boundaries, name, inbound.platform, inbound.gateway, url) + _escaped(self._identified(inbound))

    def owner(self, inbound: Inbound) -> str:
        """Tell whose a gateway's session is, hashed; ``""`` where the session id itself says it.

        Gateways reuse their session ids, and then another person must not land in a live session.
        """
        if self.id is not None or self._identifier(inbound.platform) != "request_id":
            return ""
        person = inbound.msisdn or inbound.user_id
        return _hashed(self.secret, person)[:_OWNER_LENGTH] if person else ""

    def outlasts(self, platform: str) -> bool:
        """Tell whether sessions go on when those of the gateway are over, since something else says whose they are.

        Args:
            platform: on what the person is.

        >>> SessionConfig().outlasts("ussd"), SessionConfig().durable().outlasts("ussd")
        (False, True)
        """
        return self.id is not None or self._identifier(platform) != "request_id"

    def _identifier(self, platform: str) -> Identifier:
        return self.identifier or _PLATFORM_DEFAULT.get(platform, "user_id")

    def _identified(self, inbound: Inbound) -> str:
        identifier = self._identifier(inbound.platform)
        value: str | None = getattr(inbound, identifier)
        if not value or not value.strip():
            raise MissingIdentifier(f"the message has no {identifier}, which its session needs")
        # Some gateways put the number into their session id, where it must not stay readable either.
        # Its last digits are the same with the country's code and without.
        if identifier == "request_id" and not (inbound.msisdn and inbound.msisdn[-_TELLING:] in value):
            return value
        return _hashed(self.secret, value)[: self.hash_length] if self.hash_phone_numbers else value


@lru_cache(maxsize=4096)
def _hashed(secret: str | bytes | None, value: str) -> str:
    if secret is None:
        return hashlib.sha256(value.encode()).hexdigest()
    return hmac.digest(secret.encode() if isinstance(secret, str) else secret, value.encode(), "sha256").hex()


@lru_cache(maxsize=1024)  # the same few for everybody
def _within(boundaries: tuple[str, ...], flow: str, platform: str, gateway: str, url: str) -> str:
    parts = {"flow": _escaped(flow), "platform": _escaped(platform), "gateway": _escaped(gateway)}
    if "url" in boundaries:
        parts["url"] = _url_part(url)
    return "".join(f"{parts[boundary]}:" for boundary in boundaries)


def _ordered(boundaries: Iterable[str]) -> tuple[str, ...]:
    given = (boundaries,) if isinstance(boundaries, str) else tuple(boundaries)
    for boundary in given:
        if boundary not in _BOUNDARIES:
            raise ConfigurationError(f"unknown boundary {boundary!r}: it is one of {', '.join(_BOUNDARIES)}")
    return tuple(boundary for boundary in _BOUNDARIES if boundary in given)


def _stable(identifier: Identifier) -> Identifier:
    if identifier not in ("msisdn", "user_id"):
        raise ConfigurationError(f"{identifier!r} does not last: a session that is found again needs 'msisdn' or 'user_id'")
    return identifier


def _escaped(part: str) -> str:
    if ":" in part or "%" in part:
        return part.replace("%", "%25").replace(":", "%3A")
    return part


def _url_part(url: str) -> str:
    bare = url.lstrip("/")
    if not bare:
        raise MissingIdentifier("the message does not say to which address it came, which its session needs")
    safe = _unsafe_in_url.sub("_", bare)
    # An address that looks shortened already is shortened as well, or it could be made to be another's part.
    if safe == bare and len(bare) <= _URL_LENGTH and not _shortened(bare):
        return bare
    digest = hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{safe[:_URL_KEPT]}_{digest[:8]}"
