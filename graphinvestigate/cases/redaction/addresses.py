"""IP addresses under a key: neighbours stay neighbours, private stays private, and no two become one.

Each bit is flipped or not by a keyed hash of the bits before it (as Crypto-PAn does), so addresses that share a prefix
share one afterwards. Private ranges are shuffled within themselves; loopback, multicast and fillers mean the same
everywhere and stay.
"""

from __future__ import annotations

import functools
import hmac
import ipaddress
from collections.abc import Callable
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_AS_THEY_ARE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/32", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "ff00::/8")
)
_AMONG_THEMSELVES: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
)
_NOWHERE = ipaddress.ip_network("0.0.0.0/8")


class AddressMap:
    """Gives every address another one, the same for the same key.

    Parameters
    ----------
    key : bytes
        The case's key.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of: Callable[[Address], Address] = functools.lru_cache(maxsize=100_000)(self._of)
        # The first bits are shared by many addresses; the last ones are one address's own.
        self._flips = functools.lru_cache(maxsize=500_000)(self._flip)

    def text(self, written: str) -> str | None:
        """Give the pseudonym of an address as text; None where the text is no address.

        A zone (``fe80::1%eth0``) goes; a v4 address within a v6 one is the same address as outside.
        """
        try:
            address = ipaddress.ip_address(written.partition("%")[0].strip("[]"))
        except ValueError:
            return None
        mapped = getattr(address, "ipv4_mapped", None)
        return f"::ffff:{self.of(mapped)}" if mapped is not None else str(self.of(address))

    def _of(self, address: Address) -> Address:
        if any(address in network for network in _AS_THEY_ARE if network.version == address.version):
            return address
        home = next((one for one in _AMONG_THEMSELVES if one.version == address.version and address in one), None)
        if home is not None:
            return self._shuffled(address, home.prefixlen)
        found = self._shuffled(address, 0)
        while _is_special(found):  # once more: whole neighbourhoods go round together, so neighbours stay so
            found = self._shuffled(found, 0)
        return found

    def _shuffled(self, address: Address, fixed: int) -> Address:
        bits = address.max_prefixlen
        value = int(address)
        result = value >> (bits - fixed) if fixed else 0
        for at in range(fixed, bits):
            bit = value >> (bits - at - 1) & 1
            result = result << 1 | (bit ^ self._flips(bits, at, value >> (bits - at)))
        return type(address)(result)

    def _flip(self, bits: int, at: int, prefix: int) -> int:
        return hmac.digest(self._key, f"ip {bits} {at} {prefix}".encode(), "sha256")[0] & 1


def _is_special(address: Address) -> bool:
    ranges = (*_AS_THEY_ARE, *_AMONG_THEMSELVES, _NOWHERE)
    return any(address in network for network in ranges if network.version == address.version)
