"""The audit log for those who may read it. Reading it is itself logged."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from console.audit.log import OBJECT_ID, log_view
from console.audit.models import (
    ACTIONS,
    ActionKind,
    AuditAction,
    AuditEntry,
    AuditEntryQuerySet,
    list_action_names,
)
from console.tenants.actor import Permission, may
from console.tenants.models import Role, Tenant
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest, allow, render_part
from console.web.times import DayField, get_day_start


class AuditFilterForm(ConsoleForm):
    """`since` and `until` are whole days of the viewer, both included."""

    use_required_attribute = False

    action = forms.ChoiceField(required=False)
    person = forms.CharField(
        required=False, max_length=254, help_text="Email address of a colleague."
    )
    outcome = forms.ChoiceField(required=False)
    since = DayField(label="From")
    until = DayField(label="To")
    object_id = forms.RegexField(
        rf"\A{OBJECT_ID.pattern}\Z",
        required=False,
        label="Id",
        help_text="Of a customer, or of what was acted on.",
        error_messages={"invalid": "Must be an id such as mem_profile_01k…"},
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actions = [(action.name, action.text) for action in list_readable_actions(role)]
        outcomes = AuditEntry.Outcome.choices
        self.fields["action"].choices = [("", "All"), *actions]  # type: ignore[attr-defined]
        self.fields["outcome"].choices = [("", "All"), *outcomes]  # type: ignore[attr-defined]

    def clean_person(self) -> str:
        person: str = self.cleaned_data["person"]
        return person.casefold()

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until == date.max:
            raise forms.ValidationError("Must be before 31 Dec 9999.")
        return until

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", "Must not be before From.")

    @property
    def used(self) -> list[str]:
        """The names of the filters that are set."""
        return [name for name, value in self.cleaned_data.items() if value]

    @property
    def query(self) -> str:
        """The filters as a query string, without the place in the list."""
        asked = {name: self.data.get(name) for name in self.used if name != "before"}
        return urlencode(asked)


@allow(Permission.VIEW_AUDIT)
def list_entries(request: ConsoleRequest) -> HttpResponse:
    """Newest first; htmx gets the filters and the rows."""
    form = AuditFilterForm(request.GET, role=request.role)
    page = None
    if form.is_valid():
        log_view(request.actor, "audit.read", filters=" ".join(form.used) or "none")
        page = find_entries(request.tenant, request.role, form.cleaned_data)
    return render_part(
        request,
        "audit/list.html",
        "audit/_log.html",
        {"form": form, "page": page},
    )


@allow(Permission.VIEW_AUDIT)
def entry(request: ConsoleRequest, seq: int) -> HttpResponse:
    """One entry with its reason and its place in the chain."""
    entries = list_readable_entries(request.tenant, request.role)
    shown = get_object_or_404(entries.select_related("reason"), seq=seq)
    log_view(request.actor, "audit.read", "entry", str(seq))
    context = {"entry": shown, "details": list_details(shown)}
    return render(request, "audit/entry.html", context)


PAGE_ROWS = 50

Details = list[tuple[str, int | str]]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Newest first; `older_than` is the number to go on below, None at the end."""

    rows: list[tuple[AuditEntry, Details]]
    older_than: int | None


def list_readable_entries(tenant: Tenant, role: Role) -> AuditEntryQuerySet:
    """The tenant's entries that someone in `role` may read."""
    entries = AuditEntry.objects.of(tenant)
    if not may(role, Permission.VIEW_CONFIGURATION_EVENTS):
        entries = entries.exclude(action__in=list_action_names(ActionKind.CONFIG))
    if not may(role, Permission.VIEW_ACCESS_EVENTS):
        entries = entries.filter(action__in=list_action_names(ActionKind.CONFIG))
    return entries


def list_readable_actions(role: Role) -> list[AuditAction]:
    """The actions of those entries, by label."""
    needed = {ActionKind.CONFIG: Permission.VIEW_CONFIGURATION_EVENTS}
    readable = [
        action
        for action in ACTIONS.values()
        if may(role, needed.get(action.kind, Permission.VIEW_ACCESS_EVENTS))
    ]
    return sorted(readable, key=lambda action: action.text)


def find_entries(tenant: Tenant, role: Role, filters: dict[str, Any]) -> EntryPage:
    """One page, in one query. `filters` is AuditFilterForm's cleaned data."""
    lookups = {
        "action": filters["action"],
        "actor": filters["person"],
        "outcome": filters["outcome"],
        "at__gte": get_day_start(filters["since"]),
        "at__lt": get_day_start(filters["until"], days_later=1),
        "seq__lt": filters["before"],
    }
    entries = list_readable_entries(tenant, role)
    found = entries.filter(**{name: value for name, value in lookups.items() if value})
    if id_ := filters["object_id"]:
        # Of a customer everything, and of entries of version 1 what names them itself.
        found = found.filter(Q(profile_id=id_) | Q(object_id=id_))
    rows = list(found.order_by("-seq")[: PAGE_ROWS + 1])
    page = [(entry, list_details(entry)) for entry in rows[:PAGE_ROWS]]
    return EntryPage(page, page[-1][0].seq if len(rows) > PAGE_ROWS else None)


def list_details(entry: AuditEntry) -> Details:
    """The details by name; a deletion's id has a link of its own."""
    return [
        (name.replace("_", " "), describe_permission(value) if name == "act" else value)
        for name, value in entry.details.items()
        if name != "deletion"
    ]


def describe_permission(name: str) -> str:
    """`view deletions` for VIEW_DELETIONS; a former name is shown as it is."""
    return Permission[name].value if name in Permission.__members__ else name
