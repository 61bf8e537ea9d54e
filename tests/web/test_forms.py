import pytest
from django import forms
from django.urls import get_resolver

from console.web.forms import (
    ConsoleForm,
    InvalidQuery,
    PageForm,
    StaffTextField,
    check_form,
)
from console.web.times import DayField


class SampleForm(ConsoleForm):
    name = forms.CharField(label="Your name", min_length=2, max_length=3)
    kind = forms.ChoiceField(choices=[("a", "A")], required=False)
    count = forms.IntegerField(min_value=1, max_value=9, required=False)
    least = forms.FloatField(min_value=1, required=False)
    most = forms.IntegerField(max_value=9, required=False)
    day = DayField()
    at = forms.DateTimeField(required=False)


class NoteForm(ConsoleForm):
    note = StaffTextField(label="Note", required=False)
    ticket = StaffTextField(label="Ticket", prefix="ticket ", required=False)


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
        (
            "day",
            "2026-02-30",
            "Must be a day that exists, such as 31 Jan 2026 or 2026-01-31.",
        ),
        ("at", "soon", "Must be a day and a time, such as 31 Jan 2026, 09:00."),
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


@pytest.mark.parametrize(
    ("field", "value", "kinds"),
    [
        ("note", "asked from +1 555 867 5310", "a phone number"),
        ("note", "ada@example.com asked", "an email address"),
        ("note", "paid with 4111 1111 1111 1111", "a card number"),
        ("note", "a@b.com or 5558675310", "an email address and a phone number"),
        ("ticket", "4111111111111111", "a card number"),
    ],
)
def test_staff_text_names_what_it_looks_like(field, value, kinds):
    [message] = NoteForm({field: value}).errors[field]

    assert message.startswith(f"{field.title()}: this looks like {kinds}. Leave it out")
    assert value not in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("note", "Ticket 4711, asked on 2026-01-05 at 09:30"),
        ("note", "order #4521998877"),
        ("ticket", "CASE-4521"),
        ("ticket", "2026000123"),
        ("ticket", ""),
    ],
)
def test_staff_text_takes_what_names_nobody(field, value):
    assert NoteForm({field: value}).is_valid()


def test_staff_text_is_one_line():
    form = NoteForm({"note": "one\ntwo"})

    assert form.errors["note"] == [
        "Character 4 cannot be seen (U+000A without a name): remove it."
    ]


# Every other text: what is looked for, what names a thing of ours, a memory's own data.
OTHER_TEXTS = {
    "page", "words", "identity", "query", "conversation", "person", "confirmation",
    "tenant_confirmation", "typed", "content", "value", "seen", "was", "holders", "waits",
    "slug", "address", "account_sid", "secret", "store_id",
    "expected", "against", "identifiers", "id_type", "suggested", "trait", "receipt",
    "base", "document", "url", "webhook", "profile",
}  # fmt: skip


def test_every_form_checks_the_texts_that_staff_write():
    assert get_resolver().url_patterns  # The pages' forms are defined.

    unchecked = {
        (form.__name__, name)
        for form in list_forms(ConsoleForm)
        if form.__module__.startswith("console.")
        and "styleguide" not in form.__module__
        for name, field in form.base_fields.items()
        if type(field) is forms.CharField and name not in OTHER_TEXTS
    }

    assert unchecked == {
        ("TimelineForm", "source"),
        ("ExportForm", "source"),
        ("ExceptionForm", "source"),
        # What is said in a conversation that is only tried.
        ("SayForm", "text"),
        # A colleague's, who is no customer.
        ("InviteForm", "name"),
        # Of how a client is set up.
        ("PlanForm", "plan"),
        # For a model, which is told of no customer by it.
        ("AssistantForm", "prompt"),
    }


def list_forms(parent):
    for form in parent.__subclasses__():
        yield form
        yield from list_forms(form)
