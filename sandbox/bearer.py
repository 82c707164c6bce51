"""Bearer tokens: JWTs signed with HS256."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from typing import Any, Final

from sandbox.store import Person

# Unless a switch says otherwise.
LIFETIME_SECONDS: Final = 24 * 60 * 60


def _pack(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode("ascii")


def _unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _sign(text: str, secret: bytes) -> str:
    return _pack(hmac.digest(secret, text.encode("ascii"), hashlib.sha256))


def issue(person: Person, lifetime_seconds: int, secret: bytes) -> str:
    """A token for a person that expires `lifetime_seconds` from now."""
    now = int(time.time())
    claims = {
        "iss": "sandbox",
        "iat": now,
        "nbf": min(now, now + lifetime_seconds),
        "exp": now + lifetime_seconds,
        "jti": secrets.token_hex(8),
        "sub": str(person.id),
        "company_id": person.company_id,
        "role": person.role,
    }
    parts = ({"typ": "JWT", "alg": "HS256"}, claims)
    signed = ".".join(_pack(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_sign(signed, secret)}"


def person_id_of(token: str, secret: bytes) -> int | None:
    """Whose token it is; None for a forged, broken or expired one."""
    signed, _, signature = token.rpartition(".")
    if not signed.isascii() or not signature.isascii():
        return None
    if not hmac.compare_digest(_sign(signed, secret), signature):
        return None
    try:
        claims: dict[str, Any] = json.loads(_unpack(signed.partition(".")[2]))
    except (ValueError, binascii.Error):
        return None
    return int(claims["sub"]) if claims["exp"] > time.time() else None
