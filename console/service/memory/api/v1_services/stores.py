"""Stores as older clients know them: made at once. Contract 16.1, 16.2."""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.service import errors, limits
from console.service.http.answers import answer, etag, present
from console.service.http.bodies import Body, check_deletion, read_body
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import stores
from console.service.memory.api.stores import DisplayName
from console.service.memory.models import Store


class CreateStore(Body, frozen=True):
    unique_name: DisplayName
    friendly_name: Annotated[
        str, msgspec.Meta(max_length=int(limits.STORE_DESCRIPTION))
    ] = ""


def list_stores(request: ApiRequest) -> HttpResponse:
    return answer_page(
        request,
        Store.objects.filter(account=request.account),
        read_page(request, cap=limits.STORE_PAGE),
        key="services",
        sort=("created_at", "id"),
        show=show_store,
    )


def create_store(request: ApiRequest) -> HttpResponse:
    """201 with the store. There is no operation that could fail: a taken name is 409."""
    body = read_body(request, CreateStore)
    try:
        store = stores.create_store(
            request.account,
            display_name=body.unique_name,
            # What current clients read of it, until they describe it themselves.
            description=body.friendly_name,
            friendly_name=body.friendly_name,
        )
    except stores.NameTaken as exc:
        raise errors.Conflict(
            "uniqueName: this account has a store of that name.", code=exc.code
        ) from exc
    return answer(show_store(store), status=201, headers=etag(store.version))


def fetch_store(request: ApiRequest, store_id: str) -> HttpResponse:
    store = stores.get_store(request.account, store_id)
    return answer(show_store(store), headers=etag(store.version))


def delete_store(request: ApiRequest, store_id: str) -> HttpResponse:
    check_deletion(request)
    stores.delete_store(stores.get_store(request.account, store_id))
    return answer({"message": "deleted"})


def show_store(store: Store) -> dict[str, Any]:
    return present(
        sid=store.id,
        id=store.id,
        uniqueName=store.display_name,
        friendlyName=store.friendly_name or store.description,
        status=store.status,
        version=store.version,
    )
