"""Web sites as sources. Knowledge 6.3, 8."""

import gzip
import ssl
from collections.abc import Callable
from datetime import timedelta
from socket import SOCK_STREAM
from typing import Any

import httpcore
import pytest
import time_machine
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.core import outgoing
from console.service.knowledge import crawl, ingestion
from console.service.knowledge.ingestion import read_source
from console.service.knowledge.models import (
    KnowledgeChunk,
    KnowledgePage,
    KnowledgeSource,
    WebHost,
)
from console.service.knowledge.sources import start_due_crawls
from console.service.memory.embedding_jobs import get_embedder
from tests.client.sockets import write_certificate
from tests.service.conftest import assert_refused
from tests.service.knowledge.conftest import make_pdf
from tests.website import Website

RETURNS = "Tents can be returned within 30 days."


@pytest.fixture
def site(settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    with Website() as site:
        yield site


@pytest.fixture
def at_once(monkeypatch):
    """A host may be called again and again."""
    monkeypatch.setattr(crawl, "GAP_S", 0)


@pytest.fixture
def add_site(api, sources) -> Callable[..., str]:
    """Answers its path."""

    def make(url: str, **more: Any) -> str:
        source = {"type": "Web", "url": url} | more
        answer = api("POST", sources, {"name": "Site", "source": source})
        assert answer.status_code == 201, answer.text
        return f"{sources}/{answer.json()['id']}"

    return make


def finish(path: str) -> KnowledgeSource:
    """Visits until nothing waits."""
    source_id = path.rpartition("/")[2]
    for _ in range(3 * crawl.PAGES_MAX):
        source = KnowledgeSource.objects.get(pk=source_id)
        if not source.is_waiting:
            return source
        read_source.func(source_id)
    raise AssertionError("The crawl does not end.")


@pytest.fixture
def read(api, site, at_once, add_site) -> Callable[..., dict[str, Any]]:
    """The site as a source, crawled; what became of it."""

    def run(path: str = "/", **more: Any) -> Any:
        source = add_site(site.url + path, **more)
        finish(source)
        return api.get(source).json()

    return run


def read_again(api, sources, source: dict[str, Any]) -> dict[str, Any]:
    path = f"{sources}/{source['id']}"
    assert api("PATCH", f"{path}?refresh=true", {}).status_code == 202
    finish(path)
    found: dict[str, Any] = api.get(path).json()
    return found


def list_errors(source: dict[str, Any]) -> list[tuple[str, int]]:
    return [
        (group["title"], group["instances"][0]["code"])
        for group in source["source"].get("errors", [])
    ]


def test_site_is_read_to_its_depth_and_found_with_title_and_address(site, read, search):
    site.put("/", "Our shop.", "/returns", "http://other.example/x", "mailto:a@b.c")
    site.put("/returns", RETURNS, "care", "/#top", "/")
    site.put("/care", "Air the tent.", "/deep")
    site.put("/deep", "Too deep.")

    done = read(crawlDepth=2)

    assert (done["status"], done["pages"], done["chunks"]) == ("COMPLETED", 3, 3)
    assert site.calls == ["/robots.txt", "/", "/returns", "/care"]
    assert done["source"] == {
        "type": "Web",
        "url": f"{site.url}/",
        "crawlDepth": 2,
        "crawlPeriod": "NEVER",
    }
    [found] = search("How long can I return a tent?", top=1)
    assert found["content"].startswith(RETURNS)
    assert (found["documentTitle"], found["chunkIndex"]) == ("/returns", 0)
    assert found["documentUrl"] == f"{site.url}/returns"
    assert found["metadata"] == {"sourceType": "Web"}


def test_site_says_how_far_its_crawl_is(api, site, at_once, add_site):
    site.put("/", "Our shop.", "/a", "/b")
    path = add_site(site.url)

    waits = api.get(path).json()
    for _ in range(2):
        read_source.func(path.rpartition("/")[2])
    going = api.get(path).json()

    assert (waits["status"], waits["pagesWaiting"]) == ("QUEUED", 1)
    assert (going["status"], going["pages"], going["pagesWaiting"]) == (
        "PROCESSING",
        1,
        2,
    )
    assert DBTaskResult.objects.filter(task_path=read_source.module_path).count() == 1


def test_host_is_called_once_a_second_for_all_its_sources(site, add_site):
    site.put("/", "Our shop.", "/a")
    site.put("/a", "More.")
    site.pages["/robots.txt"] = 200, {}, b"User-agent: *\nCrawl-delay: 2"
    paths = [add_site(site.url), add_site(f"{site.url}/a")]
    called = []

    with time_machine.travel(timezone.now(), tick=False) as clock:
        for second in range(20):
            before = len(site.calls)
            for path in paths:
                read_source.func(path.rpartition("/")[2])
            called += [second] * (len(site.calls) - before)
            clock.shift(1)

    # robots.txt names the two seconds for what follows.
    assert called == [0, 1, 3, 5]
    assert {finish(path).status for path in paths} == {"COMPLETED"}


def test_robots_are_heeded(site, read):
    site.pages["/robots.txt"] = 200, {}, b"User-agent: *\nDisallow: /private"
    site.put("/", "Our shop.", "/private/1", "/private/2", "/open")
    site.put("/open", "Open.")

    done = read()

    assert site.calls == ["/robots.txt", "/", "/open"]
    [group] = done["source"]["errors"]
    assert group["title"] == "robots.txt does not allow it (2)"
    assert group["instances"][0] == {
        "type": "http://testserver/v1/Errors/420034",
        "code": 420034,
        "instance": f"{site.url}/private/1",
        "detail": "robots.txt does not allow it.",
    }


@pytest.mark.parametrize(("status", "result"), [(404, "COMPLETED"), (503, "FAILED")])
def test_robots_that_cannot_be_read_stop_a_crawl_and_none_do_not(
    site, read, status, result
):
    site.pages["/robots.txt"] = status, {}, b""
    site.put("/", "Our shop.")

    done = read()

    assert done["status"] == result
    assert ("robots.txt nothing is read" in done.get("failure", "")) == (status == 503)


def test_pages_that_fail_are_kept_by_what_was_wrong(site, read):
    site.put(
        "/", "Our shop.", *(f"/gone/{n}" for n in range(5)), "/busy", "/odd", "/zip"
    )
    site.pages["/busy"] = 429, {"Retry-After": "0"}, b""
    site.pages["/odd"] = 500, {}, b""
    site.pages["/zip"] = 200, {"Content-Type": "application/zip"}, b"PK"

    done = read()

    assert (done["status"], done["chunks"]) == ("COMPLETED", 1)
    assert list_errors(done) == [
        ("404 Not Found (5)", 420030),
        ("429 Too Many Requests (1)", 420032),
        ("500 Internal Server Error (1)", 420034),
        ("It is neither HTML nor a PDF (1)", 420034),
    ]
    assert len(done["source"]["errors"][0]["instances"]) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b""), "404 Not Found"),
        ((400, {}, b""), "400 Bad Request"),
        ((200, {"Content-Type": "text/html"}, b"x" * 2_000_001), "too long"),
        (
            (
                200,
                {"Content-Type": "text/html", "Content-Encoding": "gzip"},
                gzip.compress(b"0" * 10_000_000),
            ),
            "It was sent as gzip",
        ),
        ((302, {"Location": "/"}, b""), "It leads back to itself."),
        ((302, {}, b""), "It leads back to itself."),
        ((302, {"Location": "http://[bad"}, b""), "It leads to another host"),
        ((302, {"Location": "https:a.example"}, b""), "The answer broke off."),
        ((302, {"Location": "https://a.example"}, b""), "It leads to another host"),
        ((200, {"Content-Type": "text/html"}, b"<div>" * 400_000), "memory or time"),
        ((200, {"Content-Type": "application/pdf"}, b"<html>"), "The PDF cannot be"),
        ((200, {"Content-Type": "text/html"}, b"<img>"), "No page of it has text."),
    ],
)
def test_site_whose_first_page_is_bad_fails_in_words(
    site, read, monkeypatch, answer, words
):
    monkeypatch.setattr("console.service.knowledge.parsing.PAGE_S", 1)
    site.pages["/"] = answer

    done = read()

    assert done["status"] == "FAILED"
    assert words in done["failure"]
    assert "chunks" not in done


