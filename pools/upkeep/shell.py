"""What `manage.py pools` does: a list exported, a file made a list of changes, and that list run.

It is done as a person, with their own token and what their role includes, and the record says that
it was done by command. The same functions make the list and run it as on the pages.
"""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TextIO
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from pools.batches import running
from pools.batches.caps import TooMany
from pools.batches.file_differences import NamesClash, read_known, wishes_of
from pools.batches.freezing import NoRight, NothingToFreeze, Order, freeze
from pools.batches.patience import STOPS, Patient, answered, reopened
from pools.batches.pool_export import PoolExport, Shape
from pools.batches.progress import End, Phase, Progress, items_in, progress_of
from pools.batches.running import Why
from pools.batches.stored_items import after_in, seen_in
from pools.batches.whole_list import State, WholeList, WholeQuery
from pools.changes.exporting import time_text
from pools.changes.proposal import differences
from pools.core import CoreClient, CoreError
from pools.forms.files import Choices, Misjudged, lines_of
from pools.ledger.appending import Actor, LedgerUnwritable, record_event
from pools.models import Batch, BatchItem, Company
from pools.models.batch import Operation, Source
from pools.models.vocabulary import RIGHTS, Action
from pools.tokens import keeping
from pools.wording import batches as batch_words
from pools.wording import files as file_words
from pools.wording.exports import end_says, why_stopped
from pools.wording.files import Said
from pools.wording.names import plain
from pools.wording.roles import not_in_your_role
from pools.wording.situations import Activity, Problem, Situation, in_one_line

# Where a person's changes come from when a command makes them.
BY_COMMAND: Final = "command line"
_BUSY_SECONDS: Final = 1.0


class Exit(IntEnum):
    """How a command ended, for scripts. 2 is for words that it does not know."""

    DONE = 0
    FAILED = 1  # nothing was done
    PARTLY = 3  # some was refused, not sent or left out; of an export: the list changed
    UNKNOWN = 4  # of some nobody can tell whether it was done
    STOPPED = 5  # before its end: the same command goes on
    INTERRUPTED = 130  # the same, by Ctrl-C


