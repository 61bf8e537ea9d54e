"""Lists that the memory gives a page at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from console.client import errors
from console.client.http import Answer
from console.contract.memory.page import PageMeta

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. Tokens are opaque; None means there is no such page.

    canonical_id  set when the profile asked for was merged into this one
    """

    items: tuple[T, ...]
    next_token: str | None = None
    previous_token: str | None = None
    canonical_id: str | None = None


def to_page(answer: Answer[Any], items: tuple[T, ...]) -> Page[T]:
    """Raises MemoryUnexpected for a token that leads back to itself."""
    meta: PageMeta = answer.content.meta
    asked = answer.response.call.query.get("pageToken")
    if asked and meta.next_token == asked:
        raise errors.build_misfit(".meta.nextToken", maybe_done=False)
    return Page(
        items=items,
        next_token=meta.next_token or None,
        previous_token=meta.previous_token or None,
        canonical_id=answer.canonical_id,
    )


def all_pages(fetch: Callable[[str], Page[T]]) -> Iterator[T]:
    """Every item of a list; `fetch` takes the token of a page."""
    token: str | None = ""
    while token is not None:
        page = fetch(token)
        yield from page.items
        token = page.next_token or None
