"""Results that are kept: the latest of each kind, and the old ones until they go."""

from datetime import timedelta

from django.utils import timezone

from console.monitoring.models import KEEP, Health, Kind, Result, latest, prune, record
from tests.factories import make_tenant


def test_latest_has_one_result_of_each_kind(tenant, django_assert_num_queries):
    other = make_tenant("globex")
    record(tenant, Kind.CANARY, Health.FAILS, ms=12)
    newest = record(tenant, Kind.CANARY, Health.HOLDS)
    doctor = record(tenant, Kind.DOCTOR, Health.DOUBTFUL)
    theirs = record(other, Kind.CANARY, Health.UNKNOWN)

    with django_assert_num_queries(1):
        found = latest([tenant, other])

    assert found == {
        tenant.pk: {"canary": newest, "doctor": doctor},
        other.pk: {"canary": theirs},
    }


def test_prune_leaves_what_is_new_or_the_latest(tenant):
    for _ in range(3):
        record(tenant, Kind.CANARY, Health.HOLDS)
    Result.objects.update(at=timezone.now() - KEEP - timedelta(days=1))
    new = record(tenant, Kind.DOCTOR, Health.HOLDS)
    last = Result.objects.get(kind=Kind.CANARY, is_latest=True)

    prune()

    assert {*Result.objects.all()} == {new, last}
