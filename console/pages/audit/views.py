"""The audit log for those who may read it. Reading it is itself logged."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from console.audit.log import OBJECT_ID, log_view
from console.audit.models import AuditEntry
from console.pages.audit.selectors import (
    find_entries,
    list_details,
    list_readable_actions,
    list_readable_entries,
)
from console.tenants.actor import Permission
from console.tenants.models import Role
from console.web.forms import ConsoleForm, DayField
from console.web.render import ConsoleRequest, render_part, require_permission


class AuditFilterForm(ConsoleForm):
    """`since` and `until` are whole UTC days, both included."""

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
            raise forms.ValidationError("Must be before 9999-12-31.")
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


@require_safe
@require_permission(Permission.VIEW_AUDIT)
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
        status=422 if form.errors else 200,
    )


@require_safe
@require_permission(Permission.VIEW_AUDIT)
def entry(request: ConsoleRequest, seq: int) -> HttpResponse:
    """One entry with its reason and its place in the chain."""
    entries = list_readable_entries(request.tenant, request.role)
    shown = get_object_or_404(entries.select_related("reason"), seq=seq)
    log_view(request.actor, "audit.read", "entry", str(seq))
    context = {"entry": shown, "details": list_details(shown)}
    return render(request, "audit/entry.html", context)
