"""The control plane: stores, trait groups, identity settings, data mappings."""

from typing import Any

from twilio.rest.memory.v1.data_mapping import DataMappingList
from twilio.rest.memory.v1.identity_resolution_setting import (
    IdentityResolutionSettingList,
)
from twilio.rest.memory.v1.store import StoreList
from twilio.rest.memory.v1.trait_group import TraitGroupList

from tests.sdk.python import make_store, read_all, refusal, settle, tell

GROUP = ("displayName", "description", "version")
MAPPING = ("displayName", "description", "isEnabled", "mappingTo", "mappingFrom")


def stores(client: Any) -> dict[str, Any]:
    memory = client.memory
    ids = [make_store(memory, f"shop-{number}") for number in range(4)]
    asked = StoreList.ServiceRequest({"displayName": "shop-4", "description": "Fifth"})
    created = settle(memory, memory.stores.create_with_http_info(asked))
    store = created["result"]["id"]
    read = read_all(memory.stores, str)
    oldest = memory.stores.list(order_by="ASC")
    fetched = memory.stores(store).fetch_with_http_info()
    change = StoreList.PatchStoreRequest({"description": "Changed"})
    tag = fetched.headers["ETag"]
    patched = memory.stores(store).patch_with_http_info(change, if_match=tag)
    fields = ("id", "displayName", "description", "status", "version")
    return {
        "ids": [*ids, store],
        "created": created,
        "read": read,
        "oldest": oldest,
        "fetched": tell(fetched.data, *fields),
        "tag": tag,
        "patched": settle(memory, patched),
        "stale": refusal(lambda: memory.stores(store).patch(change, if_match=tag)),
        "changed": tell(memory.stores(store).fetch(), *fields),
        "deleted": settle_delete(memory, memory.stores(store)),
        "gone": refusal(memory.stores(store).fetch),
        "left": memory.stores.list(order_by="ASC"),
    }


def settle_delete(memory: Any, resource: Any) -> dict[str, Any]:
    """The body of a DELETE arrives as a dictionary, not as an instance."""
    accepted = resource.delete_with_http_info()
    operation = memory.operations(accepted.headers["Operation-Id"]).fetch()
    return {"accepted": accepted.status_code, "status": operation.status} | {
        "message": accepted.data["message"]
    }


def groups(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "groups")
    groups = memory.trait_groups(store)
    for number in range(4):
        groups.create(_group({"displayName": f"Group{number}"}))
    traits = {
        "tier": {
            "dataType": "STRING",
            "description": "Of the loyalty card",
            "validationRule": {"ruleType": "STRING", "pattern": "^[a-z]+$"},
        },
        "points": {"dataType": "NUMBER", "validationRule": _between(0, 9000)},
        "active": {"dataType": "BOOLEAN"},
        "interests": {"dataType": "ARRAY"},
        "memberId": {"dataType": "STRING", "idTypePromotion": "chat"},
    }
    asked = _group({"displayName": "Loyalty", "description": "Cards", "traits": traits})
    created = settle(memory, groups.create_with_http_info(asked))
    group = groups("Loyalty")
    fetched = group.fetch_with_http_info()
    tag = fetched.headers["ETag"]
    change = TraitGroupList.PatchTraitGroupRequest(
        {"traits": {"active": {"dataType": ""}, "since": {"dataType": "STRING"}}}
    )
    return {
        "created": created,
        "read": read_all(groups, lambda item: item.display_name),
        "bare": [item.traits for item in groups.list()],
        "full": [sorted(item.traits) for item in groups.list(include_traits=True)],
        "asked": traits,
        "fetched": fetched.data.trait_group,
        "withoutTraits": group.fetch(include_traits=False).trait_group,
        "paged": _pages_of_traits(group),
        "patched": settle(memory, group.patch_with_http_info(change, if_match=tag)),
        "stale": refusal(lambda: group.patch(change, if_match=tag)),
        "changed": group.fetch().trait_group,
        "deleted": settle_delete(memory, group),
        "gone": refusal(group.fetch),
        "protected": refusal(groups("Contact").delete),
    }


def _group(fields: dict[str, Any]) -> TraitGroupList.TraitGroupRequest:
    return TraitGroupList.TraitGroupRequest(fields)


def _between(least: int, most: int) -> dict[str, Any]:
    return {"ruleType": "NUMBER", "min": least, "max": most}


def _pages_of_traits(group: Any) -> list[list[str]]:
    """The traits of one group, by hand: the client has no iterator for them."""
    pages, page = [], group.fetch(page_size=2)
    while True:
        pages.append(sorted(page.trait_group["traits"]))
        token = page.meta.get("nextToken")
        if not token:
            return pages
        page = group.fetch(page_size=2, page_token=token)


def settings(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "settings")
    settings = memory.identity_resolution_settings(store)
    first = settings.fetch_with_http_info()
    tag = first.headers["ETag"]
    asked = IdentityResolutionSettingList.IdentityResolutionSettingsCore(
        {
            "identifierConfigs": [
                {"idType": "email", "normalization": "email", "limit": 3},
                {"idType": "loyalty-card", "limitPolicy": "lifo"},
            ],
            "matchingRules": ["loyalty-card", "email"],
        }
    )
    fields = ("identifierConfigs", "matchingRules", "version")
    return {
        "first": tell(first.data, *fields),
        "updated": settle(memory, settings.update_with_http_info(asked, if_match=tag)),
        "stale": refusal(lambda: settings.update(asked, if_match=tag)),
        "changed": tell(settings.fetch(), *fields),
    }


def mappings(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "mappings")
    mappings = memory.data_mappings(store)
    for number in range(4):
        mappings.create(_mapping(f"feed-{number}"))
    created = settle(memory, mappings.create_with_http_info(_mapping("feed-4")))
    mapping = mappings(created["result"]["id"])
    fetched = mapping.fetch_with_http_info()
    tag = fetched.headers["ETag"]
    change = DataMappingList.DataMappingCore({"isEnabled": False})
    return {
        "created": created,
        "taken": refusal(lambda: mappings.create(_mapping("feed-4"))),
        "read": read_all(mappings, lambda item: item.display_name),
        "ingress": [item.display_name for item in mappings.list(type="INGRESS")],
        "datasets": mappings.list(type="DATASET_CLOUDAPP"),
        "fetched": tell(fetched.data, "id", "version", *MAPPING),
        "patched": settle(memory, mapping.patch_with_http_info(change, if_match=tag)),
        "stale": refusal(lambda: mapping.patch(change, if_match=tag)),
        "changed": tell(mapping.fetch(), "version", *MAPPING),
        "deleted": settle_delete(memory, mapping),
        "gone": refusal(mapping.fetch),
    }


def _mapping(name: str) -> DataMappingList.CreateDataMappingInput:
    item = {"expression": "mail", "traitGroup": "Contact", "traitName": "email"}
    return DataMappingList.CreateDataMappingInput(
        {
            "displayName": name,
            "description": "Nightly",
            "mappingFrom": {"type": "INGRESS", "columns": ["mail"]},
            "mappingTo": {"type": "TRAITS", "mappings": [item]},
        }
    )
