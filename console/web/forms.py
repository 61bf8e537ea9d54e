"""What every form of the console has: our messages for invalid values."""

import tomllib
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.forms.utils import pretty_name
from django.utils.crypto import salted_hmac

from console.client.network import BadAddress, check_address
from console.client.regions import find_place
from console.contract.ids import CONVERSATION_ID
from console.contract.memory.observation import SOURCE
from console.contract.memory.page import PAGE_TOKEN_MAX
from console.core.errors import DomainError
from console.core.unicode import get_char_name, is_hidden
from console.masking.detect import find_personal_data
from console.web.render import ConsoleRequest

MESSAGES = {
    "required": "{label} is required.",
    "invalid_choice": "Choose one of the options.",
    "max_length": "At most %(limit_value)d characters; this has %(show_value)d.",
    "min_length": "At least %(limit_value)d characters; this has %(show_value)d.",
    "max_value": "Must be at most %(limit_value)s.",
    "min_value": "Must be at least %(limit_value)s.",
    "null_characters_not_allowed": "Remove the null character: it cannot be seen.",
}
INVALID_MESSAGES: dict[type[forms.Field], str] = {
    forms.FloatField: "Must be a number.",
    forms.IntegerField: "Must be a whole number.",
    forms.DateField: "Must be a day that exists, such as 31 Jan 2026 or 2026-01-31.",
    forms.DateTimeField: "Must be a day and a time, such as 31 Jan 2026, 09:00.",
}
check_source = RegexValidator(
    rf"^{SOURCE.pattern}\Z", "Use letters, digits, spaces and “_./-”."
)
check_conversation = RegexValidator(
    rf"^{CONVERSATION_ID.pattern}\Z",
    "A conversation's id starts with conv_conversation_.",
)
# In the session: on whose pages the last ticket was given, and that ticket. A digest: a
# deletion is not done while a session still names the customer.
LAST_TICKET = "ticket_of"
TICKET = r"^[A-Za-z0-9][A-Za-z0-9#._/-]{0,39}\Z"
# A caller's number, put in the wrong field, would stay in the audit log for good.
_COULD_BE_A_PHONE = r"^(?:[#._/-]*\d){7,}[#._/-]*\Z"


class ConsoleForm(forms.Form):
    """Uses the console's messages for invalid values, not Django's."""

    def full_clean(self) -> None:
        # Only now: a form may add fields when it is made.
        for name, field in self.fields.items():
            label = str(field.label or pretty_name(name))
            for code, message in _get_messages(field, label).items():
                if _is_default(field, code):
                    field.error_messages[code] = message
        super().full_clean()


class StaffTextField(forms.CharField):
    """What staff write about their work: one line, kept and shown, naming no customer.

    prefix  read before the text when it is checked: after "ticket", a long number is
            one of a ticket
    """

    def __init__(self, *, label: str, prefix: str = "", **kwargs: Any) -> None:
        super().__init__(label=label, **kwargs)
        self.prefix = prefix

    def run_validators(self, value: str) -> None:
        super().run_validators(value)
        if not value:
            return
        check_plain(value)
        found = find_personal_data(f"{self.prefix}{value}")
        if kinds := dict.fromkeys(data.shape for data in found):
            raise ValidationError(
                f"{self.label}: this looks like {' and '.join(kinds)}. Leave it out: "
                "what is written here is kept and can be read by colleagues."
            )


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


class TokenField(forms.RegexField):
    """The secret of an account: never shown again, not even to whoever typed it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            r"^[!-~]+\Z",
            label="Auth token",
            max_length=128,
            strip=False,
            error_messages={
                "invalid": "An auth token has letters, digits and symbols only."
            },
            widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
            help_text="Stored encrypted and never shown again.",
            **kwargs,
        )


class PageForm(ConsoleForm):
    """A query string: no page of its own to show errors on.

    page  the memory's own token, opaque to us
    """

    page = forms.CharField(required=False, max_length=PAGE_TOKEN_MAX)


class InvalidQuery(DomainError, status=422, title="Invalid address"):
    """A query string that the page cannot read."""


def check_form(form: forms.Form) -> dict[str, Any]:
    """The form's clean values. Raises InvalidQuery, naming the fields."""
    if form.is_valid():
        return form.cleaned_data
    labels = {name: field.label or name for name, field in form.fields.items()}
    messages = (
        f"{labels.get(name, name)}: {' '.join(str(error) for error in errors)}"
        for name, errors in form.errors.items()
    )
    raise InvalidQuery(f"{' '.join(messages)} Nothing was read from the memory.")


