"""Web sites, a page at a time. Knowledge 8.

A task visits one page and asks for the next when its host may be called again: a crawl of
minutes holds up nothing else, and a worker that dies costs one page. Example: a site's
address is read at 12:00:00 and names two pages, of which one is unknown at 12:00:01 and
the other read at 12:00:02. At 12:00:03 nothing waits, and what was read becomes chunks.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from http.client import responses
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from protego import Protego

from console.contract.base import URL_MAX
from console.contract.knowledge.base import KnowledgeCode
from console.contract.knowledge.source import CRAWL_INSTANCES_MAX, CRAWL_PERIODS
from console.core import outgoing
from console.service.knowledge.models import KnowledgePage, KnowledgeSource, WebHost
from console.service.knowledge.parsing import (
    HTML,
    PDF,
    Document,
    Unreadable,
    parse_apart,
)

State = KnowledgePage.State
PAGES_MAX, PAGE_BYTES, HOPS_MAX = 200, 2_000_000, 5
ROBOTS_BYTES, ROBOTS_AGE = 512_000, timedelta(hours=1)
# Between two calls of a host, and the most that it may ask for.
GAP_S, GAP_MAX_S = 1, 60
DEADLINE_S = 10.0
TYPES = {HTML: HTML, "application/xhtml+xml": HTML, PDF: PDF}
REDIRECTS = {301, 302, 303, 307, 308}
CODES = {
    400: KnowledgeCode.PAGE_REFUSED,
    404: KnowledgeCode.PAGE_UNKNOWN,
    408: KnowledgeCode.PAGE_LATE,
    410: KnowledgeCode.PAGE_UNKNOWN,
    429: KnowledgeCode.PAGE_BUSY,
}


class Unread(Exception):
    """Why a page was not read, in words for its owner.

    is_gone  so that what it said before is not kept
    """

    def __init__(self, words: str, code: int = 0, *, is_gone: bool = False) -> None:
        super().__init__(words)
        self.code, self.is_gone = code or KnowledgeCode.PAGE_FAILED, is_gone


ROBOTS = Unread("robots.txt does not allow it.", is_gone=True)
LIMIT = Unread(f"A crawl reads {PAGES_MAX} pages at most.", is_gone=True)


def read_origin(url: str) -> str:
    """Of an address that may be crawled; empty for any other."""
    return outgoing.read_origin(url, allow_private=settings.MEMORY_ALLOW_PRIVATE)


def begin(source: KnowledgeSource) -> None:
    """In a transaction: its first page waits."""
    KnowledgePage.objects.of(source).update(state=State.OLD)
    _add(source, [outgoing.as_sent(source.settings["url"])], depth=0)


def visit_next(source: KnowledgeSource) -> datetime | None:
    """When the next page may be visited; None when none waits. Raises Unreadable,
    Superseded."""
    waiting = KnowledgePage.objects.of(source).filter(state=State.WAITING)
    page = waiting.order_by("place").first()
    if page is None:
        return None
    origin, now = read_origin(page.url), timezone.now()
    if not origin:
        raise Unreadable("Not a public https address.")
    host, _ = WebHost.objects.get_or_create(origin=origin, defaults={"free_at": now})
    is_known = host.robots_at and host.robots_at > now - ROBOTS_AGE
    rules = Protego.parse(host.robots)
    if is_known and not rules.can_fetch(page.url, outgoing.USER_AGENT):
        _fail(page, ROBOTS)
        _record(source, page)
        return now
    gap = _limit_gap(rules.crawl_delay(outgoing.USER_AGENT))
    turn = WebHost.objects.filter(origin=origin, free_at__lte=now)
    if not turn.update(free_at=now + gap):
        return host.free_at
    if is_known:
        _visit(page)
        _record(source, page)
    else:
        _read_robots(host)
        source.touch()
    return now + gap


def _read_robots(host: WebHost) -> None:
    """One that is not there, or elsewhere, allows everything. Raises Unreadable."""
    answer = _call(f"{host.origin}/robots.txt", ROBOTS_BYTES)
    if answer.status in {0, 429} or answer.status >= 500:
        why = answer.error or f"It was answered {answer.status}."
        raise Unreadable(f"Without the site's robots.txt nothing is read. {why}")
    found = answer.body if answer.status == 200 else b""
    host.robots = found.decode("utf-8", "replace").replace("\0", "")
    host.robots_at = timezone.now()
    host.save(update_fields=["robots", "robots_at"])


def _call(url: str, room: int, **headers: str) -> outgoing.HttpAnswer:
    return outgoing.call(
        "GET",
        url,
        allow_private=settings.MEMORY_ALLOW_PRIVATE,
        headers={"Accept": ", ".join(TYPES)} | headers,
        content=b"",
        seconds=DEADLINE_S,
        room=room,
    )


def _visit(page: KnowledgePage) -> None:
    """Outside of any transaction; the page is changed and not saved."""
    known = {"If-None-Match": page.etag, "If-Modified-Since": page.modified}
    sent = {name: value for name, value in known.items() if value}
    answer = _call(page.url, PAGE_BYTES, **sent)
    page.state, page.code, page.error = State.READ, 0, ""
    try:
        if answer.status in REDIRECTS:
            _move(page, answer.headers.get("Location", ""))
        elif answer.status == 200:
            _read(page, answer)
        elif not (answer.status == 304 and sent):
            phrase = responses.get(answer.status, "")
            words = answer.error or f"{answer.status} {phrase}".strip()
            code = CODES.get(408 if answer.is_late else answer.status, 0)
            raise Unread(words, code, is_gone=answer.status in {404, 410})
    except Unread as why:
        _fail(page, why)
    if answer.status == 429:
        asked = answer.headers.get("Retry-After", "")
        gap = _limit_gap(float(asked) if asked.isdecimal() else None)
        host = WebHost.objects.filter(origin=read_origin(page.url))
        host.update(free_at=timezone.now() + gap)


def _fail(page: KnowledgePage, why: Unread) -> None:
    page.state, page.code, page.error = State.FAILED, why.code, str(why)[:500]
    if why.is_gone:
        _forget(page)


def _forget(page: KnowledgePage, *links: str) -> None:
    page.documents, page.chunks, page.links = [], 0, links
    page.etag = page.modified = page.digest = ""


def _limit_gap(asked_s: float | None) -> timedelta:
    return timedelta(seconds=min(max(GAP_S, asked_s or 0), GAP_MAX_S))


def _move(page: KnowledgePage, location: str) -> None:
    """Its new place waits its turn, and is judged, as every page is. Raises Unread."""
    target = outgoing.join(page.url, location)
    if read_origin(target) != read_origin(page.url):
        raise Unread("It leads to another host: add that address as a source.")
    pages = KnowledgePage.objects.filter(source_id=page.source_id, base_id=page.base_id)
    moved = dict(pages.filter(state=State.MOVED).values_list("url", "links"))
    way = [target]
    for _ in range(HOPS_MAX):
        way += moved.get(way[-1], [])
    if page.url in way:
        raise Unread("It leads back to itself.")
    if page.hops == HOPS_MAX or len(target) > URL_MAX:
        raise Unread(f"It leads on and on: {HOPS_MAX} redirects are followed.")
    page.state = State.MOVED
    _forget(page, target)


def _read(page: KnowledgePage, answer: outgoing.HttpAnswer) -> None:
    """Raises Unread."""
    sent, _, more = answer.headers.get("Content-Type", "").partition(";")
    packed = answer.headers.get("Content-Encoding", "identity")
    mime_type = TYPES.get(sent.strip().lower())
    if packed != "identity":
        raise Unread(f"It was sent as {packed}, though not asked for so."[:200])
    if mime_type is None:
        raise Unread("It is neither HTML nor a PDF.", is_gone=True)
    digest = sha256(answer.body).hexdigest()
    if digest != page.digest:
        try:
            found = parse_apart(answer.body, f"{mime_type};{more}", page.url)
        except Unreadable as why:
            raise Unread(str(why)) from why
        page.links = list(_list_links(page, found))
        page.chunks = sum(len(document.pieces) for document in found)
        page.documents = [
            msgspec.to_builtins(replace(each, url=page.url, links=[], base=""))
            for each in found
            if each.pieces
        ]
    page.digest = digest
    page.etag = _keep(answer.headers.get("ETag", ""))
    page.modified = _keep(answer.headers.get("Last-Modified", ""))


def _keep(header: str) -> str:
    """To be sent back next time, if it is one of the usual ones."""
    return header if header.isascii() and len(header) <= 200 else ""


def _list_links(page: KnowledgePage, found: Sequence[Document]) -> Iterator[str]:
    """Of its own host, as they are sent."""
    origin = read_origin(page.url)
    for document in found:
        start = outgoing.join(page.url, document.base) or page.url
        for link in document.links:
            url = outgoing.join(start, link)
            if len(url) <= URL_MAX and read_origin(url) == origin:
                yield url


def _record(source: KnowledgeSource, page: KnowledgePage) -> None:
    """What came of a visit, and where it leads. Raises Unreadable for the source's own
    address, Superseded."""
    with transaction.atomic(using="memory"):
        source.touch()
        page.save()
        if page.state == State.MOVED:
            _add(source, page.links, depth=page.depth, hops=page.hops + 1)
        elif page.depth < source.settings["crawlDepth"]:
            _add(source, page.links, depth=page.depth + 1)
    if page.depth == 0 and page.state == State.FAILED:
        raise Unreadable(page.error)


def _add(
    source: KnowledgeSource, urls: Sequence[str], *, depth: int, hops: int = 0
) -> None:
    """Those that the crawl has not come to yet wait; beyond the limit one is left, to
    say so."""
    pages = KnowledgePage.objects.of(source)
    known = set(pages.exclude(state=State.OLD).values_list("url", flat=True))
    for url in dict.fromkeys(urls):
        if url in known or len(known) > PAGES_MAX:
            continue
        page = pages.filter(url=url).first() or KnowledgePage(
            base_id=source.base_id, source_id=source.id, url=url
        )
        page.state, page.place, page.depth = State.WAITING, len(known), depth
        page.hops = hops
        if len(known) == PAGES_MAX:
            _fail(page, LIMIT)
        page.save()
        known.add(url)


def list_documents(source: KnowledgeSource) -> list[Document]:
    """Of a crawl that is done; a page under two addresses counts once. Raises
    Unreadable."""
    pages = KnowledgePage.objects.of(source)
    pages.filter(state=State.OLD).delete()
    found = dict[str, list[Any]]()
    for page in pages.order_by("place"):
        found.setdefault(page.digest, page.documents)
    documents = [each for page in found.values() for each in page]
    if not documents:
        raise Unreadable("No page of it has text.")
    return msgspec.convert(documents, list[Document])


def count_chunks(source: KnowledgeSource) -> int:
    """Of what a crawl has found so far."""
    pages = KnowledgePage.objects.of(source).exclude(state=State.OLD)
    return int(pages.aggregate(found=Sum("chunks"))["found"] or 0)


def list_errors(source: KnowledgeSource) -> list[dict[str, Any]]:
    """As the contract has them, but for where a code is explained."""
    failed = KnowledgePage.objects.of(source).filter(state=State.FAILED)
    groups = defaultdict[tuple[int, str], list[str]](list)
    for page in failed.order_by("place"):
        groups[page.code, page.error].append(page.url)
    return [
        {
            "title": f"{words[:80].rstrip('.')} ({len(urls)})",
            "instances": [
                {"code": code, "instance": url[:500], "detail": words}
                for url in urls[:CRAWL_INSTANCES_MAX]
            ],
        }
        for (code, words), urls in groups.items()
    ]


def get_due_at(source: KnowledgeSource) -> datetime | None:
    """When it is crawled again, counted from now."""
    period = CRAWL_PERIODS.get(source.settings.get("crawlPeriod", ""))
    return timezone.now() + period if period else None
