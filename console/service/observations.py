"""Observations: single facts, each with its past. Contract 11.4."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from console.core.ids import OBSERVATION_ID, new_id
from console.service import errors, limits
from console.service.models import (
    Observation,
    ObservationRevision,
    Profile,
    Store,
)
from console.service.profiles import get_profile

_STATE = ("content", "source", "occurred_at", "conversation_ids", "updated_at")


def get_observation(profile: Profile, observation_id: str) -> Observation:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    if not OBSERVATION_ID.fullmatch(observation_id):
        raise errors.Invalid("observationId: is not an observation id")
    observation: Observation | None = (
        Observation.objects.of(profile).filter(id=observation_id).first()
    )
    if observation is None:
        raise errors.NotFound("No such observation.")
    return observation


@transaction.atomic(using="memory")
def create_observations(
    store: Store, profile_id: str, items: Sequence[Mapping[str, Any]]
) -> None:
    """All of a batch or none. Items hold content, source, occurred_at and
    conversation_ids. Raises NotFound, Invalid (the profile is full)."""
    profile = get_profile(store, profile_id, lock=True)
    check_room(Observation, profile, len(items), limits.OBSERVATIONS_PER_PROFILE)
    now = timezone.now()
    Observation.objects.bulk_create(
        Observation(
            store_id=store.id,
            profile_id=profile.id,
            id=new_id("mem_observation"),
            created_at=now,
            updated_at=now,
            **item,
        )
        for item in items
    )


@transaction.atomic(using="memory")
def patch_observation(
    store: Store, profile_id: str, observation_id: str, changes: Mapping[str, Any]
) -> None:
    """Changes what is given; every state there was is kept. Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    observation = get_observation(profile, observation_id)
    if all(getattr(observation, name) == value for name, value in changes.items()):
        return
    if not revisions_of(observation).exists():
        _keep_revision(observation)
    for name, value in changes.items():
        setattr(observation, name, value)
    observation.updated_at = _later_than(observation.updated_at)
    observation.save()
    _keep_revision(observation)


def _later_than(moment: datetime) -> datetime:
    # A clock that was set back must not put a change before what it changed.
    return max(timezone.now(), moment)


def _keep_revision(observation: Observation) -> None:
    kept = revisions_of(observation)
    number = (kept.aggregate(last=Max("number"))["last"] or 0) + 1
    ObservationRevision.objects.create(
        store_id=observation.store_id,
        profile_id=observation.profile_id,
        observation_id=observation.id,
        number=number,
        created_at=observation.created_at,
        **{name: getattr(observation, name) for name in _STATE},
    )


def revisions_of(observation: Observation) -> Any:
    """Every state of an observation that was ever changed, else none: a queryset."""
    return ObservationRevision.objects.filter(
        store_id=observation.store_id,
        profile_id=observation.profile_id,
        observation_id=observation.id,
    )


@transaction.atomic(using="memory")
def delete_observation(store: Store, profile_id: str, observation_id: str) -> None:
    """Removes an observation and its revisions. Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    observation = get_observation(profile, observation_id)
    revisions_of(observation).delete()
    observation.delete()


def check_room(model: Any, profile: Profile, count: int, limit: int) -> None:
    """Raises Invalid when `count` more rows would be more than a profile holds."""
    if model.objects.of(profile).count() + count > limit:
        raise errors.Invalid(f"This profile would hold more than {limit} of these.")
