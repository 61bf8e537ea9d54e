"""Contract 12.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.service.memory.identity import (
    InvalidIdentifier,
    normalise,
    normalise_email,
    normalise_phone,
)

CUSTOMER = "+15558675310"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+1 (555) 867-5310", CUSTOMER),
        ("1-555-867-5310", CUSTOMER),
        ("5558675310", CUSTOMER),
        (" 555.867.5310 ", CUSTOMER),
        ("555–867—5310", CUSTOMER),
        ("(555)\N{NO-BREAK SPACE}867-5310", CUSTOMER),
        ("＋１（５５５）８６７－５３１０", CUSTOMER),
        ("٥٥٥٨٦٧٥٣١٠", CUSTOMER),
        ("+44 20 7946 0958", "+442079460958"),
        ("442079460958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("+49 (0)30 123456", "+4930123456"),
    ],
)
def test_a_phone_number_has_one_form(text, expected):
    assert normalise_phone(text) == expected
    assert normalise_phone(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "12",
        "no number",
        "555\u200b8675310",
        "5558675310\u202c",
        "5558675310 or Ada",
        "5558675310²",
        "①5558675310",
        "5558675310½",
        "5558675310 ext 5",
        "5558675310,,5",
        "5558675310#5",
        "+1 555 867 5310 / 5311",
        "+1+5558675310",
        "+999 12345678",
        "0044 20 7946 0958",
        "1" * 30,
    ],
)
def test_what_could_be_somebody_elses_number_is_refused(text):
    with pytest.raises(InvalidIdentifier):
        normalise_phone(text)


@given(st.text(max_size=30))
def test_any_text_is_a_number_in_one_form_or_refused(text):
    try:
        number = normalise_phone(text)
    except InvalidIdentifier:
        return
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdigit()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        (" ada @ example.com\t", "ada@example.com"),
        ("STRASSE@b.com", "strasse@b.com"),
        ("Straße@b.com", "strasse@b.com"),
        (" ", ""),
        ("kim@example.com\u200b", "kim@example.com"),
        ("k\u00adi\u2060m@ex\ufeffample.com\ufe0f", "kim@example.com"),
        ("kim\u034f@\U000e0101example.com\u202e", "kim@example.com"),
    ],
)
def test_an_email_address_is_folded_and_closed_up(text, expected):
    assert normalise_email(text) == expected


@given(st.text())
def test_folding_an_email_address_again_changes_nothing(text):
    once = normalise_email(text)

    assert normalise_email(once) == once


@pytest.mark.parametrize("kind", ["trim", "none"])
@pytest.mark.parametrize(
    "text", ["A1\u200b", "A\u00ad1", "A1\ufe0f", "\u3164A1", "A\x071"]
)
def test_an_id_with_characters_that_cannot_be_seen_is_refused(kind, text):
    with pytest.raises(InvalidIdentifier, match="cannot be seen"):
        normalise(text, kind)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("email", "adaking"),
        ("trim", "Ada King"),
        ("none", " Ada King "),
    ],
)
def test_each_kind_has_its_rule(kind, expected):
    assert normalise(" Ada King ", kind) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [("email", " "), ("trim", " \n"), ("none", ""), ("phone", " ")],
)
def test_a_value_that_is_empty_afterwards_is_none(kind, text):
    with pytest.raises(InvalidIdentifier):
        normalise(text, kind)
