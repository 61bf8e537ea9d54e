from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django import forms
from django.core.exceptions import ValidationError
from django.template import Context, Template
from django.urls import reverse
from django.utils.safestring import mark_safe

from console.contract.knowledge.chunk import Chunk
from console.web.forms import check_plain
from console.web.templatetags.console import (
    format_age,
    format_elapsed,
    guarded,
    icon,
    ident,
    readable,
    shortened,
    take_focus,
    timestamp,
    visible,
)

NOW = datetime(2026, 1, 5, 9, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("elapsed", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=6), "6 d ago"),
        (timedelta(days=20), "2 w ago"),
        (timedelta(days=100), "3 mo ago"),
        (timedelta(days=800), "2 y ago"),
        (timedelta(hours=-2), "in 2 h"),
    ],
)
def test_format_elapsed_uses_the_largest_whole_unit(elapsed, words):
    assert format_elapsed(NOW, NOW - elapsed) == words


def test_format_age_has_no_direction():
    assert format_age(NOW, NOW - timedelta(days=3)) == "3 d"
    assert format_age(NOW, NOW + timedelta(days=3)) == "3 d"


@time_machine.travel(NOW, tick=False)
def test_timestamp_shows_its_age_and_keeps_the_exact_time():
    html = timestamp(NOW - timedelta(days=3))

    assert html == (
        '<time datetime="2026-01-02T09:00:30Z"'
        ' title="3 d ago, 2026-01-02 09:00:30 UTC">3 d ago</time>'
    )


@pytest.mark.parametrize(
    ("elapsed", "shown"),
    [
        (timedelta(days=7) - timedelta(seconds=1), ">6 d ago<"),
        (timedelta(days=7), ">29 Dec 2025<"),
        (timedelta(days=-8), ">13 Jan<"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_timestamp_shows_the_date_from_one_week_on(elapsed, shown):
    assert shown in timestamp(NOW - elapsed)


def test_timestamp_of_nothing_is_a_dash():
    assert timestamp(None) == "–"


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("mem_profile_01kce57bqte2vr3vckwgb1zdtb", "mem_profile_01kc…zdtb"),
        ("4f2c", "4f2c"),
        ("0123456789abcdef", "0123…cdef"),
        ("", ""),
    ],
)
def test_shortened_cuts_the_middle_of_an_id(value, short):
    assert shortened(value) == short


def test_ident_copies_the_whole_id_and_escapes():
    html = ident('mem_"><script>alert(1)</script>')

    assert "<script>" not in html
    assert 'data-copy="mem_&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in html
    assert 'type="button"' in html


def test_icon_is_hidden_from_screen_readers():
    assert icon("users").startswith("<svg")
    assert 'aria-hidden="true"' in icon("users")


HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "{{ 7|add:7 }} {% load x %}",
    "</textarea><svg onload=alert(1)>",
    "a & b < c > d \" ' e",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("wrap", [str, mark_safe])
def test_visible_escapes_markup(text, wrap):
    html = Template("{{ text|visible }}").render(Context({"text": wrap(text)}))

    assert "<" not in html
    shown = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    assert shown.replace("&#x27;", "'").replace("&amp;", "&") == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\x00b", "U+0000"),
        ("a\x1b[31mb", "U+001B"),
        ("a\u2028b", "U+2028"),
        ("a\U000e0041b", "U+E0041"),
        ("a\u200db", "U+200D"),
        ("a\u3164b", "U+3164"),
        ("a\ue000b", "U+E000"),
        ("\ufeffa", "U+FEFF"),
        ("x\ud800", "U+D800"),
    ],
)
def test_visible_marks_hidden_characters(text, code):
    html = visible(text)

    assert f'title="{code} ' in html
    assert f">{code}</span>" in html


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\tand a tab",
        "naïve café",
        "👩\u200d👩\u200d👧",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "日本語",
        "",
    ],
)
def test_visible_leaves_ordinary_text_alone(text):
    assert visible(text) == text


def test_visible_shows_numbers():
    assert visible(7) == "7"


@pytest.mark.parametrize("text", ["a\nb", "a\x07b", "a\u202eb", "\u200b"])
def test_check_plain_refuses_hidden_characters_by_position(text):
    with pytest.raises(ValidationError, match=r"Character \d cannot be seen"):
        check_plain(text)


@pytest.mark.parametrize("text", ["Zoë & Søn – Ltd.", ""])
def test_check_plain_accepts_a_plain_line(text):
    field = forms.CharField(required=False, validators=[check_plain])

    assert field.clean(text) == text


def test_readable_joins_the_lines_of_a_pdf_inside_a_paragraph():
    text = "## How to pitch\nJoin the poles and\npush them in.\nPeg the corners, then."
    told = {"content": text, "created_at": NOW, "chunk_index": 0}

    of_pdf, of_text = Chunk(**told, document_number=1), Chunk(**told)

    joined = "How to pitch\nJoin the poles and push them in.\nPeg the corners, then."
    assert readable(of_pdf) == joined
    assert readable(of_text) == text.removeprefix("## ")


class RefusedForm(forms.Form):
    first = forms.CharField()
    second = forms.CharField()
    password = forms.CharField(widget=forms.PasswordInput)

    def clean(self):
        raise ValidationError("wrong")


@pytest.mark.parametrize(
    ("data", "focused"),
    [
        (None, "first"),
        ({"first": "a"}, "second"),
        ({"first": "a", "second": "b", "password": "c"}, "password"),
    ],
)
def test_take_focus_is_of_the_first_field_to_mend(data, focused):
    form = RefusedForm(data)

    take_focus(form)

    assert [each.name for each in form if "autofocus" in str(each)] == [focused]


@pytest.mark.parametrize(
    ("name", "args", "words", "back"),
    [
        ("keeping:set_hold", ["acme", "mem_1"], "set a hold", "customers:profile"),
        ("mfa_add_webauthn", [], "add a passkey", "mfa_index"),
        ("signed_in", [], "", "home"),
    ],
)
def test_guarded_names_the_act_and_the_way_back(name, args, words, back):
    told = guarded(f"{reverse(name, args=args)}?a=b")

    assert told == (words, reverse(back, args=args))


@pytest.mark.parametrize("url", [None, "", "//evil.example/", "/no/such/page"])
def test_guarded_of_any_other_address_leads_home(url):
    assert guarded(url) == ("", reverse("home"))
