"""What is asked of a memory: the form of a run, and the parameters that it sets.

Limits of a query: docs/contract.md, section 11.6.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import east_asian_width, normalize

from django import forms
from django.core.exceptions import ValidationError

from console.contract.ids import PROFILE_ID
from console.contract.memory.observation import CONVERSATION_ID_MAX
from console.contract.memory.recall import (
    RECALL_ITEMS,
    RECALL_OBSERVATIONS,
    RECALL_QUERY_MAX,
    RECALL_SUMMARIES,
)
from console.pages.recall.verdict import Question
from console.profiles.prompt import TEMPLATES
from console.segment.models import Assistant
from console.web.forms import ConsoleForm, check_conversation, check_plain
from console.web.times import DayField, MomentField, get_day_start


class Mode:
    QUERY, CONVERSATION, RECENT = "query", "conversation", "recent"
    CHOICES = ((QUERY, "Query"), (CONVERSATION, "Conversation"), (RECENT, "Recent"))


# The fields of the form, by the parameters that they set.
FIELDS = {
    "begin": "begin",
    "end": "end",
    "observations_limit": "observations",
    "summaries_limit": "summaries",
    "communications_limit": "communications",
    "relevance_threshold": "threshold",
    "budget": "budget",
}


BUDGET_MAX = 4000  # tokens
LIMITS = ("observations", "summaries", "communications", "threshold", "budget")
RARE = (*LIMITS, "begin", "end", "as_of", "template", "expected")
# What an agent asks for at such a moment. A call starts with the newest, which takes no
# search; a turn of a chat is ranked by what was just said.
PRESETS: dict[str, dict[str, str]] = {
    "Call start": {"mode": Mode.RECENT, "observations": "5", "summaries": "3"},
    "Chat turn": {
        "mode": Mode.CONVERSATION,
        "observations": "5",
        "summaries": "2",
        "communications": "10",
    },
    "API defaults": {},
}
ASSISTANT = re.compile(r"as-([1-9][0-9]{0,17})")
# Of the query string of a run: ids, numbers, days and the key of what was typed.
AGAINST_MAX = 1000


def check_identity(text: str) -> None:
    """`type:value` or a profile id; else nothing is sent, and the error says why."""
    check_plain(text)
    for position, char in enumerate(text, start=1):
        if east_asian_width(char) == "F":
            raise ValidationError(
                f"Character {position} is {char}, in full width: write "
                f"{normalize('NFKC', char)} instead."
            )
    if PROFILE_ID.fullmatch(text):
        return
    id_type, colon, value = text.partition(":")
    if not colon:
        raise ValidationError(
            "Start with the type and a colon, such as email:… or phone:…, or paste a "
            "whole profile id."
        )
    if not id_type.strip():
        raise ValidationError("A type is missing before the colon, such as phone.")
    if not value.strip():
        raise ValidationError("A value is missing after the colon.")
    if ":" in value:
        raise ValidationError(
            "There are two colons, and only one can part the type from the value. If "
            "the value has one, find the customer above and paste the profile's id."
        )


class PromptField(forms.ChoiceField):
    """A template of ours, or a tenant's assistant: `as-` and its number; which there are,
    the page says (`RunForm.offer`)."""

    def valid_value(self, value: Any) -> bool:
        return super().valid_value(value) or bool(ASSISTANT.fullmatch(value))


class RunForm(ConsoleForm):
    """identity, mode and the mode's own text, how many items, which days."""

    identity = forms.CharField(
        max_length=512,
        validators=[check_identity],
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
    communications = forms.IntegerField(
        label="Turns", initial=0, min_value=0, max_value=RECALL_ITEMS
    )
    threshold = forms.FloatField(
        initial=0,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    begin = DayField(label="From")
    end = DayField(label="Before")
    as_of = MomentField(required=False, label="As of")
    explain = forms.BooleanField(required=False, label="Explain scores")
    template = PromptField(
        required=False,
        label="Prompt",
        choices=[("", "None"), *((k, each.label) for k, each in TEMPLATES.items())],
    )
    budget = forms.IntegerField(
        label="Tokens",
        initial=1000,
        min_value=50,
        max_value=BUDGET_MAX,
        widget=forms.NumberInput(attrs={"type": "range", "step": "50"}),
    )
    against = forms.CharField(
        required=False, max_length=AGAINST_MAX, widget=forms.HiddenInput
    )
    expected = forms.CharField(
        required=False,
        max_length=RECALL_QUERY_MAX,
        validators=[check_plain],
        label="Expected",
        help_text="What did not come: words of it, or its id",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @classmethod
    def from_link(cls, values: dict[str, str]) -> "RunForm":
        """The form filled in and not yet sent; the cursor is where to type next."""
        form = cls(initial=values)
        field = form.fields["query" if values.get("identity") else "identity"]
        field.widget.attrs["autofocus"] = True
        return form

    def offer(self, assistants: Iterable[Assistant]) -> None:
        field: Any = self.fields["template"]
        field.choices += [(f"as-{each.pk}", f"As {each.name}") for each in assistants]

    @property
    def is_refined(self) -> bool:
        """Whether a rare field is set, or has an error."""
        rare = [(self[name], self.base_fields[name].initial) for name in RARE]
        return any(
            field.errors or str(field.value() or 0) != str(usual or 0)
            for field, usual in rare
        )

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


# In what two runs can differ.
KNOBS = [
    name
    for name in RunForm.base_fields
    if name not in {"explain", "expected", "against"}
]


def build_question(asked: Mapping[str, Any]) -> Question:
    """The keyword arguments of StoreClient.recall; the mode decides which text."""
    mode = asked["mode"]
    return {
        "query": asked["query"] if mode == Mode.QUERY else "",
        "conversation_id": asked["conversation"] if mode == Mode.CONVERSATION else "",
        "begin": get_day_start(asked["begin"]),
        "end": get_day_start(asked["end"]),
        "observations_limit": asked["observations"],
        "summaries_limit": asked["summaries"],
        "communications_limit": (
            asked["communications"] if mode == Mode.CONVERSATION else 0
        ),
        "relevance_threshold": asked["threshold"],
        "as_of": asked["as_of"],
        "trace": bool(asked["explain"] or asked["expected"]),
        "trace_items": [asked["expected"]] if asked["expected"] else [],
    }


def add_defaults(given: dict[str, str]) -> dict[str, str]:
    """A deep link may leave out the mode and the limits."""
    implied = Mode.CONVERSATION if "conversation" in given else Mode.RECENT
    defaults = {name: str(RunForm.base_fields[name].initial) for name in LIMITS} | {
        "mode": Mode.QUERY if "query" in given else implied
    }
    return defaults | given
