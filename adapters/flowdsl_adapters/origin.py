"""Where a request comes from: a shared secret, and the networks that may send."""

import hmac
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from flowdsl import ConfigurationError
from flowdsl.errors import Forbidden

__all__ = ["Origin"]


class Origin:
    """What a request must show to be taken for the gateway's.

    Args:
        secret: a text that the gateway's address carries, in its path or its query; ``None`` for none.
        networks: networks that may send, such as ``"203.0.113.0/24"``; empty for all.

    Raises:
        ConfigurationError: the secret is empty, or a network cannot be read.
    """

    def __init__(self, *, secret: str | None, networks: Iterable[str]) -> None:
        if secret is not None and not (isinstance(secret, str) and secret):
            raise ConfigurationError("the secret is empty or no text, which protects nothing: give one, or None")
        self._secret = None if secret is None else secret.encode()
        self._networks = _read(networks)

    @property
    def checked(self) -> bool:
        """Whether anything is asked for at all."""
        return self._secret is not None or bool(self._networks)

    def require(self, *, secret: str, address: str | None) -> None:
        """Let a request pass, or not.

        Args:
            secret: what the request carries; ``""`` where it carries nothing.
            address: the IP address it came from.

        Raises:
            Forbidden: the secret is another one, or the address is in none of the networks.
        """
        if self._secret is not None and not hmac.compare_digest(self._secret, secret.encode("utf-8", "surrogateescape")):
            raise Forbidden("the shared secret is missing or wrong")
        if self._networks and not self._within(address):
            raise Forbidden("requests from this address are not accepted")

    def _within(self, address: str | None) -> bool:
        try:
            peer = ip_address((address or "").partition("%")[0])
        except ValueError:
            return False
        # A dual-stack socket sees an IPv4 peer as ::ffff:203.0.113.7.
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self._networks)


def _read(networks: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    if not isinstance(networks, Iterable):
        raise ConfigurationError(f"the networks are {networks!r}: give a list, such as ['203.0.113.0/24']")
    listed = [networks] if isinstance(networks, str) else list(networks)
    for each in listed:
        if not isinstance(each, str):
            raise ConfigurationError(f"the network {each!r} is no text: write it as '203.0.113.0/24'")
    try:
        return tuple(_unmapped(ip_network(each)) for each in listed)
    except ValueError as error:
        raise ConfigurationError(f"a network that may send cannot be read: {error}") from error


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    # Peers are compared as what they are, so an IPv4 network in IPv6 clothes would let nobody in.
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return network if mapped is None else ip_network(f"{mapped}/{network.prefixlen - 96}")
