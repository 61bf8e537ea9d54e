"""Bases, sources, chunks and the search. Knowledge 5 to 8, 11."""

import re
import zlib
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.contract.ids import KNOWLEDGE_BASE_ID, KNOWLEDGE_ID
from console.service.knowledge import ingestion, parsing
from console.service.knowledge.ingestion import (
    read_source,
    restart_stalled_readings,
)
from console.service.knowledge.models import KnowledgeChunk, KnowledgeSource
from tests.service.conftest import assert_refused
from tests.service.knowledge.conftest import BASES, make_pdf
from tests.service.walk import walk

FILE = {"type": "File", "fileName": "care.txt", "mimeType": "text/plain"}


def test_create_knowledge_base_is_an_operation(api):
    answer = api("POST", BASES, {"displayName": "help-centre"})

    assert answer.status_code == 202
    done = api.get(answer.json()["statusUrl"]).json()
    assert done["status"] == "COMPLETED"
    assert answer.headers["Operation-Id"] == done["operationId"]
    base = api.get(done["resultUrl"])
    assert KNOWLEDGE_BASE_ID.fullmatch(base.json()["id"])
    assert base.json()["id"] == done["result"]["id"]
    assert (base.json()["status"], base.json()["description"]) == ("ACTIVE", "")
    assert base.headers["ETag"] == '"1"'


def test_list_knowledge_bases_page_by_page(api, make_base):
    made = [make_base(f"base-{number}") for number in range(3)]

    pages = walk(api, BASES, pageSize="2")
    listed = [each["id"] for page in pages for each in page["knowledgeBases"]]

    assert listed == made[::-1]


def test_create_knowledge_base_refuses_a_sixth_and_a_name_that_is_taken(api, make_base):
    for number in range(5):
        make_base(f"base-{number}")

    sixth = api("POST", BASES, {"displayName": "base-6"})
    taken = api("PATCH", f"{BASES}/{make_id(api)}", {"displayName": "base-0"})

    assert_refused(sixth, 400, 420021, "at most 5")
    assert_refused(taken, 400, 420021, "displayName: already in use")


def make_id(api) -> str:
    return api.get(BASES).json()["knowledgeBases"][0]["id"]


def test_update_knowledge_base_heeds_if_match(api, base):
    path = f"{BASES}/{base}"

    stale = api("PATCH", path, {"description": "x"}, headers={"If-Match": '"7"'})
    done = api("PATCH", path, {"description": "y"}, headers={"If-Match": '"1"'})

    assert_refused(stale, 412, 20412, "If-Match")
    assert done.status_code == 202
    shown = api.get(path).json()
    assert (shown["description"], shown["version"]) == ("y", 2)


def test_delete_knowledge_base_takes_all_of_it(api, base, add, sources):
    add("Tents can be returned within 30 days.")

    assert api("DELETE", f"{BASES}/{base}").status_code == 202

    assert_refused(api.get(sources), 404, 420018, "Knowledge base not found")
    assert not KnowledgeChunk.objects.exists()
    assert not KnowledgeSource.objects.exists()


def test_text_is_read_in_the_background_and_then_found(api, sources, add, search):
    made = add("Tents can be returned within 30 days.", reads=False)
    path = f"{sources}/{made['id']}"

    assert KNOWLEDGE_ID.fullmatch(made["id"])
    assert made["status"] == "QUEUED"
    assert search("return a tent") == []
    read_source.func(made["id"])

    assert api.get(path).json()["status"] == "COMPLETED"
    [found] = search("How long can I return a tent?")
    assert found["content"] == "Tents can be returned within 30 days."
    assert (found["knowledgeId"], found["documentTitle"]) == (made["id"], "Returns")
    assert 0.3 < found["score"] <= 1
    assert found["metadata"] == {"sourceType": "Text"}


def test_list_knowledge_chunks_gives_their_place_and_no_score(api, sources, add):
    made = add("Tents can be returned within 30 days.")

    [chunk] = api.get(f"{sources}/{made['id']}/Chunks").json()["chunks"]

    assert chunk["chunkIndex"] == 0
    assert "score" not in chunk


def test_new_text_is_found_when_it_is_read_and_the_old_one_until_then(
    api, sources, add, search
):
    made = add("Tents can be returned within 30 days.")
    path = f"{sources}/{made['id']}"
    source = {"type": "Text", "content": "Tents can be returned within 14 days."}

    changed = api("PATCH", path, {"source": source})

    assert (changed.status_code, changed.json()) == (202, {"message": "accepted"})
    assert search("return a tent")[0]["content"].endswith("30 days.")
    read_source.func(made["id"])
    [found] = search("return a tent")
    assert found["content"].endswith("14 days.")
    assert KnowledgeChunk.objects.count() == 1


def test_patch_without_news_changes_only_what_is_named(api, sources, add):
    made = add("Tents can be returned within 30 days.")

    answer = api("PATCH", f"{sources}/{made['id']}", {"name": "Refunds"})

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["status"]) == ("Refunds", "COMPLETED")


