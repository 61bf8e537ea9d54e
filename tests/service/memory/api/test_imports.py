"""Imports: announced, uploaded, asked for. Contract 11.7; the reading of the file is
tested in test_import_jobs."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from console.service.memory import imports
from console.service.memory.models import ImportChunk, ProfileImport
from console.service.models import Operation
from tests.service.conftest import assert_refused
from tests.service.csv_files import read_file, upload_file
from tests.service.door import knock
from tests.service.walk import walk

CSV = b"Mail,First\r\na@b.com,Ada\r\n"
MAPPINGS = [
    {"columnName": "Mail", "traitGroup": "Contact", "traitName": "email"},
    {"columnName": "First", "traitGroup": "Contact", "traitName": "firstName"},
]
UNKNOWN = "mem_import_01k0000000000000000000000a"
MIB = 1024 * 1024


def an_import(**fields) -> dict:
    return {
        "filename": "people.csv",
        "fileSize": len(CSV),
        "columnMappings": MAPPINGS,
    } | fields


@pytest.fixture
def path(store) -> str:
    return f"/v1/Stores/{store}/Profiles/Imports"


@pytest.fixture
def announce(api, path):
    """Answers what an announcement of a file is told."""

    def make(**fields) -> dict:
        answer = api("POST", path, an_import(**fields))
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


def test_create_import_announces_it_and_waits_for_its_file(api, path, announce):
    told = announce()

    assert told.keys() == {"importId", "url", "operationId", "createdAt", "statusUrl"}
    assert len(told["importId"]) <= 39
    shown = api.get(f"{path}/{told['importId']}").json()
    assert shown == {
        "status": "PENDING",
        "filename": "people.csv",
        "fileSize": len(CSV),
        "columnMappings": MAPPINGS,
        "summary": {"errors": 0, "warnings": 0},
        "rows": {"read": 0, "stored": 0, "refused": 0},
        "progress": 0,
        "createdAt": told["createdAt"],
        "updatedAt": told["createdAt"],
    }
    operation = api.get(told["statusUrl"]).json()
    assert operation.keys() == {"operationId", "status", "statusUrl", "createdAt"}
    assert operation["operationId"] == told["operationId"]
    assert operation["status"] == "PENDING"


def test_list_imports_is_newest_first_over_pages(api, path, announce):
    made = [announce()["importId"] for _ in range(5)]

    pages = list(walk(api, path, pageSize="2"))

    assert [id_ for page in pages for id_ in page["imports"]] == made[::-1]
    assert [page["meta"]["key"] for page in pages] == ["imports"] * 3
    upwards = api.get(path, orderBy="ASC", pageSize="1000").json()
    assert upwards["imports"] == made


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"filename": None}, "filename"),
        ({"filename": "f" * 256}, "filename"),
        ({"fileSize": 0}, "fileSize"),
        ({"fileSize": 100 * MIB + 1}, "fileSize"),
        ({"fileSize": "5"}, "fileSize"),
        ({"columnMappings": MAPPINGS[:1]}, "columnMappings"),
        ({"columnMappings": MAPPINGS * 51}, "columnMappings"),
        ({"columnMappings": [*MAPPINGS, {}]}, "columnMappings[2].columnName"),
        ({"columnMappings": [*MAPPINGS, MAPPINGS[0] | {"x": 1}]}, "columnMappings[2]"),
        ({"more": 1}, "more"),
    ],
)
def test_import_announcement_is_strict(api, path, fields, place):
    assert_refused(api("POST", path, an_import(**fields)), 400, 520046, place)
    assert not ProfileImport.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"traitName": "shoe"}, "unknown trait"),
        ({"traitGroup": "Vip"}, "unknown trait"),
        ({"traitName": "9"}, "not a valid trait name"),
        ({"traitName": "e_mail", "traitGroup": ""}, "unknown trait"),
        ({"traitName": "First Name"}, "duplicate trait"),
    ],
)
def test_import_mapping_leads_to_a_trait_of_the_store(api, path, changes, words):
    mappings = [*MAPPINGS, MAPPINGS[0] | changes]

    answer = api("POST", path, an_import(columnMappings=mappings))

    assert_refused(answer, 400, 400, "columnMappings[2].traitName", words)
    assert not ProfileImport.objects.exists()
    assert not Operation.objects.filter(status="PENDING").exists()


def test_import_malformed_id_and_an_unknown_one(api, path):
    assert_refused(api.get(f"{path}/x"), 400, 400, "importId")
    assert_refused(api.get(f"{path}/{UNKNOWN}"), 404, 20404)


def test_fetch_import_does_not_know_one_of_another_store(api, make_store, announce):
    other = make_store("client-2")

    made = announce()["importId"]

    path = f"/v1/Stores/{other}/Profiles/Imports"
    assert_refused(api.get(f"{path}/{made}"), 404, 20404)
    assert api.get(path).json()["imports"] == []


def test_list_refusals_is_in_the_order_of_rows_over_pages(api, store, path):
    content = "Mail,First\n" + ",Nobody\nx@b.com\n" * 3
    told = upload_file(api, store, content)
    read_file(api, store, told)

    pages = list(walk(api, f"{path}/{told['importId']}/Refusals", pageSize="4"))

    refusals = [each for page in pages for each in page["refusals"]]
    assert [each["item"] for each in refusals] == [2, 3, 4, 5, 6, 7]
    assert refusals[1] == {
        "item": 3,
        "field": "",
        "reason": "1 cells, but 2 in the header",
        "stored": False,
    }
    assert [page["meta"]["key"] for page in pages] == ["refusals"] * 2


def test_upload_file_needs_no_credentials(api, http, path, announce):
    told = announce()

    answer = http.put(told["url"], content=CSV, headers={"Content-Type": "text/csv"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert api.get(f"{path}/{told['importId']}").json()["status"] == "PROCESSING"
    assert api.get(told["statusUrl"]).json()["status"] == "RUNNING"
    assert bytes(ImportChunk.objects.get().content) == CSV


def test_import_file_is_kept_in_pieces_byte_for_byte(http, announce):
    content = bytes(range(256)) * 4 * 9001
    told = announce(fileSize=len(content))

    answer = http.put(told["url"], content=content)

    assert answer.status_code == 200
    chunks = ImportChunk.objects.order_by("number").values_list("content", flat=True)
    assert b"".join(map(bytes, chunks)) == content
    assert max(map(len, chunks)) == MIB


def test_import_address_works_once(http, announce):
    url = announce()["url"]
    http.put(url, content=CSV)

    answer = http.put(url, content=CSV)

    assert_refused(answer, 403, 403, "already")
    assert ImportChunk.objects.count() == 1


def test_import_of_two_uploads_at_once_one_is_kept(http, announce):
    told = announce()
    signature = told["url"].partition("signature=")[2]
    one, other = (imports.get_upload(told["importId"], signature) for _ in range(2))
    imports.receive_file(one, [CSV])

    with pytest.raises(imports.errors.Forbidden):
        imports.receive_file(other, [b"x" * len(CSV)])

    assert bytes(ImportChunk.objects.get().content) == CSV


def test_import_address_expires(http, announce):
    url = announce()["url"]

    with time_machine.travel(timezone.now() + timedelta(seconds=1801)):
        answer = http.put(url, content=CSV)

    assert_refused(answer, 403, 403, "expired")
    assert not ImportChunk.objects.exists()


def test_import_address_that_was_tampered_with_opens_nothing(api, http, path, announce):
    told, other = announce(), announce()
    address, signature = told["url"].split("?signature=")

    for url in (
        address,
        f"{address}?signature=",
        f"{address}?signature={signature[:-1]}",
        f"{address}?signature={signature.swapcase()}",
        f"{address}?signature={other['url'].split('=')[1]}",
        told["url"].replace(told["importId"], UNKNOWN),
    ):
        assert_refused(http.put(url, content=CSV), 403, 403, "signature")
        assert_refused(api("PUT", url, content=CSV), 403, 403, "signature")
    assert api.get(f"{path}/{told['importId']}").json()["status"] == "PENDING"


def test_import_address_of_a_store_that_is_gone_opens_nothing(
    api, store, http, announce
):
    url = announce()["url"]
    api("DELETE", f"/v1/ControlPlane/Stores/{store}")

    assert_refused(http.put(url, content=CSV), 403, 403, "not valid for this import")
    assert not ImportChunk.objects.exists()


@pytest.mark.parametrize("content", [b"", CSV[:-1], CSV + b"x", CSV * 400_000])
def test_import_file_of_another_size_is_refused_and_may_come_again(
    http, announce, content
):
    url = announce()["url"]

    answer = http.put(url, content=content)

    assert_refused(answer, 400, 400, f"{len(CSV)} bytes")
    assert not ImportChunk.objects.exists()
    assert http.put(url, content=CSV).status_code == 200


class Unread(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


class Broken(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise OSError("the line broke")


def knock_upload(url: str, body: io.RawIOBase, length: int):
    address, _, query = url.removeprefix("http://testserver").partition("?")
    return knock(
        address, method="PUT", query=query, body=body, CONTENT_LENGTH=str(length)
    )


def test_import_file_that_is_too_large_is_refused_unread(announce):
    url = announce()["url"]

    for length in (len(CSV) + 1, 10**18):
        assert_refused(knock_upload(url, Unread(), length), 400, 400, "bytes")
    forged = url.replace("signature=", "signature=x")
    assert_refused(knock_upload(forged, Unread(), len(CSV)), 403, 403)


@pytest.mark.parametrize("body", [io.BytesIO(CSV[:9]), Broken()])
def test_import_upload_that_breaks_off_leaves_nothing(http, announce, body):
    url = announce()["url"]

    answer = knock_upload(url, body, len(CSV))

    assert answer.status_code == 400
    assert not ImportChunk.objects.exists()
    assert http.put(url, content=CSV).status_code == 200


def test_import_upload_without_a_length_is_refused(http, announce):
    def pieces():
        yield CSV

    answer = http.put(announce()["url"], content=pieces())

    assert_refused(answer, 411, 411, "Content-Length")


def test_import_address_takes_a_put_only(api, http, announce):
    url = announce()["url"]

    for method in ("GET", "POST", "DELETE"):
        answer = http.request(method, url)
        assert_refused(answer, 405, 20004)
        assert answer.headers["Allow"] == "PUT"
