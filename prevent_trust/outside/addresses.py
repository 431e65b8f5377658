"""Which addresses may be connected to: those of the public internet, so that nobody reaches the service's own network."""

import ipaddress
import socket

from prevent_trust.outside.types import OutsideProblem, Reach

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def address_of(host: str, port: int, reach: Reach) -> str:
    """The address to connect to; connecting to it, and not to the name again, leaves no time for the name to change.

    Raises OutsideProblem when there is none, or when any of the name's addresses is not public: a name that stands for
    both is a trick.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutsideProblem(f"There is no server named {host}.") from error
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not all(is_public(address) or (reach.may_be_local and address.is_loopback) for address in addresses):
        raise OutsideProblem(f"{host} is not an address on the public internet, so it is not connected to.")
    return str(min(addresses, key=lambda address: address.version))  # many machines reach nothing by IPv6


def is_public(address: _Address) -> bool:
    """Whether an address is one of the public internet, also when it is an IPv4 address within an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if within is None and address in _NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None and not is_public(within):
            return False
    return address.is_global and not address.is_multicast