def test_refresh_is_queued_once(api, sources, add):
    made = add("Tents can be returned within 30 days.")
    path = f"{sources}/{made['id']}?refresh=true"

    answers = [api("PATCH", path, {}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert KnowledgeSource.objects.get().asked_run == 3


def test_file_waits_for_its_upload(api, sources, search):
    made = api("POST", sources, {"name": "Care", "source": FILE}).json()

    assert made["status"] == "SCHEDULED"
    url = made["source"]["importUrl"]
    assert made["source"]["uploadExpiration"] > made["createdAt"]
    sent = api.http.put(url, content=b"Air the tent.", headers={"Content-Type": "x/y"})
    again = api.http.put(url, content=b"Air the tent.")
    read_source.func(made["id"])

    assert (sent.status_code, again.status_code) == (200, 403)
    shown = api.get(f"{sources}/{made['id']}").json()
    assert shown["source"] == FILE | {"fileSize": 13}
    assert search("tent")[0]["documentTitle"] == "care.txt"


@pytest.mark.parametrize(
    ("source", "content", "status", "words"),
    [
        (FILE | {"fileSize": 3}, b"long", 400, "fileSize: the file must have 3 bytes"),
        (FILE, b"", 400, "fileSize: must be 1 to"),
        ({"type": "File"}, b"text", 400, "Content-Type: must be that of a .csv, .md"),
    ],
)
def test_file_is_refused_by_name_of_the_field(
    api, sources, source, content, status, words
):
    made = api("POST", sources, {"name": "Care", "source": source}).json()
    headers = {"Content-Type": "application/zip"}

    sent = api.http.put(made["source"]["importUrl"], content=content, headers=headers)

    assert_refused(sent, status, 400, words)
    assert api.get(f"{sources}/{made['id']}").json()["status"] == "SCHEDULED"


def test_upload_address_works_for_a_while_and_anew_after_a_refresh(api, sources):
    made = api("POST", sources, {"name": "Care", "source": FILE}).json()
    path = f"{sources}/{made['id']}"

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        late = api.http.put(made["source"]["importUrl"], content=b"Air the tent.")
        api("PATCH", f"{path}?refresh=true", {})
        url = api.get(path).json()["source"]["importUrl"]
        anew = api.http.put(url, content=b"Air the tent.")

    assert_refused(late, 403, 403, "signature: expired")
    assert anew.status_code == 200


def test_pdf_is_found_with_its_page(upload, search):
    done = upload(make_pdf("Air the tent.", "Oil the zip."), "application/pdf", "m.pdf")

    assert done["status"] == "COMPLETED"
    assert search("How do I oil a zip?")[0]["documentNumber"] == 2


def test_fetch_knowledge_says_why_a_file_cannot_be_read(upload):
    done = upload(b"<html>", "application/pdf")

    assert done["status"] == "FAILED"
    assert done["failure"] == "The PDF cannot be read: it is damaged, or no PDF."


def test_file_that_takes_too_much_costs_its_source_alone(
    upload, add, search, monkeypatch
):
    monkeypatch.setattr(parsing, "PARSE_BYTES", 1_000_000)
    done = upload(b"Air the tent.", "text/plain")
    monkeypatch.undo()
    add("Oil the zip.")

    assert done["status"] == "FAILED"
    assert "too much memory or time" in done["failure"]
    assert search("zip")


def test_pdf_bomb_costs_its_source_alone(upload, search, monkeypatch):
    monkeypatch.setattr(parsing, "PARSE_BYTES", 300_000_000)
    packer, block = zlib.compressobj(1), bytes(10_000_000)
    blanks = b"".join(packer.compress(block) for _ in range(30)) + packer.flush()
    blanks = zlib.compress(blanks)
    stream = b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream"
    plain = re.compile(rb"<</Length \d+>>stream.+endstream", re.DOTALL)
    good = make_pdf("Oil the zip.")
    bomb = plain.sub(lambda _: stream % (len(blanks), blanks), good)

    done = upload(bomb, "application/pdf", "bomb.pdf")
    upload(good, "application/pdf", "good.pdf")

    assert len(bomb) < 20_000
    assert done["status"] == "FAILED"
    assert "too much memory or time" in done["failure"]
    assert search("zip")


def test_question_is_found_by_itself_and_shown_with_its_answer(upload, search):
    rows = ["question,answer", "Do you repair poles?,In the workshop in Ulm."]
    rows += [f"Where is shop {n}?,In street number {n} of the town." for n in range(9)]

    upload("\n".join(rows).encode(), "text/csv", "faq.csv")

    [first, *_] = search("Do you repair poles?", top=2)
    assert first["content"] == "Do you repair poles?\nIn the workshop in Ulm."


def test_search_knowledge_keeps_to_the_sources_that_are_named(add, search):
    first = add("Tents can be returned within 30 days.")
    second = add("Boots can be returned within 60 days.", "Boots")
    unknown = "know_knowledge_01k0000000000000000000000a"

    chosen = search("returned", knowledgeIds=[second["id"], unknown])

    assert [each["knowledgeId"] for each in chosen] == [second["id"]]
    everywhere = search("returned", knowledgeIds=[])
    assert {each["knowledgeId"] for each in everywhere} == {first["id"], second["id"]}


def test_search_knowledge_answers_in_another_language(add, search):
    add("Tents can be returned within 30 days.\n\n" + "Our shop is in Ulm. " * 50)

    [first, *_] = search("¿Cuánto tiempo tengo para devolver una tienda de campaña?")

    assert first["content"].startswith("Tents")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"query": "x"}, "top: required"),
        ({"query": "", "top": 1}, "query: must not be empty"),
        ({"query": "x", "top": 21}, "top: must be at most 20"),
        ({"query": "x" * 2049, "top": 1}, "query: must be at most 2048"),
        ({"query": "x", "top": 1, "more": 1}, "more: unknown field"),
    ],
)
def test_search_knowledge_names_what_is_wrong(api, base, body, words):
    answer = api("POST", f"/v2/KnowledgeBases/{base}/Search", body)

    assert_refused(answer, 400, 420021, words)
    assert answer.json().keys() == {"code", "message", "more_info", "status"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"type": "Text", "content": ""}, "source.content: must not be empty"),
        ({"type": "Text", "content": "x" * 1_048_577}, "at most 1048576 characters"),
        ({"type": "Text", "content": " \n "}, "source.content: must have text"),
        ({"type": "Audio"}, "source.type"),
        (FILE | {"mimeType": "application/zip"}, "source.mimeType"),
        (FILE | {"fileSize": 16_777_217}, "source.fileSize: must be at most"),
    ],
)
def test_create_knowledge_names_what_is_wrong(api, sources, source, words):
    answer = api("POST", sources, {"name": "Care", "source": source})

    assert_refused(answer, 400, 420021, words)
    assert not KnowledgeSource.objects.exists()


