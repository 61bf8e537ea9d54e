"""Stores. Contract 10.1."""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http import operations
from console.service.http.answers import answer, etag, operation_accepted, present
from console.service.http.bodies import Body, check_deletion, read_body
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import stores
from console.service.memory.models import Store

DisplayName = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=int(limits.STORE_NAME), pattern=r"^[a-zA-Z0-9-]+\Z"
    ),
]
Description = Annotated[
    str, msgspec.Meta(min_length=1, max_length=int(limits.STORE_DESCRIPTION))
]


class CreateStore(Body, frozen=True):
    display_name: DisplayName
    description: Description = ""


class PatchStore(Body, frozen=True):
    display_name: DisplayName | None = None
    description: Description | None = None


def list_stores(request: ApiRequest) -> HttpResponse:
    page = read_page(request, cap=limits.STORE_PAGE)
    return answer_page(
        request,
        Store.objects.filter(account=request.account),
        page,
        key="stores",
        sort=("created_at", "id"),
        show=lambda store: store.id,
    )


def create_store(request: ApiRequest) -> HttpResponse:
    body = read_body(request, CreateStore)
    try:
        store = stores.create_store(
            request.account,
            display_name=body.display_name,
            description=body.description,
        )
    except stores.NameTaken as exc:
        return operation_failed(request, exc)
    return _completed(request, store)


def fetch_store(request: ApiRequest, store_id: str) -> HttpResponse:
    store = stores.get_store(request.account, store_id)
    return answer(show_store(store), headers=etag(store.version))


def patch_store(request: ApiRequest, store_id: str) -> HttpResponse:
    store = stores.get_store(request.account, store_id)
    body = read_body(request, PatchStore)
    try:
        stores.patch_store(
            store,
            if_match=request.headers.get("If-Match", ""),
            display_name=body.display_name,
            description=body.description,
        )
    except stores.NameTaken as exc:
        return operation_failed(request, exc)
    return _completed(request, store)


def delete_store(request: ApiRequest, store_id: str) -> HttpResponse:
    check_deletion(request)
    store = stores.get_store(request.account, store_id)
    stores.delete_store(store)
    return _completed(request, store)


def show_store(store: Store) -> dict[str, Any]:
    return {
        "intelligenceServiceId": None,
        **present(
            id=store.id,
            displayName=store.display_name,
            description=store.description,
            status=store.status,
            version=store.version,
        ),
    }


def operation_failed(request: ApiRequest, error: stores.NameTaken) -> HttpResponse:
    """A name that is taken has no 409 here: the operation fails (contract 17, 13)."""
    operation = operations.fail(
        request.account, code=error.code, title="Name taken", detail=error.message
    )
    return operation_accepted(request, operation)


def _completed(request: ApiRequest, store: Store) -> HttpResponse:
    operation = operations.complete(
        request.account,
        result_id=store.id,
        result_path=f"/v1/ControlPlane/Stores/{store.id}",
    )
    return operation_accepted(request, operation)
