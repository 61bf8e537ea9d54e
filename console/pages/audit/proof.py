"""The page that proves the log: a check, receipts, and a month of it to take away."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django import forms
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django_tasks import task

from console.accounts.models import User
from console.audit.bundle import find_month, write_bundle
from console.audit.checkpoints import make_checkpoint, read_receipts, read_sent_receipts
from console.audit.log import log_export, log_view
from console.audit.models import AuditCheckpoint, AuditEntry, count_entries
from console.audit.signing import get_newest_key
from console.audit.verification import Document, verify_log
from console.core.errors import DomainError
from console.pages.audit.views import list_readable_entries
from console.tenants.actor import Actor, Permission
from console.tenants.models import Tenant
from console.web.access import POST, allow
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest, render_part

RECEIPTS_SHOWN = 20
# The last check: how far it is, then what it has found. The log is the installation's,
# and so is this.
CHECK = "audit-check"
RESULTS = {0: "sound", 1: "broken", 2: "cannot tell"}


class CheckForm(ConsoleForm):
    receipt = forms.CharField(
        required=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Paste the receipts that were mailed or printed. Empty: those in the receipts file.",
    )

    def clean_receipt(self) -> list[dict[str, Any]]:
        try:
            text = self.cleaned_data["receipt"]
            return read_receipts(text) if text else read_sent_receipts()
        except DomainError as problem:
            raise forms.ValidationError(problem.message) from problem


class MonthForm(ConsoleForm):
    month = forms.DateField(
        input_formats=["%Y-%m"],
        widget=forms.DateInput(format="%Y-%m", attrs={"placeholder": "e.g. 2026-01"}),
        help_text="Year and month, in UTC.",
        error_messages={"invalid": "Must be a year and a month, such as 2026-01."},
    )


@allow(Permission.VIEW_AUDIT, logs="none: counts and hashes")
def proof(request: ConsoleRequest) -> HttpResponse:
    """The part that shows the check asks again while it runs."""
    return render_proof(request)


def render_proof(request: ConsoleRequest, **forms_: ConsoleForm) -> HttpResponse:
    context = {
        "check": cache.get(CHECK),
        "checkpoints": AuditCheckpoint.objects.order_by("-size")[:RECEIPTS_SHOWN],
        "entries": count_entries(),
        "key": get_newest_key().public,
        "check_form": CheckForm(),
        "export_form": MonthForm(),
        **forms_,
    }
    status = 422 if forms_ else 200
    page, part = "audit/proof.html", "audit/_check.html"
    return render_part(request, page, part, context, status=status)


@allow(Permission.VIEW_AUDIT, POST, logs="audit.verified")
def check(request: ConsoleRequest) -> HttpResponse:
    """Has the worker walk the whole log."""
    form = CheckForm(request.POST)
    if not form.is_valid():
        return render_proof(request, check_form=form)
    intent = log_view(request.actor, "audit.verified", outcome="allowed")
    user, tenant = request.actor.in_tenant()
    cache.set(CHECK, {"done": 0, "total": intent.seq}, None)
    check_log.enqueue(form.cleaned_data["receipt"], user.pk, str(tenant.pk), intent.seq)
    return redirect("audit:proof", tenant.slug)


@task()
def check_log(
    receipts: list[Document], user_id: int, tenant_id: str, intent: int
) -> str:
    """Safe to run twice."""
    done = 0

    def report(more: int) -> None:
        nonlocal done
        done += more
        cache.set(CHECK, {"done": done, "total": intent}, None)

    verdict = verify_log(receipts, report=report)
    result = RESULTS[verdict.exit_code]
    actor = Actor(User.objects.get(pk=user_id), Tenant.objects.get(pk=tenant_id))
    closes = AuditEntry.objects.filter(action="audit.verified", details__intent=intent)
    if not closes.exists():
        log_view(
            actor, "audit.verified", closes=True, intent=intent, result=result,
            count=verdict.entries,
        )  # fmt: skip
    found = {"result": result, "words": str(verdict), "at": datetime.now(UTC)}
    cache.set(CHECK, found | {"signed": verdict.signed}, None)
    return result


@allow(Permission.VIEW_AUDIT, POST, logs="receipt.made")
def make_receipt(request: ConsoleRequest) -> HttpResponse:
    log_view(request.actor, "receipt.made")
    checkpoint = make_checkpoint()
    return redirect("audit:receipt", request.tenant.slug, checkpoint["size"])


@allow(Permission.VIEW_AUDIT, logs="none: counts and hashes")
def receipt(request: ConsoleRequest, size: int) -> HttpResponse:
    """A page to print; with `download` the file."""
    checkpoint = get_object_or_404(AuditCheckpoint, size=size)
    if "download" not in request.GET:
        return render(request, "audit/receipt.html", {"checkpoint": checkpoint})
    name = f"audit-receipt-{size}.json"
    return JsonResponse(
        checkpoint.document,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@allow(Permission.VIEW_AUDIT, POST, logs="audit.exported")
def export(request: ConsoleRequest) -> HttpResponseBase:
    """What the person may read of a month."""
    form = MonthForm(request.POST)
    if not form.is_valid():
        return render_proof(request, export_form=form)
    tenant, month = request.tenant, form.cleaned_data["month"]
    readable = list_readable_entries(tenant, request.role)
    first, last = find_month(readable, month)
    if not last:
        form.add_error("month", "This month has no entry that you may read.")
        return render_proof(request, export_form=form)
    make_checkpoint()
    about = {"tenant": tenant.slug, "month": f"{month:%Y-%m}"}
    lines = write_bundle(readable, first, last, **about)
    entry = partial(log_view, request.actor, "audit.exported", month=about["month"])
    name = f"audit-{tenant.slug}-{month:%Y-%m}.jsonl"
    return StreamingHttpResponse(
        log_export(entry, lines, lambda: (True, last - first + 1)),
        content_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
