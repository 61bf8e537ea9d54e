"""The forms that change a tenant, and how their store tells people apart."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from phonenumbers import (
    PhoneNumberFormat,
    PhoneNumberType,
    example_number_for_type,
    format_number,
)

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
from console.pages.tenants.services import ADD_KEY, REPLACE_TOKEN
from console.web.forms import AddressForm, ReasonForm, StaffTextField, TokenField
from console.web.templatetags.console import shortened


class TokenForm(AddressForm):
    """Where the tenant's store is, and the auth token of the account that owns it."""

    secret = TokenField()


class TenantChangeForm(ReasonForm):
    """Why a tenant is renamed or removed."""


class RenameForm(TenantChangeForm):
    name = StaffTextField(
        label="Name", max_length=80, help_text="As your colleagues know this client."
    )
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

    change = forms.ChoiceField(widget=forms.HiddenInput)
    field_order = ("change", "reason_code", "ticket")

    def __init__(self, *args: Any, account: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _, *keys = (each["username"] for each in account["secrets"])
        self.fields["change"].choices = [  # type: ignore[attr-defined]
            (ADD_KEY, "Create an API key"),
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
        label="Which merges an officer decides",
        choices=[
            (
                "on",
                "Where names and contact data differ, or more than five profiles share a"
                " value",
            ),
            ("shared", "Only where more than five profiles share a value"),
            ("off", "None: every shared value merges by itself"),
        ],
        widget=forms.RadioSelect,
        help_text="They wait under Merges. What waits there now still has to be decided"
        " after a change here.",
    )
    whatsapp_is_phone = forms.ChoiceField(
        label="WhatsApp numbers",
        choices=[
            ("no", "A WhatsApp number is an identifier of its own"),
            ("yes", "A WhatsApp number is a phone number"),
        ],
        widget=forms.RadioSelect,
        help_text="In the second case whatsapp:+14155550100 and a call from +1 415 555 0100"
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
