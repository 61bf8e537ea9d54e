"""Knowledge in the console: bases, sources, and what a question finds."""

import re
from datetime import timedelta

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.contract.knowledge.source import Knowledge
from console.pages.knowledge.freshness import find_doubts
from console.service.knowledge import crawl
from console.service.knowledge.ingestion import read_source
from console.service.knowledge.models import KnowledgeBase, KnowledgeSource
from tests.website import Website

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
WHY = {"reason_code": "outdated", "ticket": "KB-1"}
TEXT = "Tents can be returned within 30 days."


def url(name: str, *args: str, tenant: str = "acme") -> str:
    return reverse(f"knowledge:{name}", args=[tenant, *args])


@pytest.fixture
def client(client, operator):
    client.force_login(operator)
    return client


@pytest.fixture
def base(client, tenant) -> str:
    client.post(url("add_base"), {"display_name": "help-centre"})
    return KnowledgeBase.objects.get().id


@pytest.fixture
def source(client, base) -> str:
    client.post(url("add_source", base), {"name": "Returns", "content": TEXT})
    made = KnowledgeSource.objects.get()
    read_source.func(made.id)
    return made.id


def test_overview_says_what_knowledge_is_for(client, tenant):
    page = client.get(url("overview")).text

    assert "No knowledge yet" in page
    assert "Add a base" in page


def test_add_base_names_what_is_wrong(client, base):
    taken = client.post(url("add_base"), {"display_name": "help-centre"})
    empty = client.post(url("add_base"), {})

    assert (taken.status_code, empty.status_code) == (422, 422)
    assert "already in use" in taken.text
    assert "Name a new base, or choose one." in empty.text


def test_overview_lists_sources_and_looks_again_until_they_are_read(client, base):
    client.post(url("add_source", base), {"name": "Returns", "content": TEXT})
    waiting = client.get(url("overview")).text
    read_source.func(KnowledgeSource.objects.get().id)

    done = client.get(url("overview")).text

    assert "Queued" in waiting
    assert 'hx-trigger="load delay:2s"' in waiting
    assert "Completed" in done
    assert "load delay" not in done
    assert (
        AuditEntry.objects.filter(action="knowledge.added", outcome="done").count() == 2
    )


def test_search_shows_what_is_found_and_keeps_the_question_out_of_the_address(
    client, base, source
):
    asked = {"base": base, "query": "How long can I return a tent?"}

    moved = client.post(url("overview"), asked)

    assert "tent" not in moved.url
    found = client.get(moved.url).text
    assert "<mark>Tents</mark> can be <mark>returned</mark>" in found
    assert "Share of the query&#x27;s words" in found
    assert "by words number 1, by meaning number 1" in " ".join(found.split())
    link = reverse("knowledge:source", args=["acme", base, source])
    assert f'{link}?chunk=0&amp;document="' in found
    assert AuditEntry.objects.get(action="knowledge.searched").details == {"found": 1}


def test_search_refuses_a_base_of_another_tenant(client, tenant, base, source):
    moved = client.post(url("overview"), {"base": base, "query": "tents"})
    tenant.refresh_from_db()
    tenant.knowledge_bases = []
    tenant.save()

    assert client.get(moved.url).status_code == 404


def test_source_shows_the_chunk_that_a_link_names_among_those_around_it(client, base):
    file = SimpleUploadedFile(
        "care.md",
        b"".join(b"# Part %d\n\n%s\n" % (n, b"Air it. " * 100) for n in range(9)),
    )
    client.post(url("add_source", base), {"name": "Care", "file": file})
    made = KnowledgeSource.objects.get()
    read_source.func(made.id)

    page = client.get(url("source", base, made.id), {"chunk": 6}).text
    gone = client.get(url("source", base, made.id), {"chunk": 60})

    chosen = page.partition('id="chosen"')[2].partition("</li>")[0]
    assert "# Part" not in page
    assert "Part 6\n" in chosen
    assert "Part 3\n" in page
    assert "Part 2\n" not in page
    assert gone.status_code == 404


