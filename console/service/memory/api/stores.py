"""Stores. Contract 10.1."""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse

from console.contract.memory import store as wire
from console.service.http import answers
from console.service.http.answers import (
    answer,
    answer_completed,
    etag,
    from_row,
    operation_accepted,
)
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_flag
from console.service.memory import models, stores

STORES = "v1/ControlPlane/Stores"
STORE = f"{STORES}/<store_id>"


@doc.operation(
    "GET",
    STORES,
    {200: wire.StoresPage},
    query=doc.ORDERED_PAGE_QUERY
    | {
        "details": doc.documented(bool, "Adds the stores themselves, with their names.")
    },
)
def list_stores(request: ApiRequest) -> HttpResponse:
    """The ids of the account's stores, newest first."""
    page = read_page(request)
    detailed = read_flag(page.filters, "details", default=False)
    details: dict[str, Any] = {"details": wire.Store} if detailed else {}
    return answer_page(
        request,
        models.Store.objects.filter(account=request.account),
        page,
        lambda store: store.id,
        **details,
    )


@doc.operation(
    "POST",
    STORES,
    {202: replace(doc.RECEIPT[202], noun=wire.CreatedStore)},
    logs="store.added",
)
def create_store(request: ApiRequest, body: wire.CreateStore) -> HttpResponse:
    """Creates a store. Its id is in the answer, and the result of the operation."""
    try:
        request.store = stores.create_store(
            request.account,
            display_name=body.display_name,
            description=body.description,
        )
    except stores.NameTaken as exc:
        return operation_failed(request, exc)
    id_ = request.store.id
    return answer_completed(request, id_, noun=wire.CreatedStore, id=id_)


@doc.operation("GET", STORE, {200: doc.Reply(wire.Store, doc.ETAG)})
def fetch_store(request: ApiRequest) -> HttpResponse:
    """One store: its name, and whether it is active."""
    return answer(
        from_row(wire.Store, request.store), headers=etag(request.store.version)
    )


@doc.operation("PATCH", STORE, doc.RECEIPT, headers=doc.IF_MATCH, logs="store.changed")
def patch_store(request: ApiRequest, body: wire.PatchStore) -> HttpResponse:
    """Changes the name or the description. With If-Match, only if nobody has changed
    the store since you read it."""
    try:
        stores.patch_store(
            request.store,
            if_match=request.headers.get("If-Match", ""),
            display_name=body.display_name,
            description=body.description,
            ledger_days=body.ledger_days,
        )
    except stores.NameTaken as exc:
        return operation_failed(request, exc)
    return answer_completed(request, request.store.id)


@doc.operation("DELETE", STORE, doc.RECEIPT, logs="store.removed")
def delete_store(request: ApiRequest) -> HttpResponse:
    """Deletes the store and everything in it. This cannot be undone."""
    stores.delete_store(request.store)
    return answer_completed(request, request.store.id)


def operation_failed(request: ApiRequest, error: stores.NameTaken) -> HttpResponse:
    """A name that is taken has no 409 here: the operation fails (contract 17, 13)."""
    operation = answers.record_failed(
        request.account, code=error.code, title="Name taken", detail=error.message
    )
    return operation_accepted(request, operation)
