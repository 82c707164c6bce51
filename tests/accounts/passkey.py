"""A passkey in software: it answers what a browser would hand on from a real one."""

import json
import secrets
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

FLAG = AuthenticatorData.FLAG
THERE = FLAG.UP | FLAG.UV


class SoftPasskey:
    """One key pair for one site and one person."""

    def __init__(self, origin: str = "http://localhost") -> None:
        self.origin = origin
        self.site = origin.partition("://")[2].partition(":")[0]
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.user_handle = b""
        self.count = 0
        self.asks_who_it_is = True

    def create(self, options: dict[str, Any]) -> str:
        """The credential for a new passkey, as the form sends it."""
        asked = options["creation_options"]["publicKey"]
        self.user_handle = _bytes(asked["user"]["id"])
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        attested = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        told = AuthenticatorData.create(self._site_hash(), THERE | FLAG.AT, 0, attested)
        statement = {"fmt": "none", "attStmt": {}, "authData": bytes(told)}
        response = {
            "clientDataJSON": self._client_data("webauthn.create", asked["challenge"]),
            "attestationObject": websafe_encode(cbor.encode(statement)),
        }
        return self._credential(response)

    def get(self, options: dict[str, Any]) -> str:
        """The credential that proves the passkey, as the form sends it."""
        asked = options["request_options"]["publicKey"]
        self.count += 1
        flags = THERE if self.asks_who_it_is else FLAG.UP
        told = AuthenticatorData.create(self._site_hash(), flags, self.count)
        client_data = self._client_data("webauthn.get", asked["challenge"])
        signed = bytes(told) + sha256(_bytes(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": websafe_encode(bytes(told)),
            "signature": websafe_encode(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": websafe_encode(self.user_handle),
        }
        return self._credential(response)

    def _credential(self, response: dict[str, str]) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {"credProps": {"rk": True}},
            }
        )

    def _client_data(self, kind: str, challenge: str) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return websafe_encode(json.dumps(said).encode())

    def _site_hash(self) -> bytes:
        return sha256(self.site.encode()).digest()


def _bytes(text: str) -> bytes:
    return websafe_decode(text)
