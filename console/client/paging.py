"""Lists that the memory gives a page at a time."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from console.client.values import Page

T = TypeVar("T")


def all_pages(fetch: Callable[[str], Page[T]]) -> Iterator[T]:
    """Every item of a list; `fetch` takes the token of a page."""
    token: str | None = ""
    while token is not None:
        page = fetch(token)
        yield from page.items
        token = page.next_token or None
