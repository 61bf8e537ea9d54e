from ipaddress import ip_address

import pytest

from console.client.account import connect
from console.client.network import BadAddress, check_address
from console.core.outgoing import is_public


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("embedded:", "embedded:"),
        ("https://memory.example", "https://memory.example"),
        ("https://memory.example/", "https://memory.example"),
        ("HTTPS://Memory.Example:8443", "https://memory.example:8443"),
        ("https://8.8.8.8", "https://8.8.8.8"),
        ("https://[2606:4700::1111]:443", "https://[2606:4700::1111]:443"),
    ],
)
def test_an_address_becomes_its_origin(address, origin):
    assert check_address(address) == origin


@pytest.mark.parametrize(
    "address",
    [
        "",
        "embedded",
        "memory.example",
        "http://memory.example",
        "ftp://memory.example",
        "file:///etc/passwd",
        "gopher://memory.example",
        "https://",
        "https://memory.example/v1",
        "https://memory.example?x=1",
        "https://memory.example#x",
        "https://user@memory.example",
        "https://user:secret@memory.example",
        "https://memory.example\\@127.0.0.1",
        "https://memory.example ",
        "https://memory.example\n",
        "https://memory.example.",
        "https://.memory.example",
        "https://memory..example",
        "https://xn--a.example",
        f"https://{'a' * 64}.example",
        "https://memory.example:0",
        "https://memory.example:22",
        "https://memory.example:6379",
        "https://memory.example:99999",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.1",
        "https://0177.0.0.1",
        "https://127.1",
        "https://127.0.0.1",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[::]",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[:::]",
        "https://①②⑦.⓪.⓪.①",
        "https://127。0。0。1",
        "https://mémoire.example",
    ],
)
def test_an_odd_address_is_refused_with_the_one_message(address):
    with pytest.raises(BadAddress, match="address: write “embedded:”"):
        connect(address, username="AC", secret="s")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8001", "http://memory:8000", "https://10.1.2.3:8443"]
)
def test_private_addresses_need_the_setting(address, settings):
    settings.MEMORY_ALLOW_PRIVATE = True

    origin = check_address(address)

    assert origin == address


@pytest.mark.parametrize(
    "address", ["http://127.1:80", "http://0x7f.1", "http://a:99999"]
)
def test_the_setting_lets_in_no_number_in_disguise(address, settings):
    settings.MEMORY_ALLOW_PRIVATE = True

    with pytest.raises(BadAddress):
        check_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.88.99.1",
        "192.168.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_no_private_or_wrapped_address_is_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "151.101.1.69", "2606:4700::1111"])
def test_addresses_of_the_open_internet_are_public(text):
    assert is_public(ip_address(text))
