"""Contract 10.4."""

from datetime import UTC, datetime

import pytest
import time_machine

from console.service.memory.models import DataMapping
from tests.service.conftest import CONTROL, assert_refused
from tests.service.memory.test_concurrency import at_once
from tests.service.routes import MAPPING
from tests.service.walk import walk

STRING = {"dataType": "STRING"}
CITY = {"expression": "town", "traitGroup": "Contact", "traitName": "city"}
TIER = {"expression": "level", "traitGroup": "Account", "traitName": "tier"}
INGRESS = {"type": "INGRESS", "columns": ["town", "e-mail"]}
DATASET_ID = "tdi_dataset_01k0000000000000000000000a"
CLOUDAPP = {"type": "DATASET_CLOUDAPP", "datasetId": DATASET_ID}
WAREHOUSE = {"type": "DATASET_WAREHOUSE", "datasetId": DATASET_ID}


def to_traits(*mappings: dict) -> dict:
    return {"type": "TRAITS", "mappings": list(mappings or [CITY])}


def a_mapping(name: str = "crm", **fields) -> dict:
    required = {"mappingTo": to_traits(), "mappingFrom": INGRESS}
    return {"displayName": name} | required | fields


@pytest.fixture
def mappings(store) -> str:
    return f"{CONTROL}/{store}/DataMappings"


@pytest.fixture
def make_mapping(api, mappings):
    """Answers the path of a data mapping."""

    def make(name: str = "crm", **fields) -> str:
        operation = api.result(api("POST", mappings, a_mapping(name, **fields)))
        return f"{mappings}/{operation['result']['id']}"

    return make


@pytest.mark.parametrize("source", [INGRESS, CLOUDAPP, WAREHOUSE])
def test_fetch_data_mapping_answers_it_as_it_was_given(api, mappings, source):
    body = a_mapping(description="from the CRM", isEnabled=False, mappingFrom=source)

    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=False):
        operation = api.result(api("POST", mappings, body))

    fetched = api.get(operation["resultUrl"])
    assert fetched.headers["ETag"] == '"1"'
    assert fetched.json() == body | {
        "id": operation["result"]["id"],
        "createdAt": "2026-01-05T09:00:00Z",
        "updatedAt": "2026-01-05T09:00:00Z",
        "version": 1,
    }


def test_create_data_mapping_enables_it_unless_told(api, make_mapping):
    shown = api.get(make_mapping(isEnabled=None, description=None)).json()

    assert (shown["isEnabled"], "description" in shown) == (True, False)


WRONG_ITEMS = [
    *({"expression": text} for text in (None, "", "e" * 257)),
    *({"traitGroup": text} for text in ("", "a b", "g" * 65)),
    *({"traitName": text} for text in ("", "City", "t" * 129)),
    {"as": "x"},
]
WRONG = {
    "displayName": ["", "1st", "a_b", "a\n", "a" * 65, 7],
    "description": ["", "d" * 513],
    "isEnabled": ["true", 1],
    "mappingTo": [
        {"mappings": [CITY]},
        {"type": "TAGS", "mappings": [CITY]},
        {"type": "TRAITS", "mappings": []},
        to_traits(*[CITY] * 101),
        to_traits() | {"mode": "x"},
        *(to_traits(CITY, CITY | item) for item in WRONG_ITEMS),
    ],
}
WRONG_SOURCES = [
    *({"type": kind} for kind in (None, "DATASET", "INGRESS", "DATASET_CLOUDAPP")),
    *(INGRESS | {"columns": names} for names in ([], ["c"] * 101, [""], ["c" * 257])),
    INGRESS | {"datasetId": DATASET_ID},
    *(WAREHOUSE | more for more in ({"columns": ["c"]}, {"datasetId": "crm"})),
]


@pytest.mark.parametrize(
    ("field", "value"), [(name, value) for name in WRONG for value in WRONG[name]]
)
def test_data_mapping_what_does_not_fit_is_refused(
    api, mappings, make_mapping, field, value
):
    path = make_mapping()
    before = api.get(path).json()

    created = api("POST", mappings, a_mapping("other") | {field: value})
    patched = api("PATCH", path, {field: value})

    for answer in (created, patched):
        assert_refused(answer, 400, 520046, field)
    assert api.get(mappings).json()["dataMappings"] == [before]


