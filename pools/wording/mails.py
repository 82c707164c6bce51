"""The mails that the panel sends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.debug import sensitive_variables

_INVITATION: Final = """\
Hello {name},

{inviter} has invited you to {panel}. Your user name is {username}.

Choose a password and sign in here:

{link}

The link works once, until {until}.
If you weren't expecting this, you can ignore this e-mail.
"""
_FORGOTTEN: Final = """\
Hello {name},

Someone, probably you, asked {panel} for a new password for the user name {username}.
Choose one here:

{link}

The link works once, until {until}.
If you didn't ask for this, you can ignore this e-mail: your password stays as it is.
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent. Its text holds a secret link: see `sensitive_variables`."""

    subject: str
    text: str


@sensitive_variables()
def invitation(*, name: str, username: str, inviter: str, link: str, until: datetime) -> Mail:
    """`until`: when the link stops working."""
    panel = settings.PANEL_NAME
    text = _INVITATION.format(
        name=name, inviter=inviter, panel=panel, username=username, link=link, until=_moment(until)
    )
    return Mail(f"Your invitation to {panel}", text)


@sensitive_variables()
def new_password(*, name: str, username: str, link: str, until: datetime) -> Mail:
    """`until`: when the link stops working."""
    panel = settings.PANEL_NAME
    text = _FORGOTTEN.format(
        name=name, panel=panel, username=username, link=link, until=_moment(until)
    )
    return Mail(f"A new password for {panel}", text)


def _moment(at: datetime) -> str:
    return date_format(localtime(at), "j M Y H:i T")
