"""Ten reveals at random: an auditor finds each fine or asks, and the person answers. All of
it are entries of the log: the newest on a reveal says how it stands."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from console.audit.log import REASON_MAX, log, log_view
from console.audit.models import AuditEntry, AuditEntryQuerySet
from console.pages.audit.views import list_readable_entries
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import ConsoleForm, StaffTextField
from console.web.render import ConsoleRequest, render_form

SAMPLE = 10
Row = tuple[AuditEntry, AuditEntry | None]
VERDICTS = ("reveal.approved", "reveal.questioned")


class AnswerForm(ConsoleForm):
    entry = forms.IntegerField(widget=forms.HiddenInput)
    words = StaffTextField(
        label="Answer",
        max_length=REASON_MAX,
        help_text="Kept in the audit log; nothing about a customer.",
    )


class VerdictForm(AnswerForm):
    """`words` is the question, where there is one."""

    verdict = forms.ChoiceField(choices=[(each, each) for each in VERDICTS])
    field_order = ("entry", "words", "verdict")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = "Question"
        self.fields["words"].required = self.data.get("verdict") == VERDICTS[1]


@allow(
    Permission.REVIEW_REVEALS, FORM, logs="audit.read reveal.approved reveal.questioned"
)
def sample(request: ConsoleRequest) -> HttpResponse:
    """The address keeps the sample: it can be gone through, and shown to others. Nobody
    reviews their own."""
    readable = list_readable_entries(request.tenant, request.role)
    own = Q(actor_id=str(request.user.pk)) | Q(actor=request.user.email)
    reveals = _select_reveals(readable).exclude(own)
    asked = [seq for seq in request.GET.getlist("entry") if seq.isdecimal()][:SAMPLE]
    chosen = asked or reveals.order_by("?").values_list("seq", flat=True)[:SAMPLE]
    address = f"{request.path}?{urlencode([('entry', seq) for seq in chosen])}"
    if chosen and not asked:
        return redirect(address)
    form = VerdictForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        shown = get_object_or_404(reveals, seq=given["entry"])
        _log_review(request, given["verdict"], shown, given["words"])
        return redirect(f"{address}#entry-{shown.seq}")
    log_view(request.actor, "audit.read", "reveals", count=len(chosen))
    rows = _add_reviews(request, reveals.filter(seq__in=chosen))
    context = {"rows": _add_forms(rows, form), "form": form, "address": address}
    context["has_others"] = reveals.count() > len(rows)
    return render_form(request, "audit/sample.html", context)


@allow(Permission.REVEAL, FORM, logs="reveal.answered")
def asked(request: ConsoleRequest) -> HttpResponse:
    """The person's own reveals that somebody asks about."""
    rows = _find_asked(request)
    form = AnswerForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        open_ = {reveal.seq: reveal for reveal, _ in rows}
        if reveal := open_.get(given["entry"]):
            _log_review(request, "reveal.answered", reveal, given["words"])
        return redirect("audit:asked", request.tenant.slug)
    context = {"rows": _add_forms(rows, form), "form": form}
    return render_form(request, "audit/asked.html", context)


def _add_forms(rows: Iterable[Row], posted: AnswerForm) -> list[tuple[Any, ...]]:
    """Each row with a form of its own, of which one was posted."""
    shown = []
    for reveal, review in rows:
        id_, seq = f"{reveal.seq}-%s", str(reveal.seq)
        form = type(posted)(initial={"entry": seq}, auto_id=id_)
        if posted.data.get("entry") == seq:
            form = type(posted)(posted.data, auto_id=id_)
        shown.append((reveal, review, form))
    return shown


def count_asked(request: ConsoleRequest) -> int:
    return len(_find_asked(request))


def _find_asked(request: ConsoleRequest) -> list[Row]:
    mine = str(request.user.pk)
    entries = AuditEntry.objects.of(request.tenant)
    questions = entries.filter(action="reveal.questioned", details__person=mine)
    seqs = [int(each.object_id) for each in questions]
    rows = _add_reviews(request, _select_reveals(entries).filter(seq__in=seqs))
    return [
        (reveal, review)
        for reveal, review in rows
        if review and review.action == "reveal.questioned"
    ]


def _select_reveals(entries: AuditEntryQuerySet) -> AuditEntryQuerySet:
    return entries.filter(action="value.revealed", outcome="done")


def _add_reviews(request: ConsoleRequest, reveals: AuditEntryQuerySet) -> list[Row]:
    """Each with the newest that was said of it."""
    found = list(reveals.select_related("reason").order_by("seq"))
    reviews = AuditEntry.objects.of(request.tenant).filter(
        object_type="reveal", object_id__in=[str(each.seq) for each in found]
    )
    newest = {
        review.object_id: review
        for review in reviews.select_related("reason").order_by("seq")
    }
    return [(reveal, newest.get(str(reveal.seq))) for reveal in found]


def _log_review(
    request: ConsoleRequest, action: str, reveal: AuditEntry, words: str
) -> None:
    log(
        request.actor,
        action,
        "reveal",
        str(reveal.seq),
        about=[reveal.profile_id],
        reason=words,
        person=reveal.actor_id,
    )
