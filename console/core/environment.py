"""The environment as settings read it: nothing wrong passes for a default.

A value is refused by its name and the form expected, and never with a piece of
itself: it may be most of a secret.
"""

import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import environ

Value = TypeVar("Value")
Number = TypeVar("Number", int, float)

KEY_BYTES = 32
FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
DATABASE = re.compile(
    r"sqlite:///.+|"
    r"(?P<before>postgres(?:ql)?://(?:[^:@/]+:)?)(?P<password>.*)"
    r"(?P<after>@[^@/]+/[^@/?#]+(?:\?[^@]*)?)|"
    r"postgres(?:ql)?://[^:@/]+(?::\d+)?/[^@/?#]+"
)
# What a URL may hold as it is. In `p%40ss` the %40 is an @, but `100%` or `a/b` were
# pasted: such a password is taken as it stands.
URL_SAFE = re.compile(r"(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
LINE = re.compile(r"(?:export )?\w+=.*|\s*(?:#.*)?", re.ASCII)


class SettingsError(Exception):
    """Every variable that is wrong, a line each."""


class Environment:
    """Reads variables and keeps what is wrong, until `close` tells all of it at once.

    NAME_FILE wins over NAME: container secrets are files. An empty value is as good
    as none. A variable whose default is None is required.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._faults: list[str] = []

    def text(
        self, name: str, default: str | None = None, form: str = "text", of: str = ".*"
    ) -> str:
        """Text of which all matches the pattern `of`."""

        def parse(raw: str) -> str:
            return check(raw, re.fullmatch(of, raw, re.DOTALL))

        return self._read(name, form, parse, default, instead="")

    def flag(self, name: str, default: bool) -> bool:
        return self._read(name, "1 or 0", lambda raw: FLAGS[raw.lower()], default)

    def number(self, name: str, default: Number, least: float, most: float) -> Number:
        """A number of the default's type."""

        def parse(raw: str) -> Number:
            number = type(default)(raw)
            return check(number, least <= number <= most)

        kind = "whole number" if isinstance(default, int) else "number"
        form = f"a {kind} from {least:,} to {most:,}"
        return self._read(name, form, parse, default)

    def items(
        self, name: str, default: list[str], form: str = "texts", of: str = ".+"
    ) -> list[str]:
        """Texts between commas; each of them matches the pattern `of`."""

        def parse(raw: str) -> list[str]:
            items = [item.strip() for item in raw.split(",") if item.strip()]
            return check(items, all(re.fullmatch(of, item) for item in items))

        return self._read(name, f"{form}, commas between", parse, default)

    def pairs(self, name: str, default: dict[str, str]) -> dict[str, str]:
        """`NAME=text` between commas."""

        def parse(raw: str) -> dict[str, str]:
            pairs = [item.split("=") for item in raw.split(",") if item.strip()]
            return {key.strip(): value.strip() for key, value in pairs}

        return self._read(name, "NAME=number, commas between", parse, default)

    def keys(
        self, name: str, default: dict[str, bytes] | None = None
    ) -> dict[str, bytes]:
        """Keys by their id, in the order given."""

        def parse(raw: str) -> dict[str, bytes]:
            entries = [entry.strip().partition(":") for entry in raw.split(",")]
            keys = {id: b64decode(body, validate=True) for id, _, body in entries}
            sizes = {len(key) for key in keys.values()}
            sound = all(keys) and len(keys) == len(entries)
            return check(keys, sound and sizes == {KEY_BYTES})

        form = f"id:base64 of {KEY_BYTES} bytes, commas between, no id twice"
        return self._read(name, form, parse, default, instead={})

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A database's configuration for Django; a password may hold any character."""

        def parse(raw: str) -> dict[str, Any]:
            found = DATABASE.fullmatch(raw)
            if found is None:
                raise ValueError
            password = found["password"] or ""
            if not URL_SAFE.fullmatch(password):
                raw = found["before"] + quote(password, safe="") + found["after"]
            config: dict[str, Any] = environ.Env.db_url_config(raw)
            return config

        form = "postgres://user:password@host/name or sqlite:///file"
        return self._read(name, form, parse, parse(default))

    def refuse(self, name: str, why: str) -> None:
        self._faults.append(f"  {name}: {why}")

    def close(self) -> None:
        """Raises SettingsError if anything that was read is wrong."""
        if self._faults:
            lines = "\n".join(self._faults)
            raise SettingsError(f"Settings (docs/configuration.md):\n{lines}")

    def _read(
        self,
        name: str,
        form: str,
        parse: Callable[[str], Value],
        default: Value | None,
        instead: Value | None = None,
    ) -> Value:
        """`instead` of what is missing or wrong lets the reading go on."""
        raw = self._get_raw(name)
        if not raw and default is None:
            self.refuse(name, f"is required: {form}")
        if raw:
            try:
                return parse(raw)
            # KeyError: no such word. ValueError: no number, port, base64 or pair.
            except (KeyError, ValueError):
                self.refuse(name, f"must be {form}")
        return default if default is not None else instead  # type: ignore[return-value]

    def _get_raw(self, name: str) -> str:
        if file := self._variables.get(f"{name}_FILE", "").strip():
            try:
                # The newline that ends a file is no part of what it holds.
                return Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                self.refuse(f"{name}_FILE", "must be the path of a readable text file")
        return self._variables.get(name, "").strip()


def check(value: Value, is_sound: object) -> Value:
    """The value. Raises ValueError unless it is sound."""
    if not is_sound:
        raise ValueError
    return value


def load_environment(folder: Path) -> Environment:
    """The process's variables, and beneath them those of ENV_FILE."""
    env = Environment(os.environ)
    path = folder / env.text("ENV_FILE", default=".env", form="a file's path")
    if "ENV_FILE" in os.environ or path.exists():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            env.refuse("ENV_FILE", "must be the path of a readable text file")
            return env
        for number, line in enumerate(lines, 1):
            # Not left to `read_env`, which logs the line: it may be half a secret.
            if not LINE.fullmatch(line):
                env.refuse("ENV_FILE", f"line {number} must be NAME=value or # comment")
        environ.Env.read_env(StringIO("\n".join(filter(LINE.fullmatch, lines))))
    return env
