"""The forms that add a tenant, and change how their store tells people apart."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from phonenumbers import (
    PhoneNumberFormat,
    PhoneNumberType,
    example_number_for_type,
    format_number,
)

from console.client.network import BadAddress, check_address
from console.client.regions import find_place
from console.contract.base import whole
from console.contract.ids import ACCOUNT_SID, STORE_ID
from console.contract.memory.identity_settings import (
    IdentitySettings,
    PutIdentitySettings,
    list_time_zones,
)
from console.contract.normalising import (
    DEFAULT_REGION,
    REGIONS,
    InvalidIdentifier,
    normalise_phone,
)
from console.pages.tenants.services import (
    ADD_KEY,
    REPLACE_TOKEN,
    TenantTaken,
    check_available,
)
from console.tenants.models import SLUG
from console.web.forms import ConsoleForm, ReasonForm, StaffTextField
from console.web.templatetags.console import shortened


class AddressForm(ConsoleForm):
    address = forms.CharField(
        label="Memory address",
        max_length=200,
        required=False,
        help_text="https://… of their memory. Empty: the built-in memory.",
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            checked = check_address(address) if address else ""
        except BadAddress as exc:
            raise ValidationError(exc.message) from exc
        place = find_place(checked)
        if place.fault:
            raise ValidationError(f"{place.fault} Write {place.better}")
        # One memory, one name: what is the default anyway is not written out.
        return "" if checked == settings.MEMORY_URL else checked


class AddTenantForm(AddressForm):
    """A tenant, the account that owns their memory, and the store inside it."""

    field_order = ("name", "slug", "address")
    name = StaffTextField(
        label="Name", max_length=80, help_text="As your colleagues know this client."
    )
    slug = forms.RegexField(
        SLUG,
        max_length=40,
        error_messages={"invalid": "Use a-z, 0-9 and hyphens only."},
        help_text="Used in URLs: a-z, 0-9 and hyphens. Cannot be changed later.",
    )
    account_sid = forms.RegexField(
        whole(ACCOUNT_SID),
        label="Account SID",
        max_length=34,
        error_messages={"invalid": "An account SID is AC and 32 of 0-9 and a-f."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.RegexField(
        r"^[!-~]+\Z",
        label="Auth token",
        max_length=128,
        strip=False,
        error_messages={
            "invalid": "An auth token has letters, digits and symbols only."
        },
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
    store_id = forms.RegexField(
        whole(STORE_ID),
        label="Store id",
        max_length=64,
        required=False,
        error_messages={"invalid": "A store id is mem_store_ and 26 characters."},
        help_text="Only for an existing store: mem_store_…",
    )

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


class TokenForm(AddressForm):
    """Where the tenant's store is, and the auth token of the account that owns it."""

    secret = AddTenantForm.base_fields["secret"]


class TenantChangeForm(ReasonForm):
    reasons = (
        ("name", "They have another name"),
        ("ended", "They are no longer our client"),
        ("mistake", "It was a mistake"),
        ("policy", "Our policy says so"),
    )


class RenameForm(TenantChangeForm):
    name = AddTenantForm.base_fields["name"]
    field_order = ("name", "reason_code", "ticket")


