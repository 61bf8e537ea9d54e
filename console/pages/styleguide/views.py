"""The style guide: made of the pages' own templates."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django import forms
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from console.masking.masker import MaskedValue
from console.tenants.actor import Permission
from console.web.access import allow
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest

# Nobody's: an id that no memory gives, and texts that no customer said.
PROFILE = "mem_profile_00000000000000000000000000"
# Observations and summaries of each week.
WEEKS = ((8, 2), (4, 0), (12, 2), (32, 8), (16, 4), (0, 4), (6, 0), (24, 6), (9, 0))
# A full bar, as the histogram is drawn.
HEIGHT = 40


class SampleForm(ConsoleForm):
    """One field of each kind, sent without what it needs."""

    reason = forms.CharField(help_text="Kept in the audit log.")
    kind = forms.ChoiceField(choices=[("o", "observation"), ("s", "summary")])
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    mode = forms.ChoiceField(
        choices=[("query", "query"), ("recent", "recent")],
        widget=forms.RadioSelect,
        required=False,
    )
    sure = forms.BooleanField(required=False)


@allow(Permission.SEE_STYLEGUIDE, logs="none: samples")
def styleguide(request: ConsoleRequest) -> HttpResponse:
    """Every token and component, in every state that can be drawn."""
    now = timezone.now()
    context = {
        "tokens": read_tokens(),
        "profile": PROFILE,
        "form": SampleForm({"kind": "o"}),
        "masked": build_sample_values(now),
        "ages": [now - timedelta(days=days) for days in (0, 3, 40, 400)],
        "histogram": {
            "bars": [build_sample_bar(*week) for week in enumerate(WEEKS, start=1)]
        },
        "problem": {
            "status": 503,
            "title": "The memory is busy",
            "message": "Nothing was changed. Try again in a moment.",
        },
    }
    return render(request, "styleguide/styleguide.html", context)


def build_sample_values(now: datetime) -> list[MaskedValue]:
    """One that is masked, one that is clear for nine minutes more."""
    subject, until = "identifier/email", now + timedelta(minutes=9)
    return [
        MaskedValue("a•••@•••.com", subject, is_masked=True, profile_id=PROFILE),
        MaskedValue(
            "ada@example.com", subject, clear_until=until, profile_id=PROFILE, place=2
        ),
    ]


def build_sample_bar(number: int, counts: tuple[int, int]) -> dict[str, object]:
    observations, summaries = counts
    return {
        "label": f"Week {number}",
        "observations": observations,
        "observations_y": HEIGHT - observations,
        "observations_height": observations,
        "summaries": summaries,
        "summaries_y": HEIGHT - observations - summaries,
        "summaries_height": summaries,
    }


_TOKEN = re.compile(r"--([a-z0-9-]+):\s*([^;]+);")


@dataclass(frozen=True, slots=True)
class Token:
    """A custom property: `n0` and what it is set to first."""

    name: str
    value: str

    @property
    def is_colour(self) -> bool:
        return self.value.startswith(("#", "light-dark(#"))


def read_tokens() -> list[Token]:
    """Every token of tokens.css, in its order, once."""
    text = Path(str(finders.find("css/tokens.css"))).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for name, value in _TOKEN.findall(text):
        found.setdefault(name, value)
    return [Token(name, value) for name, value in found.items()]
