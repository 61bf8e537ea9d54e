"""Stores as older clients know them: created at once. Contract 16.1, 16.2."""

from django.http import HttpResponse

from console.contract.memory import v1_services as wire
from console.contract.memory.store import STORES_PER_PAGE
from console.service import errors
from console.service.http.answers import answer, etag, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, check_deletion, read_body
from console.service.memory import stores
from console.service.memory.models import Store


@doc.operation(
    "The account's stores in full, not only their ids.",
    {200: wire.ServicesPage},
    query=doc.ORDERED_PAGE_QUERY,
)
def list_services(request: ApiRequest) -> HttpResponse:
    return answer_page(
        request,
        Store.objects.filter(account=request.account),
        read_page(request, cap=STORES_PER_PAGE),
        wire.ServicesPage,
        show_service,
    )


@doc.operation(
    "Creates a store immediately, without an operation.",
    {201: doc.Answer(wire.Service, doc.ETAG)},
    body=wire.CreateService,
    refusals=(409,),
)
def create_service(request: ApiRequest) -> HttpResponse:
    """There is no operation that could fail: a taken name is 409."""
    body = read_body(request, wire.CreateService)
    try:
        store = stores.create_store(
            request.account,
            display_name=body.unique_name,
            # What current clients read of it, until they describe it themselves.
            description=body.friendly_name,
            friendly_name=body.friendly_name,
        )
    except stores.NameTaken as exc:
        message = exc.message.replace("displayName", "uniqueName", 1)
        raise errors.Conflict(message, code=exc.code) from exc
    return answer(show_service(store), status=201, headers=etag(store.version))


@doc.operation("One store.", {200: doc.Answer(wire.Service, doc.ETAG)})
def fetch_service(request: ApiRequest) -> HttpResponse:
    return answer(show_service(request.store), headers=etag(request.store.version))


@doc.operation(
    "Deletes the store and everything in it immediately.", {200: wire.Deleted}
)
def delete_service(request: ApiRequest) -> HttpResponse:
    check_deletion(request)
    stores.delete_store(request.store)
    return answer(wire.Deleted(message="deleted"))


def show_service(store: Store) -> wire.Service:
    return from_row(
        wire.Service,
        store,
        sid=store.id,
        unique_name=store.display_name,
        friendly_name=store.friendly_name or store.description,
    )
