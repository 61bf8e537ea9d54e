"""Profiles: traits, lookup, identifiers, bulk, imports and merges."""

from typing import Any

import httpx
from twilio.rest.memory.v1.bulk import BulkList
from twilio.rest.memory.v1.identifier import IdentifierList
from twilio.rest.memory.v1.import_ import ImportList
from twilio.rest.memory.v1.lookup import LookupList
from twilio.rest.memory.v1.observation import ObservationList
from twilio.rest.memory.v1.profile import ProfileList

from tests.sdk.python import (
    OCCURRED_AT,
    make_profile,
    make_store,
    read_all,
    refusal,
    tell,
    wait_for,
)

CSV = b"mail,first\r\nrow1@example.com,Ada\r\nrow2@example.com,Grace\r\n,Nobody\r\n"


def profiles(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "profiles")
    people = memory.profiles(store)
    ids = [
        make_profile(memory, store, email=f"p{number}@example.com")
        for number in range(4)
    ]
    traits = {
        "Contact": {"email": "p4@example.com", "firstName": "Ada", "city": "Bern"}
    }
    created = people.create_with_http_info(ProfileList.ProfileData({"traits": traits}))
    person = people(created.data.id)
    again = make_profile(memory, store, email=" P4@example.com")
    read = read_all(people, str)
    fetched = person.fetch()
    nothing = person.fetch(trait_groups="Loyalty,Other")
    change = {"Contact": {"firstName": "Ada Mae", "lastName": "King"}}
    patched = person.patch_with_http_info(ProfileList.ProfilePatch({"traits": change}))
    return {
        "ids": [*ids, created.data.id],
        "created": [created.status_code, created.data.message],
        "again": again,
        "read": read,
        "oldest": people.list(order_by="ASC"),
        "fetched": tell(fetched, "id", "createdAt", "traits"),
        "filtered": nothing.traits,
        "patched": [patched.status_code, patched.data.message],
        "changed": person.fetch(trait_groups="Contact").traits,
        "traits": read_all(memory.traits(store, person.fetch().id), _trait),
        "found": _look_up(memory, store, "email", "P4@Example.com"),
        "missed": _look_up(memory, store, "email", "nobody@example.com"),
        "deleted": person.delete()["message"],
        "gone": refusal(person.fetch),
        "lost": _look_up(memory, store, "email", "p4@example.com"),
    }


def _trait(item: Any) -> list[Any]:
    return [item.trait_group, item.name, item.value, item.timestamp is not None]


def _look_up(memory: Any, store: str, id_type: str, value: str) -> dict[str, Any]:
    asked = LookupList.Identifier({"idType": id_type, "value": value})
    return tell(memory.lookup(store).create(asked), "normalizedValue", "profiles")


def bulk(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "bulk")
    known = make_profile(memory, store, email="b0@example.com", city="Bern")
    items = [
        {"traits": {"Contact": {"email": f"b{number}@example.com", "firstName": "Ada"}}}
        for number in range(3)
    ]
    asked = BulkList.UpdateProfilesBulkRequest({"profiles": items})
    updated = memory.bulk(store).update_with_http_info(asked)
    empty = BulkList.UpdateProfilesBulkRequest({"profiles": []})
    return {
        "updated": [updated.status_code, updated.data.message],
        "people": len(memory.profiles(store).list()),
        "known": memory.profiles(store, known).fetch().traits,
        "new": len(_look_up(memory, store, "email", "b2@example.com")["profiles"]),
        "empty": refusal(lambda: memory.bulk(store).update(empty)),
    }


def imports(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "imports")
    imports = memory.imports(store)
    ids = [create_import(memory, store).import_id for _ in range(4)]
    created = imports.create_with_http_info(_file())
    task = imports(created.data.import_id)
    before = task.fetch().status
    # As the contract has it: one PUT, without credentials.
    uploaded = httpx.put(created.data.url, content=CSV, trust_env=False)
    again = httpx.put(created.data.url, content=CSV, trust_env=False)
    wait_for(lambda: task.fetch().status not in ("PENDING", "PROCESSING"))
    fields = ("status", "filename", "fileSize", "columnMappings", "summary")
    return {
        "ids": [*ids, created.data.import_id],
        "created": created.status_code,
        "before": before,
        "uploaded": [uploaded.status_code, uploaded.text, again.status_code],
        "read": read_all(imports, str),
        "fetched": tell(task.fetch(), *fields),
        "found": [
            len(_look_up(memory, store, "email", f"row{n}@example.com")["profiles"])
            for n in (1, 2)
        ],
    }


def create_import(memory: Any, store: str) -> Any:
    return memory.imports(store).create(_file())


def _file() -> ImportList.CreateProfilesImportV2Request:
    columns = [
        {"columnName": "mail", "traitGroup": "Contact", "traitName": "email"},
        {"columnName": "first", "traitGroup": "Contact", "traitName": "firstName"},
    ]
    return ImportList.CreateProfilesImportV2Request(
        {"filename": "people.csv", "fileSize": len(CSV), "columnMappings": columns}
    )


def identifiers(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "identifiers")
    person = make_profile(memory, store, email="i0@example.com")
    identifiers = memory.identifiers(store, person)
    numbers = ("(415) 555-0100", "+1 415 555 0101", "4155550102")
    added = [
        identifiers.create(
            IdentifierList.Identifier({"idType": "phone", "value": number})
        ).message
        for number in numbers
    ]
    phone = identifiers("phone")
    change = IdentifierList.IdentifierUpdate(
        {"idType": "phone", "oldValue": "+14155550101", "newValue": "415-555-0103"}
    )
    return {
        "added": added,
        "listed": [tell(item, "idType", "values") for item in identifiers.list()],
        "fetched": tell(phone.fetch(), "idType", "values"),
        "patched": phone.patch(change).message,
        "changed": phone.fetch().values,
        "removed": phone.delete()["message"],
        "left": phone.fetch().values,
        "cleared": phone.delete(remove_all=True)["message"],
        "gone": refusal(phone.fetch),
        "kept": [item.id_type for item in identifiers.list()],
    }


def merges(client: Any) -> dict[str, Any]:
    """Two profiles become one; how the client meets the id that went away."""
    memory, store = client.memory, make_store(client.memory, "merges")
    kept = make_profile(memory, store, email="m0@example.com")
    gone = make_profile(memory, store, phone="+14155550100")
    _observe(memory, store, kept, "likes tea")
    _observe(memory, store, gone, "likes coffee")
    both = IdentifierList.Identifier({"idType": "phone", "value": "4155550100"})
    memory.identifiers(store, kept).create(both)
    person = memory.profiles(store, gone)
    read = person.fetch_with_http_info()
    change = ProfileList.ProfilePatch({"traits": {"Contact": {"city": "Bern"}}})
    seen = memory.observations(store, kept).list()
    target = f"/v1/Stores/{store}/Profiles/{kept}"
    return {
        "ids": [kept, gone],
        "read": [read.status_code, read.headers["Canonical-Profile-Id"], read.data.id],
        "moved": read.headers.get("Location", "").endswith(target),
        "patched": refusal(lambda: person.patch(change)),
        "content": sorted(item.content for item in seen),
        "people": memory.profiles(store).list(),
        "found": _look_up(memory, store, "phone", "+14155550100")["profiles"],
    }


def _observe(memory: Any, store: str, profile: str, content: str) -> None:
    item = {"content": content, "source": "chat", "occurredAt": OCCURRED_AT}
    memory.observations(store, profile).create(
        ObservationList.CreateObservationsRequest({"observations": [item]})
    )