@pytest.mark.parametrize(
    ("field", "value"),
    [("mappingFrom", source) for source in WRONG_SOURCES]
    + [("displayName", None), ("mappingTo", None), ("mappingFrom", None)],
)
def test_data_mapping_new_mapping_has_a_name_a_target_and_a_source(
    api, mappings, field, value
):
    answer = api("POST", mappings, a_mapping() | {field: value})

    assert_refused(answer, 400, 520046, field)
    assert not DataMapping.objects.exists()


def test_data_mapping_longest_of_everything_fits(api, make_mapping):
    longest = {"expression": "e" * 256, "traitGroup": "g" * 64, "traitName": "t" * 128}
    fields = {
        "description": "d" * 512,
        "mappingTo": to_traits(*[longest] * 100),
        "mappingFrom": {"type": "INGRESS", "columns": ["c" * 256] * 100},
    }

    path = make_mapping("Aa-9." + "n" * 59, **fields)

    assert api.get(path).json().items() >= fields.items()


@pytest.mark.parametrize("source", [CLOUDAPP, WAREHOUSE])
@pytest.mark.parametrize(
    ("field", "name"),
    [("traitGroup", "contact"), ("traitName", "shoeSize"), ("traitName", "t" * 128)],
)
def test_data_mapping_dataset_maps_to_declared_traits_alone(
    api, mappings, make_mapping, source, field, name
):
    path = make_mapping(mappingFrom=source)
    unknown = {"mappingTo": to_traits(CITY, CITY | {field: name}), "isEnabled": False}

    created = api("POST", mappings, a_mapping("other", mappingFrom=source) | unknown)
    patched = api("PATCH", path, unknown)

    for answer in (created, patched):
        assert_refused(answer, 400, 400, f"mappingTo.mappings[1].{field}")
    assert [mapping.version for mapping in DataMapping.objects.all()] == [1]


def test_data_mapping_trait_is_mapped_in_any_of_its_spellings(
    api, declare, make_mapping
):
    declare("Account", plan_name=STRING)
    target = to_traits(TIER | {"traitName": "plan_name"})

    path = make_mapping(mappingFrom=CLOUDAPP, mappingTo=target)

    assert api.get(path).json()["mappingTo"] == target


def test_data_mapping_name_is_taken_in_its_store_alone(
    api, make_store, mappings, make_mapping
):
    make_mapping("crm")
    path = make_mapping("CRM")
    elsewhere = f"{CONTROL}/{make_store('client-2')}/DataMappings"

    created = api("POST", mappings, a_mapping("crm"))
    patched = api("PATCH", path, {"displayName": "crm"})

    for answer in (created, patched):
        assert_refused(answer, 409, 520056, "displayName")
    assert api("PATCH", path, {"displayName": "CRM"}).status_code == 202
    assert api("POST", elsewhere, a_mapping("crm")).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_data_mapping_ten_who_want_one_name_make_one_mapping(api, mappings):
    answers = at_once(10, lambda _: api("POST", mappings, a_mapping()))

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
    assert DataMapping.objects.count() == 1


def test_patch_data_mapping_changes_what_it_names(api, make_mapping):
    path = make_mapping(description="old")
    before = api.get(path).json()
    target = to_traits(CITY | {"traitName": "country"})
    changes = {"displayName": "erp", "mappingTo": target, "isEnabled": False}

    with time_machine.travel(datetime(2030, 1, 5, tzinfo=UTC), tick=False):
        operation = api.result(api("PATCH", path, changes))

    after = api.get(path)
    assert operation["result"]["id"] == before["id"]
    assert after.headers["ETag"] == '"2"'
    assert after.json() == before | changes | {
        "version": 2,
        "updatedAt": "2030-01-05T00:00:00Z",
    }


