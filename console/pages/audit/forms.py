"""Filters of the audit page; all of them are in its URL."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms

from console.audit.log import OBJECT_ID
from console.audit.models import AuditEntry
from console.pages.audit.selectors import list_readable_actions
from console.tenants.models import Role
from console.web.forms import ConsoleForm, DayField


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
