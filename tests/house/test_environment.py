"""Values of the environment are taken as they stand, and each kind is read in one way."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from django.db.utils import ConnectionHandler

from adminpanel import environment, mail, single_sign_on
from adminpanel.database import database_settings

NAME = "A_SETTING"
RANDOM = "x9!kQ2#vB7@mZ4&nL1*pW8(rT5)yU3^eI6%oP0~aS_dF+gHjK="


@pytest.fixture(params=["environment", "file"])
def give(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., None]:
    """Sets a setting, once in the environment and once in a file, as an editor writes it."""

    def set_it(value: str, name: str = NAME) -> None:
        monkeypatch.delenv(name, raising=False)
        if request.param == "environment":
            monkeypatch.setenv(name, value)
            return
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))

    return set_it


Give = Callable[..., None]

# --- Nothing is replaced ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["$HOME", "$$", "$", r"\$HOME", "a$b", "%24", "${HOME}", "'quoted'", "a#b", r"a\nb", " blank "],
)
def test_a_secret_is_taken_as_it_stands(give: Give, value: str) -> None:
    give(value)
    assert environment.as_it_stands(NAME) == value
    assert environment.required_as_it_stands(NAME, "") == value


@pytest.mark.parametrize("start", ["$", "$$", "$SECRET_KEY", r"\$", " "])
def test_a_key_may_begin_with_anything(give: Give, start: str) -> None:
    give(f"{start}{RANDOM}", "SECRET_KEY")
    assert environment.secret_key() == f"{start}{RANDOM}"


def test_a_text_may_begin_with_a_dollar(give: Give) -> None:
    give("  $HOME panel ")
    assert environment.text(NAME) == "$HOME panel"


def test_a_pattern_keeps_its_blanks_and_dollars(
    give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(r"\$Z-\d+ ?", "TICKET_PATTERN")
    monkeypatch.setenv("TICKET_URL", "https://tickets.example/{ticket}")
    links = environment.tickets()
    assert links.pattern.pattern == r"\$Z-\d+ ?"


def test_the_secret_of_single_sign_on_is_taken_as_it_stands(
    give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    give("$ecret ", "OIDC_CLIENT_SECRET")
    monkeypatch.setenv("OIDC_SERVER_URL", "https://id.example")
    monkeypatch.setenv("OIDC_CLIENT_ID", "$panel")
    monkeypatch.setenv("OIDC_ROLE_MAP", '{"$admins": "Administrator"}')
    found = single_sign_on.single_sign_on()
    assert found is not None
    assert (found.client_id, found.client_secret.reveal()) == ("$panel", "$ecret ")
    assert found.role_map == {"$admins": "Administrator"}


def test_a_mail_password_is_taken_as_it_stands(give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    give("smtp://$user:$pass+word@mail.example", "EMAIL_URL")
    monkeypatch.setenv("EMAIL_FROM", "panel@mail.example")
    found = mail.mail_settings()
    assert found is not None
    assert (found.user, found.password.reveal()) == ("$user", "$pass+word")


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_an_empty_value_counts_as_not_set(give: Give, value: str) -> None:
    give(value)
    assert environment.text(NAME, "usual") == "usual"
    assert environment.whole_number(NAME, 7, least=1, most=9) == 7
    assert environment.switch(NAME, default=True)
    assert environment.items(NAME) == []
    assert environment.public_url(NAME, https=True) == ""


@pytest.mark.parametrize("value", ["two\nlines", "a\x00b", "a\x1bb", "a\u2028b"])
def test_a_text_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    (tmp_path / "file").write_text(value)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "file"))
    with pytest.raises(ImproperlyConfigured, match=f"^{NAME} must be one line of text, without"):
        environment.text(NAME)


def test_what_is_not_text_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff")
    monkeypatch.setenv(NAME, "\udcff")
    with pytest.raises(
        ImproperlyConfigured, match=f"^{NAME} cannot be read: it is not text in UTF-8.$"
    ):
        environment.text(NAME)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "file"))
    with pytest.raises(ImproperlyConfigured, match=r"file, which cannot be read: it is not text"):
        environment.text(NAME)


# --- Numbers ----------------------------------------------------------------------------------

NO_NUMBERS = ["1_0", "+5", "-5", "\uff15", "\u0665", "5 0", "1e1", "0x5", "nan", "inf", "five"]


@pytest.mark.parametrize("value", [*NO_NUMBERS, "5.0", "5,0", "4", "11", "9" * 30])
def test_a_whole_number_is_ascii_digits_within_bounds(give: Give, value: str) -> None:
    give(value)
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.whole_number(NAME, 7, least=5, most=10)
    assert str(caught.value) == f"{NAME} must be a whole number from 5 to 10, not {value!r}."


@pytest.mark.parametrize("value", [*NO_NUMBERS, "5,5", ".5", "5.", "4.9", "10.1", "9" * 30])
def test_a_number_is_ascii_digits_within_bounds(give: Give, value: str) -> None:
    give(value)
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.number(NAME, 7, least=5, most=10)
    assert str(caught.value) == f"{NAME} must be a number from 5 to 10, not {value!r}."


@pytest.mark.parametrize(("value", "number"), [("5", 5), (" 7.25 ", 7.25), ("010", 10)])
def test_a_number_may_have_a_fraction(give: Give, value: str, number: float) -> None:
    give(value)
    assert environment.number(NAME, 7, least=5, most=10) == number


@pytest.mark.parametrize(
    "value", ["panel.example:65536", "panel.example:\u0668\u0660", ":80", "unix:", "b\xfcro:80"]
)
def test_a_port_is_a_number_too(give: Give, value: str) -> None:
    give(value)
    with pytest.raises(ImproperlyConfigured, match="must be an address and a port, such as"):
        environment.listening_address(NAME, "127.0.0.1:8000")


# --- Lists ------------------------------------------------------------------------------------


def test_hosts_are_compared_as_django_has_them(give: Give) -> None:
    give(" Panel.Example , [FD00:0::1],10.0.0.1 ")
    assert environment.hosts(NAME) == ["panel.example", "[fd00::1]", "10.0.0.1"]


def test_hosts_without_tls_are_compared_as_addresses_have_them(give: Give) -> None:
    give(" core , Core.Internal. ,FD00:0::1,[fd00::2]")
    assert environment.plain_http_hosts(NAME) == {"core", "core.internal", "fd00::1", "fd00::2"}


@pytest.mark.parametrize(
    ("url", "normal", "host"),
    [
        ("HTTPS://Panel.Example:443", "https://panel.example", "panel.example"),
        ("https://c:8443", "https://c:8443", "c"),
        ("https://[FD00:0::1]:8443", "https://[fd00::1]:8443", "[fd00::1]"),
    ],
)
def test_the_public_address_is_compared_as_browsers_write_it(
    give: Give, url: str, normal: str, host: str
) -> None:
    give(f" {url} ")
    assert environment.public_url(NAME, https=True) == normal
    assert environment.host_of(normal) == host


def test_networks_are_an_address_and_a_prefix(give: Give) -> None:
    give(" 10.20.0.0/16 , FD12::/48,192.0.2.1")
    found = environment.networks(NAME)
    assert list(map(str, found)) == ["10.20.0.0/16", "fd12::/48", "192.0.2.1/32"]


@pytest.mark.parametrize("value", ["10.20.0.1/16", "core.internal", "10.20.0.0/33", "10.0/8"])
def test_a_wrong_network_is_refused(give: Give, value: str) -> None:
    give(value)
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.networks(NAME)
    assert str(caught.value) == (
        f"{NAME} must list networks, such as 10.20.0.0/16, separated by commas: {value!r} is "
        "not one."
    )


READERS: dict[str, Callable[[str], object]] = {
    "hosts": environment.hosts,
    "plain_http_hosts": environment.plain_http_hosts,
    "keys": environment.keys,
    "networks": environment.networks,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", [",", "https://a,", ",https://a", "https://a,,https://b"])
def test_an_empty_item_of_a_list_is_refused(give: Give, reader: str, value: str) -> None:
    give(value)
    with pytest.raises(
        ImproperlyConfigured, match=rf"^{NAME} has an empty item: check its commas\.$"
    ):
        READERS[reader](NAME)


@pytest.mark.parametrize(
    ("reader", "value", "sentence"),
    [
        (
            "plain_http_hosts",
            "core:8080",
            (
                f"{NAME} must list hosts, such as core.internal, separated by commas: "
                "'core:8080' is not one. Name a host alone, without scheme, port or path."
            ),
        ),
        (
            "plain_http_hosts",
            "a B",
            (
                f"{NAME} must list hosts, such as core.internal, separated by commas: 'a B' is "
                "not one. The address needs a host name (write an international one as xn--…)."
            ),
        ),
        (
            "hosts",
            "a b",
            (
                f"{NAME} must list exact host names, such as panel.example.com, separated by "
                "commas: 'a b' is not one."
            ),
        ),
    ],
)
def test_a_wrong_item_of_a_list_is_refused(
    give: Give, reader: str, value: str, sentence: str
) -> None:
    give(value)
    with pytest.raises(ImproperlyConfigured) as caught:
        READERS[reader](NAME)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", ["https://a:0", "https://a:65536", "https://u@a", "ftp://a", "a"])
def test_a_wrong_origin_is_refused(give: Give, value: str) -> None:
    give(value)
    with pytest.raises(ImproperlyConfigured, match="must be a scheme and a host"):
        environment.public_url(NAME, https=True)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Single sign-on with what it needs."""
    monkeypatch.setenv("OIDC_SERVER_URL", "https://ID.example/realms/one/")
    monkeypatch.setenv("OIDC_CLIENT_ID", "panel")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "secret")
    monkeypatch.setenv("OIDC_ROLE_MAP", '{"*": "Read-only"}')
    return monkeypatch