def check_plain(text: str) -> None:
    """A form field's validator: one line without hidden characters."""
    for position, char in enumerate(text):
        if char in "\t\n\r" or is_hidden(text, position):
            raise ValidationError(
                f"Character {position + 1} cannot be seen ({get_char_name(char)}): remove it."
            )


def _get_messages(field: forms.Field, label: str) -> dict[str, str]:
    messages = MESSAGES | {"required": MESSAGES["required"].format(label=label)}
    for cls in type(field).__mro__:
        if cls in INVALID_MESSAGES:
            messages["invalid"] = INVALID_MESSAGES[cls]
            break
    low, high = getattr(field, "min_value", None), getattr(field, "max_value", None)
    if low is not None and high is not None:
        between = f"Must be between {low} and {high}."
        messages |= {"min_value": between, "max_value": between}
    return messages


def _is_default(field: forms.Field, code: str) -> bool:
    """Whether the message is Django's own."""
    message = field.error_messages.get(code)
    defaults = (
        vars(cls).get("default_error_messages", {})
        for cls in type(field).__mro__
        if cls.__module__.startswith("django.")
    )
    return message is None or any(message is default.get(code) for default in defaults)


REASON_FIELDS = ("reason_code", "ticket")
REASONS = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text("utf-8"))


class ReasonForm(ConsoleForm):
    """reason_code, ticket  both required, the ticket unless the tenant needs none; on
                         pages of the customer whom the last one was for, it is filled in.

    Bound to what a POST brings. What can be chosen stands in reasons.toml, by the name of
    the form, or in its `reasons`: (code, words for the list and the audit log).
    """

    use_required_attribute = False
    reasons: tuple[tuple[str, str], ...] = ()

    reason_code = forms.ChoiceField(
        label="Why", error_messages={"required": "Choose a reason."}
    )
    ticket = StaffTextField(
        label="Ticket",
        prefix="ticket ",
        max_length=40,
        validators=[
            RegexValidator(
                TICKET, "A ticket number has letters, digits and “#._/-” only."
            ),
            RegexValidator(
                _COULD_BE_A_PHONE,
                "Seven digits or more could be somebody's phone number: put your "
                "ticket system's letters before them, as in CASE-4521998.",
                inverse_match=True,
            ),
        ],
        help_text="Kept in the audit log: a ticket number, nothing about a customer.",
    )

    def __init_subclass__(cls) -> None:
        if own := REASONS.get(cls.__name__):
            cls.reasons = tuple(own.items())

    def __init__(
        self, data: Any = None, *, request: ConsoleRequest, **kwargs: Any
    ) -> None:
        if data is None and request.method == "POST":
            data = request.POST
        super().__init__(data, **kwargs)
        self._session, self._tenant = request.session, request.actor.tenant
        address = request.resolver_match
        profile_id = address.kwargs.get("profile_id") if address else None
        self._customer = (
            salted_hmac(LAST_TICKET, profile_id).hexdigest() if profile_id else ""
        )
        customer, ticket = self._session.get(LAST_TICKET, ("", ""))
        if customer and customer == self._customer:
            self.fields["ticket"].initial = ticket
        self.fields["reason_code"].choices = [  # type: ignore[attr-defined]
            ("", "Choose"),
            *self.reasons,
        ]
        self.require_reason(True)
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    def clean_ticket(self) -> str:
        ticket: str = self.cleaned_data["ticket"]
        if self._customer:
            self._session[LAST_TICKET] = self._customer, ticket
        return ticket

    def require_reason(self, is_required: bool) -> None:
        needs_ticket = self._tenant is None or self._tenant.needs_ticket
        self.fields["reason_code"].required = is_required
        self.fields["ticket"].required = is_required and needs_ticket

    @property
    def asked(self) -> dict[str, Any]:
        """What is to be done, without why; only of a valid form."""
        return {k: v for k, v in self.cleaned_data.items() if k not in REASON_FIELDS}

    @property
    def words(self) -> str:
        """Why, without the ticket; only of a valid form."""
        return dict(self.reasons)[self.cleaned_data["reason_code"]]

    @property
    def reason(self) -> str:
        """One line for the audit log; only of a valid form."""
        ticket = self.cleaned_data["ticket"]
        return f"{self.words} (ticket {ticket})" if ticket else self.words


class CorrectionForm(ReasonForm):
    """Why what is remembered of a customer is changed by hand."""

    def put(self, **texts: str) -> None:
        """Other texts in the bound form's own fields; what was typed stays."""
        self.data = dict(self.data.items()) | texts


class RevealForm(ReasonForm):
    """Why a masked value is read in clear."""
