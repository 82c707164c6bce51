"""Where second factors are kept and asked for, and the codes of an app."""

from datetime import datetime

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

HOME = "/accounts/second-factor/"
CODE = f"{HOME}code/"


def code_of(secret: str, at: datetime) -> str:
    return str(format_hotp_value(hotp_value(secret, int(at.timestamp()) // 30)))
