"""The one typed client of a memory, embedded or hosted (docs/contract.md).

    account = connect("embedded:", username=sid, secret=token)
    profile = account.store(store_id).fetch_profile(profile_id)

Every method raises MemoryProblem (errors.py) and nothing of HTTP. Reads of a merged
profile answer for the profile that it became, and say so by its id.
"""

from contextlib import suppress
from itertools import chain, repeat
from typing import Any

import httpx
from django.conf import settings

from console.client.conversations import CONFIGURATIONS
from console.client.errors import MemoryBusy, MemoryUnreachable
from console.client.http import Page, Sender, check_same, segment
from console.client.knowledge import KnowledgeClient
from console.client.network import EMBEDDED, Guard, check_address, get_guard, http_for
from console.client.older import OlderSender
from console.client.store import STORES, StoreClient
from console.contract.conversations.configuration import (
    ITEMS_PER_PAGE,
    Configuration,
    ConfigurationsPage,
)
from console.contract.memory.operation import Operation
from console.contract.memory.store import CreateStore, Store, StoresPage
from console.core.outgoing import build_http, pause, within

_HOSTED = "https://memory."
_POLL_PAUSES_S = (0.05, 0.1, 0.2, 0.5)


def connect(
    address: str,
    *,
    username: str,
    secret: str,
    dialect: str = "current",
    guard: Guard | None = None,
    transport: httpx.BaseTransport | None = None,
) -> "AccountClient":
    """A client of one account: `embedded:` or `https://host[:port]`. Calls nothing.

    dialect     what it speaks: current, or services, the older one
    guard       bounds the calls; over a network the account's own unless given
    transport   what tests answer through
    Raises BadAddress.
    """
    if transport is None:
        http = http_for(address)
    else:
        http = build_http(check_address(address), transport)
    if guard is None and address != EMBEDDED:
        guard = get_guard(f"{address} {username}")

    def build_sender(http: httpx.Client) -> Sender:
        kind = OlderSender if dialect == "services" else Sender
        return kind(http, guard, username=username, secret=secret)

    def find_sender(product: str) -> Sender:
        """The vendor has each product on a host of its own."""
        if transport or not address.startswith(_HOSTED):
            return sender
        return build_sender(
            http_for(address.replace(_HOSTED, f"https://{product}.", 1))
        )

    sender = build_sender(http)
    return AccountClient(
        sender, address, find_sender("conversations"), find_sender("knowledge")
    )


class AccountClient:
    """The stores of one account, and the operations that change them."""

    def __init__(
        self, sender: Sender, address: str, talks: Sender, knowledge: Sender
    ) -> None:
        self._sender, self._talks = sender, talks
        self.knowledge = KnowledgeClient(knowledge)
        self._address = address

    def __repr__(self) -> str:
        return f"<AccountClient {self._address}>"

    def store(self, store_id: str) -> StoreClient:
        """A client that can name this one store only."""
        return StoreClient(self._sender, store_id, self._talks)

    def list_stores(self, *, page_token: str = "", page_size: int = 50) -> Page[str]:
        """Ids of stores. Contract 10.1."""
        return self._sender.list_page(STORES, StoresPage, page_token, page_size)

    def create_store(self, store: CreateStore) -> Operation:
        """Contract 10.1: the new id is in the finished operation's `result_id`."""
        return self._sender.start("POST", STORES, store)

    def fetch_store(self, store_id: str) -> Store:
        return self._sender.fetch_one(self._store_path(store_id), Store, store_id)

    def delete_store(self, store_id: str) -> Operation:
        """Deletes the store with everything in it. Contract 10.1."""
        return self._sender.start("DELETE", self._store_path(store_id))

    def fetch_operation(self, operation_id: str) -> Operation:
        """Contract 6.1; kept for seven days after it is done."""
        path = f"/v1/ControlPlane/Operations/{segment('operation', operation_id)}"
        operation = self._sender.fetch(path, Operation)
        check_same(operation.operation_id, operation_id)
        return operation

    def list_configurations(self, *, page_token: str = "") -> Page[Configuration]:
        """Whichever store they name, be it one that is not there."""
        return self._talks.list_page(
            CONFIGURATIONS, ConfigurationsPage, page_token, ITEMS_PER_PAGE
        )

    def fetch_description(self) -> dict[str, Any]:
        """The memory's OpenAPI document; MemoryNotFound where it publishes none."""
        return self._sender.fetch("/v1/openapi.json", dict[str, Any])

    def wait_for(self, operation: Operation) -> Operation:
        """The operation when it is done, or as last seen at the deadline."""
        pauses_s = chain(_POLL_PAUSES_S, repeat(1.0))
        with within(settings.MEMORY_TOTAL_TIMEOUT_S):
            while not operation.is_done:
                # It goes on in the memory, whether this look at it works or not.
                with suppress(MemoryUnreachable, MemoryBusy):
                    operation = self.fetch_operation(operation.operation_id)
                if not (operation.is_done or pause(next(pauses_s))):
                    break
        return operation

    def _store_path(self, store_id: str) -> str:
        return f"{STORES}/{segment('store', store_id)}"