def test_page_that_is_late_is_left_out(site, read, monkeypatch):
    site.put("/", "Our shop.", "/slow")
    first = site.pages["/"]

    def shorten(_: Any) -> Any:
        # What comes after this one is late.
        monkeypatch.setattr(crawl, "DEADLINE_S", 0.0)
        return first

    site.pages["/"] = shorten

    done = read()

    assert list_errors(done) == [("No answer within 0 seconds (1)", 420031)]


def test_redirects_are_followed_a_page_at_a_time(site, read):
    site.move("/", "/en/", 301)
    site.move("/en/", "home")
    site.put("/en/home", RETURNS, "/")

    done = read(crawlDepth=1)

    assert (done["status"], done["chunks"]) == ("COMPLETED", 1)
    assert site.calls == ["/robots.txt", "/", "/en/", "/en/home"]


def test_redirects_that_lead_in_a_circle_or_on_and_on_are_told(site, read):
    site.put("/", "Our shop.", "/a", "/n0")
    site.move("/a", "/b")
    site.move("/b", "/a")
    for number in range(9):
        site.move(f"/n{number}", f"/n{number + 1}")

    done = read()

    assert list_errors(done) == [
        ("It leads back to itself (1)", 420034),
        ("It leads on and on: 5 redirects are followed (1)", 420034),
    ]
    assert site.calls.count("/a") == 1
    assert "/n6" not in site.calls