def test_hosts_that_forms_lead_through_have_one_form(provider: pytest.MonkeyPatch) -> None:
    found = single_sign_on.single_sign_on()
    assert found is not None
    assert (found.server_url, found.form_origins) == (
        "https://ID.example/realms/one",
        ("https://id.example",),
    )
    provider.setenv("OIDC_FORM_ORIGINS", " https://A.example:443/x , http://localhost:9000")
    found = single_sign_on.single_sign_on()
    assert found is not None
    assert found.form_origins == ("https://a.example", "http://localhost:9000")


@pytest.mark.parametrize(
    "value", ["https://a; script-src *", "https://a,", "http://a.example", "https://u:p@a", "//a"]
)
def test_a_wrong_host_that_forms_lead_through_is_refused(
    provider: pytest.MonkeyPatch, value: str
) -> None:
    provider.setenv("OIDC_FORM_ORIGINS", value)
    with pytest.raises(
        ImproperlyConfigured, match=r"^OIDC_FORM_ORIGINS (must be|has an empty item)"
    ):
        single_sign_on.single_sign_on()


@pytest.mark.parametrize("value", ["profile", "openid,profile", "openid a,b", 'openid "x"'])
def test_wrong_scopes_are_refused(provider: pytest.MonkeyPatch, value: str) -> None:
    provider.setenv("OIDC_SCOPES", value)
    with pytest.raises(
        ImproperlyConfigured,
        match=r"^OIDC_SCOPES must list scopes separated by spaces, with openid",
    ):
        single_sign_on.single_sign_on()


