"""Why somebody reads or changes something, as a form."""

import pytest
from django.urls import ResolverMatch

from console.tenants.actor import Actor
from console.web.forms import CorrectionForm, RevealForm


class Asking:
    """As much of a request as the form reads."""

    method = "GET"

    def __init__(self, profile_id=None, session=None):
        self.session, self.actor = {} if session is None else session, Actor(None)
        kwargs = {"profile_id": profile_id} if profile_id else {}
        self.resolver_match = ResolverMatch(print, (), kwargs)


def test_reason_form_gives_one_line():
    request = Asking()
    form = RevealForm({"reason_code": "verify", "ticket": "CASE-4521"}, request=request)

    assert form.is_valid()
    assert form.reason == "To make sure who is calling (ticket CASE-4521)"


@pytest.mark.parametrize(
    ("given_at", "asked_at", "ticket"),
    [
        ("jonas", "jonas", "CASE-4521"),
        ("jonas", "priya", None),
        ("jonas", None, None),
        (None, None, None),
    ],
)
def test_reason_form_fills_in_a_ticket_for_its_customer_alone(
    given_at, asked_at, ticket
):
    first = Asking(given_at)
    given = {"reason_code": "verify", "ticket": "CASE-4521"}
    assert RevealForm(given, request=first).is_valid()

    shown = RevealForm(request=Asking(asked_at, first.session))["ticket"].value()

    assert shown == ticket
    assert "jonas" not in str(first.session)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose a reason."),
        ({"reason_code": "verify"}, "Ticket is required."),
        ({"reason_code": "verify", "ticket": "a@b.com"}, "A ticket number has"),
        ({"reason_code": "verify", "ticket": "x" * 41}, "At most 40"),
        ({"reason_code": "verify", "ticket": "c-4111-1111-1111-1111"}, "a card number"),
        ({"reason_code": "verify", "ticket": "5558675310"}, "phone number"),
        ({"reason_code": "verify", "ticket": "22-33-44-5"}, "phone number"),
        ({"reason_code": "curious", "ticket": "1"}, "Choose one of the options"),
    ],
)
def test_reason_form_shows_errors_at_their_field(given, words):
    form = RevealForm(given, request=Asking())

    assert not form.is_valid()
    assert words in str(form.errors)


@pytest.mark.parametrize("ticket", ["452199", "ZD-4521998", "INC0012345", "4521998/b"])
def test_reason_form_takes_what_names_a_ticket(ticket):
    form = RevealForm({"reason_code": "verify", "ticket": ticket}, request=Asking())

    assert form.is_valid(), form.errors


def test_reason_forms_have_reasons_of_their_own():
    reveal, correct = RevealForm(request=Asking()), CorrectionForm(request=Asking())

    assert "To make sure who is calling" in str(reveal)
    assert "It is no longer true" in str(correct)
    assert "It is no longer true" not in str(reveal)
