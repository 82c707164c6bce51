"""Sealing secrets: AES-256-GCM; a token is bound to its owner, row, company and address.

A sealed text is `<version>:<key id>:<nonce>:<ciphertext>` (base64url, canonical). What it is
bound to is authenticated with it: in another person's row, another row, another company
(at the same address, too), as another kind of token, or in a company whose address was
changed, it does not open.
"""

import base64
import binascii
import hmac
import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import DatabaseError
from django.db.models.functions import Substr
from django.views.decorators.debug import sensitive_variables

from pools.models import KeyCanary, Token
from pools.secret import Secret

# The spellings stay: they are part of what is authenticated.
VERSION: Final = "v1"
# Of tokens. Those of VERSION are from before, and not bound to their company and kind.
BOUND_VERSION: Final = "v2"
_NONCE_BYTES: Final = 12
_LONGEST_KEY_ID: Final = 32
_CANARY_TEXT: Final = "this key is the right one"


class Unsealable(Exception):
    """A sealed text does not open. Never carries any of its content."""


class KeyMissing(Unsealable):
    """The key that it was sealed with is not in TOKEN_KEYS."""


class SealBroken(Unsealable):
    """Altered, or bound to something else than it is opened for."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a sealed token belongs to; it opens for exactly the same again.

    `company` is the slug, which is also the company's name on the ledger: companies may
    share an address, as all do whose Core is Patchworks' own.
    """

    user_id: int
    row_id: UUID
    base_url: str
    company: str
    kind: str

    def __bytes__(self) -> bytes:
        whole = [self.user_id, str(self.row_id), self.base_url, self.company, self.kind]
        return json.dumps(whole).encode()

    def as_before(self) -> bytes:
        """What tokens of VERSION are bound to."""
        return json.dumps([self.user_id, str(self.row_id), self.base_url]).encode()


@sensitive_variables()
def seal(secret: Secret, binding: Binding) -> str:
    """`secret` sealed with the first of TOKEN_KEYS."""
    return _seal(secret.reveal(), bytes(binding), writing_key_id(), BOUND_VERSION)


@sensitive_variables()
def unseal(sealed: str, binding: Binding) -> Secret:
    """What `seal` was given, now or before BOUND_VERSION. Raises KeyMissing or SealBroken."""
    if sealed.startswith(f"{VERSION}:"):
        return Secret(_unseal(sealed, binding.as_before(), VERSION))
    return Secret(_unseal(sealed, bytes(binding), BOUND_VERSION))


def is_up_to_date(sealed: str) -> bool:
    """Whether a token is sealed as one would be sealed now, whichever key it has."""
    return sealed.startswith(f"{BOUND_VERSION}:")


@sensitive_variables()
def seal_for(purpose: str, secret: Secret) -> str:
    """`secret` sealed for one use of it, where there is no row or person to bind it to."""
    return _seal(secret.reveal(), _purpose(purpose), writing_key_id(), VERSION)


@sensitive_variables()
def unseal_for(purpose: str, sealed: str) -> Secret:
    """What `seal_for` was given for the same purpose. Raises KeyMissing or SealBroken."""
    return Secret(_unseal(sealed, _purpose(purpose), VERSION))


@sensitive_variables()
def fingerprint(secret: Secret) -> str:
    """Twelve hex digits that stand for a token, and that nobody without the key can test."""
    key = hmac.digest(_key(writing_key_id()), b"fingerprint", "sha256")
    return hmac.digest(key, secret.reveal().encode(), "sha256").hex()[:12]


def writing_key_id() -> str:
    """The id of the key that new tokens are sealed with."""
    key_id: str = settings.TOKEN_KEYS[0][0]
    return key_id


def keep_canary() -> None:
    """Notes the writing key, if it is new: called with the first token that it seals."""
    key_id = writing_key_id()
    if not KeyCanary.objects.filter(pk=key_id).exists():
        sealed = _seal(_CANARY_TEXT, key_id.encode(), key_id, VERSION)
        KeyCanary.objects.get_or_create(pk=key_id, defaults={"sealed": sealed})


