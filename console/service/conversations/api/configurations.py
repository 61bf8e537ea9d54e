"""Configurations, and what became of writes to the control plane. Conversations 6 and 7."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from console.contract.base import Url
from console.contract.conversations import configuration as wire
from console.contract.ids import KNOWLEDGE_OPERATION_ID, PROCESS_ID
from console.contract.memory.operation import OperationResult
from console.service import errors
from console.service.conversations import configurations, models
from console.service.conversations.api.repeating import REPEATABLE, repeatable
from console.service.conversations.showing import read_settings
from console.service.http.answers import (
    answer,
    build_uri,
    from_row,
    get_operation,
    record_completed,
)
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest

PROGRESS = {
    202: doc.Reply(
        wire.Progress,
        {"Operation-Id": Annotated[str, Meta(min_length=1)], "Location": Url}
        | doc.RETRY_AFTER,
    )
}
CONFIGURATIONS = "v2/ControlPlane/Configurations"
CONFIGURATION = f"{CONFIGURATIONS}/<configuration_id>"
OPERATIONS = "/v2/ControlPlane/Operations/"


def changes(method: str, route: str, **more: Any) -> Callable[[Any], Any]:
    """Declares a write that answers at once where to ask what became of it, and a second
    one with the same Idempotency-Key as the first."""
    always = {"headers": REPEATABLE, "refusals": (409,)}
    declared = {"logs": "configuration.changed"} | more | always
    declare = doc.operation(method, route, PROGRESS, **declared)
    return lambda view: repeatable(declare(view))


def show_configuration(row: models.Configuration) -> wire.Configuration:
    return from_row(
        wire.Configuration, row, **msgspec.structs.asdict(read_settings(row))
    )


def answer_progress(request: ApiRequest, **related: str) -> HttpResponse:
    """202; `related` names what was changed, and the operation keeps it."""
    [(name, id_)] = related.items()
    receipt = record_completed(
        request.account, prefix="proc_job", result_id=id_, result_path=name
    )
    url = build_uri(request, f"{OPERATIONS}{receipt.id}")
    headers = {"Operation-Id": receipt.id, "Location": url, "Retry-After": "1"}
    return answer(
        wire.Progress(status_url=url, related=related), status=202, headers=headers
    )


@doc.operation("GET", f"{OPERATIONS[1:]}<process_id>", {200: wire.OperationStatus})
def fetch_operation_status(request: ApiRequest, process_id: str) -> HttpResponse:
    """What became of a write to a configuration or a knowledge base, or of a
    conversation's deletion."""
    is_knowledge = KNOWLEDGE_OPERATION_ID.fullmatch(process_id)
    if not (is_knowledge or PROCESS_ID.fullmatch(process_id)):
        raise errors.NotFound("Operation not found.")
    row = get_operation(request.account, process_id)
    error = row.error
    about: dict[str, Any] = {"related": {row.result_path: row.result_id}}
    if is_knowledge:
        result = OperationResult(type="RESOURCE_ID", id=row.result_id)
        url = build_uri(request, row.result_path)
        about = {"result": result, "result_url": url}
    shown = from_row(
        wire.OperationStatus,
        row,
        operation_id=row.id,
        status_url=build_uri(request, f"{OPERATIONS}{row.id}"),
        **about,
        error=wire.ProgressError(title=error["title"], detail=error["detail"])
        if error
        else None,
    )
    return answer(shown)


@doc.operation(
    "GET",
    CONFIGURATIONS,
    {200: wire.ConfigurationsPage},
    query={
        "memoryStoreId": doc.documented(
            wire.StoreId, "Only those linked to this store."
        )
    },
)
def list_configurations(request: ApiRequest) -> HttpResponse:
    """An account's configurations, newest first."""
    page = read_page(request, filters={"memoryStoreId": wire.StoreId})
    rows = models.Configuration.objects.filter(account=request.account)
    if store_id := page.filters.get("memoryStoreId"):
        rows = rows.filter(store_id=store_id)
    return answer_page(request, rows, page, show_configuration)


@changes("POST", CONFIGURATIONS)
def create_configuration(
    request: ApiRequest, body: wire.CreateConfiguration
) -> HttpResponse:
    """Links conversations to a memory: how they are grouped, when they end, and whether
    anything is learned from them."""
    row = configurations.create_configuration(request.account, body)
    return answer_progress(request, configurationId=row.id)


@doc.operation("GET", CONFIGURATION, {200: wire.Configuration})
def fetch_configuration(request: ApiRequest, configuration_id: str) -> HttpResponse:
    """One configuration."""
    row = configurations.get_configuration(request.account, configuration_id)
    return answer(show_configuration(row))


@changes("PUT", CONFIGURATION)
def update_configuration(
    request: ApiRequest, configuration_id: str, body: wire.PutConfiguration
) -> HttpResponse:
    """Replaces a configuration: what is left out is gone. Open conversations keep what
    they began with."""
    configurations.put_configuration(request.account, configuration_id, body)
    return answer_progress(request, configurationId=configuration_id)


@changes("PATCH", CONFIGURATION, nulls_at=(0, 1))
def patch_configuration(
    request: ApiRequest, configuration_id: str, body: wire.PatchConfiguration
) -> HttpResponse:
    """Changes what is given. In channelSettings a channel is replaced whole, and one
    that is null is removed."""
    configurations.patch_configuration(request.account, configuration_id, body)
    return answer_progress(request, configurationId=configuration_id)


@changes("DELETE", CONFIGURATION)
def delete_configuration(request: ApiRequest, configuration_id: str) -> HttpResponse:
    """Deletes a configuration. Conversations that began with it go on."""
    configurations.delete_configuration(request.account, configuration_id)
    return answer_progress(request, configurationId=configuration_id)