class CannotDo(Exception):
    """Why nothing was done: one sentence, or several."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = tuple(map(plain, sentences))
        super().__init__(" ".join(self.sentences))


class NothingToDo(Exception):
    """All is as the file says: a sentence that says so. No list is made, and nothing failed."""


@dataclass(slots=True)
class Workplace:
    """A company, and the person whose token and role are used. `out` is the result, `err` the rest.

    `interrupted` once somebody pressed Ctrl-C: what is in flight ends, and nothing more is sent.
    """

    company: Company
    user: User
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    interrupted: bool = False

    @classmethod
    def entered(cls, slug: str, username: str) -> "Workplace":
        """Raises CannotDo for a company or a person that is not there, or may not work."""
        company = Company.objects.filter(slug=slug).first()
        user = User.objects.filter(username=username).first()
        if company is None:
            raise CannotDo(f"There is no company {slug}.")
        if user is None or not user.is_active:
            raise CannotDo(f"There is nobody called {username}, or they are disabled.")
        if keeping.token_for(user, company) is None:
            raise CannotDo(
                f"{username} has no token for {company.name}. Tokens are added in the panel."
            )
        return cls(company, user)

    @property
    def actor(self) -> Actor:
        return Actor(self.user.pk, self.user.get_username(), BY_COMMAND)

    def core(self) -> CoreClient:
        """Core, with the person's token. Raises one of STOPS or CredentialExpired."""
        return reopened(self.user, self.company)

    def because(self, error: Exception, doing: Activity | Action = Activity.READING_LIST) -> str:
        return why_stopped(error, Situation(self.company, "", doing))

    def say(self, text: str) -> None:
        print(plain(text), file=self.err, flush=True)

    def wait(self, seconds: float) -> None:
        """In short pieces: whoever presses Ctrl-C does not wait for the end."""
        until = time.monotonic() + seconds
        if seconds > _BUSY_SECONDS:
            self.say(f"Patchworks asks for a pause: going on in {seconds:.0f} s.")
        while not self.interrupted and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Ctrl-C, and being told to end, set `interrupted` instead of cutting a call off."""

        def interrupt(*_: Any) -> None:
            self.interrupted = True
            self.say("Stopping. What is being sent still ends.")

        before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def export(here: Workplace, query: WholeQuery, shape: Shape, to: Path | None) -> Exit:
    """The list as a file, to standard output or to `to`, which is only there once it is whole."""
    situation = Situation(here.company, "", Activity.READING_LIST)
    about = {
        "company": here.company.slug,
        "origin": here.company.origin,
        "exported_at": time_text(timezone.now()),
        "exported_by": here.user.get_username(),
    }
    listed = WholeList(here.company, query, here.core)
    made = PoolExport(listed, shape, about, lambda end: end_says(end, situation), wait=here.wait)
    if error := made.begin():
        raise CannotDo(here.because(error))
    facts = {**asdict(query), "format": str(shape.format), "ids": shape.ids}
    with transaction.atomic(durable=True):
        record_event("pools_exported", here.actor, company=here.company.slug, facts=facts)
    if to is None:
        _write(here, made, here.out)
    else:
        part = to.with_name(f"{to.name}.part")
        with part.open("w", encoding="utf-8", newline="") as file:
            _write(here, made, file)
        if listed.end.error is None and not here.interrupted:
            part.replace(to)
    if here.interrupted:
        here.say("Stopped: the file is not whole.")
        return Exit.INTERRUPTED
    here.say(end_says(listed.end, situation))
    ends = {State.COMPLETE: Exit.DONE, State.CHANGED: Exit.PARTLY}
    return ends.get(listed.end.state, Exit.STOPPED)


def _write(here: Workplace, made: PoolExport, to: TextIO) -> None:
    with here.interruptible():
        for piece in made:
            try:
                to.write(piece)
                to.flush()
            except BrokenPipeError:
                # Whoever reads has seen enough; what is left in the buffer goes nowhere.
                os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())
                here.interrupted = True
            if here.interrupted:
                return


def plan(here: Workplace, content: bytes, reason: str, choices: Choices) -> Batch:
    """A file as a frozen list: nothing is sent. Raises CannotDo or NothingToDo."""
    try:
        lines = lines_of(content, here.company, choices)
        wishing = [line for line in lines if line.wanted]
        if not wishing:
            raise NothingToDo(plain(in_one_line(file_words.nothing_wished(len(lines)))))
        known = answered(read_known(Patient(here.core), wishing), here.wait)
        order = Order(
            operation=Operation.APPLY,
            how={},
            reason=_reason_for(here.company, reason),
            source=Source.COMMAND,
            facts={"lines": len(lines), "file": hashlib.sha256(content).hexdigest()},
        )
        wishes = wishes_of(wishing, known)
        return freeze(None, here.company, here.actor, here.user, order, wishes, known.pools)
    except Misjudged as error:
        raise CannotDo(*_mistakes(error.said)) from None
    except NamesClash as error:
        raise CannotDo(*_mistakes(file_words.clashes_say(error.clashes))) from None
    except NoRight as error:
        raise CannotDo(not_in_your_role(error.right)) from None
    except (TooMany, NothingToFreeze) as error:
        raise CannotDo(in_one_line(file_words.not_made(error))) from None
    except (CoreError, LedgerUnwritable, *STOPS) as error:
        raise CannotDo(here.because(error)) from None


def _reason_for(company: Company, reason: str) -> str:
    if not reason and company.reason_required_for:
        raise CannotDo(f"{company.name} wants a reason for changes: --reason.")
    return reason


def _mistakes(said: tuple[Said, ...]) -> list[str]:
    return [
        ": ".join(filter(None, [each.where, each.sentence]))
        + (f" ({each.text})" if each.text else "")
        for each in said
    ]


def preview(batch: Batch) -> Iterator[str]:
    """Each line of a list as it would be sent, or why it would not; then how to go on."""
    items = list(BatchItem.objects.filter(batch=batch))
    for item in items:
        yield plain(f"{_named(item)}: {_to_do(item)}")
    left_out = sum(bool(item.left_out) for item in items)
    yield f"{len(items) - left_out} to change, {left_out} left out. Nothing was sent."
    address = reverse("pools:batch", args=[batch.company.slug, batch.pk])
    yield f"List {batch.pk}: {settings.PUBLIC_URL}{address}"


def _named(item: BatchItem) -> str:
    line = f"line {item.line}, " if item.line else ""
    return f"{line}{'new pool' if item.pool_id is None else f'pool {item.pool_id}'} {item.name}"


def _to_do(item: BatchItem) -> str:
    if item.left_out:
        return f"left out. {batch_words.left_out_because(item)}"
    seen, after = seen_in(item), after_in(item)
    if seen is None or after is None:
        timeout = "none" if after is None or after.timeout is None else f"{after.timeout} s"
        return f"limit {after and after.limit}, timeout {timeout}"
    return ", ".join(
        f"{each.field} {each.before} → {each.after}" for each in differences(seen, after)
    )


def run(here: Workplace, batch_id: UUID, pools: str) -> Exit:
    """Runs a list to its end, from wherever it is. Raises CannotDo where nothing may be sent."""
    progress = _list_of(here, batch_id)
    if progress.phase is Phase.ENDED:
        return _report(here, progress)
    if obstacle := _obstacle(here, progress, pools):
        raise CannotDo(in_one_line(obstacle))
    try:
        here.core()
    except (CoreError, *STOPS) as error:
        raise CannotDo(here.because(error)) from None
    running.start(progress.batch, here.actor, progress.left)
    with here.interruptible():
        progress = _run_to_its_end(here, _list_of(here, batch_id))
    return _report(here, progress)


def _list_of(here: Workplace, batch_id: UUID) -> Progress:
    items = items_in(batch_id)
    if not items or items[0].batch.company_id != here.company.pk:
        raise CannotDo(f"{here.company.name} has no such list.")
    return progress_of(items)


def _obstacle(here: Workplace, progress: Progress, pools: str) -> Problem | None:
    if progress.batch.made_by_id != here.user.pk:
        return batch_words.not_yours(progress)
    if progress.moved:
        return batch_words.moved(progress, here.company)
    if progress.too_old:
        return batch_words.too_old(progress)
    if not progress.intact:
        return batch_words.altered(progress)
    if progress.phase is Phase.FROZEN and not batch_words.is_number(pools, progress):
        return batch_words.number_not_given(progress)
    return None


def _run_to_its_end(here: Workplace, progress: Progress) -> Progress:
    told: set[int] = set()
    while progress.phase is Phase.RUNNING:
        if here.interrupted:
            running.stop(progress.batch, here.actor, left=progress.left)
        elif progress.paused_seconds:
            here.wait(progress.paused_seconds)
        elif not _step(here, progress):
            here.wait(_BUSY_SECONDS)
        progress = _list_of(here, progress.batch.pk)
        _tell(here, progress, told)
    return progress


def _step(here: Workplace, progress: Progress) -> bool:
    """Makes some of the changes; False where all calls have their places taken."""
    try:
        clients = [here.core() for _ in range(running.workers(here.company))]
    except (CoreError, *STOPS) as error:
        here.say(here.because(error))
        running.stop(progress.batch, here.actor, Why.REFUSED_TOKEN, progress.left)
        return True
    user = User.objects.get(pk=here.user.pk)
    step = running.run(progress, here.actor, _may(user), clients)
    token = keeping.token_for(user, here.company)
    if token and step.refused is not None:
        keeping.mark_refused(token)
    elif token and step.answered:
        keeping.mark_worked(token)
    return not step.busy


def _may(user: User) -> Callable[[Action], bool]:
    return lambda action: user.has_perm(RIGHTS[action])


def _tell(here: Workplace, progress: Progress, told: set[int]) -> None:
    """Each item that has ended since, on a line of its own."""
    for line in progress.lines:
        item = line.item
        if line.end in {End.WAITING, End.UNDER_WAY} or item.position in told:
            continue
        told.add(item.position)
        why = batch_words.says_of(line, progress)
        words = batch_words.ENDS[line.end]
        told_of = f"{_named(item)}: {words}{f'. {why}' if why else ''}"
        print(plain(told_of), file=here.out, flush=True)


def _report(here: Workplace, progress: Progress) -> Exit:
    here.say(f"List {progress.batch.pk}: {batch_words.summary(progress.counts)}.")
    if why := batch_words.stopped_for(progress, "run the same command again"):
        here.say(why)
    counts = progress.counts
    if progress.phase is not Phase.ENDED:
        return Exit.INTERRUPTED if here.interrupted else Exit.STOPPED
    if counts[End.UNKNOWN]:
        return Exit.UNKNOWN
    nothing_to_do = sum(line.item.left_out == "nothing_to_do" for line in progress.lines)
    not_done = (End.REFUSED, End.NOT_SENT, End.NOT_HAPPENED, End.LEFT_OUT)
    missing = sum(counts[end] for end in not_done) - nothing_to_do
    return Exit.PARTLY if missing else Exit.DONE