def test_create_knowledge_refuses_an_eleventh(api, sources, add):
    for number in range(10):
        add(f"Text {number}.", f"Source {number}", reads=False)

    source = {"type": "Text", "content": "One more."}
    answer = api("POST", sources, {"name": "More", "source": source})

    assert_refused(answer, 400, 420021, "at most 10 per base")


def test_fetch_knowledge_base_of_another_account_is_404(make_api, base):
    other = make_api("other")

    assert_refused(other.get(f"{BASES}/{base}"), 404, 420018, "not found")


def test_list_knowledge_of_another_account_is_404(make_api, sources, add):
    made, other = add("Tents can be returned."), make_api("other")

    assert_refused(other.get(sources), 404, 420018, "not found")
    answer = other("DELETE", f"{sources}/{made['id']}")
    assert_refused(answer, 404, 420018, "not found")
    assert KnowledgeChunk.objects.count() == 1


def test_delete_knowledge_takes_its_chunks(api, sources, add, search):
    made = add("Tents can be returned within 30 days.")

    answer = api("DELETE", f"{sources}/{made['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert search("return a tent") == []
    assert_refused(api.get(f"{sources}/{made['id']}"), 404, 420017, "not found")


def test_reading_that_died_is_begun_again_and_leaves_nothing_double(add, search):
    made = add("Tents can be returned within 30 days.", reads=False)
    source = KnowledgeSource.objects.get()
    # A worker was killed between its first batch and its end.
    KnowledgeSource.objects.update(
        status="PROCESSING", updated_at=timezone.now() - timedelta(minutes=3)
    )
    ingestion.write_chunks(source, ingestion.parse_kept(source))

    restart_stalled_readings()
    read_source.func(made["id"])

    assert len(search("return a tent")) == 1
    assert KnowledgeChunk.objects.count() == 1


def test_reading_that_waits_is_not_begun_twice(add):
    add("Tents can be returned within 30 days.", reads=False)
    KnowledgeSource.objects.update(updated_at=timezone.now() - timedelta(minutes=3))
    tasks = DBTaskResult.objects.filter(task_path=read_source.module_path)

    restart_stalled_readings()
    restart_stalled_readings()

    assert tasks.count() == 1


def test_reading_ends_without_a_trace_where_a_newer_one_is_asked_for(
    api, sources, add, monkeypatch
):
    made = add("Tents can be returned within 30 days.", reads=False)
    path, parse_kept = f"{sources}/{made['id']}", ingestion.parse_kept

    def change_meanwhile(source):
        found = parse_kept(source)
        text = {"type": "Text", "content": "Tents can be returned within 14 days."}
        api("PATCH", path, {"source": text})
        return found

    monkeypatch.setattr(ingestion, "parse_kept", change_meanwhile)
    read_source.func(made["id"])

    assert api.get(path).json()["status"] == "QUEUED"
    assert not KnowledgeChunk.objects.exists()


def test_base_holds_so_many_chunks(add, api, sources, monkeypatch):
    monkeypatch.setattr(ingestion, "CHUNKS_PER_BASE", 2)
    add("Tents can be returned within 30 days.")

    made = add("A long one. " * 300, "Long")

    shown = api.get(f"{sources}/{made['id']}").json()
    assert shown["status"] == "FAILED"
    assert "at most 2 chunks" in shown["failure"]
