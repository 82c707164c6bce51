"""Single sign-on by OpenID Connect, from the environment alone.

`OIDC_SERVER_URL` switches it on; then the others are required. Groups in a claim of the
provider become roles of the panel; anyone without one of them is refused.
"""

import json
import re

from django.core.exceptions import ImproperlyConfigured

from adminpanel.environment import (
    certificates,
    items,
    origin,
    required,
    required_as_it_stands,
    text,
)
from pools.accounts.single_sign_on_settings import SingleSignOn
from pools.secret import Secret

_SCOPE = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+")  # RFC 6749, without the comma
_ON_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?")


def single_sign_on() -> SingleSignOn | None:
    """What the environment says; None without OIDC_SERVER_URL."""
    server_url = text("OIDC_SERVER_URL").rstrip("/")
    if not server_url:
        return None
    hint = "Single sign-on (OIDC_SERVER_URL) needs it."
    server_origin = _origin("OIDC_SERVER_URL", server_url)
    return SingleSignOn(
        name=text("OIDC_NAME", "single sign-on"),
        server_url=server_url,
        client_id=required("OIDC_CLIENT_ID", hint),
        client_secret=Secret(required_as_it_stands("OIDC_CLIENT_SECRET", hint)),
        scopes=_scopes(),
        groups_claim=text("OIDC_GROUPS_CLAIM", "groups"),
        role_map=_role_map(required("OIDC_ROLE_MAP", hint)),
        form_origins=tuple(_origin("OIDC_FORM_ORIGINS", url) for url in items("OIDC_FORM_ORIGINS"))
        or (server_origin,),
        ca_file=certificates("OIDC_CA_FILE"),
    )


def _scopes() -> tuple[str, ...]:
    """Separated by spaces, as the provider gets them."""
    scopes = tuple(text("OIDC_SCOPES", "openid profile email").split())
    if "openid" not in scopes or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise ImproperlyConfigured(
            "OIDC_SCOPES must list scopes separated by spaces, with openid among them, such as "
            "openid profile email."
        )
    return scopes


def _role_map(given: str) -> dict[str, str]:
    try:
        roles = json.loads(given)
    except ValueError:
        roles = None
    if not isinstance(roles, dict) or not all(isinstance(role, str) for role in roles.values()):
        raise ImproperlyConfigured(
            'OIDC_ROLE_MAP must be JSON from group to role, such as {"panel-admins": '
            '"Administrator", "support": "Operator"}.'
        )
    return roles


def _origin(name: str, url: str) -> str:
    """Scheme and host of an address: what the browser may send its form to."""
    scheme, _, rest = url.partition("://")
    address = origin(name, f"{scheme}://{rest.partition('/')[0]}")
    if not address.startswith("https://") and not _ON_LOOPBACK.fullmatch(address):
        raise ImproperlyConfigured(f"{name} must be an https address, such as https://id.example.")
    return address
