"""Which new observations Recall does not return yet, by asking Recall itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.recall import RECALL_ITEMS

# Older than this, what Recall does not return is not late but left out.
FRESH = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


def find_not_recallable(
    store: StoreClient,
    profile_id: str,
    observations: Sequence[Observation],
    *,
    now: datetime,
) -> frozenset[str]:
    """Ids of fresh observations that Recall does not return, or not in these words.

    One call, and none while nothing is fresh. Recall without a query returns all that
    happened within its dates, newest first; when that is more than one answer holds,
    nothing is said.
    """
    fresh = [item for item in observations if now - item.updated_at < FRESH]
    if not fresh:
        return frozenset()
    times = [item.occurred_at for item in fresh]
    # The year 9999 has no second after its last one, and nothing happens after it.
    is_last = max(times) > datetime.max.replace(tzinfo=UTC) - SECOND
    recall = store.recall(
        profile_id,
        begin=min(times),
        end=None if is_last else max(times) + SECOND,
        observations_limit=RECALL_ITEMS,
        summaries_limit=0,
    )
    if len(recall.observations) >= RECALL_ITEMS:
        return frozenset()
    recalled = {item.id: item.content for item in recall.observations}
    return frozenset(item.id for item in fresh if recalled.get(item.id) != item.content)
