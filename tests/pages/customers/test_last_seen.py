"""When somebody looked at a profile, so that they hear what is new."""

from datetime import timedelta

from django.utils import timezone

from console.pages.customers.models import LastSeen, update_last_seen
from tests.factories import make_tenant, make_user

PROFILE = "mem_profile_00000000000000000000000000"


def age_by(amount: timedelta) -> None:
    LastSeen.objects.update(seen_at=timezone.now() - amount)


def test_update_last_seen_on_the_first_visit(tenant, agent):
    assert update_last_seen(agent, tenant, PROFILE) is None
    assert LastSeen.objects.count() == 1


def test_update_last_seen_within_half_an_hour_is_one_visit(tenant, agent):
    update_last_seen(agent, tenant, PROFILE)
    age_by(timedelta(minutes=29))

    assert update_last_seen(agent, tenant, PROFILE) is None


def test_update_last_seen_later_begins_a_visit(tenant, agent):
    update_last_seen(agent, tenant, PROFILE)
    age_by(timedelta(hours=2))
    ended_at = LastSeen.objects.get().seen_at

    assert update_last_seen(agent, tenant, PROFILE) == ended_at
    assert update_last_seen(agent, tenant, PROFILE) == ended_at


def test_update_last_seen_is_per_person_and_tenant(tenant, agent, officer):
    update_last_seen(agent, tenant, PROFILE)
    age_by(timedelta(hours=2))
    elsewhere = make_tenant("other")

    assert update_last_seen(officer, tenant, PROFILE) is None
    assert update_last_seen(make_user("agent", elsewhere), elsewhere, PROFILE) is None


def test_last_seen_names_nobody(tenant, agent):
    update_last_seen(agent, tenant, PROFILE)

    assert PROFILE not in str(LastSeen.objects.get())
