"""What a client shall have: a plan, read from YAML and written to it. A template is a plan
without the client."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import asdict, fields, replace

from console.contract.base import whole
from console.contract.conversations.configuration import (
    CONFIGURATION_NAME_MAX,
    ChannelSetting,
    Grouping,
    SettingsChannel,
)
from console.contract.conversations.learning import PutLearningRules
from console.contract.ids import ACCOUNT_SID
from console.contract.knowledge.base import BaseName
from console.contract.memory.identity_settings import IDENTIFIER_VALUES_MAX
from console.contract.memory.store import STORE_NAME_MAX, StoreName
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    DataType,
    NewDefinitions,
    NewTraitDefinition,
    TraitGroupName,
)
from console.contract.segment import SPACE
from console.core.errors import DomainError
from console.core.plain_yaml import NotYaml, read_yaml
from console.core.unicode import is_plain
from console.tenants.models import SLUG

BYTES_MAX, DEPTH_MAX = 200_000, 8
SHIPPED = Path(__file__).parent / "shipped"

# Letters that are no other letter with a mark.
WRITTEN_OUT = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "œ": "oe",
        "Œ": "Oe",
        "þ": "th",
        "Þ": "Th",
        **dict(zip("øØłŁđĐðÐı", "oOlLdDdDi", strict=True)),
    }
)

Text = Annotated[str, Meta(min_length=1, max_length=80)]
Days = Annotated[int, Meta(ge=1, le=36_500)]
Masked = Literal["detect", "hide", "clear"]
MaskingRule = Annotated[str, Meta(pattern=r"^(texts|identifiers|group/.+)\Z")]
YesNo = Literal["", "yes", "no"]


class PlanRefused(DomainError, status=422, title="This is no plan"):
    """What the file says cannot be read as a plan."""

    def __init__(self, words: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {words}" if field else words)
        self.field = field or "plan"


class Closed(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True,
    omit_defaults=True,
):  # fmt: skip
    """Base of what a plan is made of: an unknown name is a mistake."""


class IdentityRules(Closed, kw_only=True, frozen=True, rename="camel"):
    """Members of the identity settings, as the API names them.

    matching_rules  identifier types in the order in which they are tried
    limits          how many values of a type a profile keeps
    """

    phone_region: str = ""
    time_zone: str = ""
    merge_brake: Literal["", "on", "shared", "off"] = ""
    whatsapp_is_phone: YesNo = ""
    matching_rules: list[str] = []
    limits: dict[str, Annotated[int, Meta(ge=1, le=IDENTIFIER_VALUES_MAX)]] = {}


class SegmentSpace(Closed, kw_only=True, frozen=True):
    """name  for people; "": the client's"""

    space: Annotated[str, Meta(pattern=whole(SPACE))]
    region: Literal["US", "EU"] = "US"
    name: Annotated[str, Meta(max_length=80)] = ""


class ClientTemplate(Closed, kw_only=True, frozen=True):
    """What a client can have in common with others. What is left out is left as it is.

    groups      trait groups by name, their traits by name: a type, or a whole definition
    masking     as Tenant.masking; pinned: groups on a customer's card, in this order
    tickets     whether every reason names a ticket
    retention   days by kind: observation, summary, conversation
    learning    what of conversations may be remembered, as the API names it
    knowledge   names of bases of the account, made where they are not there
    grouping, channels, extraction  of the configuration; without channels there is none,
                and unless it says no it learns
    segment     its workspace; the secrets are in no plan
    """

    groups: dict[TraitGroupName, dict[str, DataType | NewTraitDefinition]] = {}
    identity: IdentityRules = IdentityRules()
    masking: dict[MaskingRule, Masked] = {}
    pinned: list[TraitGroupName] = []
    tickets: YesNo = ""
    retention: dict[Literal["observation", "summary", "conversation"], Days] = {}
    learning: PutLearningRules | None = None
    knowledge: list[BaseName] = []
    grouping: Grouping = "GROUP_BY_PROFILE"
    channels: dict[SettingsChannel, ChannelSetting] = {}
    extraction: YesNo = ""
    segment: SegmentSpace | None = None

    def list_groups(self) -> list[CreateTraitGroup]:
        return [
            CreateTraitGroup(display_name=name, traits=_define(traits))
            for name, traits in self.groups.items()
        ]


SECTIONS = ClientTemplate.__struct_fields__


