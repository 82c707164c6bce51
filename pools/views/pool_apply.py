"""A file of pools, edited and sent back: judged, compared with Core, and made into a batch."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from pools.batches.caps import TooMany
from pools.batches.file_differences import Line, NamesClash, read_known, wishes_of
from pools.batches.freezing import NoRight, NothingToFreeze, Order, freeze
from pools.batches.patience import IN_FRONT, Patient, TooLong, answered
from pools.forms.files import ApplyForm, Misjudged, lines_of
from pools.ledger.appending import LedgerUnwritable
from pools.models import Batch
from pools.models.batch import Operation, Source
from pools.models.vocabulary import Action
from pools.pages.drafts import forget_draft, keep_draft, take_draft
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.pages.ticket import reason_begun
from pools.people.roles import APPLY_FILES
from pools.views.workplace import READING, Workplace, enter
from pools.wording import files as words
from pools.wording.files import Said
from pools.wording.roles import not_in_your_role
from pools.wording.situations import Problem, pool_page

TEMPLATE: Final = "pools/pool_apply.html"
# What was sent is shown again for mending it in place, if a page can hold it.
LONGEST_SHOWN: Final = 200_000


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why there is no batch: mistakes in the file, or a problem."""

    said: tuple[Said, ...] = ()
    problem: Problem | None = None


@needs(APPLY_FILES)
def pool_apply(request: HttpRequest, company: str) -> HttpResponse:
    """The form; once a file is sent, freezes what it wishes for and leads to that list."""
    workplace = enter(request, company)
    try:
        workplace.check_token()
    except READING as error:
        if request.method == "POST":
            keep_draft(request, request.POST)
        return workplace.show_problem(error, Action.EDIT)
    if request.method != "POST":
        return _shown(workplace, _form(workplace, initial=take_draft(request)))
    forget_draft(request)
    form = _form(workplace, request.POST, request.FILES)
    if not form.is_valid():
        return _shown(workplace, form, status=422)
    content: bytes | str = form.content() or _too_large(request) or ""
    batch = _frozen(workplace, form, content)
    if isinstance(batch, Batch):
        return redirect("pools:batch", workplace.company.slug, batch.pk)
    status = batch.problem.status if batch.problem else 422
    return _shown(workplace, form, batch, content=content, status=status)


def _form(workplace: Workplace, *sent: Any, **more: Any) -> ApplyForm:
    return ApplyForm(
        *sent,
        company=workplace.company,
        begun=reason_begun(workplace.request),
        may_create=workplace.may[Action.CREATE],
        **more,
    )


def _too_large(request: HttpRequest) -> bytes:
    """More than a file may have, where one was sent that was not even kept."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    most = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    return b" " * (most + 1) if length.isdecimal() and int(length) > most else b""


def _frozen(workplace: Workplace, form: ApplyForm, content: bytes | str) -> Batch | Wrong:
    """The batch of all that the file wishes for; or what is wrong with it."""
    try:
        lines = lines_of(content, workplace.company, form.choices)
    except Misjudged as error:
        return Wrong(error.said)
    wishing = [line for line in lines if line.wanted]
    if not wishing:
        return Wrong(problem=words.nothing_wished(len(lines)))
    order = Order(
        operation=Operation.APPLY,
        how={},
        reason=form.cleaned_data["reason"],
        source=Source.FILE,
        facts={"lines": len(lines), "file": digest_of(content)},
    )
    return _compared(workplace, order, wishing)


def _compared(workplace: Workplace, order: Order, lines: list[Line]) -> Batch | Wrong:
    user = person(workplace.request)
    try:
        with workplace.core() as core:
            known = answered(read_known(Patient(lambda: core, IN_FRONT), lines))
            wishes = wishes_of(lines, known)
            company, actor = workplace.company, workplace.actor
            return freeze(core, company, actor, user, order, wishes, known.pools)
    except NamesClash as error:
        return Wrong(words.clashes_say(error.clashes))
    except (*READING, LedgerUnwritable) as error:
        return Wrong(problem=workplace.problem(error, Action.EDIT))
    except NoRight as error:
        raise PermissionDenied(not_in_your_role(error.right)) from None
    except (TooLong, TooMany, NothingToFreeze) as error:
        return Wrong(problem=words.not_made(error))


def digest_of(content: bytes | str) -> str:
    """Which file it was, for the record."""
    sent = content if isinstance(content, bytes) else content.encode(errors="replace")
    return hashlib.sha256(sent).hexdigest()


def _shown(
    workplace: Workplace,
    form: ApplyForm,
    wrong: Wrong = Wrong(),
    *,
    content: bytes | str = "",
    status: int = 200,
) -> HttpResponse:
    if wrong.said and isinstance(content, bytes) and len(content) <= LONGEST_SHOWN:
        form = form.with_text(content.decode("utf-8-sig", errors="replace"))
    context = {
        "company": workplace.company,
        "may": workplace.may,
        "form": form,
        "said": wrong.said,
        "problem": wrong.problem,
        "action_url": workplace.request.path,
        "cancel_href": pool_page(workplace.company),
    }
    return show(workplace.request, TEMPLATE, context, status=status)
