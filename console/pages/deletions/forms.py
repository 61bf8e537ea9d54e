"""What people say to have something deleted, and what they type to mean it."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from console.audit.log import REASON_MAX
from console.pages.deletions.models import TAIL, Deletion
from console.tenants.models import Tenant
from console.web.forms import ConsoleForm, ReasonForm, StaffTextField
from console.web.times import DayField

NAME_SHOWN = 80
IDENTIFIERS_MAX = 20
NOBODY = -1
OTHER_FIELDS = frozenset({"csrfmiddlewaretoken", "inventory", "version"})


class ConfirmForm(ConsoleForm):
    """Accepts exactly its own fields, once each, for the inventory that was shown."""

    use_required_attribute = False

    # Unstripped: what is typed has to be exact.
    confirmation = forms.CharField(
        label=f"Last {TAIL} characters of the id", max_length=64, strip=False
    )
    tenant_confirmation = forms.CharField(
        label="The tenant's short name", max_length=64, strip=False
    )

    def expect(self, tail: str, tenant: Tenant, inventory: str) -> None:
        """What has to be typed, and what must not have changed."""
        self.expected = {"confirmation": tail, "tenant_confirmation": tenant.slug}
        self.inventory = inventory
        for name, expected in self.expected.items():
            if name in self.fields:
                self.fields[name].help_text = f"Type {expected}"
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean(self) -> None:
        for name, expected in self.expected.items():
            if self.cleaned_data.get(name, expected) != expected:
                self.add_error(name, f"Type exactly: {expected}")
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
        forgotten = dict.fromkeys(self.expected, "")
        self.data = {**self.data.dict(), **forgotten}  # type: ignore[attr-defined]


class ConfirmFactForm(ConfirmForm):
    """For one fact, which goes at once."""

    reason_code = forms.ChoiceField(
        label="Why",
        choices=[("", "Choose"), *Deletion.ReasonCode.choices],
        error_messages={"required": "Choose a reason."},
    )
    reason = StaffTextField(
        label="Details",
        min_length=5,
        max_length=REASON_MAX,
        help_text="At least 5 characters, kept in the audit log. Name a ticket, not a"
        " customer.",
        error_messages={"required": "Explain the reason in your own words."},
    )
    tenant_confirmation = None  # type: ignore[assignment]
    field_order = ("reason_code", "reason", "confirmation")


class IntakeForm(ReasonForm):
    """How a request came to us."""

    reasons = tuple(Deletion.ReasonCode.choices)

    channel = forms.ChoiceField(
        label="How it reached us", choices=[("", "Choose"), *Deletion.Channel.choices]
    )
    identity_proof = forms.ChoiceField(
        label="How we know who asked",
        choices=[("", "Choose"), *Deletion.IdentityProof.choices],
    )
    received_on = DayField(
        label="Received on",
        required=True,
        help_text="The day on which the customer asked: it is answered within a month.",
    )

    @property
    def intake(self) -> dict[str, Any]:
        """What the request keeps of it; only of a valid form."""
        kept = (*IntakeForm.base_fields,)
        return {name: self.cleaned_data[name] for name in kept}

    def clean_received_on(self) -> Any:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("Received on: this day is still to come.")
        return day


class ConfirmProfileForm(ConfirmForm, IntakeForm):
    """For a whole profile: the request and its confirmation at once."""


class NewRequestForm(IntakeForm):
    """Also of several identifiers, and of several tenants."""

    identifiers = forms.CharField(
        label="Identifiers",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One per line, each with its type, such as email:… or phone:…, or a"
        f" profile id; at most {IDENTIFIERS_MAX}.",
    )
    tenants = forms.ModelMultipleChoiceField(
        label="Where to look",
        queryset=Tenant.objects.none(),
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("identifiers", "tenants")

    def __init__(self, *, tenants: Any, **kwargs: Any) -> None:
        here = kwargs["request"].tenant
        super().__init__(initial={"tenants": [here.slug]}, **kwargs)
        if len(tenants) > 1:
            self.fields["tenants"].queryset = tenants  # type: ignore[attr-defined]
        else:
            del self.fields["tenants"]

    def clean_identifiers(self) -> dict[str, int]:
        """Each with the number of its line."""
        lines: dict[str, int] = {}
        for number, line in enumerate(self.cleaned_data["identifiers"].splitlines(), 1):
            if line.strip():
                lines.setdefault(line.strip(), number)
        if len(lines) > IDENTIFIERS_MAX:
            raise forms.ValidationError(f"At most {IDENTIFIERS_MAX} at once.")
        return lines


class PolicyForm(ReasonForm):
    approval_above = forms.TypedChoiceField(
        label="Another person approves",
        choices=[
            (0, "every deletion"),
            (1, "what deletes more than one item"),
            (10, "what deletes more than 10 items"),
            (100, "what deletes more than 100 items"),
            (NOBODY, "nothing: one person decides alone"),
        ],
        coerce=int,
        help_text="Without a second person every certificate says so.",
    )
    cool_off_hours = forms.IntegerField(
        label="Cool-off in hours",
        min_value=0,
        max_value=14 * 24,
        help_text="How long a request can still be cancelled after the last yes.",
    )
    field_order = ("approval_above", "cool_off_hours")

    def clean_approval_above(self) -> int | None:
        above: int = self.cleaned_data["approval_above"]
        return None if above == NOBODY else above