def test_freshness_shows_texts_that_contradict_each_other_side_by_side(client, base):
    texts = {
        "Returns": "# Returns\n\nTents can be returned within 30 days of their delivery. "
        "Money comes back in 3 weeks.",
        "Leaflet": "Tents can be returned in a shop within 14 days of their delivery.",
    }
    for name, text in texts.items():
        client.post(url("add_source", base), {"name": name, "content": text})
    for made in KnowledgeSource.objects.all():
        read_source.func(made.id)

    page = client.get(url("freshness")).text

    for figure in ("30 days", "14 days"):
        assert re.search(f"<h3>.*{figure}.*</h3>", page)
        assert f"within <mark>{figure}</mark> of" in page
    assert "Money comes back" not in page
    for made in KnowledgeSource.objects.all():
        assert f"{url('source', base, made.id)}?chunk=0" in page


def test_freshness_names_sources_that_were_not_read_or_never_came(client, base):
    files = (b"%PDF-1.4 broken", "manual.pdf"), (b"Air the tent.", "care.txt")
    for content, name in files:
        file = SimpleUploadedFile(name, content)
        client.post(url("add_source", base), {"name": name, "file": file})
    for made in KnowledgeSource.objects.all():
        read_source.func(made.id)
    late = timezone.now() - timedelta(minutes=1)
    sources = KnowledgeSource.objects.filter(name="care.txt")
    sources.update(status="SCHEDULED", upload_until=late)

    page = client.get(url("freshness")).text

    assert "It could not be read. The PDF cannot be read: it is damaged" in page
    assert "Its file has not come." in page


def test_freshness_says_so_when_nothing_is_wrong(client, base, source):
    assert "Every source is read" in client.get(url("freshness")).text
    assert url("freshness") in client.get(url("overview")).text


def test_web_site_shows_how_far_its_crawl_is_and_what_it_could_not_read(client, base):
    later = timezone.now() + timedelta(days=7)
    site = KnowledgeSource.objects.create(
        id=new_id("know_knowledge"),
        base_id=base,
        name="Shop",
        kind="Web",
        status="COMPLETED",
        settings={
            "url": "https://shop.example/",
            "crawlDepth": 2,
            "crawlPeriod": "WEEKLY",
        },
        errors=[
            {
                "title": "Not Found",
                "instances": [
                    {
                        "code": 420030,
                        "instance": "https://shop.example/gone",
                        "detail": "404",
                    }
                ],
            }
        ],
        due_at=later,
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )

    listed = client.get(url("overview")).text
    shown = client.get(url("source", base, site.id)).text
    doubts = client.get(url("freshness")).text

    assert "next crawl" in listed
    assert "https://shop.example/gone" in shown
    assert "Dead links" in doubts


def test_find_doubts_of_a_web_site():
    now = timezone.now()
    site = msgspec.convert(
        Knowledge.sample
        | {
            "source": {
                "type": "Web",
                "url": "https://shop.example/",
                "crawlDepth": 2,
                "crawlPeriod": "WEEKLY",
                "errors": [
                    {"title": "Not Found", "instances": [page(420030, "/gone")]},
                    {"title": "Too Many Requests", "instances": [page(420032, "/")]},
                ],
            },
            "readAt": now - timedelta(days=9),
        },
        Knowledge,
    )

    told = [(why, len(pages)) for why, pages in find_doubts(site, now)]
    sooner = [why for why, _ in find_doubts(site, now - timedelta(days=2))]

    [dead, busy, (late, _)] = told
    assert (dead, busy) == (("Dead links", 1), ("Too Many Requests", 1))
    assert re.fullmatch(r"Last read \d+ \w+ \d{4}, due weekly", late)
    assert sooner == ["Dead links", "Too Many Requests"]


def page(code: int, path: str) -> dict[str, object]:
    at = f"https://shop.example{path}"
    return {"type": "https://errors.example", "code": code, "instance": at}


def test_add_source_takes_a_file(client, base):
    file = SimpleUploadedFile("care.md", b"# Care\n\nAir the tent.")

    client.post(url("add_source", base), {"name": "Care", "file": file})

    made = KnowledgeSource.objects.get()
    read_source.func(made.id)
    page = client.get(url("source", base, made.id)).text
    assert "Air the tent." in page
    assert "1 chunk\n" in page or "1 chunk<" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Write a text, choose a file, or name a web address."),
        ({"file": SimpleUploadedFile("a.zip", b"PK")}, "Choose a .csv, .md"),
        (
            {"content": "x", "file": SimpleUploadedFile("a.txt", b"x")},
            "Write a text, choose a file, or name a web address.",
        ),
        ({"content": "x", "url": "https://shop.example"}, "Write a text, choose"),
        ({"url": "http://shop.example"}, "must be a public https address"),
        ({"url": "https://127.0.0.1"}, "must be a public https address"),
        (
            {"url": "https://shop.example/" + "x" * 2028},
            "At most 2048 characters; this",
        ),
        (
            {"url": "https://shop.example", "crawl_depth": 11},
            "Must be between 1 and 10.",
        ),
        (
            {"url": "https://shop.example", "crawl_period": "DAILY"},
            "Choose one of the options.",
        ),
    ],
)
def test_add_source_names_what_is_wrong(client, base, given, words):
    answer = client.post(url("add_source", base), {"name": "Care"} | given)

    assert answer.status_code == 422
    assert words in answer.text
    assert not KnowledgeSource.objects.exists()


