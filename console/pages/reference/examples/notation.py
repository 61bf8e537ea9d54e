"""JSON values as a language writes them, on one line where they fit."""

import json
import re
from dataclasses import dataclass
from typing import Any

WIDTH = 60
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Notation:
    """What differs between languages.

    words     how true, false and null are written
    bare      whether keys that are names stand without quotes
    trailing  what follows the last of several lines
    padding   between braces and what they hold
    """

    words: dict[object, str]
    bare: bool = False
    trailing: str = ""
    padding: str = ""
    indent: str = INDENT

    def write(self, value: Any, *, before: str = "") -> str:
        """`before` is the indentation of the line that the value begins on."""
        if value is None or isinstance(value, bool):
            return self.words[value]
        if not isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        items = self._items(value, before + self.indent)
        opens, closes = "{}" if isinstance(value, dict) else "[]"
        pad = self.padding if isinstance(value, dict) and value else ""
        line = f"{opens}{pad}{', '.join(items)}{pad}{closes}"
        if len(before) + len(line) <= WIDTH and "\n" not in line:
            return line
        inner = f"\n{before}{self.indent}"
        rows = f",{inner}".join(items)
        return f"{opens}{inner}{rows}{self.trailing}\n{before}{closes}"

    def _items(self, value: Any, before: str) -> list[str]:
        if isinstance(value, list):
            return [self.write(item, before=before) for item in value]
        return [
            f"{self._key(key)}: {self.write(item, before=before)}"
            for key, item in value.items()
        ]

    def _key(self, key: str) -> str:
        name = self.bare and re.fullmatch(r"[A-Za-z_]\w*", key)
        return key if name else json.dumps(key)


JSON = Notation({True: "true", False: "false", None: "null"})
JAVASCRIPT = Notation(
    {True: "true", False: "false", None: "null"}, bare=True, trailing=",", padding=" "
)
PYTHON = Notation(
    {True: "True", False: "False", None: "None"}, trailing=",", indent="    "
)


def snake(name: str) -> str:
    """displayName as display_name."""
    return re.sub("([A-Z])", r"_\1", name).lower()
