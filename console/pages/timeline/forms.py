"""Query strings of the timeline's pages, and forms that add and correct."""

import re
from typing import Any, Self

from django import forms
from django.core.signing import BadSignature
from django.utils import timezone

from console.contract.memory.observation import (
    CONTENT_MAX,
    CONVERSATION_ID_MAX,
    RETRACTED,
    SOURCE_MAX,
    NewObservation,
)
from console.masking.detect import find_personal_data
from console.masking.masker import KEY_MARK
from console.pages.timeline.reader import Cursor
from console.web.forms import (
    CorrectionForm,
    PageForm,
    StaffTextField,
    check_conversation,
    check_source,
)
from console.web.render import ConsoleRequest
from console.web.session import read_typed
from console.web.times import DayField, MomentField

# The source of what is added here, unless the person names another.
CONSOLE = "console"
_SOURCE_KEY = re.compile(rf"{KEY_MARK}[0-9a-f]{{16}}")


def check_source_key(text: str) -> None:
    """No source that the console would mask: an address is logged and passed on."""
    if _SOURCE_KEY.fullmatch(text):
        return
    check_source(text)
    if find_personal_data(text):
        raise forms.ValidationError(
            "This looks like somebody's number or address. Choose the source from the "
            "list, where it is masked."
        )


class TimelineForm(PageForm):
    """All filters, and where to read on.

    after       the last day on the previous page, whose heading is there already
    source      a source's key (Masker.mask_source)
    page        the cursor at which the previous step ended
    words       all of them must occur; in an address `typed` stands for them
    begin, end  days of occurrence, the viewer's, both included
    found       rows on the page since somebody last asked for more
    """

    after = DayField()
    source = forms.CharField(
        required=False, max_length=SOURCE_MAX, validators=[check_source_key]
    )
    conversation = forms.CharField(
        required=False, max_length=CONVERSATION_ID_MAX, validators=[check_conversation]
    )
    page = forms.CharField(required=False, max_length=8000)
    words = forms.CharField(required=False, max_length=200)
    typed = forms.CharField(required=False, max_length=64)
    kind = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All"),
            ("observation", "Observations"),
            ("summary", "Summaries"),
            (RETRACTED, "Retracted"),
        ],
        widget=forms.RadioSelect,
    )
    begin = DayField(label="From")
    end = DayField(label="To")
    found = forms.IntegerField(required=False, min_value=0, max_value=10_000)

    @classmethod
    def from_address(cls, request: ConsoleRequest) -> Self:
        """Raises TypedForgotten."""
        return cls(request.GET.dict() | {"words": read_typed(request)})

    def clean_page(self) -> Cursor:
        text = self.cleaned_data["page"]
        try:
            return Cursor.decode(text) if text else Cursor()
        except BadSignature:
            raise forms.ValidationError("Not a page of this timeline.") from None

    def clean_found(self) -> int:
        return self.cleaned_data["found"] or 0

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        begin, end = given.get("begin"), given.get("end")
        if begin and end and begin > end:
            raise forms.ValidationError("The first day is after the last one.")
        return given


class ExportForm(TimelineForm):
    """what  the timeline, with its filters, or the traits"""

    what = forms.ChoiceField(choices=[("timeline", "Timeline"), ("traits", "Traits")])
    format = forms.ChoiceField(choices=[("csv", "CSV"), ("json", "JSON")])


class CorrectTextForm(CorrectionForm):
    """seen  the version of the text that the person saw (services.get_version)"""

    content = forms.CharField(
        label="Text",
        max_length=CONTENT_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=f"One fact, in plain words; up to {CONTENT_MAX:,} characters.",
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    field_order = ("content", "reason_code", "ticket", "seen")


class AddObservationForm(CorrectionForm):
    """A new observation, which can be retracted: no call waits for its ticket."""

    content = CorrectTextForm.base_fields["content"]
    source = StaffTextField(
        label="Source",
        max_length=SOURCE_MAX,
        initial=CONSOLE,
        validators=[check_source],
        help_text="A channel or a team, such as chat or billing.",
    )
    occurred_at = MomentField()
    conversation = forms.CharField(
        label="Conversation id, if there was one",
        required=False,
        max_length=CONVERSATION_ID_MAX,
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
        said_at = self.fields["occurred_at"]
        said_at.label = f"When it was said ({timezone.get_current_timezone_name()})"
        said_at.initial = timezone.now()
        self.fields["ticket"].required = False

    def build_observation(self) -> NewObservation:
        """Only of a valid form."""
        clean = self.cleaned_data
        conversation = clean["conversation"]
        return NewObservation(
            content=clean["content"],
            source=clean["source"],
            occurred_at=clean["occurred_at"],
            conversation_ids=[conversation] if conversation else [],
        )


class RetractForm(CorrectionForm):
    """Why observations leave Recall, or come back. A slip is undone, so a call's pace
    goes before its ticket."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ticket"].required = False
