"""Lists of changes: the preview of one, its run, its report."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from pools.batches import running
from pools.batches.again import failed, retry, revert, revertible, take_over
from pools.batches.caps import TooMany
from pools.batches.freezing import NoRight, NothingToFreeze
from pools.batches.lists_of_company import lists_of
from pools.batches.progress import End, Line, Phase, Progress, items_in, progress_of
from pools.batches.reporting import report_of
from pools.batches.running import Step, Why
from pools.changes.exporting import CONTENT_TYPES, Format
from pools.core import Unauthenticated
from pools.ledger.appending import LedgerUnwritable
from pools.models.vocabulary import Action
from pools.pages.guards import needs, person
from pools.pages.rendering import fragment_wanted, show
from pools.people.roles import EXPORT_CHANGES, RUN_LISTS, SEE_CHANGES
from pools.tokens import keeping
from pools.views import page_sizes
from pools.views.address_names import refuse_form_of_two
from pools.views.batch_rows import bar_of, rows_of
from pools.views.visibility import no_such_entry, sees_all, where_older_are
from pools.views.workplace import READING, Workplace, enter
from pools.wording import batches as wording
from pools.wording.problems import problem_for
from pools.wording.roles import not_in_your_role
from pools.wording.situations import Problem, Situation

TEMPLATE: Final = "pools/batch.html"
_AGAIN: Final = {"retry": retry, "revert": revert, "take-over": take_over}


@dataclass(slots=True)
class Place:
    """A list, and the person in front of it. `typed`: what was typed as its number."""

    workplace: Workplace
    progress: Progress
    typed: str = ""

    @classmethod
    def entered(cls, request: HttpRequest, company: str, batch: UUID) -> Self:
        """404 for a list of another company, and for whoever doesn't see the company's changes."""
        workplace = enter(request, company)
        visible = workplace.token is not None or sees_all(person(request))
        items = items_in(batch) if visible else []
        if not items or items[0].batch.company_id != workplace.company.pk:
            raise no_such_entry()
        return cls(workplace, progress_of(items))

    @property
    def href(self) -> str:
        batch = self.progress.batch
        return reverse("pools:batch", args=[batch.company.slug, batch.pk])

    @property
    def is_own(self) -> bool:
        return self.progress.batch.made_by_id == person(self.workplace.request).pk

    @property
    def may(self) -> bool:
        """Whether the person's role includes each change that is left."""
        left = {line.item.kind for line in self.progress.lines if line.end is End.WAITING}
        return all(self.workplace.may[action] for action in left)

    def problem(self, error: Exception) -> Problem:
        """What went wrong, with the list as the page to come back to."""
        kind = self.progress.lines[0].item.kind
        return problem_for(error, Situation(self.workplace.company, self.href, kind))

    def look_again(self) -> None:
        self.progress = progress_of(items_in(self.progress.batch.pk))


@needs(SEE_CHANGES)
def batch(request: HttpRequest, company: str, batch: UUID) -> HttpResponse:
    """One list: as a preview, while it runs, and as a report."""
    return _shown(Place.entered(request, company, batch))


@needs(RUN_LISTS)
def batch_run(request: HttpRequest, company: str, batch: UUID) -> HttpResponse:
    """Does some of a list. `start`: somebody pressed the button; otherwise the page asks.

    To a page with scripts a start answers at once, with Stop: the page itself asks for the rest.
    """
    if request.method != "POST":
        return redirect("pools:batch", company, batch)
    place = Place.entered(request, company, batch)
    starts = "start" in request.POST
    problem = _start(place) if starts else None
    waits = starts and fragment_wanted(request)
    if problem is None and not waits and place.progress.phase is Phase.RUNNING:
        problem = _obstacle(place) or _go_on(place)
        place.look_again()
    return _answered(place, problem)


@needs(RUN_LISTS)
@require_POST
def batch_stop(request: HttpRequest, company: str, batch: UUID) -> HttpResponse:
    """No more of it is sent; what is in flight ends."""
    place = Place.entered(request, company, batch)
    problem = None
    if place.is_own and place.progress.phase is Phase.RUNNING:
        left = place.progress.left
        problem = _recorded(
            place, lambda: running.stop(place.progress.batch, place.workplace.actor, left=left)
        )
    goes_on = place.progress.is_alive and not place.progress.paused_seconds
    if fragment_wanted(request) and goes_on and not problem:
        # The page's other request is about to come back: it shows what was in flight.
        return HttpResponse(status=204)
    place.look_again()
    return _answered(place, problem)


