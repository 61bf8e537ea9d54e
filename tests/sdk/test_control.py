"""The control plane by both official clients."""

from itertools import chain

from tests.sdk.answers import ACCEPTED, assert_read, assert_refused, assert_settled

DELETED = {"accepted": 202, "status": "COMPLETED", "message": ACCEPTED}
NIGHTLY = {
    "displayName": "feed-4",
    "description": "Nightly",
    "mappingFrom": {"type": "INGRESS", "columns": ["mail"]},
    "mappingTo": {
        "type": "TRAITS",
        "mappings": [
            {"expression": "mail", "traitGroup": "Contact", "traitName": "email"}
        ],
    },
}


def test_stores_are_created_read_changed_and_deleted(walk):
    told = walk("stores")

    ids, last = told["ids"], told["ids"][-1]
    store = {
        "id": last,
        "displayName": "shop-4",
        "description": "Fifth",
        "status": "ACTIVE",
        "version": 1,
    }
    assert_settled(told["created"], last)
    assert_read(told["read"], ids[::-1])
    assert told["oldest"] == ids
    assert told["fetched"] == store
    assert told["tag"] == '"1"'
    assert_settled(told["patched"], last)
    assert_refused(told["stale"], 412, 520043, "If-Match")
    assert told["changed"] == store | {"description": "Changed", "version": 2}
    assert told["deleted"] == DELETED
    assert_refused(told["gone"], 404, 520041, "Store not found")
    assert told["left"] == ids[:-1]


def test_trait_groups_are_created_read_changed_and_deleted(walk):
    told = walk("groups")

    names = ["Loyalty", "Group3", "Group2", "Group1", "Group0", "Contact"]
    group = {"displayName": "Loyalty", "description": "Cards", "version": 1}
    traits = told["asked"]
    assert_settled(told["created"], "Loyalty")
    assert_read(told["read"], names)
    assert told["bare"] == [None] * 6
    assert told["full"][:5] == [sorted(traits), [], [], [], []]
    assert told["fetched"] == group | {"traits": traits}
    assert told["withoutTraits"] == group
    assert [len(page) for page in told["paged"]] == [2, 2, 1]
    assert sorted(chain(*told["paged"])) == sorted(traits)
    assert_settled(told["patched"], "Loyalty")
    assert_refused(told["stale"], 412, 520043, "If-Match")
    kept = {name: traits[name] for name in traits if name != "active"}
    assert told["changed"]["traits"] == kept | {"since": {"dataType": "STRING"}}
    assert told["changed"]["version"] == 2
    assert told["deleted"] == DELETED
    assert_refused(told["gone"], 404, 520047, "Trait group not found")
    assert_refused(told["protected"], 409, 520050, "Contact")


def test_identity_settings_are_read_and_replaced(walk):
    told = walk("settings")

    exact = {"matchingAlgo": "exact", "matchingThreshold": 75, "enforceUnique": True}
    first = {item["idType"]: item for item in told["first"]["identifierConfigs"]}
    assert set(first) == {"email", "phone", "whatsapp", "chat", "pushUserID"}
    assert told["first"]["version"] == 1
    assert told["updated"]["status"] == "COMPLETED"
    assert_refused(told["stale"], 412, 520043, "If-Match")
    assert told["changed"] == {
        "identifierConfigs": [
            exact
            | {"idType": "email", "normalization": "email"}
            | {"limit": 3, "limitPolicy": "fifo"},
            exact
            | {"idType": "loyalty-card", "normalization": "trim"}
            | {"limit": 100, "limitPolicy": "lifo"},
        ],
        "matchingRules": ["loyalty-card", "email"],
        "version": 2,
    }


def test_data_mappings_are_created_read_changed_and_deleted(walk):
    told = walk("mappings")

    names = ["feed-4", "feed-3", "feed-2", "feed-1", "feed-0"]
    mapping = told["fetched"]
    assert_settled(told["created"], mapping.pop("id"))
    assert mapping == NIGHTLY | {"isEnabled": True, "version": 1}
    assert_refused(told["taken"], 409, 520056, "displayName")
    assert_read(told["read"], names)
    assert told["ingress"] == names
    assert told["datasets"] == []
    assert told["patched"]["status"] == "COMPLETED"
    assert_refused(told["stale"], 412, 520043, "If-Match")
    assert told["changed"] == NIGHTLY | {"isEnabled": False, "version": 2}
    assert told["deleted"] == DELETED
    assert_refused(told["gone"], 404, 520048, "Data mapping not found")
