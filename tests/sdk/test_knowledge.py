"""Knowledge by both official clients: every operation."""

import asyncio

import httpx
import pytest
from tac.context.knowledge import KnowledgeClient
from tac.tools.knowledge import create_knowledge_tool
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.knowledge.v2.knowledge import KnowledgeList
from twilio.rest.knowledge.v2.knowledge_basis import KnowledgeBasisList
from twilio.rest.knowledge.v2.search import SearchList

from console.service.knowledge import crawl
from tests.sdk import node_client
from tests.sdk.python import wait_for
from tests.website import Website

FILE = {"type": "File", "fileName": "care.md", "mimeType": "text/markdown"}


@pytest.fixture
def knowledge(address, account):
    client = Client(account["accountSid"], account["authToken"])
    client.knowledge.base_url = address
    yield client.knowledge.v2
    client.http_client.session.close()


@pytest.fixture
def site(settings, monkeypatch):
    settings.MEMORY_ALLOW_PRIVATE = True
    monkeypatch.setattr(crawl, "GAP_S", 0)
    with Website() as site:
        site.put("/", "Our shop.", "/returns", "/gone")
        site.put("/returns", "Tents can be returned within 30 days.")
        yield site


def make_base(knowledge, name: str) -> str:
    asked = KnowledgeBasisList.KnowledgeBaseCore({"displayName": name})
    accepted = knowledge.knowledge_bases.create_with_http_info(asked)
    operation = knowledge.operations(accepted.headers["Operation-Id"]).fetch()
    assert (accepted.status_code, operation.status) == (202, "COMPLETED")
    return operation.result["id"]


def test_knowledge_bases_are_created_read_changed_and_deleted(knowledge):
    ids = [make_base(knowledge, f"base-{number}") for number in range(3)]

    listed = [each.display_name for each in knowledge.knowledge_bases.list(page_size=2)]
    one = knowledge.knowledge_bases(ids[0])
    change = KnowledgeBasisList.UpdateKnowledgeBaseRequest({"description": "Returns"})
    one.update(update_knowledge_base_request=change)
    changed = one.fetch()
    one.delete()

    assert listed == ["base-2", "base-1", "base-0"]
    assert (changed.description, changed.version) == ("Returns", 2)
    assert changed.created_at.year > 2025
    with pytest.raises(TwilioRestException) as gone:
        one.fetch()
    assert (gone.value.status, gone.value.code) == (404, 420018)


def test_knowledge_is_added_read_found_changed_and_deleted(knowledge, worker):
    base = make_base(knowledge, "help-centre")
    text = {"type": "Text", "content": "Tents can be returned within 30 days."}
    sources = knowledge.knowledge(base)
    made = sources.create(
        KnowledgeList.KnowledgeCore({"name": "Returns", "source": text})
    )
    file = sources.create(KnowledgeList.KnowledgeCore({"name": "Care", "source": FILE}))
    httpx.put(file.source["importUrl"], content=b"# Care\n\nAir the tent.")
    both = {made.id, file.id}

    def count_read() -> bool:
        return {
            each.id for each in sources.list() if each.status == "COMPLETED"
        } == both

    wait_for(count_read)
    asked = {"query": "How long can I return a tent?", "top": 1}
    found = knowledge.search(base).create(SearchList.KnowledgeSearch(asked))
    [chunk] = knowledge.chunks(base, file.id).list()
    one = knowledge.knowledge(base, made.id)
    renamed = one.update(
        knowledge_core=KnowledgeList.KnowledgeCore({"name": "Refunds"})
    )
    queued = one.update(refresh=True, knowledge_core=KnowledgeList.KnowledgeCore({}))
    wait_for(count_read)

    [hit] = found.chunks
    assert (hit["content"], hit["knowledgeId"]) == (text["content"], made.id)
    assert (chunk.content, chunk.document_title) == (
        "# Care\n\nAir the tent.",
        "care.md",
    )
    assert (renamed.name, queued.message) == ("Refunds", "accepted")
    assert one.fetch().source == text
    assert one.delete() is True
    assert [each.id for each in sources.list()] == [file.id]


def test_site_is_crawled_found_and_crawled_again(knowledge, worker, site):
    base = make_base(knowledge, "help-centre")
    web = {"type": "Web", "url": site.url, "crawlDepth": 1, "crawlPeriod": "WEEKLY"}
    made = knowledge.knowledge(base).create(
        KnowledgeList.KnowledgeCore({"name": "Site", "source": web})
    )
    one = knowledge.knowledge(base, made.id)
    wait_for(lambda: one.fetch().status == "COMPLETED")

    asked = {"query": "How long can I return a tent?", "top": 1}
    [hit] = knowledge.search(base).create(SearchList.KnowledgeSearch(asked)).chunks
    read = one.fetch().source
    site.put("/gone", "Here again.")
    queued = one.update(refresh=True, knowledge_core=KnowledgeList.KnowledgeCore({}))
    wait_for(lambda: one.fetch().status == "COMPLETED")

    assert made.status == "QUEUED"
    assert (hit["documentTitle"], hit["documentUrl"]) == (
        "/returns",
        f"{site.url}/returns",
    )
    [group] = read.pop("errors")
    assert group["instances"][0]["code"] == 420030
    assert group["instances"][0]["instance"] == f"{site.url}/gone"
    assert read == web
    assert queued.message == "accepted"
    assert one.fetch().source == web


def test_knowledge_is_walked_by_the_client_from_npm(address, account, worker, site):
    node = node_client.NodeClient(node_client.find(), address, account, SITE=site.url)

    told = node.walk("knowledge")

    base, text = told["made"]["id"], told["kept"]["id"]
    assert told["made"] == {"accepted": 202, "status": "COMPLETED", "id": base}
    assert told["base"] == {
        "displayName": "help-centre",
        "description": "Returns",
        "status": "ACTIVE",
        "version": 2,
    }
    assert told["bases"] == 1
    content = "Tents can be returned within 30 days."
    assert told["hit"] == {"content": content, "knowledgeId": text}
    assert told["chunk"] == {
        "content": "# Care\n\nAir the tent.",
        "documentTitle": "care.md",
        "chunkIndex": 0,
    }
    assert (told["renamed"], told["queued"]) == ("Refunds", 202)
    assert told["listed"] == ["Site", "Care", "Refunds"]
    assert told["site"]["type"] == "Web"
    assert told["site"]["errors"][0]["title"] == "404 Not Found (1)"
    assert told["page"] == {
        "documentTitle": "/returns",
        "documentUrl": f"{site.url}/returns",
    }
    assert told["kept"]["source"] == {"type": "Text", "content": content}
    assert told["removed"] is True
    assert (told["gone"]["status"], told["gone"]["code"]) == (404, 420017)
    assert (told["over"]["status"], told["over"]["code"]) == (404, 420018)


def test_knowledge_tool_of_agent_connect_finds_a_chunk(
    knowledge, account, worker, proxied
):
    base = make_base(knowledge, "help-centre")
    sources = knowledge.knowledge(base)
    text = {"type": "Text", "content": "Tents can be returned within 30 days."}
    sources.create(KnowledgeList.KnowledgeCore({"name": "Returns", "source": text}))
    wait_for(lambda: sources.list()[0].status == "COMPLETED")

    async def use() -> tuple[str, list]:
        client = KnowledgeClient(account["apiKey"], account["apiSecret"])
        tool = await create_knowledge_tool(client, base, top_k=1)
        return tool.name, await tool(query="How long can I return a tent?")

    name, [found] = asyncio.run(use())

    assert name == "search_help_centre"
    assert found.content == text["content"]
    assert found.score > 0.3