@needs(RUN_LISTS)
@require_POST
def batch_again(request: HttpRequest, company: str, batch: UUID, what: str) -> HttpResponse:
    """A new list from this one: of what failed, of what was done, of what is left."""
    place = Place.entered(request, company, batch)
    workplace = place.workplace
    if obstacle := wording.not_again(place.progress, what):
        return _shown(place, obstacle)
    try:
        with workplace.core() as core:
            made = _AGAIN[what](core, place.progress, workplace.actor, person(request))
    except NoRight as error:
        raise PermissionDenied(not_in_your_role(error.right)) from error
    except (NothingToFreeze, TooMany) as error:
        return _shown(place, wording.not_made(error))
    except (*READING, LedgerUnwritable) as error:
        return _shown(place, place.problem(error))
    return redirect("pools:batch", company, made.pk)


@needs(EXPORT_CHANGES)
@require_POST
def batch_report(request: HttpRequest, company: str, batch: UUID) -> HttpResponse:
    """What became of it as a file. Recorded before its first byte is sent."""
    place = Place.entered(request, company, batch)
    try:
        form = Format(request.POST.get("format", ""))
    except ValueError:
        return _shown(place, wording.unknown_format())
    actor, facts = place.workplace.actor, {"format": str(form)}
    recorded = lambda: running.record_about(  # noqa: E731
        "batch_exported", place.progress.batch, actor, facts
    )
    if problem := _recorded(place, recorded):
        return _shown(place, problem)
    answer = StreamingHttpResponse(
        report_of(place.progress, form), content_type=CONTENT_TYPES[form]
    )
    file = f"list-{company}-{place.progress.batch.made_at:%Y-%m-%d}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer  # type: ignore[return-value]  # streamed: nobody looks into it on its way


@needs(SEE_CHANGES)
def batch_list(request: HttpRequest, company: str) -> HttpResponse:
    """The company's lists, newest first."""
    workplace = enter(request, company)
    if workplace.token is None and not sees_all(person(request)):
        raise Http404
    refuse_form_of_two(request, "page")
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and int(number[:6]) else 1
    listed, more = lists_of(workplace.company, page, page_sizes.BATCHES)
    context = {
        "company": workplace.company,
        "listed": listed,
        "page": page,
        "more": more,
        "archived": "" if listed else where_older_are(),
        "words": wording,
    }
    return show(request, "pools/batch_list.html", context)


def _start(place: Place) -> Problem | None:
    """Has the list run from here on, if nothing speaks against it."""
    progress = place.progress
    if progress.phase not in {Phase.FROZEN, Phase.STOPPED, Phase.RUNNING}:
        return None
    if obstacle := _obstacle(place):
        return obstacle
    place.typed = place.workplace.request.POST.get("number", "").strip()
    if progress.phase is Phase.FROZEN and not wording.is_number(place.typed, progress):
        return wording.wrong_number(progress)
    problem = _recorded(
        place, lambda: running.start(progress.batch, place.workplace.actor, progress.left)
    )
    place.look_again()
    return problem


def _obstacle(place: Place) -> Problem | None:
    """Why nothing of the list may be sent, whoever asks."""
    progress = place.progress
    if not place.is_own:
        return wording.not_yours(progress)
    if progress.moved:
        return wording.moved(progress, place.workplace.company)
    if progress.too_old:
        return wording.too_old(progress)
    return None if progress.intact else wording.altered(progress)


def _go_on(place: Place) -> Problem | None:
    """Makes some of the changes; and says what keeps the rest from being made."""
    workplace, progress = place.workplace, place.progress
    try:
        clients = workplace.clients(running.workers(workplace.company))
    except READING as error:
        batch, left = progress.batch, progress.left
        stopped = _recorded(
            place, lambda: running.stop(batch, workplace.actor, Why.REFUSED_TOKEN, left)
        )
        return stopped or place.problem(error)
    workplace.request.may_have_sent = True  # type: ignore[attr-defined]
    try:
        step = running.run(progress, workplace.actor, _may(workplace), clients)
    except LedgerUnwritable as error:
        return place.problem(error)
    _mark_token(workplace, step)
    return place.problem(step.refused) if step.refused else None


