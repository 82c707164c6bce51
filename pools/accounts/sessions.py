"""Sessions, kept in the database; and a page goes on where one cannot be saved.

Named by the settings, as session engine and as middleware.
"""

from http import HTTPStatus
from typing import Any, Final

from django.contrib.messages import get_messages
from django.contrib.messages.storage.session import SessionStorage as MessageStorage
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from pools.database_faults import cause_of, try_to_write
from pools.pages import errors
from pools.pages.just_read import JUST_READ

STARTED_AT: Final = "started_at"
TOUCHED_AT: Final = "touched_at"
SEEN_AT: Final = "seen_at"
_ASKED: Final = (
    "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"
)
# What the next page can do as well: noting the time again, reading a pool again.
_NOTES: Final = frozenset({STARTED_AT, TOUCHED_AT, SEEN_AT, JUST_READ})


class SessionStore(db.SessionStore):
    """Django's, which remembers what was in it: a note that cannot be saved is left out."""

    _stored: str | None = None

    def load(self) -> dict[str, Any]:
        """Asked for with a text: each page begins with it."""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(_ASKED, [self.session_key, now])
            row = cursor.fetchone()
        self._stored = row[0] if row else None
        # Django's own way with a session that is not there, or has ended.
        loaded: dict[str, Any] = self.decode(row[0]) if row else super().load()
        return loaded

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError where the session has ended, django.db.Error where it can't be saved.

        Django treats both as the first.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, AnyDatabaseError) and cause_of(error):
                raise error.__context__ from error.__context__.__cause__
            raise

    @property
    def holds_only_new_notes(self) -> bool:
        """Whether nothing else in it differs from what was loaded."""
        if self._stored is None:
            return False
        loaded, missing = self.decode(self._stored), object()
        names = (self.keys() | loaded.keys()) - _NOTES
        return all(self.get(name, missing) == loaded.get(name, missing) for name in names)


class SessionsMiddleware(SessionMiddleware):
    """Django's, which calls it a bad request when the database accepts no session."""

    def process_response(  # type: ignore[override]
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        session: Any = request.session
        saved = session.modified and not session.is_empty() and response.status_code < 500
        if saved and (request.method != "POST" or session.holds_only_new_notes):
            # Whatever it is, the next page can do it as well; this one is shown.
            try_to_write("session", lambda: self._saved(request, response))
            return response
        try:
            return self._saved(request, response)
        except AnyDatabaseError as error:
            if (cause := cause_of(error)) is None:
                raise
            sentences = [str(message) for message in get_messages(request)]
            return errors.not_kept(request, cause, sentences)

    def _saved(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer: HttpResponseBase = super().process_response(request, response)  # type: ignore[arg-type]
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _forget_what_was_said(request)
        return answer


def _forget_what_was_said(request: HttpRequest) -> None:
    """Of a session that is otherwise left as it was: with an error, Django saves none.

    A page that says why Patchworks can't be read has said what ended before it, too.
    """
    said = get_messages(request)
    is_said = isinstance(said, MessageStorage) and said.used and not said.added_new
    # Without a message the session is as it was read, and the database is left alone: it may be
    # what the page is about.
    if not is_said or not request.session.modified:
        return
    session = SessionStore(request.session.session_key)

    def forget() -> None:
        if session.pop(MessageStorage.session_key, None) is not None:
            session.save()

    try_to_write("session", forget)
