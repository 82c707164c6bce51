"""Where a credential may go: scheme, host, port and path, in one spelling."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.core.addresses import (
    check_base_url,
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
        ("https://192.168.1.20", "https://192.168.1.20"),
        ("https://[2001:DB8::1]:444/x", "https://[2001:db8::1]:444/x"),
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
        ("https://core.example\n", "no spaces, line breaks"),
        ("https://core.example\r\nHost: x", "no spaces, line breaks"),
        (" https://core.example", "no spaces, line breaks"),
        ("https://core.example/a\tb", "no spaces, line breaks"),
        ("https://büro.example", "non-ASCII"),
        ("https://core.example\u2028", "non-ASCII"),
        ("core.example", "must start with https"),
        ("//core.example", "must start with https"),
        ("ftp://core.example", "must start with https"),
        ("file:///etc/passwd", "must start with https"),
        ("javascript:alert(1)", "must start with https"),
        ("https://user:secret@core.example", "no user name"),
        ("https://@core.example", "no user name"),
        ("https://core.example\\@evil.example", "no user name"),
        ("https://core.example?x=1", "no query"),
        ("https://core.example/?", "no query"),
        ("https://core.example#x", "no fragment"),
        ("https://core.example/#", "no fragment"),
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
        ("https://[::1", "not an address"),
        ("https://[::1%25eth0]", "usual form|no zone"),
        ("https://[v1.x]", "not an address|usual form"),
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
    with pytest.raises(ValueError, match=r"not allowed|metadata|usual form"):
        check_base_url(f"https://{host}/latest", frozenset({host}))


def test_plain_http_goes_where_the_settings_allow_it() -> None:
    assert check_base_url("http://core:8080", frozenset({"core"})) == "http://core:8080"


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


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "8.8.8.8", "::1", "2001:db8::1"])
def test_ordinary_addresses_may_be_connected_to(address: str) -> None:
    assert not is_forbidden_address(ip_address(address))


@pytest.mark.parametrize(("pool_id", "last"), [(1, "1"), (2**63 - 1, "9223372036854775807")])
def test_path_of_a_pool(pool_id: int, last: str) -> None:
    assert pool_path(pool_id) == f"/api/v1/connection-pools/{last}"


@pytest.mark.parametrize("pool_id", ["7", "..", 0, -1, 2**63, True, 1.0, None])
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
    with pytest.raises(ValueError, match=r"proxy's address|The port|not an address"):
        check_proxy_url(url)
