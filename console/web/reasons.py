"""Forms that ask for a reason: a choice, and a ticket."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from console.web.forms import ConsoleForm, StaffTextField
from console.web.request import ConsoleRequest

LAST_TICKET = "last_ticket"
TICKET = r"^[A-Za-z0-9][A-Za-z0-9#._/-]{0,39}\Z"


class ReasonForm(ConsoleForm):
    """reason_code, ticket  both required; the last ticket used is filled in.

    A subclass names its `reasons`: (code, words for the list and the audit log).
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
            )
        ],
        help_text="Kept in the audit log: a ticket number, nothing about a customer.",
    )

    def __init__(self, *args: Any, request: ConsoleRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session = request.session
        self.fields["ticket"].initial = self._session.get(LAST_TICKET, "")
        self.fields["reason_code"].choices = [  # type: ignore[attr-defined]
            ("", "Choose"),
            *self.reasons,
        ]
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    def clean_ticket(self) -> str:
        ticket: str = self.cleaned_data["ticket"]
        self._session[LAST_TICKET] = ticket
        return ticket

    @property
    def reason(self) -> str:
        """One line for the audit log; only of a valid form."""
        words = dict(self.reasons)[self.cleaned_data["reason_code"]]
        return f"{words} (ticket {self.cleaned_data['ticket']})"


class CorrectionForm(ReasonForm):
    """Why what is remembered of a customer is changed by hand."""

    reasons = (
        ("customer", "The customer says it is wrong"),
        ("outdated", "It is no longer true"),
        ("typo", "It was written down wrongly"),
        ("learned", "Learned on this call"),
    )

    def put(self, **texts: str) -> None:
        """Other texts in the bound form's own fields; what was typed stays."""
        self.data = dict(self.data.items()) | texts


class RevealForm(ReasonForm):
    """Why a masked value is read in clear."""

    reasons = (
        ("verify", "To make sure who is calling"),
        ("contact", "To reach the customer or send something"),
        ("correct", "To correct it"),
        ("solve", "Needed to solve the case"),
    )
