"""Single sign-on by OpenID Connect, from the environment alone.

`OIDC_SERVER_URL` switches it on; then the others are required. Groups in a claim of the
provider become roles of the panel; who has none of them does not come in.
"""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from adminpanel.environment import certificates, env, required
from pools.secret import Secret

# Part of the address that the provider sends people back to.
PROVIDER_ID: Final = "sso"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """The provider, and what its groups mean here. `role_map`: group → role, `*` everyone."""

    name: str
    server_url: str
    client_id: str
    client_secret: Secret
    scopes: tuple[str, ...]
    groups_claim: str
    role_map: dict[str, str]
    form_origins: tuple[str, ...]
    ca_file: str | None

    def provider_settings(self) -> dict[str, Any]:
        """The same as allauth's SOCIALACCOUNT_PROVIDERS."""
        app = {
            "provider_id": PROVIDER_ID,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.client_secret.reveal(),
            "settings": {"server_url": self.server_url, "scope": list(self.scopes)},
        }
        return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def single_sign_on() -> SingleSignOn | None:
    """What the environment says; None without OIDC_SERVER_URL."""
    server_url = env.str("OIDC_SERVER_URL", default="").strip().rstrip("/")
    if not server_url:
        return None
    hint = "OIDC_SERVER_URL switches single sign-on on, and needs it."
    return SingleSignOn(
        name=env.str("OIDC_NAME", default="single sign-on"),
        server_url=server_url,
        client_id=required("OIDC_CLIENT_ID", hint),
        client_secret=Secret(required("OIDC_CLIENT_SECRET", hint)),
        scopes=tuple(env.str("OIDC_SCOPES", default="openid profile email").split()),
        groups_claim=env.str("OIDC_GROUPS_CLAIM", default="groups"),
        role_map=_role_map(required("OIDC_ROLE_MAP", hint)),
        form_origins=tuple(
            _origin("OIDC_FORM_ORIGINS", url) for url in env.list("OIDC_FORM_ORIGINS", default=[])
        )
        or (_origin("OIDC_SERVER_URL", server_url),),
        ca_file=certificates("OIDC_CA_FILE"),
    )


def _role_map(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(role, str) for role in found.values()):
        raise ImproperlyConfigured(
            'OIDC_ROLE_MAP must be JSON from group to role, such as {"panel-admins": '
            '"Administrator", "support": "Operator"}.'
        )
    return found


def _origin(name: str, url: str) -> str:
    """Scheme and host of an address: what the browser may send its form to."""
    parts = urlsplit(url.strip())
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or parts.username is not None:
        raise ImproperlyConfigured(f"{name} must be an https address, such as https://id.example.")
    return f"{parts.scheme}://{parts.netloc}"