class RemoveForm(TenantChangeForm):
    """The slug has to be typed."""

    typed = forms.CharField(label="Slug", max_length=40, strip=False)
    field_order = ("reason_code", "ticket", "typed")

    def __init__(self, *args: Any, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slug = slug
        self.fields["typed"].help_text = f"Type {slug}"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self._slug:
            raise ValidationError(f"Type exactly: {self._slug}")
        return typed


class AccountForm(ReasonForm):
    """Of the built-in memory, which a tenant can then be added with."""

    reasons = (("tenant", "For a new tenant"), ("program", "For a program"))
    name = StaffTextField(
        label="Name",
        max_length=64,
        help_text="Whose account it is; shown nowhere else.",
    )
    field_order = ("name", "reason_code", "ticket")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError("Use letters, digits, signs and plain spaces only.")
        return name


class SecretForm(ReasonForm):
    """account  as services.list_accounts has it"""

    reasons = (
        ("program", "For a program"),
        ("rotation", "Replaced from time to time"),
        ("known", "A secret may be known to others"),
        ("ended", "Not used any more"),
    )
    change = forms.ChoiceField(widget=forms.HiddenInput)
    field_order = ("change", "reason_code", "ticket")

    def __init__(self, *args: Any, account: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _, *keys = (each["username"] for each in account["secrets"])
        self.fields["change"].choices = [  # type: ignore[attr-defined]
            (ADD_KEY, "Make an API key"),
            (REPLACE_TOKEN, "Replace the auth token"),
            *((key, f"Revoke {shortened(key)}") for key in keys),
        ]

    @property
    def what(self) -> str:
        """The change that was chosen, in words; "" before one is."""
        choices = self.fields["change"].choices  # type: ignore[attr-defined]
        return str(dict(choices).get(self["change"].value(), ""))


@cache
def list_countries() -> list[tuple[str, str]]:
    """Each with a number as it is written there, and as it is read."""
    return [
        (region, f"{region}: {next(_list_examples(region), 'write + first')}")
        for region in sorted(REGIONS)
    ]


def _list_examples(region: str) -> Iterator[str]:
    """`030 123456 is +4930123456`."""
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
        if number := example_number_for_type(region, kind):
            written = format_number(number, PhoneNumberFormat.NATIONAL)
            with suppress(InvalidIdentifier):
                yield f"{written} is {normalise_phone(written, region)}"


class IdentityForm(ReasonForm):
    """What is our own of the identity settings; the rest is sent back as it is."""

    reasons = (
        ("country", "Our customers' numbers are written this way"),
        ("apart", "Two people were merged"),
        ("together", "One person has several profiles"),
        ("policy", "Our policy says so"),
    )
    phone_region = forms.ChoiceField(
        label="National phone numbers",
        choices=list_countries,
        help_text="A number without + and a country code is read as one of this country,"
        " from now on: in the find box, in imports and by the API.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(zone, zone) for zone in list_time_zones()],
        help_text="“Yesterday” in a question or a conversation is a day of this zone.",
    )
    merge_brake = forms.ChoiceField(
        label="What waits for a person",
        choices=[
            (
                "on",
                "A value of profiles with other names and other contact data, or that"
                " more than five profiles have",
            ),
            ("shared", "Only a value that more than five profiles have"),
            ("off", "Nothing: every shared value merges"),
        ],
        widget=forms.RadioSelect,
        help_text="What waits is listed under Merges, where an officer decides. Nothing"
        " that waits now is decided by a change here.",
    )
    whatsapp_is_phone = forms.ChoiceField(
        label="WhatsApp numbers",
        choices=[
            ("no", "Are apart from phone numbers"),
            ("yes", "Are phone numbers, too"),
        ],
        widget=forms.RadioSelect,
        help_text="If they are, whatsapp:+14155550100 and a call from +1 415 555 0100"
        " are one person.",
    )

    # Two officers may have the page open: the second one does not undo the first's.
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, settings: IdentitySettings, **kwargs: Any) -> None:
        now: dict[str, str] = {
            "phone_region": settings.phone_region or DEFAULT_REGION,
            "time_zone": settings.time_zone or "UTC",
            "merge_brake": settings.merge_brake or "on",
            "whatsapp_is_phone": "yes" if settings.whatsapp_is_phone else "no",
        }
        initial = {"version": settings.version, **now}
        super().__init__(*args, initial=initial, **kwargs)
        self.settings, self._now = settings, now
        self.order_fields([*now, "reason_code", "ticket"])

    def get_settings(self) -> PutIdentitySettings:
        """Only of a valid form."""
        wanted = msgspec.to_builtins(self.settings) | {
            "phoneRegion": self.cleaned_data["phone_region"],
            "timeZone": self.cleaned_data["time_zone"],
            "mergeBrake": self.cleaned_data["merge_brake"],
            "whatsappIsPhone": self.cleaned_data["whatsapp_is_phone"] == "yes",
        }
        return msgspec.convert(wanted, PutIdentitySettings)

    def list_changes(self) -> dict[str, str]:
        """Setting to what it was and is; for the audit log."""
        return {
            name: f"{was}, now {self.cleaned_data[name]}"
            for name, was in self._now.items()
            if was != self.cleaned_data[name]
        }
