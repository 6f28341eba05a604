"""What a gateway is: a codec between its wire format and flowdsl's messages. Pure; no I/O."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flowdsl import Inbound, Reply, Screen

__all__ = ["Gateway", "Request", "Response"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an HTTP request that a codec may look at.

    Args:
        body: the raw bytes.
        content_type: the ``Content-Type`` header as it came; ``""`` where there was none.
        query: the parameters of the address.
        url: host and path, without scheme and port.
    """

    body: bytes
    content_type: str = ""
    query: Mapping[str, str] = {}
    url: str = ""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP answer that a codec made of a reply."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200


@runtime_checkable
class Gateway(Protocol):
    """How one gateway speaks. A class with these members is a gateway.

    ``name`` is what sessions and signals call it; ``screen`` is the USSD screen it shows, or ``None``
    where messages may be long; ``method`` is the HTTP method with which it delivers.
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
    def method(self) -> str:
        """The HTTP method with which it delivers, ``"POST"`` or ``"GET"``."""
        ...

    @property
    def screen(self) -> Screen | None:
        """Its USSD screen, or ``None``."""
        ...

    def decode(self, request: Request) -> Inbound:
        """Read a request.

        Raises:
            UserInputError: it is not what the gateway documents; the message says where it differs.
        """
        ...

    def encode(self, reply: Reply, inbound: Inbound) -> Response:
        """Write the answer to a message."""
        ...
