"""The rows of a profile's export: what the screen shows, masked as it is there."""

from collections.abc import Iterator

from console.client.store import StoreClient
from console.contract.times import to_wire
from console.masking.masker import MaskedValue, Masker
from console.pages.timeline.export_files import Row
from console.pages.timeline.selectors.filters import Filters
from console.pages.timeline.selectors.reader import Cursor, Reader, Told
from console.pages.timeline.selectors.timeline import (
    conversations_of,
    kind_of,
    matching,
)
from console.profiles.traits import build_trait_groups

COLUMNS = {
    "timeline": [
        "kind",
        "id",
        "occurred_at",
        "learned_at",
        "changed_at",
        "source",
        "conversations",
        "text",
        "masked",
    ],
    "traits": ["group", "trait", "type", "value", "masked"],
}


def rows_of(
    what: str, store: StoreClient, profile_id: str, masker: Masker, filters: Filters
) -> Iterator[list[Row]]:
    """A batch for each step of reading. Raises MemoryProblem at any of them."""
    if what == "traits":
        yield _traits(store, profile_id, masker)
        return
    reader = Reader(store, profile_id, Cursor(), filters)
    while True:
        read = matching(reader.read(), masker, filters)
        yield [_row(told, shown) for told, shown in read]
        if reader.cursor.is_end:
            return


def _row(told: Told, shown: MaskedValue) -> Row:
    return {
        "kind": kind_of(told),
        "id": told.id,
        "occurred_at": to_wire(told.occurred_at),
        "learned_at": to_wire(told.created_at),
        "changed_at": to_wire(told.updated_at),
        "source": told.source,
        "conversations": list(conversations_of(told)),
        "text": shown.text,
        "masked": shown.is_masked,
    }


def _traits(store: StoreClient, profile_id: str, masker: Masker) -> list[Row]:
    groups = build_trait_groups(store, store.fetch_profile(profile_id), masker)
    return [
        {
            "group": row.group,
            "trait": row.name,
            "type": row.type,
            # As the memory gave it, a list too, unless something is hidden.
            "value": shown.text if shown.is_masked else row.value,
            "masked": shown.is_masked,
        }
        for group in groups
        for row in group.filled
        if (shown := row.shown)
    ]