def test_site_without_end_is_read_to_the_limit(site, read, monkeypatch):
    monkeypatch.setattr(crawl, "PAGES_MAX", 4)
    site.put("/", "Our shop.", *(f"/{number}" for number in range(20)))
    for number in range(20):
        site.put(f"/{number}", f"Page {number}.", f"/{number + 20}")

    done = read()

    assert (done["pages"], done["chunks"]) == (4, 4)
    assert list_errors(done) == [("A crawl reads 200 pages at most (1)", 420034)]
    assert len(site.calls) == 5


def test_site_with_too_many_chunks_ends_at_once(site, read, monkeypatch):
    monkeypatch.setattr(ingestion, "CHUNKS_PER_BASE", 2)
    site.put("/", "A long one. " * 300, "/more")

    done = read()

    assert done["status"] == "FAILED"
    assert "at most 2 chunks" in done["failure"]
    assert "/more" not in site.calls


def test_same_page_under_two_addresses_counts_once(site, read):
    site.put("/", "Our shop.", "/a", "/a?ref=1")
    site.put("/a", RETURNS)
    site.pages["/a?ref=1"] = site.pages["/a"]

    assert read()["chunks"] == 2


def test_pdf_of_a_site_is_found_with_its_page(site, read, search):
    site.put("/", "Our shop.", "/manual.pdf")
    pdf = make_pdf("Air the tent.", "Oil the zip.")
    site.pages["/manual.pdf"] = 200, {"Content-Type": "application/pdf"}, pdf

    read()

    [found] = search("How do I oil a zip?", top=1)
    assert (found["documentNumber"], found["documentUrl"]) == (
        2,
        f"{site.url}/manual.pdf",
    )


