"""What every journey watches: the browser has nothing to complain of."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page


@pytest.fixture
def refusals() -> str:
    """The console's words for what a journey is refused on purpose; a module may have
    others. Chromium notes each 422, which is how a form says no."""
    return "status of 422"


@pytest.fixture
def complaints(page: Page, refusals: str) -> Iterator[list[str]]:
    """What the browser complains of; a refusal by the CSP is a console error."""
    found: list[str] = []

    def note(message) -> None:
        if message.type == "error" and not re.search(refusals, message.text):
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []
