"""Stores: a tenant's whole memory. Section 10.1."""

from typing import Annotated, ClassVar

from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    Version,
    always,
    described,
    limit,
    unchecked,
    whole,
)
from console.contract.ids import STORE_ID
from console.contract.memory.error import Receipt
from console.contract.memory.page import PageMeta, paging

STORES_PER_ACCOUNT = limit("STORES_PER_ACCOUNT", 15)  # 14 [S]; the beta page says 5
STORE_NAME_MAX = 64  # 10.1 [S]
STORE_DESCRIPTION_MAX = 128  # 10.1 [S]
STORES_PER_PAGE = 100  # 4 [S]
LEDGER_DAYS_MAX = 90
STATUSES = ("QUEUED", "PROVISIONING", "ACTIVE", "FAILED")

StoreId = Annotated[str, Meta(pattern=whole(STORE_ID))]
StoreName = Annotated[
    str, Meta(min_length=1, max_length=STORE_NAME_MAX, pattern=r"^[a-zA-Z0-9-]+\Z")
]
StoreDescription = Annotated[str, Meta(min_length=1, max_length=STORE_DESCRIPTION_MAX)]
LedgerDays = Annotated[int, Meta(ge=0, le=LEDGER_DAYS_MAX)]
StoreStatus = Annotated[str, described(enum=STATUSES)]


class CreateStore(Body, frozen=True, kw_only=True):
    """`display_name` is unique in the account."""

    display_name: StoreName
    description: StoreDescription = ""


class PatchStore(Body, frozen=True, kw_only=True):
    """Changes what is given."""

    display_name: StoreName | None = None
    description: StoreDescription | None = None
    ledger_days: Annotated[
        LedgerDays | None,
        described(
            description="Ours: for how many days the ledger keeps what programs "
            "recalled, without any text. 0: it keeps nothing."
        ),
    ] = None


class Store(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """One store.

    status   serves customers' data only when ACTIVE
    version  1, and one more with each change; the ETag holds it too
    ledger_days  ours: for how many the ledger of Recalls is kept; left out: it is not
    """

    intelligence_service_id: Annotated[str, described(maxLength=64)] | None = always(
        lambda: None
    )
    id: StoreId
    display_name: Annotated[str, unchecked(StoreName)]
    description: Annotated[str, unchecked(StoreDescription)] = ""
    status: StoreStatus
    version: Version
    ledger_days: Annotated[int, unchecked(LedgerDays)] = 0


class CreatedStore(Receipt, omit_defaults=True, frozen=True, kw_only=True):
    """id  ours: of the new store; left out when the operation failed"""

    id: Annotated[str, unchecked(StoreId)] = ""


class StoresPage(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Ids alone; `details`, ours, has the stores themselves for who asks for them."""

    most: ClassVar[int] = STORES_PER_PAGE

    stores: Annotated[tuple[StoreId, ...], described(maxItems=STORES_PER_PAGE)] = (
        always()
    )
    details: Annotated[tuple[Store, ...], described(maxItems=STORES_PER_PAGE)] = ()
    meta: Annotated[PageMeta, paging("stores", STORES_PER_PAGE)] = always(PageMeta)