# --- Words ------------------------------------------------------------------------------------


def test_a_word_may_be_in_capitals(give: Give) -> None:
    give(" JSON ")
    assert environment.one_of(NAME, ("json", "text"), "text") == "json"
    give(" True ")
    assert environment.switch(NAME, default=False)


@pytest.mark.parametrize(
    "value", ["x" * 23, "x" * 24 + " ", "x" * 12 + " " + "x" * 12, "\xfc" * 24]
)
def test_a_token_for_programs_is_what_a_header_can_carry(give: Give, value: str) -> None:
    give(value, "METRICS_TOKEN")
    with pytest.raises(
        ImproperlyConfigured,
        match=r"^METRICS_TOKEN must be at least 24 random characters, without spaces\.$",
    ):
        environment.machine_token("METRICS_TOKEN")


def test_a_proxy_that_the_service_module_refuses_is_refused_in_a_sentence(give: Give) -> None:
    give("http://u:hush@proxy.example/path")
    with pytest.raises(
        ImproperlyConfigured, match=rf"^{NAME} must look like http://proxy.example:3128.$"
    ):
        environment.proxy(NAME)


# --- The database's address -------------------------------------------------------------------


def test_a_plus_sign_in_an_address_is_no_blank() -> None:
    assert database_settings("sqlite:////data/a+b.sqlite3")["NAME"] == "/data/a+b.sqlite3"
    found = database_settings("postgres://$u+1:$p+2@db/pa+nel?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("$u+1", "$p+2", "pa+nel")


@pytest.mark.django_db
def test_a_thread_keeps_few_prepared_statements(tmp_path: Path) -> None:
    (tmp_path / "panel.sqlite3").touch()
    panels = database_settings(f"sqlite:///{tmp_path}/panel.sqlite3")
    connection = ConnectionHandler({DEFAULT_DB_ALIAS: panels})[DEFAULT_DB_ALIAS]
    before = _prepared_statements()
    with connection.cursor() as cursor:
        for number in range(200):
            cursor.execute(f"SELECT {number}")
        kept = _prepared_statements() - before
    connection.close()
    assert 0 < kept <= 40


def _prepared_statements() -> int:
    return sum(type(each).__name__ == "Statement" for each in gc.get_objects())
