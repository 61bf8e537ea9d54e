"""The query string of a recall. Limits: docs/contract.md, section 11.6."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms

from console.contract.memory.observation import CONVERSATION_ID_MAX
from console.contract.memory.recall import (
    RECALL_ITEMS,
    RECALL_OBSERVATIONS,
    RECALL_QUERY_MAX,
    RECALL_SUMMARIES,
)
from console.web.forms import ConsoleForm, DayField, check_conversation, check_plain


class Mode:
    QUERY, CONVERSATION, RECENT = "query", "conversation", "recent"
    CHOICES = ((QUERY, "Query"), (CONVERSATION, "Conversation"), (RECENT, "Recent"))


class RunForm(ConsoleForm):
    """identity, mode and the mode's own text, how many items, which days (UTC)."""

    identity = forms.CharField(
        max_length=512,
        validators=[check_plain],
        error_messages={
            "required": "Enter an identifier, as type:value, or a profile id."
        },
        widget=forms.TextInput(
            attrs={
                "placeholder": "email:…  phone:…  profile id",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    mode = forms.ChoiceField(
        choices=Mode.CHOICES, initial=Mode.QUERY, widget=forms.RadioSelect
    )
    query = forms.CharField(
        required=False,
        max_length=RECALL_QUERY_MAX,
        validators=[check_plain],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    conversation = forms.CharField(
        required=False,
        max_length=CONVERSATION_ID_MAX,
        label="Conversation id",
        validators=[check_conversation],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    observations = forms.IntegerField(
        initial=RECALL_OBSERVATIONS, min_value=0, max_value=RECALL_ITEMS
    )
    summaries = forms.IntegerField(
        initial=RECALL_SUMMARIES, min_value=0, max_value=RECALL_ITEMS
    )
    threshold = forms.FloatField(
        initial=0,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    begin = DayField(label="From")
    end = DayField(label="Before")
    explain = forms.BooleanField(required=False, label="Explain scores")

    @classmethod
    def from_link(cls, values: dict[str, str]) -> "RunForm":
        """The form filled in and not yet sent; the cursor is where to type next."""
        form = cls(initial=values)
        field = form.fields["query" if values.get("identity") else "identity"]
        field.widget.attrs["autofocus"] = True
        return form

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        mode = cleaned.get("mode")
        if mode == Mode.QUERY and not cleaned.get("query") and "query" in cleaned:
            self.add_error("query", "Enter a query, or choose another mode.")
        if mode == Mode.CONVERSATION and not cleaned.get("conversation", "x"):
            self.add_error("conversation", "Enter the conversation's id.")
        begin, end = cleaned.get("begin"), cleaned.get("end")
        if begin and end and end <= begin:
            self.add_error("end", "Must be after the first day.")
        return cleaned

    def build_question(self) -> dict[str, Any]:
        """The keyword arguments of StoreClient.recall; the mode decides which text."""
        asked = self.cleaned_data
        mode = asked["mode"]
        return {
            "query": asked["query"] if mode == Mode.QUERY else "",
            "conversation_id": (
                asked["conversation"] if mode == Mode.CONVERSATION else ""
            ),
            "begin": get_midnight(asked["begin"]),
            "end": get_midnight(asked["end"]),
            "observations_limit": asked["observations"],
            "summaries_limit": asked["summaries"],
            "relevance_threshold": asked["threshold"],
            "trace": asked["explain"],
        }


def get_midnight(day: date | None) -> datetime | None:
    """When a day begins, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC) if day else None
