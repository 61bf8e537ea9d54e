"""When somebody looked at a profile, so that they hear what is new."""

from datetime import timedelta

from django.utils import timezone

from console.web.models import Visit
from console.web.visits import visit
from tests.factories import make_tenant, make_user

PROFILE = "mem_profile_00000000000000000000000000"


def age_by(amount: timedelta) -> None:
    Visit.objects.update(seen_at=timezone.now() - amount)


def test_the_first_visit_has_none_before_it(tenant, agent):
    assert visit(agent, tenant, PROFILE) is None
    assert Visit.objects.count() == 1


def test_looks_within_half_an_hour_are_one_visit(tenant, agent):
    visit(agent, tenant, PROFILE)
    age_by(timedelta(minutes=29))

    assert visit(agent, tenant, PROFILE) is None


def test_a_later_look_begins_a_visit_and_keeps_the_end_of_the_one_before(tenant, agent):
    visit(agent, tenant, PROFILE)
    age_by(timedelta(hours=2))
    ended_at = Visit.objects.get().seen_at

    assert visit(agent, tenant, PROFILE) == ended_at
    assert visit(agent, tenant, PROFILE) == ended_at


def test_a_visit_is_one_persons_in_one_tenant(tenant, agent, officer):
    visit(agent, tenant, PROFILE)
    age_by(timedelta(hours=2))
    elsewhere = make_tenant("other")

    assert visit(officer, tenant, PROFILE) is None
    assert visit(make_user("agent", elsewhere), elsewhere, PROFILE) is None


def test_a_visit_names_nobody(tenant, agent):
    visit(agent, tenant, PROFILE)

    assert str(Visit.objects.get()) == f"visit {Visit.objects.get().pk}"
