"""Where a request comes from: a shared secret, the networks that may send, and the proxies before them. Pure."""

import hmac
import logging
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from flowdsl.errors import ConfigurationError, Forbidden

__all__ = ["Origin", "credential"]

logger = logging.getLogger("flowdsl")

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network

# RFC 9110, section 5.6.2.
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNIX: Final = "unix"
# What the system gives as the address of a peer on a Unix socket; of a TCP peer that is gone it gives none at all.
_UNIX_PEER: Final = ""


class Origin:
    """What a request must show to be taken for the gateway's.

    Args:
        secret: a text that each request carries; ``None`` for none.
        header: the header that carries it; ``None`` where the address does, in its path or its query.
        networks: networks that may send, such as ``"203.0.113.0/24"``; empty for all.
        proxies: networks of reverse proxies whose ``X-Forwarded-For`` is believed, and ``"unix"`` for one that delivers
            through a Unix socket. Without any the header is not looked at.

    Raises:
        ConfigurationError: the secret is empty or no text, there is a header for one and none is given, a network cannot be
            read, there are proxies and no networks to let in, or everybody is a proxy.

    >>> Origin(networks=["203.0.113.0/24"], proxies=["10.0.0.0/8"]).require(
    ...     address="10.0.0.1", forwarded=["198.51.100.9, 203.0.113.7"]
    ... )
    """

    def __init__(
        self,
        *,
        secret: str | None = None,
        header: str | None = None,
        networks: str | Iterable[str] = (),
        proxies: str | Iterable[str] = (),
    ) -> None:
        self._secret = None if secret is None else credential("secret", secret)
        self.header = None if header is None else _header(header)
        if header is not None and secret is None:
            raise ConfigurationError(f"the secret is looked for in the header {header!r}, and none is given: write secret=")
        self._networks = _read("networks", _listed("networks", networks))
        self.asks_secret = secret is not None
        """Whether a secret is asked for."""
        self.checked = self.asks_secret or bool(self._networks)
        """Whether anything is asked for at all."""
        trusted = _listed("proxies", proxies)
        self._socket_trusted = _UNIX in trusted
        self._proxies = _read("proxies", [each for each in trusted if each != _UNIX])
        if trusted and not self._networks:
            raise ConfigurationError("proxies are looked through to find who sends, and nobody says who may: give networks=")
        if any(each.prefixlen == 0 for each in self._proxies):
            raise ConfigurationError("everybody is one of the proxies, and could say to come from anywhere: give their networks")

    def require(self, *, secret: str = "", address: str | None = None, forwarded: Sequence[str] = ()) -> None:
        """Let a request pass, or not.

        Args:
            secret: what the request carries; ``""`` where it carries nothing.
            address: the IP address it came from; ``""`` for a Unix socket.
            forwarded: the lines of its ``X-Forwarded-For`` header, in their order.

        Raises:
            Forbidden: the secret is another one, or the address is in none of the networks.
        """
        if self._secret is not None and not hmac.compare_digest(self._secret, secret.encode("utf-8", "surrogateescape")):
            raise Forbidden("the shared secret is missing or wrong")
        if self._networks:
            sender = self._sender(address, forwarded)
            if sender is None or not _within(sender, self._networks):
                # Not in the answer, which would tell a stranger how the proxies are called.
                logger.info("a request was refused: its sender is %s, its peer %s, and none of the networks", sender, address)
                raise Forbidden("requests from this address are not accepted")

    def _sender(self, address: str | None, forwarded: Sequence[str]) -> _Address | None:
        """Find who sent a request to the outermost proxy that is trusted; ``None`` where that cannot be told."""
        peer = _address(address)
        if not (self._socket_trusted and address == _UNIX_PEER if peer is None else _within(peer, self._proxies)):
            return peer
        # Each proxy adds the address of who it was called by at the right; what stands left of an address that is not
        # trusted was written by who is there, and may be anything.
        for hop in reversed(",".join(forwarded).split(",")):
            if not hop.strip():
                continue  # RFC 9110, section 5.6.1.2: empty elements of a list mean nothing
            peer = _address(_without_port(hop.strip()))
            if peer is None or not _within(peer, self._proxies):
                return peer
        return peer


def credential(setting: str, value: object) -> bytes:
    """Give the bytes of what a request must show.

    Args:
        setting: what it is called.
        value: what was given, which is in no error.

    Raises:
        ConfigurationError: it is empty or no text.

    >>> credential("secret", "7f2c")
    b'7f2c'
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"the {setting} is no text: give one, or None")
    if not value:
        raise ConfigurationError(f"the {setting} is empty, which protects nothing: give one, or None")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"the {setting} has half of a surrogate pair, which nobody can send: give another one") from None


def _header(name: object) -> str:
    if isinstance(name, str) and _TOKEN.fullmatch(name):
        return name
    raise ConfigurationError(f"the header with the secret is {name!r}: give a name such as 'X-Api-Key'")


def _within(address: _Address, networks: Iterable[_Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str | None) -> _Address | None:
    try:
        found = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket sees an IPv4 peer as ::ffff:203.0.113.7.
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(hop: str) -> str:
    """Take the port off ``203.0.113.7:443``, ``[2001:db8::1]:443`` and ``[2001:db8::1]``; what is none makes it no address."""
    if hop.startswith("["):
        host, bracket, port = hop[1:].partition("]")
        return host if bracket and (not port or (port[0] == ":" and port[1:].isdecimal())) else ""
    host, colon, port = hop.partition(":")
    return host if colon and port.isdecimal() else hop


def _listed(setting: str, networks: str | Iterable[str]) -> list[str]:
    if not isinstance(networks, Iterable):
        raise ConfigurationError(f"the {setting} are {networks!r}: give a list, such as ['203.0.113.0/24']")
    listed = [networks] if isinstance(networks, str) else list(networks)
    for each in listed:
        if not isinstance(each, str):
            raise ConfigurationError(f"{each!r} among the {setting} is no text: write it as '203.0.113.0/24'")
    return listed


def _read(setting: str, networks: Iterable[str]) -> tuple[_Network, ...]:
    try:
        return tuple(_unmapped(ip_network(each)) for each in networks)
    except ValueError as error:
        raise ConfigurationError(f"one of the {setting} cannot be read: {error}") from error


def _unmapped(network: _Network) -> _Network:
    # Peers are compared as what they are, so an IPv4 network in IPv6 clothes would let nobody in.
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return network if mapped is None else ip_network(f"{mapped}/{network.prefixlen - 96}")
