"""The provider that single sign-on asks, as the settings describe it."""

from dataclasses import dataclass
from typing import Any, Final

from pools.secret import Secret

# Part of the address that the provider sends people back to.
PROVIDER_ID: Final = "sso"


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
