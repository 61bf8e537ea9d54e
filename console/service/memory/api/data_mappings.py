"""Data mappings. Contract 10.4."""

from typing import Any

import msgspec
from django.http import HttpResponse

from console.contract.memory import data_mapping as wire
from console.service import errors
from console.service.http.answers import (
    answer,
    answer_completed,
    etag,
    from_row,
    to_changes,
)
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import data_mappings, models
from console.service.memory.api.stores import STORE

MAPPINGS = f"{STORE}/DataMappings"
MAPPING = f"{MAPPINGS}/<mapping_id>"


@doc.operation(
    "GET",
    MAPPINGS,
    {200: wire.DataMappingsPage},
    query=doc.ORDERED_PAGE_QUERY
    | {"type": doc.documented(wire.SourceType, "Only with this kind of source.")},
)
def list_data_mappings(request: ApiRequest) -> HttpResponse:
    """The data mappings of a store."""
    page = read_page(request)
    rows = models.DataMapping.objects.of(request.store)
    if source_type := page.filters.get("type"):
        if source_type not in wire.SOURCE_TYPES:
            raise errors.Invalid(f"type: must be one of {', '.join(wire.SOURCE_TYPES)}")
        rows = rows.filter(source_type=source_type)
    return answer_page(request, rows, page)


@doc.operation("POST", MAPPINGS, doc.RECEIPT, refusals=(409,), logs="schema.changed")
def create_data_mapping(
    request: ApiRequest, body: wire.CreateDataMapping
) -> HttpResponse:
    """Maps columns, or the fields of a data set, to traits."""
    mapping = data_mappings.create_data_mapping(request.store, _to_columns(body))
    return answer_completed(request, mapping.id, f"/DataMappings/{mapping.id}")


@doc.operation("GET", MAPPING, {200: doc.Reply(wire.DataMapping, doc.ETAG)})
def fetch_data_mapping(request: ApiRequest, mapping_id: str) -> HttpResponse:
    """One data mapping."""
    mapping = data_mappings.get_data_mapping(request.store, mapping_id)
    return answer(from_row(wire.DataMapping, mapping), headers=etag(mapping.version))


@doc.operation(
    "PATCH",
    MAPPING,
    doc.RECEIPT,
    headers=doc.IF_MATCH,
    refusals=(409,),
    logs="schema.changed",
)
def patch_data_mapping(
    request: ApiRequest, mapping_id: str, body: wire.PatchDataMapping
) -> HttpResponse:
    """Changes a data mapping, or disables it. Mappings given replace all existing ones."""
    data_mappings.patch_data_mapping(
        request.store,
        mapping_id,
        if_match=request.headers.get("If-Match", ""),
        changes=_to_columns(body),
    )
    return answer_completed(request, mapping_id, f"/DataMappings/{mapping_id}")


@doc.operation("DELETE", MAPPING, doc.RECEIPT, logs="schema.changed")
def delete_data_mapping(request: ApiRequest, mapping_id: str) -> HttpResponse:
    """Deletes a data mapping. Traits it has filled are kept."""
    data_mappings.delete_data_mapping(request.store, mapping_id)
    return answer_completed(request, mapping_id, f"/DataMappings/{mapping_id}")


def _to_columns(body: wire.CreateDataMapping | wire.PatchDataMapping) -> dict[str, Any]:
    """What a body names, as columns: source and target in the contract's form."""
    given = to_changes(body)
    return {name: msgspec.to_builtins(value) for name, value in given.items()}
