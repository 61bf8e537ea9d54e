"""Trait groups. Contract 10.3."""

from typing import Any

import msgspec
from django.http import HttpResponse

from console.contract.memory import trait_group as wire
from console.contract.memory.page import PageMeta
from console.service.http.answers import answer, answer_completed, etag, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, cut_page, read_page
from console.service.http.request import ApiRequest, read_flag
from console.service.memory import models, trait_groups
from console.service.memory.api.stores import STORE, operation_failed
from console.service.memory.stores import NameTaken

GROUPS = f"{STORE}/TraitGroups"
GROUP = f"{GROUPS}/<name>"
QUERY = doc.ORDERED_PAGE_QUERY | {
    "includeTraits": doc.documented(bool, "Whether the traits are listed as well.")
}


@doc.operation("GET", GROUPS, {200: wire.TraitGroupsPage}, query=QUERY)
def list_trait_groups(request: ApiRequest) -> HttpResponse:
    """The trait groups of a store."""
    page = read_page(request)
    with_traits = read_flag(page.filters, "includeTraits", default=False)
    return answer_page(
        request,
        models.TraitGroup.objects.of(request.store),
        page,
        lambda group: show_group(group, group.traits if with_traits else None),
        sort=("created_at", "display_name"),
    )


@doc.operation("POST", GROUPS, doc.RECEIPT, logs="schema.changed")
def create_trait_group(
    request: ApiRequest, body: wire.CreateTraitGroup
) -> HttpResponse:
    """Declares a group and its traits. With idTypePromotion the value of a trait
    becomes an identifier as well."""
    try:
        group = trait_groups.create_trait_group(
            request.store,
            display_name=body.display_name,
            description=body.description,
            traits=_to_json(body.traits),
        )
    except NameTaken as exc:
        return operation_failed(request, exc)
    return answer_completed(
        request, group.display_name, f"/TraitGroups/{group.display_name}"
    )


@doc.operation(
    "GET", GROUP, {200: doc.Reply(wire.FetchedTraitGroup, doc.ETAG)}, query=QUERY
)
def fetch_trait_group(request: ApiRequest, name: str) -> HttpResponse:
    """One group with its traits, a page at a time.

    Traits are paged by name (contract 17, 38).
    """
    group = trait_groups.get_trait_group(request.store, name)
    page = read_page(request)
    traits: dict[str, Any] | None = None
    meta = PageMeta(key="traits", page_size=page.size)
    if read_flag(page.filters, "includeTraits", default=True):
        names = sorted(group.traits, reverse=not page.ascending)
        if page.cursor:
            # By comparison: the trait that the cursor names may be gone meanwhile.
            [last] = page.cursor
            names = [n for n in names if (n > last if page.ascending else n < last)]
        shown, meta = cut_page(
            request,
            names[: page.size + 1],
            page,
            key="traits",
            get_cursor=lambda n: [n],
        )
        traits = {trait: group.traits[trait] for trait in shown}
    fetched = wire.FetchedTraitGroup(trait_group=show_group(group, traits), meta=meta)
    return answer(fetched, headers=etag(group.version))


@doc.operation("PATCH", GROUP, doc.RECEIPT, headers=doc.IF_MATCH, logs="schema.changed")
def patch_trait_group(
    request: ApiRequest, name: str, body: wire.PatchTraitGroup
) -> HttpResponse:
    """Adds or changes the traits given; an empty dataType removes one."""
    trait_groups.patch_trait_group(
        request.store,
        name,
        if_match=request.headers.get("If-Match", ""),
        description=body.description,
        traits=_to_json(body.traits),
    )
    return answer_completed(request, name, f"/TraitGroups/{name}")


@doc.operation("DELETE", GROUP, doc.RECEIPT, refusals=(409,), logs="schema.changed")
def delete_trait_group(request: ApiRequest, name: str) -> HttpResponse:
    """Deletes the group, with its traits in every profile."""
    trait_groups.delete_trait_group(request.store, name)
    return answer_completed(request, name, f"/TraitGroups/{name}")


def show_group(
    group: models.TraitGroup, traits: dict[str, Any] | None
) -> wire.TraitGroup:
    # An empty set of traits that was asked for is told as such.
    shown = from_row(wire.TraitGroup, group, traits=None)
    return shown if traits is None else msgspec.structs.replace(shown, traits=traits)


def _to_json(traits: wire.NewDefinitions) -> dict[str, dict[str, Any]]:
    return {name: msgspec.to_builtins(trait) for name, trait in traits.items()}