class AccountToOpen(Closed, kw_only=True, frozen=True):
    """Of the built-in memory. owner: makes it a sub-account of that one."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    owner: Annotated[str, Meta(pattern=whole(ACCOUNT_SID))] | None = None


class Plan(ClientTemplate, kw_only=True, frozen=True):
    """One client.

    name      as colleagues know them; slug: their name in addresses
    store     the store's display name; adopt: there is one already, and it is used
    address   of their memory, "" for the installation's own
    account   the SID of the one that owns the store; or opens: a new one
    template  the name of a shipped one, which says what is left out here
    """

    name: Text
    slug: Annotated[str, Meta(pattern=SLUG)]
    store: StoreName
    adopt: bool = False
    address: Annotated[str, Meta(max_length=200)] = ""
    account: Annotated[str, Meta(pattern=whole(ACCOUNT_SID))] | None = None
    opens: AccountToOpen | None = None
    template: str = ""

    def __post_init__(self) -> None:
        if (self.account is None) == (self.opens is None):
            raise ValueError("account: name it, or the one that the plan opens.")
        if self.opens and self.address:
            raise ValueError("address: only the built-in memory opens an account.")
        named = {
            "name": self.name,
            "opens.name": self.opens.name if self.opens else "",
            "segment.name": self.segment.name if self.segment else "",
        }
        for field, text in named.items():
            if not is_plain(text) or text != text.strip():
                raise ValueError(
                    f"{field}: one line without hidden characters, and no blank around it."
                )
        if self.template and self.template not in list_shipped():
            raise ValueError(f"template: {self.template} is none of those there are.")
        for group in self.list_groups():
            for trait, definition in group.traits.items():
                if not definition.data_type:
                    raise ValueError(f"groups.{group.display_name}.{trait}: no type.")

    def fill_in(self) -> "Plan":
        """With what its template says and it does not."""
        if not self.template:
            return self
        template = list_shipped()[self.template]
        return replace(self, template="", **{**asdict(template), **_get_own(self)})

    @property
    def configuration(self) -> str:
        return self.slug[:CONFIGURATION_NAME_MAX].rstrip("-")


def _get_own(plan: ClientTemplate) -> dict[str, Any]:
    defaults = ClientTemplate()
    own = {name: getattr(plan, name) for name in SECTIONS}
    return {k: v for k, v in own.items() if v != getattr(defaults, k)}


def _define(traits: dict[str, DataType | NewTraitDefinition]) -> NewDefinitions:
    return {
        name: NewTraitDefinition(data_type=each) if isinstance(each, str) else each
        for name, each in traits.items()
    }


def read_plan(content: bytes) -> Plan:
    """Raises PlanRefused."""
    if len(content) > BYTES_MAX:
        raise PlanRefused(f"A plan has at most {BYTES_MAX // 1000} kB.")
    try:
        read = read_yaml(content, depth_max=DEPTH_MAX)
    except NotYaml as problem:
        raise PlanRefused(str(problem)) from problem
    try:
        plan = msgspec.convert(read, Plan, strict=False)
    except msgspec.ValidationError as problem:
        raise _explain(read, str(problem)) from problem
    if unknown := next(_find_unknown(read, plan), ""):
        raise PlanRefused("there is no such field", field=unknown)
    return plan


def _find_unknown(read: Any, made: Any, path: str = "") -> Iterator[str]:
    """What nouns of the API, which are open, do not name."""
    if isinstance(made, msgspec.Struct) and isinstance(read, dict):
        made = {x.encode_name: getattr(made, x.name) for x in fields(made)}
        yield from (f"{path}.{name}".lstrip(".") for name in read.keys() - made.keys())
    if isinstance(read, dict) and isinstance(made, dict):
        for name in read.keys() & made.keys():
            yield from _find_unknown(read[name], made[name], f"{path}.{name}")
    elif isinstance(read, list) and isinstance(made, list | tuple):
        for at, pair in enumerate(zip(read, made, strict=True)):
            yield from _find_unknown(*pair, f"{path}[{at}]")


def _explain(read: Any, problem: str) -> PlanRefused:
    told = re.fullmatch(r"(?s)(.*) - at (?:`key` in )?`\$(.*)`", problem)
    words, where = told.groups() if told else (problem, "")
    place, held = "", read
    # A name in it can look like such a place.
    with suppress(AttributeError, LookupError, TypeError):
        for step in re.findall(r"\[\.\.\.\]|\[\d+\]|[^.\[\]]+", where):
            if step == "[...]":
                name = _find_key(read, held, problem)
                place, held = f"{place}.{name}", held[name]
            elif step.startswith("["):
                place, held = place + step, held[int(step[1:-1])]
            else:
                place, held = f"{place}.{step}", held[step]
    if own := re.match(r"([\w.-]+): (.*)", words):  # of __post_init__
        place, words = own.groups()
    if member := re.search(r" field `(.+)`$", words):
        place = f"{place}.{member[1]}"
    return PlanRefused(words, field=place.strip("."))


def _find_key(read: Any, held: dict[str, Any], problem: str) -> str:
    """Of the mapping in it, the one with which alone there is the same problem."""
    key = ""
    for key, value in [*held.items()]:
        held.clear()
        held[key] = value
        try:
            msgspec.convert(read, Plan, strict=False)
        except msgspec.ValidationError as again:
            if str(again) == problem:
                break
    return key


def write_plan(plan: Plan) -> bytes:
    """Who it is about comes first."""
    written: dict[str, Any] = msgspec.to_builtins(plan)
    shared = {name: written.pop(name) for name in SECTIONS if name in written}
    return msgspec.yaml.encode(written | shared)


@cache
def list_shipped() -> dict[str, ClientTemplate]:
    return {
        path.stem: msgspec.convert(
            read_yaml(path.read_bytes(), depth_max=DEPTH_MAX),
            ClientTemplate,
            strict=False,
        )
        for path in sorted(SHIPPED.glob("*.yaml"))
    }


def build_legal_name(name: str) -> str:
    """What a store can be called: letters, digits and single hyphens. "" where nothing of
    it can stay."""
    plain = unicodedata.normalize("NFKD", name.translate(WRITTEN_OUT))
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-zA-Z0-9]+", "-", kept)[:STORE_NAME_MAX].strip("-")


def build_slug(name: str) -> str:
    return build_legal_name(name).lower()[:40].strip("-")
