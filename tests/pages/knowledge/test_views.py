"""Knowledge in the console: bases, sources, and what a question finds."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from console.audit.models import AuditEntry
from console.service.knowledge.ingestion import read_source
from console.service.knowledge.models import KnowledgeBase, KnowledgeSource

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
    assert reverse("knowledge:source", args=["acme", base, source]) in found
    assert AuditEntry.objects.get(action="knowledge.searched").details == {"found": 1}


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
        ({}, "Write a text, or choose a file."),
        ({"file": SimpleUploadedFile("a.zip", b"PK")}, "Choose a .csv, .md"),
        (
            {"content": "x", "file": SimpleUploadedFile("a.txt", b"x")},
            "Write a text, or choose a file.",
        ),
    ],
)
def test_add_source_names_what_is_wrong(client, base, given, words):
    answer = client.post(url("add_source", base), {"name": "Care"} | given)

    assert answer.status_code == 422
    assert words in answer.text
    assert not KnowledgeSource.objects.exists()


def test_broken_source_says_why(client, base):
    file = SimpleUploadedFile("m.pdf", b"<html>")
    client.post(url("add_source", base), {"name": "Manual", "file": file})
    read_source.func(KnowledgeSource.objects.get().id)

    assert "The PDF cannot be read" in client.get(url("overview")).text


def test_source_is_read_again_and_removed_with_a_reason(client, base, source):
    again = url("change_source", base, source, "refresh")
    remove = url("change_source", base, source, "remove")

    refused = client.post(again, {})
    client.post(again, WHY)
    asked = KnowledgeSource.objects.get().asked_run
    client.post(remove, WHY)

    assert (refused.status_code, asked) == (422, 2)
    assert not KnowledgeSource.objects.exists()
    gone = AuditEntry.objects.filter(action="knowledge.removed").first()
    assert gone.object_id == source
    assert gone.reason.text == "It is no longer true (ticket KB-1)"


def test_base_is_removed_with_its_sources(client, base, source):
    shown = client.get(url("remove_base", base)).text
    client.post(url("remove_base", base), WHY)

    assert "with 1 source, for every tenant that has it" in " ".join(shown.split())
    assert not KnowledgeBase.objects.exists()


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