def _may(workplace: Workplace) -> Callable[[Action], bool]:
    return lambda action: workplace.may[action]


def _mark_token(workplace: Workplace, step: Step) -> None:
    if workplace.token is None:
        return
    if isinstance(step.refused, Unauthenticated):
        keeping.mark_refused(workplace.token)
    elif step.answered:
        keeping.mark_worked(workplace.token)


def _recorded(place: Place, record: Callable[[], None]) -> Problem | None:
    try:
        record()
    except LedgerUnwritable as error:
        return place.problem(error)
    return None


def _answered(place: Place, problem: Problem | None) -> HttpResponse:
    """To a page with scripts the part that is new; to others the page."""
    request = place.workplace.request
    if not fragment_wanted(request):
        return _shown(place, problem) if problem else redirect(place.href)
    if problem is None and place.progress.phase is Phase.RUNNING:
        return _shown(place, fragment="progress")
    answer = _shown(place, problem, fragment="batch")
    answer["HX-Retarget"] = "#batch"
    answer.status_code = 200
    return answer


def _shown(
    place: Place, problem: Problem | None = None, *, fragment: str | None = None
) -> HttpResponse:
    progress, request = place.progress, place.workplace.request
    address = _address(request)
    wanted = address.get("outcome", "")
    chosen = End(wanted) if wanted in list(End) else None
    lines = _news(request, progress) if fragment == "progress" else _chosen(progress, chosen)
    context: dict[str, Any] = {
        "company": place.workplace.company,
        "progress": progress,
        "batch": progress.batch,
        "title": wording.operation_of(progress.batch),
        "is_own": place.is_own,
        "typed": place.typed,
        "problem": problem and wording.once_begun(problem, progress),
        "chosen": chosen,
        "rows": rows_of(progress, lines),
        "bar": bar_of(progress),
        "asks_in": "" if problem or not place.is_own else _asks_in(progress),
        "cancel_href": _list_of_pools(progress, address),
        "words": wording,
        "offers": _offers(place) if fragment != "progress" else {},
    }
    status = problem.status if problem else 200
    return show(request, TEMPLATE, context, status=status, fragment=fragment)


def _offers(place: Place) -> dict[str, int]:
    """What new lists can be made of this one, each with how many pools it would have."""
    progress, may = place.progress, place.workplace.may
    if progress.moved or not any(may.values()):
        return {}
    ended = progress.phase is not Phase.RUNNING
    theirs = not place.is_own or progress.too_old
    counts = {
        "take-over": progress.left if theirs else 0,
        "retry": len(failed(progress)) if ended else 0,
        "revert": len(revertible(progress)) if ended else 0,
    }
    return {what: count for what, count in counts.items() if count}


def _asks_in(progress: Progress) -> str:
    """After how long the page asks by itself what there is now; empty where it doesn't."""
    if not progress.is_alive:
        return ""
    if progress.phase is Phase.RUNNING and progress.left:
        return f"{progress.paused_seconds}s" if progress.paused_seconds else "20ms"
    # What is left is being sent by another request: it is waited for.
    in_flight = progress.phase in {Phase.RUNNING, Phase.STOPPED} and progress.counts[End.UNDER_WAY]
    return "1s" if in_flight else ""


def _address(request: HttpRequest) -> QueryDict:
    """What the address of the page says, also where only a part of it is asked for."""
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx:
        return request.GET
    return QueryDict((htmx.current_url or "").partition("#")[0].partition("?")[2])


def _list_of_pools(progress: Progress, address: QueryDict) -> str:
    """Where its pools were chosen, as it was searched then."""
    path = reverse("pools:pool_list", args=[progress.batch.company.slug])
    query = progress.batch.query or address.get("list", "")
    return f"{path}?{query}" if query else path


def _chosen(progress: Progress, end: End | None) -> list[Line]:
    return [line for line in progress.lines if end is None or line.end is end]


def _news(request: HttpRequest, progress: Progress) -> list[Line]:
    """What has ended, or begun, since the page was last told."""
    try:
        since = parse_datetime(request.POST.get("since", ""))
    except ValueError:
        since = None
    return [line for line in progress.lines if since is None or line.is_news(since)]
