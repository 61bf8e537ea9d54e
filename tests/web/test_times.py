"""Times are the viewer's: shown in their zone, typed as pages write them."""

from datetime import UTC, date, datetime
from io import BytesIO

import httpx
import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from console.client.network import EmbeddedTransport
from console.tenants.vault import open_store
from console.web.times import DayField, MomentField, choose_zone, get_day
from tests.factories import make_observation, make_profile

TOKYO, NEW_YORK = choose_zone("Asia/Tokyo"), choose_zone("America/New_York")


@pytest.fixture
def in_tokyo(client, agent):
    """An agent whose browser is there."""
    client.force_login(agent)
    client.cookies["zone"] = "Asia/Tokyo"
    return client


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("Europe/Berlin", "Asia/Tokyo"), "Europe/Berlin"),
        (("", "Asia/Tokyo"), "Asia/Tokyo"),
        (("../passwd", "Mars/Olympus"), "UTC"),
        ((), "UTC"),
    ],
)
def test_choose_zone_takes_the_first_that_is_one(names, chosen):
    assert str(choose_zone(*names)) == chosen


@pytest.mark.parametrize("typed", ["2026-01-05", "5 Jan 2026", "05 january 2026"])
def test_day_field_reads_a_day_as_pages_write_it(typed):
    assert DayField().clean(typed) == date(2026, 1, 5)


@pytest.mark.parametrize("typed", ["10/12/2026", "5.1.2026", "31 Feb 2026"])
def test_day_field_reads_no_other_day(typed):
    with pytest.raises(ValidationError):
        DayField().clean(typed)


@pytest.mark.parametrize(
    "typed", ["5 Jan 2026, 18:00", "2026-01-05T18:00", "2026-01-05T09:00Z"]
)
def test_moment_field_reads_the_viewers_time(typed):
    with timezone.override(TOKYO):
        assert MomentField().clean(typed) == datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-01-05T09:00:00Z", "5 Jan 2026, 18:00"),
        ("2026-01-05T09:00:07Z", "2026-01-05T09:00:07Z"),
        ("soon", "soon"),
        ("2026-13-05T09:00:00Z", "2026-13-05T09:00:00Z"),
    ],
)
def test_moment_field_shows_an_address_time_as_pages_write_it(given, shown):
    class Form(forms.Form):
        at = MomentField()

    with timezone.override(TOKYO):
        assert f'value="{shown}"' in str(Form({"at": given})["at"])


def test_moment_field_refuses_what_lies_outside_of_the_years():
    with timezone.override(TOKYO), pytest.raises(ValidationError, match="1 to 9999"):
        MomentField().clean("1 Jan 0001, 00:00")


@pytest.mark.parametrize(
    "at",
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)],
)
@pytest.mark.parametrize("zone", [TOKYO, NEW_YORK])
def test_get_day_knows_the_first_and_the_last(at, zone):
    with timezone.override(zone):
        assert get_day(at) == at.date()


def test_pages_show_the_browsers_time_and_utc_on_hover(in_tokyo, tenant):
    profile = make_profile(tenant)
    late = "2026-01-05T16:30:00Z"
    fact = make_observation(tenant, profile, "Likes tea.", occurredAt=late)

    item = in_tokyo.get(
        reverse("timeline:observation", args=["acme", profile, fact.id])
    )
    timeline = reverse("timeline:timeline", args=["acme", profile])
    days = in_tokyo.get(timeline, {"begin": "6 Jan 2026", "end": "2026-01-06"}).text

    exact = 'title="2026-01-05 16:30:00 UTC"'
    assert f"{exact}>6 January 2026, 01:30:00 JST</time>" in item.text
    assert "6 January 2026" in days
    assert f"{exact}>01:30</time>" in days
    assert "Likes tea." in days


def test_own_zone_wins_over_the_browsers(in_tokyo, tenant):
    account = reverse("mfa_index")
    chosen = {"time_zone": "America/New_York"}

    answer = in_tokyo.post(reverse("account_time_zone"), chosen)
    page = in_tokyo.get(account)
    timeline = reverse("timeline:timeline", args=["acme", make_profile(tenant)])

    assert answer.url == account
    assert "Times are shown in America/New_York." in page.text
    assert '<option value="America/New_York" selected>' in page.text
    assert "they happened, America/New_York" in in_tokyo.get(timeline).text


def test_set_time_zone_refuses_what_is_none(in_tokyo, agent):
    answer = in_tokyo.post(reverse("account_time_zone"), {"time_zone": "Mars/Olympus"})

    agent.refresh_from_db()
    assert answer.status_code == 422
    assert agent.time_zone == ""


def test_observation_is_added_at_the_viewers_time(in_tokyo, tenant):
    profile = make_profile(tenant)
    form = {
        "content": "Moves in May.",
        "source": "console",
        "occurred_at": "5 Jan 2026, 18:00",
        "reason_code": "learned",
        "ticket": "T-1",
    }
    add = reverse("timeline:observation_add", args=["acme", profile])

    page = in_tokyo.get(add)
    after = in_tokyo.post(add, form, follow=True)

    [fact] = open_store(tenant).list_observations(profile).items
    assert "When it was said (Asia/Tokyo)" in page.text
    assert page.context["form"]["reason_code"].value() is None
    assert "Added. Agents recall it from their next turn." in after.text
    assert fact.occurred_at == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_export_has_the_days_of_the_screen(in_tokyo, tenant, officer):
    in_tokyo.force_login(officer)
    in_tokyo.cookies["zone"] = "Asia/Tokyo"
    profile = make_profile(tenant)
    late = "2026-01-05T16:30:00Z"
    make_observation(tenant, profile, "Likes tea.", occurredAt=late)
    form = {"what": "timeline", "format": "csv", "begin": "6 Jan 2026"}

    export = in_tokyo.get(reverse("timeline:export", args=["acme", profile]), form)

    assert b"Likes tea." in BytesIO(b"".join(export.streaming_content)).read()


def tell_zone(environ, start_response):
    start_response("200 OK", [])
    return [timezone.get_current_timezone_name().encode()]


def test_memory_knows_no_viewer(settings):
    settings.MEMORY_APPLICATION = f"{__name__}.tell_zone"

    with timezone.override(TOKYO):
        answer = EmbeddedTransport().handle_request(httpx.Request("GET", "http://x/"))

    assert answer.read() == b"UTC"
