"""The form that confirms a deletion."""

from typing import Any

from django import forms
from django.utils.crypto import constant_time_compare

from console.audit.log import REASON_MAX
from console.pages.deletions.models import TAIL, Deletion, Target
from console.tenants.models import Tenant
from console.web.forms import ConsoleForm, StaffTextField

OTHER_FIELDS = frozenset({"csrfmiddlewaretoken", "inventory"})
NAME_SHOWN = 40


class ConfirmDeletionForm(ConsoleForm):
    """Accepts exactly its own fields, once each, for the inventory that was shown."""

    use_required_attribute = False

    reason_code = forms.ChoiceField(
        label="Why",
        choices=[("", "Choose"), *Deletion.ReasonCode.choices],
        error_messages={"required": "Choose a reason."},
    )
    reason = StaffTextField(
        label="Details",
        min_length=5,
        max_length=REASON_MAX,
        help_text="Kept in the audit log. Name a ticket, not a customer.",
        error_messages={"required": "Give the reason in your words."},
    )
    # Unstripped: what is typed has to be exact.
    confirmation = forms.CharField(
        label=f"Last {TAIL} characters of the id", max_length=64, strip=False
    )
    tenant_confirmation = forms.CharField(
        label="The tenant's short name", max_length=64, strip=False
    )

    def __init__(
        self, *args: Any, target: Target, tenant: Tenant, inventory: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.target, self.tenant, self.inventory = target, tenant, inventory
        self.fields["confirmation"].help_text = f"Type {target.tail}"
        self.fields["tenant_confirmation"].help_text = f"Type {tenant.slug}"
        if not target.is_profile:
            del self.fields["tenant_confirmation"]
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_confirmation(self) -> str:
        return self._check_equal("confirmation", self.target.tail)

    def clean_tenant_confirmation(self) -> str:
        return self._check_equal("tenant_confirmation", self.tenant.slug)

    def clean(self) -> None:
        for name in self.data:
            if name not in self.fields and name not in OTHER_FIELDS:
                self.add_error(None, f"{name[:NAME_SHOWN]}: unknown field.")
            elif len(self.data.getlist(name)) > 1:  # type: ignore[attr-defined]
                self.add_error(None, f"{name}: duplicate.")
        seen = self.data.get("inventory", "")
        if not constant_time_compare(seen, self.inventory):
            self._clear_confirmations()
            self.add_error(
                None,
                "The data changed after this page was loaded. Nothing was deleted: "
                "review it again, then confirm.",
            )

    def _clear_confirmations(self) -> None:
        """They confirmed another content: they have to be typed again."""
        forgotten = {"confirmation": "", "tenant_confirmation": ""}
        self.data = {**self.data.dict(), **forgotten}  # type: ignore[attr-defined]

    def _check_equal(self, name: str, expected: str) -> str:
        typed: str = self.cleaned_data[name]
        if typed != expected:
            raise forms.ValidationError(f"Type exactly: {expected}")
        return typed
