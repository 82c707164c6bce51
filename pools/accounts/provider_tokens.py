"""What the provider signs: always checked, and only of the provider that was configured.

allauth takes an ID token that came straight from the provider over TLS unchecked, as
OpenID Connect allows, and whatever issuer the provider's own document names.
"""

from typing import Any, Final

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings

from pools.accounts.provider_claims import as_specified

# Signatures with a public key. Neither "none" nor one that the client's secret would make.
ALGORITHMS: Final = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA"}
# How far the provider's clock may be ahead of ours, or behind.
LEEWAY_SECONDS: Final = 60


def connect() -> None:
    """Has allauth's own provider ask with our adapter as well, once, when the app is ready."""
    OpenIDConnectProvider.oauth2_adapter_class = CheckingAdapter


class CheckingAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """allauth's, which also checks who says something and that they signed it."""

    @property
    def openid_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().openid_config
        sign_on = settings.SINGLE_SIGN_ON
        if sign_on is None or str(config["issuer"]).rstrip("/") != sign_on.server_url:
            raise ValueError("the provider's document is of another provider")
        return config

    def _fetch_user_info(self, access_token: str) -> dict[str, Any]:
        """What the provider says besides the ID token; nothing where it has no address for it."""
        if "userinfo_endpoint" not in self.openid_config:
            return {}
        return as_specified(super()._fetch_user_info(access_token))

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                id_token,
                self._key_of(jwt.get_unverified_header(id_token)),
                algorithms=sorted(ALGORITHMS),
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error("Invalid id_token") from error
        return as_specified(claims)

    def _key_of(self, header: dict[str, Any]) -> Any:
        """The provider's key that a token names; where it names none, the only one there is."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        name = header.get("kid")
        keys = [
            each
            for each in jwt.PyJWKSet.from_dict(answer.json())
            if each.public_key_use != "enc" and name in (None, each.key_id)
        ]
        if not keys or (name is None and len(keys) > 1):
            raise jwt.InvalidKeyError("no key of the provider can be meant")
        return keys[0].key
