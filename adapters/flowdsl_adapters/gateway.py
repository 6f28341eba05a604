"""What a gateway is: a codec between its wire format and flowdsl's messages. Pure; no I/O."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from flowdsl import Ended, Inbound, Paid, Reply, Screen
from flowdsl.errors import UserInputError

__all__ = ["Decoded", "Gateway", "Probe", "Request", "Response", "Route"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an HTTP request that a codec may look at.

    Args:
        body: the raw bytes.
        content_type: the ``Content-Type`` header as it came; ``""`` where there was none.
        query: the parameters of the address, the first where one comes twice.
        twice: names of parameters that come twice with different values.
        url: host and path, without scheme and port, and without what follows the path of the mount.
        method: the HTTP method in capitals.
        parts: what stands in the address where the route has a name in braces.
        headers: the headers, which their names in small letters find.
    """

    body: bytes
    content_type: str = ""
    query: Mapping[str, str] = {}
    twice: frozenset[str] = frozenset()
    url: str = ""
    method: str = ""
    parts: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP answer that a codec made of a reply."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = {}


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway asks whether a session of its own is alive.

    Args:
        platform: ``"ussd"``.
        gateway: who asks.
        request_id: its session id.
        url: host and path that were asked.
    """

    platform: str
    gateway: str
    request_id: str
    url: str = ""


Decoded: TypeAlias = Inbound | Ended | Probe | Paid
"""What a request may be."""

Route: TypeAlias = tuple[str, str]
"""An HTTP method, or ``"*"`` for any, and what follows the path of the mount: ``("POST", "")``, ``("POST", "/events")``."""


@runtime_checkable
class Gateway(Protocol):
    """How one gateway speaks. A class with these members is a gateway.

    USSD gateways are :class:`~flowdsl_adapters.UssdGateway` as a rule, which has all of them and is told where the fields are.
    """

    @property
    def name(self) -> str:
        """What sessions and signals call it."""
        ...

    @property
    def platform(self) -> str:
        """What it serves: ``"ussd"``, ``"whatsapp"`` and so on."""
        ...

    @property
    def routes(self) -> Sequence[Route]:
        """How it delivers, and to which addresses below that of the mount; the first is that of messages."""
        ...

    @property
    def screen(self) -> Screen | None:
        """Its USSD screen, or ``None`` where messages may be long."""
        ...

    @property
    def deadline(self) -> float | None:
        """Seconds within which it must be answered, with some to spare; ``None`` for any time."""
        ...

    @property
    def lost(self) -> str:
        """What becomes of an answer in a session that is not known: ``"begin"`` a conversation, or ``"end"`` the session."""
        ...

    @property
    def payments(self) -> bool:
        """Whether ``encode`` asks for the payment of a checkout; where it does not, a flow that says one fails."""
        ...

    def decode(self, request: Request) -> Decoded:
        """Read a request.

        Raises:
            UserInputError: it is not what the gateway documents; the message says where it differs.
        """
        ...

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the answer to a message."""
        ...

    def acknowledge(self, decoded: Ended | Probe | Paid, *, alive: bool) -> Response:
        """Write the answer to what is no message; ``alive`` tells whether the session is there."""
        ...

    def refuse(self, error: UserInputError) -> Response:
        """Write the answer to a request that cannot be answered otherwise.

        Where its status is 200, the network understands it, and it is also the answer in a session that is lost.
        """
        ...