def test_unchanged_pages_are_not_parsed_or_embedded_again(
    api, sources, site, read, monkeypatch
):
    site.put("/", "Our shop.", "/returns", "/news", ETag='"1"')
    site.put("/returns", RETURNS)
    site.put("/news", "Sale today.")
    first, known = read(), site.pages["/"]
    site.pages["/"] = lambda headers: (
        (304, {}, b"") if headers["If-None-Match"] == '"1"' else known
    )
    site.put("/news", "Sale is over.")
    parsed, embedded, parse_apart = [], [], crawl.parse_apart
    embed = type(get_embedder()).embed
    monkeypatch.setattr(
        crawl,
        "parse_apart",
        lambda *given: parsed.append(given[2]) or parse_apart(*given),
    )
    monkeypatch.setattr(
        type(get_embedder()),
        "embed",
        lambda self, texts: embedded.extend(texts) or embed(self, texts),
    )

    again = read_again(api, sources, first)

    assert (again["status"], again["chunks"], again["pages"]) == ("COMPLETED", 3, 3)
    assert parsed == [f"{site.url}/news"]
    assert [text.partition("\n")[0] for text in embedded] == ["Sale is over."]


def test_old_chunks_answer_until_the_new_ones_are_whole(
    api, sources, site, read, search
):
    site.put("/", "Our shop.", "/returns")
    site.put("/returns", RETURNS)
    first = read()
    site.put("/returns", RETURNS.replace("30", "14"))
    path = f"{sources}/{first['id']}"

    api("PATCH", f"{path}?refresh=true", {})
    read_source.func(first["id"])

    assert "30 days" in search("return a tent", top=1)[0]["content"]
    finish(path)
    assert "14 days" in search("return a tent", top=1)[0]["content"]


def test_page_that_is_gone_is_forgotten_and_one_that_fails_is_kept(
    api, sources, site, read, search
):
    site.put("/", "Our shop.", "/returns", "/care")
    site.put("/returns", RETURNS)
    site.put("/care", "Air the tent.")
    first = read()
    del site.pages["/care"]
    site.pages["/returns"] = 500, {}, b""

    again = read_again(api, sources, first)

    assert (again["status"], again["chunks"]) == ("COMPLETED", 2)
    assert {title for title, _ in list_errors(again)} == {
        "500 Internal Server Error (1)",
        "404 Not Found (1)",
    }
    assert search("return a tent", top=1)[0]["content"].startswith(RETURNS)
    site.put("/returns", RETURNS)
    assert list_errors(read_again(api, sources, again)) == [
        ("404 Not Found (1)", 420030)
    ]


def test_site_that_is_down_keeps_what_it_said(api, sources, site, read, search):
    site.put("/", RETURNS)
    first = read(crawlPeriod="WEEKLY")
    site.pages["/"] = 503, {}, b""

    again = read_again(api, sources, first)

    assert (again["status"], again["failure"]) == ("FAILED", "503 Service Unavailable")
    assert again["nextCrawlAt"] > again["createdAt"]
    assert search("return a tent", top=1)[0]["content"].startswith(RETURNS)


@pytest.mark.parametrize(
    ("period", "days"), [("WEEKLY", 7), ("BIWEEKLY", 14), ("MONTHLY", 30)]
)
def test_site_is_crawled_again_when_its_period_is_over(site, read, period, days):
    site.put("/", RETURNS)
    read(crawlPeriod=period)
    source = KnowledgeSource.objects.get()

    with time_machine.travel(source.due_at - timedelta(seconds=1)):
        start_due_crawls()
        early = KnowledgeSource.objects.get()
    with time_machine.travel(source.due_at + timedelta(seconds=1)):
        start_due_crawls()
        start_due_crawls()
    due = KnowledgeSource.objects.get()

    assert timedelta(days=days - 1) < source.due_at - timezone.now()
    assert (early.status, due.status) == ("COMPLETED", "QUEUED")
    assert (due.asked_run, due.due_at) == (source.asked_run + 1, None)