def tokens_by_key() -> dict[str, int]:
    """How many tokens each key has sealed, by the key's id."""
    longest_header = len(BOUND_VERSION) + _LONGEST_KEY_ID + 2
    headers = Token.objects.order_by().values_list(Substr("sealed", 1, longest_header), flat=True)
    versions = (f"{VERSION}:", f"{BOUND_VERSION}:")
    return Counter(
        header.split(":")[1] for header in headers.iterator() if header.startswith(versions)
    )


def second_factors_by_key() -> dict[str, int]:
    """How many second factors each key has sealed, by the key's id."""
    rows = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by()
    sealed = (
        stored.get("secret") or stored.get("seed") or ""
        for stored in rows.values_list("data", flat=True)
    )
    return Counter(text.split(":")[1] for text in sealed if text.startswith(f"{VERSION}:"))


def wrong_token_keys() -> list[str]:
    """Why TOKEN_KEYS does not fit what is sealed with it, a sentence each; reads only.

    Empty before the tables are there, and when the database does not answer: those
    are told elsewhere.
    """
    configured = {key_id for key_id, _ in settings.TOKEN_KEYS}
    try:
        used = {"Stored tokens": tokens_by_key(), "Second factors": second_factors_by_key()}
        canaries = list(KeyCanary.objects.filter(pk__in=configured))
    except DatabaseError:
        return []
    missing = [
        f"TOKEN_KEYS is missing key {key_id}. {what} encrypted with it: {count}."
        for what, counts in used.items()
        for key_id, count in sorted(counts.items())
        if key_id not in configured
    ]
    wrong = [
        f"TOKEN_KEYS: key {canary.key_id} is not the one that the stored tokens were encrypted "
        "with."
        for canary in canaries
        if not _unseals(canary)
    ]
    return missing + wrong


def _unseals(canary: KeyCanary) -> bool:
    try:
        return _unseal(canary.sealed, canary.key_id.encode(), VERSION) == _CANARY_TEXT
    except Unsealable:
        return False


@sensitive_variables()
def _seal(text: str, bound_to: bytes, key_id: str, version: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    header = _header(version, key_id)
    ciphertext = AESGCM(_key(key_id)).encrypt(nonce, text.encode(), header + bound_to)
    return ":".join((version, key_id, _encode(nonce), _encode(ciphertext)))


@sensitive_variables()
def _unseal(sealed: str, bound_to: bytes, version: str) -> str:
    key_id, nonce, ciphertext = _parts(sealed, version)
    try:
        header = _header(version, key_id)
        text = AESGCM(_key(key_id)).decrypt(nonce, ciphertext, header + bound_to)
    except InvalidTag:
        raise SealBroken("it does not open here") from None
    return text.decode()


def _parts(sealed: str, version: str) -> tuple[str, bytes, bytes]:
    written_version, *rest = sealed.split(":")
    if written_version != version or len(rest) != 3:
        raise SealBroken("it is not a sealed text")
    key_id, nonce_text, ciphertext_text = rest
    nonce = _decode(nonce_text)
    if len(nonce) != _NONCE_BYTES:
        raise SealBroken("it is not a sealed text")
    return key_id, nonce, _decode(ciphertext_text)


@sensitive_variables()
def _key(key_id: str) -> bytes:
    for configured_id, secret in settings.TOKEN_KEYS:
        if configured_id == key_id:
            return base64.b64decode(secret.reveal())
    raise KeyMissing(f"the key {key_id[:32]!r} is not in TOKEN_KEYS")


def _purpose(purpose: str) -> bytes:
    # A binding is a JSON list: no purpose can be taken for one.
    return f"for {purpose}".encode()


def _header(version: str, key_id: str) -> bytes:
    return f"{version}:{key_id}:".encode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, ValueError):
        raise SealBroken("it is not a sealed text") from None
    # base64 has several spellings of the same bytes: one is allowed, so that no
    # altered text opens.
    if _encode(raw) != text:
        raise SealBroken("it is not a sealed text")
    return raw