def test_patch_data_mapping_leaves_the_source_as_it_was(api, make_mapping):
    path = make_mapping()

    api.result(api("PATCH", path, {"mappingFrom": CLOUDAPP, "isEnabled": False}))

    assert api.get(path).json()["mappingFrom"] == INGRESS


@pytest.mark.parametrize("body", [None, {}, {"mappingFrom": CLOUDAPP}])
def test_data_mapping_patch_names_something_to_change(api, make_mapping, body):
    path = make_mapping()

    assert_refused(api("PATCH", path, body), 400, 400, "displayName", "mappingTo")
    assert api.get(path).json()["version"] == 1


def test_patch_data_mapping_heeds_if_match(api, make_mapping):
    path, body = make_mapping(), {"isEnabled": False}

    stale, fresh = (
        api("PATCH", path, body, headers={"If-Match": etag}) for etag in ('"2"', '"1"')
    )

    assert_refused(stale, 412, 520043)
    assert fresh.status_code == 202
    assert api.get(path).json()["version"] == 2


def test_data_mapping_what_lost_its_traits_can_be_switched_off(
    api, store, declare, make_mapping
):
    declare("Account", tier=STRING)
    path = make_mapping(mappingFrom=CLOUDAPP, mappingTo=to_traits(TIER))
    removal = {"traits": {"tier": {"dataType": ""}}}
    api.result(api("PATCH", f"{CONTROL}/{store}/TraitGroups/Account", removal))

    assert api("PATCH", path, {"isEnabled": False}).status_code == 202


def test_delete_data_mapping_removes_one_mapping(api, mappings, make_mapping):
    path, kept = make_mapping("crm"), make_mapping("erp")

    operation = api.result(api("DELETE", path))

    assert operation["result"]["id"] == path.rpartition("/")[2]
    [left] = api.get(mappings).json()["dataMappings"]
    assert left == api.get(kept).json()
    assert_refused(api("DELETE", path), 404, 520048)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_data_mapping_id_is_one_of_a_mapping_that_is_there(api, mappings, method):
    body = {"isEnabled": True} if method == "PATCH" else None

    assert_refused(api(method, f"{mappings}/{MAPPING}", body), 404, 520048)
    for id_ in ("x", MAPPING[:-1], f"{MAPPING}0", MAPPING.upper()):
        refused = api(method, f"{mappings}/{id_}", body)
        assert_refused(refused, 400, 400, "dataMappingId")


def test_list_data_mappings_shows_them_whole_and_newest_first(
    api, mappings, make_mapping
):
    paths = [make_mapping(name) for name in ("b", "a", "c")]

    listed = api.get(mappings, pageSize="101").json()

    assert listed["dataMappings"] == [api.get(path).json() for path in paths[::-1]]
    assert listed["meta"] == {"key": "dataMappings", "pageSize": 3}


def test_data_mapping_pages_keep_to_the_type_asked_for(api, mappings, make_mapping):
    for number in range(5):
        make_mapping(f"ingress-{number}")
        make_mapping(f"app-{number}", mappingFrom=CLOUDAPP)

    pages = walk(api, mappings, type="DATASET_CLOUDAPP", orderBy="ASC", pageSize="2")

    names = [m["displayName"] for page in pages for m in page["dataMappings"]]
    assert names == [f"app-{number}" for number in range(5)]


def test_data_mapping_type_that_is_none_is_refused(api, mappings):
    for name in ("ingress", "TRAITS", "INGRESS,DATASET_CLOUDAPP"):
        assert_refused(api.get(mappings, type=name), 400, 400, "type: must be one of")


def test_data_mapping_group_stays_while_a_mapping_of_its_store_writes_to_it(
    api, store, make_store, declare, make_mapping
):
    declare("Account", tier=STRING)
    path = make_mapping(mappingTo=to_traits(CITY, TIER))
    other = f"{CONTROL}/{make_store('client-2')}/DataMappings"
    api.result(api("POST", other, a_mapping(mappingTo=to_traits(TIER))))
    group = f"{CONTROL}/{store}/TraitGroups/Account"

    assert_refused(api("DELETE", group), 409, 20409, "data mapping")
    api.result(api("DELETE", path))
    assert api("DELETE", group).status_code == 202
