"""What can be asked of a list in its address."""

from typing import Any

from django import forms
from django.core.signing import BadSignature

from console.pages.timeline.selectors.reader import Cursor
from console.web.forms import PageForm
from console.web.validators import check_conversation, check_source


class ObservationsForm(PageForm):
    """Filters that the memory itself knows, so that every page of the list has them.

    after  the last day on the page before, whose heading need not come again
    """

    after = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    source = forms.CharField(
        required=False,
        max_length=100,
        validators=[check_source],
    )
    conversation = forms.CharField(
        required=False,
        max_length=64,
        validators=[check_conversation],
    )


class TimelineForm(ObservationsForm):
    """All that a timeline can be asked for in its address.

    page        where the step before ended, of both of the memory's lists
    words       all of them must occur
    begin, end  days of occurrence, UTC, both included
    found       rows that stand already since somebody asked for more
    """

    page = forms.CharField(required=False, max_length=8000)
    words = forms.CharField(required=False, max_length=200)
    kind = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All"),
            ("observation", "Observations"),
            ("summary", "Summaries"),
        ],
        widget=forms.RadioSelect,
    )
    begin = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    end = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    found = forms.IntegerField(required=False, min_value=0, max_value=10_000)

    def clean_page(self) -> Cursor:
        text = self.cleaned_data["page"]
        try:
            return Cursor.unpack(text) if text else Cursor()
        except BadSignature:
            raise forms.ValidationError("This is no place in a timeline.") from None

    def clean_found(self) -> int:
        return self.cleaned_data["found"] or 0

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        begin, end = given.get("begin"), given.get("end")
        if begin and end and begin > end:
            raise forms.ValidationError("The first day lies after the last one.")
        return given


class ExportForm(TimelineForm):
    """what  the part of the profile; the timeline's comes with its filters"""

    what = forms.ChoiceField(
        choices=[("timeline", "Timeline"), ("traits", "Traits")],
    )
    format = forms.ChoiceField(choices=[("csv", "CSV"), ("json", "JSON")])
