"""The form that adds a tenant."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from console.client.network import BadAddress, check_address
from console.contract.ids import ACCOUNT_SID, STORE_ID
from console.pages.tenants.services import TenantTaken, check_available
from console.tenants.models import SLUG
from console.web.forms import ConsoleForm, StaffTextField


def _build_validator(pattern: str, words: str) -> RegexValidator:
    return RegexValidator(rf"^(?:{pattern})\Z", words)


class AddTenantForm(ConsoleForm):
    """A tenant, the account that owns their memory, and the store inside it."""

    name = StaffTextField(
        label="Name", max_length=80, help_text="As your colleagues know this client."
    )
    slug = forms.CharField(
        max_length=40,
        validators=[RegexValidator(SLUG, "Use a-z, 0-9 and hyphens only.")],
        help_text="Used in URLs: a-z, 0-9 and hyphens. Cannot be changed later.",
    )
    address = forms.CharField(
        label="Memory address",
        max_length=200,
        required=False,
        help_text="https://… of their memory. Empty: the built-in memory.",
    )
    account_sid = forms.CharField(
        label="Account SID",
        max_length=34,
        validators=[
            _build_validator(
                ACCOUNT_SID.pattern, "An account SID is AC and 32 of 0-9 and a-f."
            )
        ],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label="Auth token",
        max_length=128,
        strip=False,
        validators=[
            _build_validator(
                r"[!-~]+", "An auth token has letters, digits and symbols only."
            )
        ],
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Stored encrypted and never shown again.",
    )
    store = forms.ChoiceField(
        choices=[
            ("new", "Create a store named client- and the slug"),
            ("existing", "Use a store that the account has"),
        ],
        initial="new",
        widget=forms.RadioSelect,
    )
    store_id = forms.CharField(
        label="Store id",
        max_length=64,
        required=False,
        validators=[
            _build_validator(
                STORE_ID.pattern, "A store id is mem_store_ and 26 characters."
            )
        ],
        help_text="Only for an existing store: mem_store_…",
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            checked = check_address(address) if address else ""
        except BadAddress as exc:
            raise ValidationError(exc.message) from exc
        # One memory, one name: what is the default anyway is not written out.
        return "" if checked == settings.MEMORY_URL else checked

    def clean(self) -> dict[str, Any]:
        """The id is required for an existing store, and refused for a new one."""
        cleaned = super().clean() or self.cleaned_data
        if "name" in cleaned and "slug" in cleaned:
            try:
                check_available(slug=cleaned["slug"], name=cleaned["name"])
            except TenantTaken as exc:
                self.add_error(exc.field, exc.message)
        store, store_id = cleaned.get("store"), cleaned.get("store_id")
        if store == "existing" and store_id == "":
            self.add_error("store_id", "Enter the id of the existing store.")
        if store == "new" and store_id:
            self.add_error("store_id", "A new store has no id yet: leave this empty.")
        return cleaned

    def get_tenant_fields(self) -> dict[str, str]:
        """What add_tenant takes."""
        fields: dict[str, str] = dict(self.cleaned_data)
        del fields["store"]
        return fields


class TokenForm(ConsoleForm):
    """The auth token of the account that owns the tenant's store."""

    secret = AddTenantForm.base_fields["secret"]
