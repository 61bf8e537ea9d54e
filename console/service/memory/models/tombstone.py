from django.db import models


class Tombstone(models.Model):
    """That something was deleted, without what it was. It outlives its store, and a
    restore of an older memory takes it over.

    digest      keyed, of its kind and ids (console/service/memory/tombstones.py)
    key_id      of the MEMORY_DIGEST_KEY that made the digest
    deleted_at  UTC; the last time, for what can come again
    """

    digest = models.CharField(primary_key=True, max_length=64)
    key_id = models.CharField(max_length=8)
    deleted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest
