"""Many profiles at once. Contract 11.1."""

from collections.abc import Sequence

from django.db import transaction

from console.service import errors
from console.service.memory.models import Store
from console.service.memory.profiles import create_profile, read_person
from console.service.memory.stores import lock_store
from console.service.memory.traits import Payload

# Under one lock of the store: others who write there wait so long, not for all.
CHUNK = 100


def put_profiles(store: Store, payloads: Sequence[Payload]) -> dict[int, str]:
    """Each as create_profile, in order; answers which were refused, and why.

    All are checked before the first is written. What is refused nevertheless fitted
    the store a moment before: somebody has changed a definition since.
    Raises Invalid (`profiles[3].traits.Contact.email: …`); then nothing was written.
    """
    for index, payload in enumerate(payloads):
        try:
            read_person(store, payload)
        except errors.Invalid as exc:
            raise errors.Invalid(f"profiles[{index}].{exc.message}") from exc
    refused: dict[int, str] = {}
    for start in range(0, len(payloads), CHUNK):
        chunk = apply_profiles(store, payloads[start : start + CHUNK])
        refused |= {start + index: message for index, message in chunk.items()}
    return refused


@transaction.atomic(using="memory")
def apply_profiles(store: Store, payloads: Sequence[Payload]) -> dict[int, str]:
    """One transaction, in which each item stands for itself: a refused one leaves
    nothing behind and the others stay. Raises NotFound for a store that is gone."""
    lock_store(store)
    refused = {}
    for index, payload in enumerate(payloads):
        try:
            create_profile(store, payload)
        except errors.Invalid as exc:
            refused[index] = exc.message
    return refused
