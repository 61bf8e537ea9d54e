"""Has the memory caught up with what was written? Asked of Recall itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.recall import RECALL_ITEMS

# Older than this, what Recall does not return is not late but left out.
FRESH = timedelta(minutes=10)


def not_recallable(
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
    fresh = [each for each in observations if now - each.updated_at < FRESH]
    if not fresh:
        return frozenset()
    moments = [each.occurred_at for each in fresh]
    recall = store.recall(
        profile_id,
        begin=min(moments),
        end=max(moments) + timedelta(seconds=1),
        observations_limit=RECALL_ITEMS,
        summaries_limit=0,
    )
    if len(recall.observations) >= RECALL_ITEMS:
        return frozenset()
    known = {each.id: each.content for each in recall.observations}
    return frozenset(each.id for each in fresh if known.get(each.id) != each.content)
