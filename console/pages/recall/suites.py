"""Suites of Recall cases: run by the worker at their times, written to YAML and read
from it."""

from typing import Annotated, Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django_tasks import task

from console.audit.log import log, log_view
from console.contract.memory.profile import ProfileId
from console.core.plain_yaml import NotYaml, read_yaml
from console.pages.recall.cases import ASKED, MS_MAX, TOKENS_MAX, run_case
from console.pages.recall.forms import RunForm, add_defaults
from console.pages.recall.models import (
    NAME_MAX,
    SUITE_MAX,
    RecallCase,
    RecallSchedule,
)
from console.tenants.actor import Actor, Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from console.web.access import POST, allow
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest, render_form
from console.web.times import MomentField

FILE_BYTES, FILE_CASES = 1_000_000, 1_000
# A list of cases, a case, its fields.
DEPTH_MAX = 3


def start_due_suites() -> None:
    """By the worker, each minute. A suite is asked for with the change of its time: by
    no two workers, and by one that dies meanwhile not at all, so that the next one does.
    """
    now = timezone.now()
    for due in RecallSchedule.objects.filter(due_at__lte=now, tenant__removed_at=None):
        with transaction.atomic():
            mine = RecallSchedule.objects.filter(pk=due.pk, due_at=due.due_at)
            if mine.update(due_at=due.get_next(now)):
                run_suite.enqueue(str(due.tenant_id), due.suite, now.isoformat())


@task()
def run_suite(tenant_id: str, suite: str, since: str) -> None:
    """Safe to run twice: what was checked since then is not run again."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None:
        return
    actor, store = Actor(None, tenant, name="worker"), open_store(tenant)
    for case in tenant.recall_cases.filter(suite=suite).exclude(checked_at__gte=since):
        run_case(case, store, actor)


class ScheduleForm(ConsoleForm):
    suite = forms.ChoiceField()
    every_hours = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label="Runs",
        choices=[
            ("", "By hand"),
            (1, "Every hour"),
            (6, "Every 6 hours"),
            (12, "Every 12 hours"),
            (24, "Every day"),
            (168, "Every week"),
        ],
    )
    due_at = MomentField(
        label="First run", required=False, help_text="In your time. Empty: at once."
    )

    def __init__(self, suites: list[str], *args: Any) -> None:
        super().__init__(*args)
        self.fields["suite"] = forms.ChoiceField(choices=[(s, s) for s in suites])


class WrittenCase(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A case in a file. `asked`: fields of a run, as they are typed."""

    suite: Annotated[str, msgspec.Meta(min_length=1, max_length=SUITE_MAX)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
    profile_id: ProfileId
    asked: dict[str, str]
    wanted: list[str] = []
    unwanted: list[str] = []
    in_order: bool = False
    least_score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    most_ms: Annotated[int, msgspec.Meta(ge=1, le=MS_MAX)] | None = None
    most_tokens: Annotated[int, msgspec.Meta(ge=1, le=TOKENS_MAX)] | None = None


class CasesForm(ConsoleForm):
    """What is wrong with a file is said without what it says."""

    file = forms.FileField(label="YAML file")

    def clean_file(self) -> list[WrittenCase]:
        content = self.cleaned_data["file"].read(FILE_BYTES + 1)
        if len(content) > FILE_BYTES:
            raise ValidationError(f"At most {FILE_BYTES // 1_000_000} MB.")
        try:
            read = read_yaml(content, depth_max=DEPTH_MAX)
            cases = msgspec.convert(read, list[WrittenCase], strict=False)
        except (NotYaml, msgspec.ValidationError) as error:
            raise ValidationError(str(error)) from None
        if len(cases) > FILE_CASES:
            raise ValidationError(f"At most {FILE_CASES} cases.")
        for number, case in enumerate(cases, start=1):
            form = RunForm(add_defaults(case.asked | {"identity": case.profile_id}))
            if faults := sorted({*form.errors} | case.asked.keys() - ASKED):
                raise ValidationError(f"Case {number}, asked: {', '.join(faults)}.")
        return cases


@allow(Permission.RUN_RECALL, logs="none: names and times of suites")
def list_suites(request: ConsoleRequest) -> HttpResponse:
    return _render_suites(request)


@allow(Permission.RUN_RECALL, POST, logs="suite.scheduled")
def schedule(request: ConsoleRequest) -> HttpResponse:
    """Without hours: the suite is not run by itself any more."""
    form = ScheduleForm(_list_names(request.tenant), request.POST)
    if not form.is_valid():
        return _render_suites(request, form=form, schedule_form=form)
    suite = form.cleaned_data.pop("suite")
    schedules = request.tenant.recall_schedules
    with transaction.atomic():
        schedules.filter(suite=suite).delete()
        if form.cleaned_data["every_hours"]:
            due_at = form.cleaned_data["due_at"] or timezone.now()
            schedules.create(suite=suite, **form.cleaned_data | {"due_at": due_at})
        log(request.actor, "suite.scheduled", "tenant", str(request.tenant.pk))
    return redirect("recall:suites", request.tenant.slug)


@allow(Permission.RUN_RECALL, logs="cases.exported")
def export_cases(request: ConsoleRequest) -> HttpResponse:
    """All of the tenant, or those of one suite; not of erased profiles."""
    cases = request.tenant.recall_cases.exclude(state=RecallCase.State.ERASED)
    if suite := request.GET.get("suite"):
        cases = cases.filter(suite=suite)
    names = WrittenCase.__struct_fields__
    written = [
        WrittenCase(**row) for row in cases.order_by("suite", "name").values(*names)
    ]
    log_view(request.actor, "cases.exported", count=len(written))
    return HttpResponse(
        msgspec.yaml.encode(written),
        content_type="application/yaml",
        headers={"Content-Disposition": 'attachment; filename="recall-cases.yaml"'},
    )


@allow(Permission.RUN_RECALL, POST, logs="cases.imported")
def import_cases(request: ConsoleRequest) -> HttpResponse:
    """All or none; a case of the same suite and name is replaced."""
    form = CasesForm(request.POST, request.FILES)
    if not form.is_valid():
        return _render_suites(request, file_form=form, form=form)
    cases = form.cleaned_data["file"]
    by = {"created_by": request.actor.in_tenant()[0]}
    with transaction.atomic():
        for case in cases:
            fields = msgspec.structs.asdict(case)
            on = {name: fields.pop(name) for name in ("suite", "name")}
            request.tenant.recall_cases.update_or_create(
                **on, defaults=fields | {"state": "new"}, create_defaults=fields | by
            )
        log(request.actor, "cases.imported", count=len(cases))
    return redirect("recall:cases", request.tenant.slug)


def _render_suites(request: ConsoleRequest, **given: Any) -> HttpResponse:
    names, tenant = _list_names(request.tenant), request.tenant
    times = {each.suite: each for each in tenant.recall_schedules.all()}
    context = {
        "suites": [(name, times.get(name)) for name in names],
        "schedule_form": ScheduleForm(names),
        "file_form": CasesForm(),
    }
    return render_form(request, "recall/suites.html", context | given)


def _list_names(tenant: Tenant) -> list[str]:
    suites = tenant.recall_cases.order_by("suite").values_list("suite", flat=True)
    return list(suites.distinct())
