"""The living page of the design system: made of the pages' own templates."""

from datetime import timedelta

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.styleguide.tokens import tokens
from console.tenants.policy import Act
from console.web.access import requires
from console.web.request import ConsoleRequest
from console.web.veil import Shown

# Nobody's: an id that no memory gives, and texts that no customer said.
PROFILE = "mem_profile_00000000000000000000000000"
# Of 40 units, as the timeline's strip is drawn.
HEIGHTS = (8, 4, 12, 40, 16, 4, 6, 24, 18, 30, 2, 9)


class SampleForm(forms.Form):
    """One field of each kind, sent without what it needs."""

    reason = forms.CharField(help_text="Stands in the audit log.")
    kind = forms.ChoiceField(choices=[("o", "observation"), ("s", "summary")])
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    mode = forms.ChoiceField(
        choices=[("query", "query"), ("recent", "recent")],
        widget=forms.RadioSelect,
        required=False,
    )
    sure = forms.BooleanField(required=False)


@require_safe
@requires(Act.SEE_STYLEGUIDE)
def styleguide(request: ConsoleRequest) -> HttpResponse:
    """Every token and component, in every state that can be drawn."""
    now = timezone.now()
    context = {
        "tokens": tokens(),
        "profile": PROFILE,
        "form": SampleForm({"kind": "o"}),
        "masked": Shown("a•••@e•••.com", "identifier/email", is_masked=True),
        "clear": Shown(
            "ada@example.com",
            "identifier/email",
            clear_until=now + timedelta(minutes=9),
        ),
        "ages": [now - timedelta(days=days) for days in (0, 3, 40, 400)],
        "bars": [{"y": 40 - height, "height": height} for height in HEIGHTS],
        "problem": {
            "status": 503,
            "title": "The memory is busy",
            "message": "Nothing was changed. Try again in a moment.",
        },
    }
    return render(request, "styleguide/styleguide.html", context)
