"""Whether a tenant's memory works, tried with a synthetic customer; whether it is apart
from the others; and who is told if not."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from console.audit.log import log
from console.core.outgoing import read_origin
from console.jobs.leases import list_live_workers
from console.monitoring.canary import STEPS, list_runs, start_task
from console.monitoring.isolation import is_under_way, isolate
from console.monitoring.models import (
    URL_MAX,
    Kind,
    Result,
    Watch,
    get_watch,
    latest,
)
from console.monitoring.nightly import get_night
from console.tenants.actor import Permission
from console.web.access import POST, allow
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest, render_part

# How long each of these took is drawn; of 40 units, as high as the tallest.
CHARTS = {
    "listed": "Time to listed",
    "recalled": "Time to recallable",
    "learned": "Time to learned",
    "gone": "Time to gone",
}
HEIGHT = 40


class WatchForm(ConsoleForm):
    every_hours = forms.TypedChoiceField(
        choices=Watch.Every.choices, coerce=int, label="Canary"
    )
    alert_after = forms.IntegerField(
        min_value=1, max_value=100, label="Alert after so many failures in a row"
    )
    webhook = forms.CharField(
        required=False,
        max_length=URL_MAX,
        label="Webhook",
        help_text="Signed as webhooks of conversations are.",
    )
    mail = forms.EmailField(required=False, max_length=254, label="Email")

    def clean_webhook(self) -> str:
        url: str = self.cleaned_data["webhook"]
        may_be_private = django_settings.MEMORY_ALLOW_PRIVATE
        if url and not read_origin(url, allow_private=may_be_private):
            raise ValidationError("Must be a public https address.")
        return url


@allow(Permission.CHECK_CONNECTION, logs="none: nothing of a customer")
def canary(request: ConsoleRequest) -> HttpResponse:
    """The part that shows a run or a test asks again while it goes on."""
    return _render(request)


@allow(Permission.WATCH_TENANT, POST, logs="canary.run")
def start_run(request: ConsoleRequest) -> HttpResponse:
    start_task(request.tenant, request.actor)
    return redirect("canary:canary", request.tenant.slug)


@allow(Permission.WATCH_TENANT, POST, logs="none: the worker logs what it tests")
def check_isolation(request: ConsoleRequest) -> HttpResponse:
    """Has the worker look for a marker from all other tenants."""
    if not is_under_way(request.tenant):
        isolate.enqueue([str(request.tenant.pk)], timezone.now().isoformat())
    return redirect("canary:canary", request.tenant.slug)


@allow(Permission.WATCH_TENANT, POST, logs="watch.changed")
def settings(request: ConsoleRequest) -> HttpResponse:
    form = WatchForm(request.POST)
    if not form.is_valid():
        return _render(request, form=form)
    watch, now = get_watch(request.tenant), timezone.now()
    hours = form.cleaned_data["every_hours"]
    due_at = get_night(now) if hours == Watch.Every.NIGHT else now
    fields = form.cleaned_data | {"due_at": due_at if hours else None}
    with transaction.atomic():
        Watch.objects.filter(pk=watch.pk).update(**fields)
        log(request.actor, "watch.changed", request.tenant, every_hours=hours)
    messages.success(request, "Saved.")
    return redirect("canary:canary", request.tenant.slug)


def _render(request: ConsoleRequest, form: WatchForm | None = None) -> HttpResponse:
    watch, runs = get_watch(request.tenant), list_runs(request.tenant)
    last = runs[-1] if runs else None
    steps = watch.run.get("steps") or (
        {} if watch.run else last and last.facts["steps"]
    )
    initial = {name: getattr(watch, name) for name in WatchForm.base_fields}
    charts = [_draw(name, runs) for name in CHARTS] if len(runs) > 1 else []
    rows = [
        (each, [(x["title"], x["bars"][at]["ms"]) for x in charts])
        for at, each in enumerate(runs)
    ]
    context = {
        "watch": watch,
        "last": last,
        "steps": list(_show_steps(steps or {}, is_running=bool(watch.run))),
        "charts": charts,
        "rows": rows[::-1],
        "is_testing": is_under_way(request.tenant),
        "isolation": latest([request.tenant])[request.tenant.pk].get(Kind.ISOLATION),
        "has_worker": list_live_workers(timezone.now()).exists(),
        "form": form or WatchForm(initial=initial),
    }
    return render_part(request, "canary/canary.html", "canary/_run.html", context)


def _show_steps(
    steps: Mapping[str, Any], *, is_running: bool
) -> Iterator[dict[str, Any]]:
    """Those to come too, while it goes on: the first of them is under way."""
    now = is_running
    for name, proves in STEPS.items():
        if name in steps:
            yield steps[name] | {"proves": proves}
        elif is_running:
            yield {"proves": proves, "state": "now" if now else "later"}
            now = False


def _draw(name: str, runs: Sequence[Result]) -> dict[str, Any]:
    """Of each run a bar; one that did not come so far has none."""
    steps = [each.facts["steps"].get(name, {}) for each in runs]
    took = [x["ms"] if x.get("state") == "ok" else None for x in steps]
    known = [ms for ms in took if ms is not None]
    most = max(known, default=0) or 1
    bars = [
        {
            "ms": ms,
            "height": (
                height := 0 if ms is None else max(1, round(HEIGHT * ms / most))
            ),
            "y": HEIGHT - height,
            "failed": step.get("state") in {"fail", "unknown"},
        }
        for step, ms in zip(steps, took, strict=True)
    ]
    return {
        "title": CHARTS[name],
        "bars": bars,
        "last": known[-1] if known else None,
        "median": round(median(known)) if known else None,
        "most": max(known, default=None),
    }
