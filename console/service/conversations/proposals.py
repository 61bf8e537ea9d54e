"""Contact data that a customer says, proposed as traits. Conversations 12.5.

A person accepts or dismisses each; nothing is written before, so whoever names another
customer's address becomes nobody else. Which traits there are is the store's to say:
those that feed an email or phone identifier, and those that are called like a number,
as `orderNumber`, whose words stand before it: "my order number is 4521-B".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from console.service import errors
from console.service.conversations.models import Learned
from console.service.conversations.rules import Origin, Rules
from console.service.memory.identity import find_holders, parse_identity
from console.service.memory.models import Identifier, Profile, Store, Trait
from console.service.memory.traits import check_value, get_groups

_KINDS = {"mail": "email", "phone": "phone"}
_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ENDINGS = frozenset({"id", "number", "no", "nr", "code", "ref", "reference"})
_NUMBERED = (
    r"(?:[ -](?:number|no\.?|nr\.?|id|code|ref(?:erence)?))?(?: is|:|=)? {0,2}#?"
)
_VALUE = r"(?P<value>[A-Za-z]{0,6}[-/]?\d[\w/-]{2,31})"


def find_holder(store: Store, row: Learned) -> str:
    """Another profile that is found by what is proposed; "" for none."""
    if row.outcome != "proposed":
        return ""
    definitions = get_groups(store).get(row.item["group"], {})
    id_type = definitions.get(row.item["name"], {}).get("idTypePromotion", "")
    try:
        holders = find_holders(store, parse_identity(store, id_type, row.content))
    except errors.Invalid:
        return ""
    return holders.exclude(profile_id=row.profile_id).first() or ""


def may_propose(text: str) -> bool:
    """Before a database is asked: most of what is said has no number."""
    return "@" in text or any(map(str.isdigit, text))


@dataclass(frozen=True, slots=True)
class Proposal:
    group: str
    name: str
    value: str

    @property
    def key(self) -> str:
        return f"{self.group}.{self.name}={self.value}"


class Slots:
    """The traits of a store that can be heard, and what a customer has of them."""

    def __init__(self, store: Store, profile: Profile) -> None:
        self._store = store
        self._known = {
            (row.trait_group, row.name, str(row.value))
            for row in Trait.objects.of(profile)
        }
        rows = Identifier.objects.of(profile)
        self._held = set(rows.values_list("id_type", "value"))
        self._traits: dict[str, tuple[str, str, Any]] = {}
        self._labelled: list[tuple[re.Pattern[str], str, str, Any]] = []
        for group, definitions in get_groups(store).items():
            for name, definition in definitions.items():
                if definition["dataType"] == "STRING":
                    self._add(group, name, definition)

    def _add(self, group: str, name: str, definition: Any) -> None:
        id_type = definition.get("idTypePromotion", "")
        config = self._store.identitysettings.get_config(id_type) or {}
        normalization = config.get("normalization", "")
        if normalization in _KINDS.values():
            self._traits.setdefault(normalization, (group, name, definition))
            return
        words = [word.lower() for word in _NAME.findall(name)]
        if len(words) > 1 and words[-1] in _ENDINGS:
            label = "[ -]".join(map(re.escape, words[:-1]))
            regex = re.compile(rf"\b{label}{_NUMBERED}{_VALUE}\b", re.I)
            self._labelled.append((regex, group, name, definition))

    def find(self, text: str, rules: Rules, origin: Origin) -> Iterator[Proposal]:
        """In what may be remembered; what is known already is not proposed."""
        verdict = rules.judge(text, origin)
        if verdict.outcome:
            return
        for kind, start, end in rules.find(verdict.text):
            slot, value = (
                self._traits.get(_KINDS.get(kind, "")),
                verdict.text[start:end],
            )
            # Nobody can write to "ada@work".
            is_whole = kind != "mail" or "." in value.rpartition("@")[2]
            if slot and is_whole and rules.decide(kind, origin) == "keep":
                yield from self._propose(value, *slot)
        for regex, *found in self._labelled:
            for match in regex.finditer(verdict.text):
                yield from self._propose(match["value"], *found)

    def _propose(
        self, value: str, group: str, name: str, definition: Any
    ) -> Iterator[Proposal]:
        try:
            check_value(name, value, definition)
            if id_type := definition.get("idTypePromotion", ""):
                identity = parse_identity(self._store, id_type, value)
                if (id_type, identity.value) in self._held:
                    return
                value = identity.value
                check_value(name, value, definition)
        except errors.Invalid:
            return
        if (group, name, value) not in self._known:
            yield Proposal(group, name, value)
