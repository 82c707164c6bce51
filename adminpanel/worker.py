"""gunicorn's worker with threads, made to stop without leaving anybody waiting in vain."""

from gunicorn.workers.gthread import ThreadWorker


class PromptWorker(ThreadWorker):  # type: ignore[misc]  # (gunicorn has no types)
    """Stops listening once it is told to stop, not when its last request is done.

    gunicorn's own keeps the socket until then: connections that the kernel goes on making
    meanwhile are answered by nobody, and cut in the end. Refused at once, they can be tried
    again by the proxy in front, which then knows that nothing was sent. Where somebody else
    holds the same socket (systemd, or the process that takes over) they wait there instead.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            waiting = -1
            while self.nr_conns != waiting:
                waiting = self.nr_conns
                self.accept(listener)
            listener.close()