def test_site_is_crawled_with_its_progress_errors_and_next_crawl(
    client, base, settings, monkeypatch
):
    settings.MEMORY_ALLOW_PRIVATE = True
    monkeypatch.setattr(crawl, "GAP_S", 0)
    with Website() as site:
        site.put("/", TEXT, "/care", "/gone")
        site.put("/care", "Air the tent.")
        given = {"name": "Site", "url": site.url, "crawl_depth": 1}
        client.post(url("add_source", base), given | {"crawl_period": "WEEKLY"})
        made = KnowledgeSource.objects.get()
        for _ in range(2):
            read_source.func(made.id)
        going = client.get(url("overview")).text
        for _ in range(3):
            read_source.func(made.id)

    done = client.get(url("overview")).text
    page = client.get(url("source", base, made.id)).text

    assert made.settings["crawlPeriod"] == "WEEKLY"
    assert "1 page read, 2 to go" in going
    assert 'hx-trigger="load delay:2s"' in going
    assert "Completed" in done
    assert "404 Not Found (1)" in done
    assert re.search(r"next crawl\s+<time", done)
    assert f"{site.url}/gone" in page
    assert "Air the tent." in page


def test_broken_source_says_why(client, base):
    file = SimpleUploadedFile("m.pdf", b"<html>")
    client.post(url("add_source", base), {"name": "Manual", "file": file})
    read_source.func(KnowledgeSource.objects.get().id)

    assert "The PDF cannot be read" in client.get(url("overview")).text


def test_change_source_reads_it_again_or_removes_it_with_a_reason(client, base, source):
    again = url("change_source", base, source, "refresh")
    remove = url("change_source", base, source, "remove")

    refused = client.post(again, {})
    client.post(again, WHY)
    asked = KnowledgeSource.objects.get().asked_run
    client.post(remove, WHY)

    assert (refused.status_code, asked) == (422, 3)
    assert not KnowledgeSource.objects.exists()
    gone = AuditEntry.objects.filter(action="knowledge.removed").first()
    assert gone.object_id == source
    assert gone.reason.text == "It is no longer true (ticket KB-1)"


def test_remove_base_takes_its_sources(client, base, source):
    shown = client.get(url("remove_base", base)).text
    client.post(url("remove_base", base), WHY | {"whose": "all"})

    assert "1 source<" in shown
    assert not KnowledgeBase.objects.exists()


def test_remove_base_from_one_tenant_alone(client, tenant, base, source):
    unsaid = client.post(url("remove_base", base), WHY)
    client.post(url("remove_base", base), WHY | {"whose": "tenant"})

    assert unsaid.status_code == 422
    tenant.refresh_from_db()
    assert tenant.knowledge_bases == []
    assert KnowledgeBase.objects.get().sources.count() == 1
    gone = AuditEntry.objects.get(action="knowledge.removed")
    assert gone.reason.text == "It is no longer true (ticket KB-1)"


def test_knowledge_of_another_tenant_is_unknown_until_it_is_chosen(
    client, tenant, base, source
):
    tenant.refresh_from_db()
    assert tenant.knowledge_bases == [base]
    tenant.knowledge_bases = []
    tenant.save()

    assert client.get(url("source", base, source)).status_code == 404
    assert client.post(url("remove_base", base), WHY).status_code == 404
    assert "help-centre" not in client.get(url("overview")).text
    client.post(url("add_base"), {"existing": base})
    assert "Returns" in client.get(url("overview")).text


def test_agents_read_and_change_nothing(client, agent, base, source):
    client.force_login(agent)

    page = client.get(url("overview")).text

    assert "Returns" in page
    assert not re.search("Add a|Remove", page)
    assert client.post(url("remove_base", base), WHY).status_code == 403
