"""Which addresses are connected to, which host keys are keys, and which file of several is taken."""

import ipaddress

import pytest

from prevent_trust.outside.addresses import is_public
from prevent_trust.outside.folder import newest
from prevent_trust.outside.sftp import host_key_of

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIIpVr9cPXFqVtQjRr7mFQUqcI1s1LJLkQzTqvC1pQzRk"


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff0e::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_within_a_network_is_not_public_however_it_is_written(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_a_host_key_is_found_in_a_line_of_known_hosts_and_nonsense_is_none() -> None:
    assert host_key_of(f"sftp.example.org ssh-ed25519 {KEY} comment") == ("ssh-ed25519", KEY)
    for text in ("", "ssh-ed25519", "ssh-ed25519 nonsense", f"ssh-rsa {KEY}", f"ssh-dss {KEY}"):
        assert host_key_of(text) is None


def test_of_several_files_the_newest_that_fits_is_taken() -> None:
    files = [("staff-1.csv", 10.0), ("staff-2.csv", 30.0), ("other.csv", 90.0), ("Staff-3.csv", 99.0)]
    assert newest(files, "staff-*.csv") == "staff-2.csv"
    assert newest(files, "other.csv") == "other.csv"
    assert newest(files, "none-*") is None
