from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from console.service.models import ProfileScoped


class IndexedItem(ProfileScoped):
    """A text that Recall finds: each row of such a table has one IndexEntry.

    kind              what the text is, as in its id: `mem_<kind>_01k…`
    conversation_ids  of the conversations that it comes from
    """

    kind: ClassVar[str]
    # Columns of every such table; their lengths and the rest are its own.
    id: models.CharField[str, str]
    content: models.TextField[str, str]
    occurred_at: models.DateTimeField[datetime, datetime]
    updated_at: models.DateTimeField[datetime, datetime]
    conversation_ids: Any

    class Meta:
        abstract = True


class IndexEntry(ProfileScoped):
    """What Recall reads of one item: not its text, only what follows from it.

    item_id        of the IndexedItem
    occurred_at    microseconds since 1970, UTC
    terms          its words (engine.words.terms), four bytes each
    terms_version  of what made them (engine.words.VERSION)
    conversations  where it comes from (engine.texts), eight bytes each
    model          id of the embedder that made the vector; "" while there is none
    vector         8-bit levels with their scale (engine.texts)
    docs/recall.md, "Rows, not packed blobs": about 0.6 kB a text.
    """

    pk = models.CompositePrimaryKey("store_id", "profile_id", "item_id")
    item_id = models.CharField(max_length=46)
    occurred_at = models.BigIntegerField()
    terms = models.BinaryField()
    terms_version = models.PositiveSmallIntegerField(db_default=1)
    conversations = models.BinaryField()
    model = models.CharField(max_length=40, default="")
    vector = models.BinaryField(default=b"")

    class Meta:
        verbose_name_plural = "index entries"
        indexes = [
            # What the worker looks for: entries without the present model's vector,
            # and those whose terms are of an earlier version.
            models.Index(fields=["store_id", "model"], name="index_entry_by_model"),
            models.Index(
                fields=["store_id", "terms_version"], name="index_entry_by_terms"
            ),
        ]

    def __str__(self) -> str:
        return self.item_id