def test_patch_of_a_site_changes_depth_and_period(api, sources, site, read):
    site.put("/", RETURNS, "/a")
    site.put("/a", "More.", "/b")
    site.put("/b", "Deep.")
    first = read(crawlDepth=1)
    path = f"{sources}/{first['id']}"

    def patch(**source: Any) -> Any:
        return api("PATCH", path, {"source": {"type": "Web"} | source})

    weekly = patch(crawlPeriod="WEEKLY")
    never = patch(crawlPeriod="NEVER", url=f"{site.url}/")
    deeper = patch(crawlDepth=2)
    finish(path)

    assert (weekly.status_code, "nextCrawlAt" in weekly.json()) == (200, True)
    assert (never.status_code, "nextCrawlAt" in never.json()) == (200, False)
    assert (deeper.status_code, deeper.json()) == (202, {"message": "accepted"})
    assert api.get(path).json()["chunks"] == 3
    assert_refused(patch(url="https://x.example"), 400, 420021, "source.url: cannot be")


def test_worker_that_dies_costs_a_page(site, at_once, add_site, monkeypatch):
    site.put("/", "Our shop.", "/a", "/b")
    site.put("/a", "Page a.")
    site.put("/b", "Page b.")
    path = add_site(site.url)
    source_id, record = path.rpartition("/")[2], crawl._record
    for _ in range(2):
        read_source.func(source_id)
    monkeypatch.setattr(crawl, "_record", None)
    with pytest.raises(TypeError):
        read_source.func(source_id)

    monkeypatch.setattr(crawl, "_record", record)

    assert finish(path).chunks == 3
    assert site.calls == ["/robots.txt", "/", "/a", "/a", "/b"]


def test_crawl_that_is_run_twice_goes_on_once(site, at_once, add_site):
    site.put("/", "Our shop.", "/a")
    source_id = add_site(site.url).rpartition("/")[2]

    for _ in range(3):
        read_source.func(source_id)

    assert DBTaskResult.objects.filter(task_path=read_source.module_path).count() == 1


def test_crawl_ends_without_a_trace_when_its_source_is_deleted(
    api, site, at_once, add_site, monkeypatch
):
    site.put("/", "Our shop.")
    path, visit = add_site(site.url), crawl._visit
    monkeypatch.setattr(
        crawl, "_visit", lambda page: (visit(page), api("DELETE", path))
    )

    for _ in range(3):
        read_source.func(path.rpartition("/")[2])

    assert not KnowledgePage.objects.exists()
    assert not KnowledgeChunk.objects.exists()


PRIVATE = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
    "017700000001", "0", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",  # noqa: S104
    "169.254.169.254", "100.64.0.1", "192.88.99.1", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "[::]", "[::1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]",
    "[2001::1]", "[2002:7f00:1::]", "[fc00::1]", "[fd00::1]", "[fe80::1]", "[fec0::1]",
    "[ff02::1]", "①②⑦.⓪.⓪.①", "127。0。0。1",
]  # fmt: skip
SHAPES = [
    "https://{}/", "https://{}:8443/", "https://{}:{port}/", "http://{}:{port}/",
    "https://shop.example\\@{}/", "https://user:secret@{}/", "//{}/", "https:{}",
]  # fmt: skip
ODD = [
    "", " ", "shop.example", "ftp://shop.example/", "file:///etc/passwd",
    "gopher://shop.example/", "javascript:alert(1)", "data:text/html,x", "https://",
    "https:///x", "https://shop.example:0/", "https://shop.example:22/",
    "https://shop.example:99999/", "https://shop.example./", "https://shop..example/",
    "https://xn--a.example/", "https://shop.example /", "https://shop.example/\r\nX: y",
    "https://shop.example\t/", "https://a@shop.example/", "http://shop.example/",
]  # fmt: skip


