from collections.abc import Iterator
from typing import Any


def walk(api: Any, path: str, **question: str) -> Iterator[Any]:
    """Pages from a first one on, each by the token of the one before."""
    page = api.get(path, **question).json()
    yield page
    while token := page["meta"].get("nextToken"):
        page = api.get(path, pageToken=token).json()
        yield page
