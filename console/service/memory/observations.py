"""Observations: single facts, each with its past. Contract 11.4."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from console.contract.ids import OBSERVATION_ID
from console.contract.memory.observation import (
    CONVERSATIONS_PER_OBSERVATION,
    OBSERVATIONS_PER_PROFILE,
)
from console.service import errors
from console.service.memory.item_writes import create_items, delete_item, update_item
from console.service.memory.models import (
    Observation,
    ObservationRevision,
    Profile,
    Store,
)
from console.service.memory.models.observation import ObservationState
from console.service.memory.profiles import get_profile


def get_observation(profile: Profile, observation_id: str) -> Observation:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    if not OBSERVATION_ID.fullmatch(observation_id):
        raise errors.Invalid("observationId: not a valid observation id")
    observation: Observation | None = (
        Observation.objects.of(profile).filter(id=observation_id).first()
    )
    if observation is None:
        raise errors.NotFound("Observation not found.")
    return observation


def filter_by_conversation(observations: Any, conversation_id: str) -> Any:
    """Those of a queryset that name a conversation; a scan of one profile's rows."""
    # Place by place, as JSON values: SQLite has no containment operator, and as text
    # each database writes quotes and letters beyond ASCII in its own way.
    places = (
        Q(**{f"conversation_ids__{place}": conversation_id})
        for place in range(CONVERSATIONS_PER_OBSERVATION)
    )
    return observations.filter(reduce(or_, places))


def create_observations(
    store: Store, profile_id: str, items: Sequence[Mapping[str, Any]]
) -> None:
    """All of a batch or none. Items hold content, source, occurred_at and
    conversation_ids. Raises NotFound, Invalid (the profile is full)."""
    limit = OBSERVATIONS_PER_PROFILE
    create_items(Observation, store, profile_id, items, limit=limit)


@transaction.atomic(using="memory")
def patch_observation(
    store: Store, profile_id: str, observation_id: str, changes: Mapping[str, Any]
) -> None:
    """Changes what is given; every state there was is kept. Raises NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    observation = get_observation(profile, observation_id)
    before = copy(observation)
    if update_item(observation, changes):
        if not list_revisions(before).exists():
            _keep_revision(before)
        _keep_revision(observation)


def _keep_revision(observation: Observation) -> None:
    kept = list_revisions(observation)
    number = (kept.aggregate(last=Max("number"))["last"] or 0) + 1
    state = [field.attname for field in ObservationState._meta.fields]
    ObservationRevision.objects.create(
        observation_id=observation.id,
        number=number,
        **{name: getattr(observation, name) for name in state},
    )


def list_revisions(observation: Observation) -> Any:
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
    list_revisions(observation).delete()
    delete_item(observation)