def test_addresses_that_lead_inside_are_refused_and_never_called(
    api, sources, add_site, settings
):
    settings.MEMORY_ALLOW_PRIVATE = False
    with Website() as sink:
        forms = ODD + [
            shape.format(host, port=sink.port) for shape in SHAPES for host in PRIVATE
        ]
        assert [form for form in forms if crawl.read_origin(form)] == []
        answers = [
            api("POST", sources, {"name": "x", "source": {"type": "Web", "url": form}})
            for form in forms[:: len(forms) // 20]
        ]
        # One that could be called when it was made, before the setting was changed.
        settings.MEMORY_ALLOW_PRIVATE = True
        path = add_site(sink.url)
        settings.MEMORY_ALLOW_PRIVATE = False
        changed = finish(path)

    assert len(forms) > 300
    assert {answer.status_code for answer in answers} == {400}
    assert changed.failure == "Not a public https address."
    assert sink.calls == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"type": "Web"}, "source.url: must be a public https address"),
        ({"type": "Web", "url": "x"}, "source.url: must be a public https address"),
        (
            {"type": "Web", "url": "https://a.example/" + "x" * 2031},
            "source.url: must be at most 2048 characters",
        ),
        (
            {"type": "Web", "url": "https://a.example?" + "x" * 2030},
            "source.url: must be a public https address of at most 2048 characters",
        ),
        ({"type": "Web", "url": "https://a.example", "crawlDepth": 11}, "crawlDepth"),
        ({"type": "Web", "url": "https://a.example", "crawlPeriod": "DAILY"}, "Period"),
    ],
)
def test_create_site_names_what_is_wrong(api, sources, source, words):
    answer = api("POST", sources, {"name": "Site", "source": source})

    assert_refused(answer, 400, 420021, words)
    assert not KnowledgeSource.objects.exists()


@pytest.fixture
def public(tmp_path, settings, monkeypatch):
    """A site that looks public: memory.test has the address 8.8.8.8. `answers` are what
    its name resolves to, one after the other; `connected` where calls went."""
    settings.MEMORY_ALLOW_PRIVATE = False
    certificate = write_certificate(tmp_path / "site.pem")
    trusted = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(outgoing, "get_trust", lambda: trusted)
    outgoing.get_http.cache_clear()
    answers, connected = list[list[str]](), list[str]()
    connect = httpcore.SyncBackend.connect_tcp

    def getaddrinfo(_: str, port: int, **__: object) -> list[Any]:
        found = answers.pop(0) if answers else ["8.8.8.8"]
        return [(0, SOCK_STREAM, 0, "", (address, port)) for address in found]

    def connect_tcp(backend: Any, host: str, port: int, *rest: Any) -> Any:
        connected.append(host)
        return connect(backend, "127.0.0.1", site.port, *rest)

    monkeypatch.setattr(outgoing, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
    with Website(certificate) as site:
        site.put("/", "Our shop.", "/next")
        site.put("/next", RETURNS)
        yield site, answers, connected
    outgoing.get_http.cache_clear()


def test_public_site_is_crawled_by_the_name_that_was_judged(public, at_once, add_site):
    _, _, connected = public

    assert finish(add_site("https://memory.test/")).chunks == 2
    assert set(connected) == {"8.8.8.8"}


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1"]
)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_name_that_begins_to_lead_inside_is_not_called(
    public, at_once, add_site, turn, address
):
    _, answers, connected = public
    answers += [["8.8.8.8"]] * turn + [["8.8.8.8", address]] * 9

    done = finish(add_site("https://memory.test/"))

    assert len(connected) == turn
    assert set(connected) <= {"8.8.8.8"}
    if turn < 2:
        assert "private network" in done.failure
    else:
        assert "private network" in done.errors[0]["title"]


def test_redirects_and_links_that_lead_inside_are_not_called(public, at_once, add_site):
    site, _, connected = public
    with Website() as sink:
        forms = [
            shape.format(host, port=sink.port)
            for shape in SHAPES
            for host in PRIVATE
            if host.isascii()
        ]
        chosen = forms[::5]
        site.put("/", "Our shop.", *(f"/{n}" for n in range(len(chosen))), *forms)
        for number, form in enumerate(chosen):
            site.move(f"/{number}", form)

        done = finish(add_site("https://memory.test/"))

    assert sink.calls == []
    assert set(connected) == {"8.8.8.8"}
    told = {group["title"].partition(" (")[0] for group in done.errors}
    assert "It leads to another host: add that address as a source" in told
    assert WebHost.objects.count() == 1
