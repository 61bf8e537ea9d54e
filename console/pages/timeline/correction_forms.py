"""What a person adds to a memory, or corrects in it, and why."""

from typing import Any

from django import forms
from django.utils import timezone

from console.web.reasons import CorrectionForm
from console.web.validators import check_conversation, check_source

CONTENT_MAX = 4096  # contract 11.4 and 11.5
# What this console calls itself as a source, until the person names another.
CONSOLE = "console"
_MINUTES = "%Y-%m-%dT%H:%M"


class TextForm(CorrectionForm):
    """A text as it shall be from now on.

    seen  the version that the person looked at: corrections.version_of
    """

    content = forms.CharField(
        label="Text",
        max_length=CONTENT_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text="One fact, in plain words; up to 4,096 characters.",
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    field_order = ("content", "reason_code", "ticket", "seen")


class ObservationForm(CorrectionForm):
    """A new observation. Times are UTC, to the minute."""

    content = TextForm.base_fields["content"]
    source = forms.CharField(
        label="Source",
        max_length=100,
        initial=CONSOLE,
        validators=[check_source],
        help_text="Where it comes from: a channel or a team.",
    )
    occurred_at = forms.DateTimeField(
        label="When it was said (UTC)",
        input_formats=[_MINUTES],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=_MINUTES),
    )
    conversation = forms.CharField(
        label="Conversation, if there was one",
        required=False,
        max_length=64,
        validators=[check_conversation],
    )

    field_order = (
        "content",
        "occurred_at",
        "source",
        "conversation",
        "reason_code",
        "ticket",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["occurred_at"].initial = timezone.now()
        self.fields["reason_code"].initial = "learned"

    @property
    def item(self) -> dict[str, Any]:
        """The contract's fields (11.4); only of a valid form."""
        clean = self.cleaned_data
        conversation = clean["conversation"]
        return {
            "content": clean["content"],
            "source": clean["source"],
            "occurredAt": clean["occurred_at"],
            "conversationIds": [conversation] if conversation else [],
        }
