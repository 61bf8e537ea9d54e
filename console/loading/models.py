"""What was loaded from files, so that loading again leaves alone what people changed."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

Part = tuple[Any, ...]


class LoadedPart(models.Model):
    """A profile, a trait's value, an observation or a summary that a file had.

    digest  keyed, of the store, the person and what was loaded: it names nothing, and
            is kept when that is corrected, deleted or erased
    """

    digest = models.CharField(primary_key=True, max_length=64)


class LoadedParts:
    """Of one person of a store, who is known by each of `subjects`, such as an email."""

    def __init__(self, store_id: str, *subjects: str) -> None:
        self._of = [(store_id, subject) for subject in subjects]

    def find(self, parts: Collection[Part]) -> set[Part]:
        """Those that were loaded before."""
        digests = {pk: part for part in parts for pk in self._list_digests(part)}
        found: set[Part] = set()
        waiting = list(digests)
        for start in range(0, len(waiting), 500):
            rows = LoadedPart.objects.filter(pk__in=waiting[start : start + 500])
            found |= {digests[pk] for pk in rows.values_list("pk", flat=True)}
        return found

    def forget(self, parts: Collection[Part]) -> None:
        digests = [pk for part in parts for pk in self._list_digests(part)]
        LoadedPart.objects.filter(pk__in=digests).delete()

    def add(self, parts: Collection[Part]) -> None:
        rows = [
            LoadedPart(digest=pk) for part in parts for pk in self._list_digests(part)
        ]
        LoadedPart.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)

    def _list_digests(self, part: Part) -> list[str]:
        # The one key that is never rotated: a file may be loaded again years later.
        key = settings.MEMORY_DIGEST_KEY
        texts = [repr((*of, *part)) for of in self._of]
        signed = (
            salted_hmac("console.loading", text, key, algorithm="sha256")
            for text in texts
        )
        return [each.hexdigest() for each in signed]
