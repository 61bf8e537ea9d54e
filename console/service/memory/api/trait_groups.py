"""Trait groups. Contract 10.3."""

from typing import Annotated, Any, Literal

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http import operations
from console.service.http.answers import answer, etag, operation_accepted, present
from console.service.http.bodies import StrictBody, check_deletion, read_body
from console.service.http.paging import answer_page, cut_page, read_page
from console.service.http.query import flag_of
from console.service.http.request import ApiRequest
from console.service.memory import trait_groups
from console.service.memory.api.stores import operation_failed
from console.service.memory.models import TraitGroup
from console.service.memory.stores import NameTaken, get_store

Count = Annotated[int, msgspec.Meta(ge=0)]
Description = Annotated[
    str, msgspec.Meta(max_length=int(limits.TRAIT_GROUP_DESCRIPTION))
]


class Rule(StrictBody, frozen=True, tag_field="ruleType", omit_defaults=True):
    """Base of the four validation rules."""


class StringRule(Rule, frozen=True, tag="STRING"):
    pattern: Annotated[str, msgspec.Meta(max_length=int(limits.TRAIT_PATTERN))] = ""
    min_length: Count | None = None
    max_length: Annotated[int, msgspec.Meta(ge=1)] | None = None


class NumberRule(Rule, frozen=True, tag="NUMBER"):
    min: int | float | None = None
    max: int | float | None = None


class BooleanRule(Rule, frozen=True, tag="BOOLEAN"):
    pass


class ArrayRule(Rule, frozen=True, tag="ARRAY"):
    min_items: Count | None = None
    max_items: Count | None = None


class TraitDefinition(StrictBody, frozen=True, omit_defaults=True):
    """`data_type` "" is a patch's way to remove the trait."""

    data_type: Literal["STRING", "NUMBER", "BOOLEAN", "ARRAY", ""]
    description: Description = ""
    validation_rule: StringRule | NumberRule | BooleanRule | ArrayRule | None = None
    id_type_promotion: Annotated[
        str, msgspec.Meta(max_length=int(limits.ID_TYPE_MAX))
    ] = ""


class PatchTraitGroup(StrictBody, frozen=True):
    description: Description | None = None
    traits: dict[str, TraitDefinition] = {}


class CreateTraitGroup(StrictBody, frozen=True):
    display_name: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=int(limits.TRAIT_GROUP_NAME),
            pattern=r"^[a-zA-Z0-9_\-\.]+\Z",
        ),
    ]
    description: Description = ""
    traits: dict[str, TraitDefinition] = {}


def list_trait_groups(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    page = read_page(request, cap=limits.TRAIT_GROUP_PAGE, filters=("includeTraits",))
    with_traits = flag_of(page.filters, "includeTraits", default=False)
    return answer_page(
        request,
        TraitGroup.objects.of(store),
        page,
        key="traitGroups",
        sort=("created_at", "display_name"),
        show=lambda group: show_group(group, group.traits if with_traits else None),
    )


def create_trait_group(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, CreateTraitGroup)
    try:
        group = trait_groups.create_trait_group(
            store,
            display_name=body.display_name,
            description=body.description,
            traits=_definitions(body.traits),
        )
    except NameTaken as exc:
        return operation_failed(request, exc)
    return _completed(request, store_id, group.display_name)


def fetch_trait_group(request: ApiRequest, store_id: str, name: str) -> HttpResponse:
    """The group with a page of its traits by name (contract 17, 38)."""
    group = trait_groups.get_trait_group(get_store(request.account, store_id), name)
    page = read_page(
        request, cap=limits.TRAIT_DEFINITION_PAGE, filters=("includeTraits",)
    )
    if not flag_of(page.filters, "includeTraits", default=True):
        body = {
            "traitGroup": show_group(group, None),
            "meta": {"key": "traits", "pageSize": page.size},
        }
        return answer(body, headers=etag(group.version))
    names = sorted(group.traits, reverse=not page.ascending)
    if page.cursor:
        # By comparison: the trait that the cursor names may be gone meanwhile.
        [last] = page.cursor
        names = [n for n in names if (n > last if page.ascending else n < last)]
    shown, meta = cut_page(
        request, names[: page.size + 1], page, key="traits", cursor_of=lambda n: [n]
    )
    traits = {trait: group.traits[trait] for trait in shown}
    body = {"traitGroup": show_group(group, traits), "meta": meta}
    return answer(body, headers=etag(group.version))


def patch_trait_group(request: ApiRequest, store_id: str, name: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, PatchTraitGroup)
    trait_groups.patch_trait_group(
        store,
        name,
        if_match=request.headers.get("If-Match", ""),
        description=body.description,
        traits=_definitions(body.traits),
    )
    return _completed(request, store_id, name)


def delete_trait_group(request: ApiRequest, store_id: str, name: str) -> HttpResponse:
    check_deletion(request)
    trait_groups.delete_trait_group(get_store(request.account, store_id), name)
    return _completed(request, store_id, name)


def show_group(group: TraitGroup, traits: dict[str, Any] | None) -> dict[str, Any]:
    return present(
        displayName=group.display_name,
        description=group.description,
        traits=traits,
        version=group.version,
    )


def _definitions(traits: dict[str, TraitDefinition]) -> dict[str, dict[str, Any]]:
    return {name: msgspec.to_builtins(each) for name, each in traits.items()}


def _completed(request: ApiRequest, store_id: str, name: str) -> HttpResponse:
    operation = operations.complete(
        request.account,
        result_id=name,
        result_path=f"/v1/ControlPlane/Stores/{store_id}/TraitGroups/{name}",
    )
    return operation_accepted(request, operation)
