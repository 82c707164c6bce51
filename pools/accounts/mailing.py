"""Sending a mail after the answer: how long that takes tells nobody whether one was sent."""

import threading
from typing import Final

import structlog
from django.core.mail import EmailMessage
from django.views.decorators.debug import sensitive_variables

log = structlog.get_logger("panel.accounts")
_AT_ONCE: Final = threading.BoundedSemaphore(4)
THREAD_NAME: Final = "mail"


@sensitive_variables()
def send_later(subject: str, text: str, address: str) -> None:
    """Sends it in a thread of its own, which a stopping process waits for. Failures are logged."""
    if not _AT_ONCE.acquire(blocking=False):
        log.error("mail not sent", why="too many at once")
        return
    mail = EmailMessage(subject, text, None, [address])
    threading.Thread(target=_send, args=(mail,), name=THREAD_NAME).start()


@sensitive_variables()
def _send(mail: EmailMessage) -> None:
    try:
        mail.send()
    except (OSError, ValueError) as error:
        # Not its text: servers quote what they were sent.
        log.error("mail not sent", why=type(error).__name__)  # noqa: TRY400
    finally:
        _AT_ONCE.release()
