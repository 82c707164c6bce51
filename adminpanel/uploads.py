"""Files that are sent: one form takes one, in memory, and nothing else does."""

from typing import Any, Final

from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import MemoryFileUploadHandler

# The views that take a file.
TAKES_A_FILE: Final = frozenset({"pools:pool_apply"})


class OneFormOnly(MemoryFileUploadHandler):
    """Refuses a file that no form here asked for. One that is too large is read, and not kept."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        match = self.request.resolver_match if self.request else None
        if match is None or match.view_name not in TAKES_A_FILE:
            raise TooManyFilesSent("no form here takes a file")
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Chunks of what is too large go nowhere."""
        return super().receive_data_chunk(raw_data, start) if self.activated else None
