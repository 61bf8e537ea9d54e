"""Days and times as the viewer reads and writes them: in their own time zone, which is set
on the account page, or in their browser's.
"""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from console.contract.memory.identity_settings import list_time_zones
from console.web.forms import ConsoleForm, check_form
from console.web.render import ConsoleRequest

DAY_FORMATS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y")
DAY_EXAMPLE = "31 Jan 2026"
# What static/js/theme.js keeps.
COOKIE = "zone"


def choose_zone(*names: str) -> tzinfo:
    """The first that is one; UTC without any."""
    return next((ZoneInfo(name) for name in names if name in list_time_zones()), UTC)


def to_local(at: datetime) -> datetime:
    """In the viewer's zone; what lies outside of the years there, in UTC."""
    try:
        return timezone.localtime(at)
    except OverflowError:
        return at.astimezone(UTC)


def get_day(at: datetime) -> date:
    return to_local(at).date()


def get_day_start(day: date | None, *, days_later: int = 0) -> datetime | None:
    """The viewer's midnight at which a day begins."""
    if day is None:
        return None
    start = datetime.combine(day, time()) + timedelta(days=days_later)
    try:
        return start.replace(tzinfo=timezone.get_current_timezone()).astimezone(UTC)
    except OverflowError:
        return start.replace(tzinfo=UTC)


class DayField(forms.DateField):
    """A day, as pages or ISO write it; 10/12 would be two days."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"placeholder": f"e.g. {DAY_EXAMPLE}", "autocomplete": "off"}
        widget = forms.DateInput(attrs=attrs, format="%-d %b %Y")
        kwargs = {"required": False, "widget": widget, **kwargs}
        super().__init__(input_formats=DAY_FORMATS, **kwargs)


class MomentField(forms.DateTimeField):
    """A day and a time to the minute, in the viewer's zone unless another is given."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"placeholder": f"e.g. {DAY_EXAMPLE}, 09:00", "autocomplete": "off"}
        widget = forms.DateTimeInput(attrs=attrs, format="%-d %b %Y, %H:%M")
        formats = [f"{day}, %H:%M" for day in DAY_FORMATS]
        super().__init__(input_formats=formats, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """An address has the wire's time; a second that no minute tells stays so."""
        with suppress(ValueError):
            at = parse_datetime(value) if isinstance(value, str) else None
            value = value if at is None or at.second else at
        return super().prepare_value(value)

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError("Must lie within the years 1 to 9999.") from None


class ZoneForm(ConsoleForm):
    time_zone = forms.ChoiceField(
        required=False,
        label="Times are shown in",
        choices=lambda: [
            ("", "The browser’s zone"),
            *((z, z) for z in list_time_zones()),
        ],
    )


@require_POST
def set_time_zone(request: ConsoleRequest) -> HttpResponse:
    """The person's own, on the account page."""
    request.user.time_zone = check_form(ZoneForm(request.POST))["time_zone"]
    request.user.save(update_fields=["time_zone"])
    zone = request.user.time_zone or "the browser’s zone"
    messages.success(request, f"Times are shown in {zone}.")
    return redirect("mfa_index")
