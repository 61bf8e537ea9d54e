"""Reads the tokens from the style sheet, so that the page is never out of date."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.contrib.staticfiles import finders

_TOKEN = re.compile(r"--([a-z0-9-]+):\s*([^;]+);")


@dataclass(frozen=True, slots=True)
class Token:
    """A custom property: `n0` and what it is set to first."""

    name: str
    value: str

    @property
    def is_colour(self) -> bool:
        return self.value.startswith(("#", "light-dark(#"))


def read_tokens() -> list[Token]:
    """Every token of tokens.css, in its order, once."""
    text = Path(str(finders.find("css/tokens.css"))).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for name, value in _TOKEN.findall(text):
        found.setdefault(name, value)
    return [Token(name, value) for name, value in found.items()]
