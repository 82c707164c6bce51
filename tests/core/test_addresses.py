"""Where a credential may go: scheme, host, port and path, in one spelling."""

from ipaddress import ip_address, ip_network
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.core.addresses import (
    EVERY_NETWORK,
    check_base_url,
    check_host,
    check_proxy_url,
    is_forbidden_address,
    pool_path,
)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://core.wearepatchworks.com", "https://core.wearepatchworks.com"),
        ("https://core.wearepatchworks.com/", "https://core.wearepatchworks.com"),
        ("HTTPS://Core.Example:443/core-main/", "https://core.example/core-main"),
        ("https://core.example:8443/a/b.c_d~e-F", "https://core.example:8443/a/b.c_d~e-F"),
        ("https://core.example.", "https://core.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://core_api", "https://core_api"),
        ("https://9.192.168.20", "https://9.192.168.20"),
        ("https://[2606:DB8::1]:444/x", "https://[2606:db8::1]:444/x"),
        ("http://localhost:9100", "http://localhost:9100"),
        ("http://127.0.0.1:80/p", "http://127.0.0.1/p"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:9100", "http://[::1]:9100"),
    ],
)
def test_allowed_address_gets_its_normal_form(url: str, normal: str) -> None:
    assert check_base_url(url) == normal


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Enter an address"),
        ("https://" + "x" * 500, "Enter an address"),
        ("https://core.example\n", "can't contain spaces, line breaks or non-ASCII"),
        ("https://core.example\r\nHost: x", "can't contain spaces, line breaks or non-ASCII"),
        (" https://core.example", "can't contain spaces, line breaks or non-ASCII"),
        ("https://core.example/a\tb", "can't contain spaces, line breaks or non-ASCII"),
        ("https://büro.example", "non-ASCII"),
        ("https://core.example\u2028", "non-ASCII"),
        ("core.example", "Start the address with https"),
        ("//core.example", "Start the address with https"),
        ("ftp://core.example", "Start the address with https"),
        ("file:///etc/passwd", "Start the address with https"),
        ("javascript:alert(1)", "Start the address with https"),
        ("https://user:secret@core.example", "can't contain a user name"),
        ("https://@core.example", "can't contain a user name"),
        ("https://core.example\\@evil.example", "can't contain a user name"),
        ("https://core.example?x=1", "can't contain a query"),
        ("https://core.example/?", "can't contain a query"),
        ("https://core.example#x", "or a fragment"),
        ("https://core.example/#", "or a fragment"),
        ("https://", "needs a host name"),
        ("https:///path", "needs a host name"),
        ("https://.example", "needs a host name"),
        ("https://a..b", "needs a host name"),
        ("https://-a.example", "needs a host name"),
        ("https://a%2eb", "needs a host name"),
        ("https://" + "a" * 64 + ".example", "needs a host name"),
        ("https://core.example:0", "The port"),
        ("https://core.example:65536", "The port"),
        ("https://core.example:x", "The port"),
        ("https://core.example:", "The port"),
        ("https://[::1", "This isn't an address"),
        ("https://[::1%25eth0]", "can't have a zone"),
        ("https://[v1.x]", "isn't an address|usual form"),
        ("https://core.example/a//b", "The path"),
        ("https://core.example//", "The path"),
        ("https://core.example/../b", "The path"),
        ("https://core.example/./b", "The path"),
        ("https://core.example/%2e%2e/b", "The path"),
        ("https://core.example/a;b", "The path"),
        ("http://core.example", "Plain http"),
        ("http://10.0.0.1", "Plain http"),
        ("http://localhost.example", "Plain http"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_base_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[::169.254.169.254]",
        "[::8.8.8.8]",
        "[::ffff:0:169.254.169.254]",
        "[::ffff:0:8.8.8.8]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[64:ff9b:1:fffe:ffff:ffff:808:808]",
        "[64:ff9b::169.254.170.2]",
        "[2001::a9fe:a9fe]",
        "[2600::5efe:169.254.169.254]",
        "[2600::200:5efe:10.0.0.1]",
        "[2001:0:4136:e378:8000:63bf:5601:5601]",
        "[fd20:ce::254]",
        "[fd00:ec2::23]",
        "[fd00:42::42]",
        "[::ffff:fd20:ce]",
        "[fec0::1]",
        "[ff02::1]",
        "0.1.2.3",
        "240.0.0.1",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "2852039166",
        "0xa9fea9fe",
        "0xa9.0xfe.0xa9.0xfe",
        "169.254.43518",
        "0251.0376.0251.0376",
        "127.1",
    ],
)
def test_metadata_and_other_special_hosts_are_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"aren't allowed|metadata|usual form"):
        check_base_url(f"https://{host}/latest", frozenset({host}))


