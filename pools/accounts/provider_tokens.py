"""What the provider signs: always checked, and only of the provider that was configured.

allauth takes an ID token that came straight from the provider over TLS unchecked, as
OpenID Connect allows, and whatever issuer the provider's own document names.
"""

from typing import Any, Final

import jwt
from allauth.socialaccount.internal import jwtkit
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
        return as_specified(super()._fetch_user_info(access_token))

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            algorithm = jwt.get_unverified_header(id_token).get("alg")
        except jwt.PyJWTError as error:
            raise OAuth2Error("Invalid id_token") from error
        if algorithm not in ALGORITHMS:
            raise OAuth2Error("Invalid id_token")
        claims = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return as_specified(claims)
