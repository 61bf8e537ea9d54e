import pytest
from django import forms

from console.web.forms import ConsoleForm, DayField, InvalidQuery, PageForm, check_form


class SampleForm(ConsoleForm):
    name = forms.CharField(label="Your name", min_length=2, max_length=3)
    kind = forms.ChoiceField(choices=[("a", "A")], required=False)
    count = forms.IntegerField(min_value=1, max_value=9, required=False)
    least = forms.FloatField(min_value=1, required=False)
    most = forms.IntegerField(max_value=9, required=False)
    day = DayField()
    at = forms.DateTimeField(required=False)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Your name is required."),
        ("name", "a", "At least 2 characters; this has 1."),
        ("name", "abcd", "At most 3 characters; this has 4."),
        ("name", "a\0", "Remove the null character: it cannot be seen."),
        ("kind", "b", "Choose one of the options."),
        ("count", "0", "Must be between 1 and 9."),
        ("count", "10", "Must be between 1 and 9."),
        ("count", "many", "Must be a whole number."),
        ("least", "0", "Must be at least 1."),
        ("least", "few", "Must be a number."),
        ("most", "10", "Must be at most 9."),
        ("day", "2026-02-30", "Must be a date that exists, such as 2026-01-31."),
        ("at", "soon", "Must be a date and time, such as 2026-01-31T09:00."),
    ],
)
def test_console_form_says_what_is_not_valid(field, value, message):
    form = SampleForm({"name": "Ada", field: value})

    assert form.errors[field] == [message]


def test_console_form_keeps_the_messages_of_a_field():
    class OwnForm(ConsoleForm):
        name = forms.CharField(error_messages={"required": "Who are you?"})

    assert OwnForm({}).errors["name"] == ["Who are you?"]


def test_check_form_names_the_field():
    with pytest.raises(InvalidQuery, match="page: At most 4096 characters"):
        check_form(PageForm({"page": "x" * 4097}))