def test_plain_http_goes_where_the_settings_allow_it() -> None:
    assert check_base_url("http://core:8080", frozenset({"core"})) == "http://core:8080"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Core.Internal.", "core.internal"),
        ("10.0.0.1", "10.0.0.1"),
        ("FD00:0::1", "fd00::1"),
        ("[FD00::1]", "fd00::1"),
    ],
)
def test_host_of_a_setting_has_the_form_that_addresses_are_compared_in(
    text: str, normal: str
) -> None:
    assert check_host(text) == normal
    authority = f"[{normal}]" if ":" in normal else normal
    assert check_base_url(f"http://{authority}", frozenset({check_host(text)}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "core:80",
        "[::1]:80",
        "http://core",
        "core/x",
        "u@core",
        "a b",
        "[",
        "[::1",
        "b\xfc",
    ],
)
def test_what_is_no_host_alone(text: str) -> None:
    with pytest.raises(ValueError, match=r"Name a host alone|needs a host name|isn't an address"):
        check_host(text)


def test_sentence_never_repeats_the_address() -> None:
    with pytest.raises(ValueError, match="user name") as caught:
        check_base_url("https://user:hunter2@core.example")
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60) | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
def test_normal_form_is_its_own_normal_form(url: str) -> None:
    try:
        normal = check_base_url(url)
    except ValueError:
        return
    assert check_base_url(normal) == normal


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "::ffff:8.8.8.8", "::ffff:127.0.0.1"),
        *("64:ff9b::8.8.8.8", "2002:808:808::1"),
    ],
)
def test_ordinary_addresses_may_be_connected_to(address: str) -> None:
    assert not is_forbidden_address(ip_address(address))


PRIVATE: Final = {
    "10.1.2.3": "10.1.0.0/16",
    "172.16.0.1": "172.16.0.0/12",
    "192.168.1.20": "192.168.1.20/32",
    "100.64.0.1": "100.64.0.0/10",
    "198.18.0.1": "198.18.0.0/15",
    "192.0.0.9": "192.0.0.0/24",
    "203.0.113.9": "203.0.113.0/24",
    "fd12:3456::1": "fd12:3456::/32",
    "2001:db8::1": "2001:db8::/32",
    "5f00::1": "5f00::/16",
    "::ffff:10.1.2.3": "10.1.0.0/16",
    "64:ff9b::10.1.2.3": "10.1.0.0/16",
    "2002:a01:203::1": "10.1.0.0/16",
}


@pytest.mark.parametrize(("address", "network"), PRIVATE.items())
def test_private_addresses_may_be_connected_to_where_the_settings_name_them(
    address: str, network: str
) -> None:
    literal = f"[{address}]" if ":" in address else address
    named = (ip_network("10.2.0.0/16"), ip_network(network))
    assert is_forbidden_address(ip_address(address))
    assert is_forbidden_address(ip_address(address), named[:1])
    assert not is_forbidden_address(ip_address(address), named)
    with pytest.raises(ValueError, match="on a private network that the settings don't name"):
        check_base_url(f"https://{literal}", private_networks=named[:1])
    assert check_base_url(f"https://{literal}", private_networks=named)
    host = check_host(literal)
    assert check_base_url(f"http://{literal}", frozenset({host}))


def test_a_network_that_is_named_lets_no_special_address_in() -> None:
    for text in (
        *("169.254.169.254", "fd20:ce::254", "fd00:ec2::254", "100.100.100.200", "fe80::1"),
        *("fd00:a9fe:a9fe::1", "fd00:c1::a9fe:a9fe", "fd12:3456:a9fe:a9fe::80"),
    ):
        assert is_forbidden_address(ip_address(text), EVERY_NETWORK)
    assert not is_forbidden_address(ip_address("fd00:a9fe::a9fe"), EVERY_NETWORK)


@pytest.mark.parametrize(
    ("pool_id", "last"), [(0, "0"), (1, "1"), (2**63 - 1, "9223372036854775807")]
)
def test_path_of_a_pool(pool_id: int, last: str) -> None:
    assert pool_path(pool_id) == f"/api/v1/connection-pools/{last}"


@pytest.mark.parametrize("pool_id", ["7", "..", -1, 2**63, True, 1.0, None])
def test_no_path_of_anything_else(pool_id: int) -> None:
    with pytest.raises(ValueError, match="whole number"):
        pool_path(pool_id)


@pytest.mark.parametrize("url", ["http://proxy:3128", "https://u:p@proxy.example:443/"])
def test_proxy_address(url: str) -> None:
    check_proxy_url(url)


@pytest.mark.parametrize(
    "url", ["", "proxy:3128", "socks5://proxy", "http://", "http://proxy/x", "http://proxy:x", "\n"]
)
def test_what_is_no_proxy_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"proxy's address|The port|isn't an address"):
        check_proxy_url(url)
