"""Identifiers of erased profiles, which no write brings back until a person lifts that.

Only keyed digests are kept. A phone number that is erased is refused as a WhatsApp number
too, and the other way around: both name the same person.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b

from django.db.models import F
from django.utils import timezone

from console.service import errors
from console.service.memory.models import Identifier, Profile, Suppression
from console.service.memory.queries import find_suppressed
from console.service.models import StoreKey, digest

A_WRITE = 20
WHY = "erased; not learned again until a privacy officer lifts that"

Key = tuple[str, str]  # type and value


class Erased(errors.Conflict):
    """The message names the field. `store`, `keys`: to count it once nothing is written."""

    def __init__(self, path: str, store: StoreKey, keys: Collection[Key]) -> None:
        super().__init__(f"{path}: {WHY}")
        self.store, self.keys = store, keys


def suppress(profile: Profile) -> None:
    """Before the profile is erased, in the same transaction."""
    now = timezone.now()
    held = Identifier.objects.of(profile).values_list("id_type", "value")
    ids = digest_keys(profile.store_id, held)
    Suppression.objects.bulk_create(
        [
            Suppression(
                store_id=profile.store_id, id=id_, id_type=id_type, erased_at=now
            )
            for (id_type, _), id_ in zip(held, ids, strict=True)
        ],
        ignore_conflicts=True,
    )


def digest_keys(store_id: str, keys: Iterable[Key]) -> list[str]:
    """BLAKE2's own keyed mode: an import asks for thousands a second."""
    secret = bytes.fromhex(digest(f"suppression {store_id}"))
    keyed, digests = blake2b(key=secret, digest_size=32), []
    for of, value in map(_name_phone, keys):
        one = keyed.copy()
        one.update(f"{of} {value}".encode())
        digests.append(one.hexdigest())
    return digests


def _name_phone(key: Key) -> Key:
    number = key[1].removeprefix("whatsapp:")
    return key if number == key[1] else ("phone", number)


def find_erased(store: StoreKey, keys: Collection[Key]) -> set[Key]:
    """Those of these that are not to be learned; free for an import into a store where
    nothing is, and for a write without any."""
    is_import = len(keys) > A_WRITE
    if not keys or (is_import and not Suppression.objects.of(store).exists()):
        return set()
    digests = digest_keys(store.id, keys)
    found = find_suppressed(store.id, digests)
    return {key for key, id_ in zip(keys, digests, strict=True) if id_ in found}


def refuse_erased(store: StoreKey, paths: Mapping[Key, str]) -> None:
    """paths  where each stands in the request. Raises Erased."""
    if erased := find_erased(store, paths.keys()):
        path = next(path for key, path in paths.items() if key in erased)
        raise Erased(path, store, erased)


def count_refused(store: StoreKey, keys: Collection[Key]) -> None:
    rows = Suppression.objects.of(store).filter(id__in=digest_keys(store.id, keys))
    rows.update(refused=F("refused") + 1, refused_at=timezone.now())


@contextmanager
def counting_refused() -> Iterator[None]:
    """Around a transaction that what is refused rolls back."""
    try:
        yield
    except Erased as erased:
        count_refused(erased.store, erased.keys)
        raise


def lift(store: StoreKey, suppression_id: str) -> None:
    """Raises NotFound."""
    if not Suppression.objects.of(store).filter(id=suppression_id).delete()[0]:
        raise errors.NotFound("Suppression not found.")
