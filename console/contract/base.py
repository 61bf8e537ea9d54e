"""What all nouns are made of.

A noun is sent or answered. What is sent is checked: lengths, patterns, ranges. What is
answered only describes them (`described`), for a console has to show what a memory holds, also
when that memory is more generous than the contract.

Each limit stands beside its noun, with its source and the date when it was read:
[S] the API's description, [P] the official SDKs, [D] the vendor's limits page, [R] our
choice, all of November 2026.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from re import Pattern
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

# What an installation may set anew by MEMORY_LIMITS: only numbers of things, for lengths
# are columns'.
SETTABLE = (
    "STORES_PER_ACCOUNT",
    "TRAIT_GROUPS_PER_STORE",
    "TRAITS_PER_GROUP",
    "BATCH",
    "BULK_PROFILES",
    "OBSERVATIONS_PER_PROFILE",
    "SUMMARIES_PER_PROFILE",
    "LOOKUP_RESULTS",
    "RECALL_ITEMS",
    "OPERATION_DAYS",
    "BODY_BYTES",
    "CONFIGURATIONS_PER_ACCOUNT",
    "BASES_PER_ACCOUNT",
    "SOURCES_PER_BASE",
    "CHUNKS_PER_BASE",
    "CHUNKS_COMPARED",
)

_overrides: dict[str, int] = {}


def override_limits(given: Mapping[str, str]) -> None:
    """Set limits from names and texts. Raises ValueError with the form expected.

    Settings call it before any noun is imported: from then on limits stand.
    """
    for name, text in ((n.strip(), t.strip()) for n, t in given.items()):
        if name not in SETTABLE:
            raise ValueError(f"must be NAME=number, NAME one of {', '.join(SETTABLE)}")
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) < 2**31):
            raise ValueError(f"{name}: must be a whole number from 1 to {2**31 - 1}")
        _overrides[name] = int(text)


def limit(name: str, value: int) -> int:
    """`value`, or what MEMORY_LIMITS says instead."""
    return _overrides.get(name, value)


URL_MAX = 2048  # 6, 7 [S]

# By the noun's name. JSON, so that it is what goes over the wire.
SAMPLES: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("samples.json").read_text("utf-8")
)


class Noun(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Base of all: the contract's names in snake_case, read-only.

    sample  one valid example, for the description: of samples.json
    """

    sample: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.sample = SAMPLES.get(cls.__name__, cls.sample)

    def __repr__(self) -> str:
        # Never a field: they hold customers' words, and a repr ends up in logs.
        id_ = getattr(self, "id", "")
        return f"<{type(self).__name__} {id_}>" if id_ else f"<{type(self).__name__}>"


class Body(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Sent to the service, without what is absent or as by default.

    `strict`: properties that it does not name are refused.
    """

    strict: ClassVar[bool] = False

    def __post_init__(self) -> None:
        # Not structs.fields: it reads the annotations anew, for each item of a bulk.
        names = self.__struct_fields__, self.__struct_encode_fields__
        for name, encoded in zip(*names, strict=True):
            value = getattr(self, name)
            if isinstance(value, datetime):
                try:
                    value.astimezone(UTC)
                except OverflowError as exc:
                    raise ValueError(
                        f"{encoded}: must lie in the years 1 to 9999"
                    ) from exc


class StrictBody(Body, frozen=True, kw_only=True):
    strict: ClassVar[bool] = True


def meet_structs() -> None:
    """Have msgspec look at every struct that is defined by now, in this thread.

    It looks at one when it is read for the first time. Two threads that did so at once
    ended the process (msgspec 0.22.0: one took what the other had half made).
    """
    waiting = [msgspec.Struct]
    while waiting:
        struct = waiting.pop()
        waiting += struct.__subclasses__()
        msgspec.json.Decoder(struct)


def always(empty: Callable[[], Any] = tuple) -> Any:
    """A field that is always sent, and read as `empty` where a memory leaves it out."""
    # Not the bare type: what is empty by its own factory would be left out.
    return msgspec.field(default_factory=lambda: empty())


def described(**schema: Any) -> Meta:
    """Limits that the description tells and nobody checks, as JSON Schema has them."""
    return Meta(extra_json_schema=schema)


def unchecked(kind: Any) -> Meta:
    """The limits of a text that is sent, to describe one that is answered."""
    limits = msgspec.json.schema(kind)
    return described(**{name: limits[name] for name in limits if name != "type"})


def one_of(kind: Any) -> Meta:
    """The structs of a union, to describe an object that is answered as it is kept."""
    [schema], structs = msgspec.json.schema_components([kind], ref_template="{name}")
    choices = [structs[choice["$ref"]] for choice in schema["anyOf"]]
    return described(
        anyOf=[{**each, "additionalProperties": False} for each in choices]
    )


def whole(pattern: Pattern[str]) -> str:
    r"""A pattern for all of a text. \Z and not $: the latter lets a line break follow."""
    return rf"^{pattern.pattern}\Z"


Count = Annotated[int, described(minimum=0)]
Version = Annotated[int, described(minimum=1)]
Url = Annotated[str, described(maxLength=URL_MAX, format="uri")]
# Sent: any RFC 3339 date-time with a zone. Answered: UTC and whole seconds, the only form
# that the SDKs parse (3).
SentTime = Annotated[datetime, Meta(tz=True)]
Time = Annotated[
    datetime,
    Meta(tz=True, extra_json_schema={"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}),
]

_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*)`$")
_WORDS = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text("utf-8"))
_TYPES: dict[str, str] = _WORDS["types"]
_SENTENCES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), words) for pattern, words in _WORDS["sentences"].items()
]
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")


def explain(message: str) -> str:
    """`observations[3].content: must be a string`, from msgspec's sentence."""
    place = _AT.search(message)
    path = place["path"] if place else ""
    sentence = _AT.sub("", message)
    if missing := _MISSING.fullmatch(sentence):
        return f"{path}.{missing['name']}: required".lstrip(".")
    words = _say(sentence)
    return f"{path}: {words}" if path else words


def _say(sentence: str) -> str:
    if expected := _EXPECTED.fullmatch(sentence):
        wanted = expected["wanted"].removesuffix(" | null")
        return f"must be {_TYPES.get(wanted, wanted)}"
    for pattern, words in _SENTENCES:
        if pattern.fullmatch(sentence):
            # A pattern is shown as the contract writes it, ending in $.
            return pattern.sub(words, sentence).replace("`", "'").replace(r"\\Z", "$")
    return sentence
