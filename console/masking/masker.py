"""What a mask shows of a value, and one person's view of one customer.

A masked value does not tell how long the hidden part was. Masks are text in, text out;
a Masker adds the tenant's rules and what the person has revealed.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property, lru_cache, partial
from itertools import accumulate, chain, product
from math import ceil
from typing import Any, NamedTuple

import phonenumbers
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.client.errors import MemoryNotFound
from console.client.network import TOGETHER
from console.contract.conversations.communication import Communication
from console.contract.conversations.conversation import STAFF, Participant
from console.contract.ids import PROFILE_ID
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import SOURCE, Observation
from console.contract.memory.recall import RecalledCommunication
from console.contract.times import to_wire
from console.masking.detect import PersonalData, compile_own, find_personal_data
from console.masking.models import Reveal
from console.masking.patterns import AT, DOT, Shape
from console.masking.plain import build_pattern, compile_re2, list_words, strip_accents
from console.tenants.actor import Actor, Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_store

DOTS = "•••"
# Longer turns of a conversation are no pieces of a number that somebody says.
SHORT_TURN = 1000
# From, to, and what stands there instead.
Piece = tuple[int, int, str]
# Fewer digits are no card: its last four, its date.
CARD_MIN = 12


class MaskingMode(StrEnum):
    """How a group of values is shown; stored with a tenant."""

    DETECT = "detect"
    HIDE = "hide"
    CLEAR = "clear"


_NAME_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\x00-\x7f]+")
# In this order: "emailAddress" is no postal address, "cardholder name" no card.
_KINDS = {
    kind: compile_re2(build_pattern(list_words("traits", kind)))
    for kind in ("name", "mail", "hidden", "phone", "card")
}
# "name" alone, or with what says whose: `clientName`, not `productName`.
_ALONE, _WHOSE = (frozenset(list_words("traits", key)) for key in ("alone", "whose"))
_FLAGS = frozenset(["true", "false", "yes", "no"])
# "lastCallOn: 2026-01-05": about a phone, not one.
_ABOUT = re.compile(
    r"\d{1,4}|\d{4}-\d\d-\d\d(?:T[\d:.]{5,15}(?:Z|[+-]\d\d:\d\d)?)?", re.IGNORECASE
)
_AT, _DOT = compile_re2(f"(?i){AT}"), compile_re2(f"(?i){DOT}")
# Whoever speaks in a text that was learned from a conversation (engine/extractive.py):
# `Asked "When?": Ana said: …`.
_SPEAKER = re.compile(
    r"(?:\A|(?<=\": )|(?<=\n)|(?<=[.!?…)] ))[^\W\d_][^:,\"\n.!?]{0,59}(?= said: )"
)
_NOBODY = frozenset({"Agent", "Customer", "Somebody"})
_LAST_WORD = re.compile(r"[^\W\d_]+\Z")


class OwnData(NamedTuple):
    """What of a customer's own is masked in their texts beside what has a shape.

    pattern  of their names and phone numbers (detect.compile_own)
    hides    it is hidden whole, initials too
    clear    words of their names that are shown, also where they speak
    """

    pattern: re.Pattern[str] | None = None
    hides: bool = False
    clear: frozenset[str] = frozenset()


NOTHING_OWN = OwnData()


def mask_text(
    text: str,
    before: str = "",
    shares: Iterable[Piece] = (),
    own: OwnData = NOTHING_OWN,
) -> str:
    """The text with all that is personal in it masked.

    before: what stands before it and says what it is, such as "order number: "
    shares: what is masked beside that
    """
    # Shares count in a text whose speakers are all masked.
    text = _mask_speakers(text, frozenset() if shares else own.clear)
    found = [
        (
            data.start - len(before),
            data.end - len(before),
            DOTS if own.hides and data.shape == Shape.NAME else _mask(data),
        )
        for data in find_personal_data(before + text, own.pattern)
    ]
    pieces: list[str] = []
    end = 0
    for start, until, mask in sorted([*found, *shares]):
        if until > end:
            pieces += text[end : max(start, end)], mask
            end = until
    return "".join([*pieces, text[end:]])


def find_shares(turns: Sequence[tuple[str, str]]) -> dict[int, list[Piece]]:
    """Turn to what of it is to be masked for what stands in others. Of each turn who
    speaks, and the text.

    Of `4111 1111` and `1111 1111` neither is a card, and `4821` is a PIN after "Your
    PIN?". Each one's turns are read by themselves, too: "go on" between two of them hides
    nothing.
    """
    texts = {
        number: _mask_speakers(text)
        for number, (_, text) in enumerate(turns)
        if len(text) <= SHORT_TURN
    }
    readings = {frozenset(texts)} | {
        frozenset(number for number in texts if turns[number][0] == speaker)
        for speaker, _ in turns
    }
    shares: dict[int, list[Piece]] = defaultdict(list)
    for some in map(sorted, readings):
        starts = [0, *accumulate(len(texts[number]) + 1 for number in some)]
        for data in find_personal_data("\n".join(texts[number] for number in some)):
            first, last = (
                bisect_right(starts, at) - 1 for at in (data.start, data.end - 1)
            )
            inside = [
                (
                    n,
                    max(data.start - starts[n], 0),
                    min(data.end, starts[n + 1] - 1) - starts[n],
                )
                for n in range(first, last + 1)
            ]
            # "It was in 2026", "4521998 is my order".
            if data.shape == Shape.PHONE and any(
                len(texts[some[n]][end:].split()) > 2 for n, _, end in inside[1:]
            ):
                continue
            for n, start, end in inside:
                mask = _mask(data) if first == last else DOTS
                shares[some[n]].append((start, end, mask))
    return shares


def _mask(data: PersonalData) -> str:
    return _MASKS[data.shape](data.plain)


def _mask_speakers(text: str, clear: frozenset[str] = frozenset()) -> str:
    def mask(found: re.Match[str]) -> str:
        is_shown = found[0] in _NOBODY or clear.issuperset(found[0].casefold().split())
        return found[0] if is_shown else mask_name(found[0])

    return _SPEAKER.sub(mask, text) if " said: " in text else text


def mask_trait(name: str, text: str, id_type: str = "") -> str:
    """A trait's value by what its name, or the identifier that it feeds, says it is."""
    if text.casefold() in _FLAGS:
        return text
    kind = get_kind(name, id_type)
    if kind == "name":
        return mask_name(text)
    if kind == "hidden":
        return DOTS
    has_digits = any(map(str.isdigit, text))
    if not kind or _ABOUT.fullmatch(text) or (kind != "mail" and not has_digits):
        return mask_text(text, before=f"{' '.join(_split(name))}: ")
    return {"mail": mask_mail, "phone": mask_phone, "card": mask_card}[kind](text)


@lru_cache(4096)
def get_kind(name: str, id_type: str = "") -> str:
    """What the words of a name say; "" when they say nothing of a person."""
    words = _split(name)
    if set(words) & _ALONE and set(words) <= _ALONE | _WHOSE:
        return "name"
    # Also run together: "homeaddress", "date of birth" as "dateofbirth".
    forms = f"|{' '.join(words)}|{''.join(words)}|{''.join(_split(id_type))}|"
    return next((kind for kind, regex in _KINDS.items() if regex.search(forms)), "")


def _split(name: str) -> list[str]:
    """`home`, `address` of `contact.homeAddress2`."""
    words = _NAME_WORDS.findall(strip_accents(name.rpartition(".")[2]))
    return [word.lower() for word in words]


def to_digits(text: str) -> str:
    """ASCII digits, whatever script they were written in."""
    values = (unicodedata.digit(char, None) for char in text)
    return "".join(str(value) for value in values if value is not None)


def _to_key(text: str) -> str:
    """Equal for one value however it is written: +1 406 555 0101 is +14065550101."""
    return to_digits(text) if _NUMBER.fullmatch(text) else text.casefold()


def mask_phone(text: str) -> str:
    """`+1 ••• 42`: the country and the last two digits; without a country those two."""
    digits = to_digits(text)
    return (
        f"{_get_country_code(text, digits)}{DOTS} {digits[-2:]}"
        if len(digits) > 4
        else DOTS
    )


def mask_mail(text: str) -> str:
    """`a•••@•••.com`: the first letter and the top-level part."""
    plain = unicodedata.normalize("NFKC", text).strip()
    signs = list(_AT.finditer(plain))
    if not (signs and (local := plain[: signs[-1].start()].strip())):
        return DOTS
    domain = plain[signs[-1].end() :]
    top = _LAST_WORD.search(domain) if _DOT.search(domain) else None
    return f"{local[0]}{DOTS}@{DOTS}" + (f".{top[0]}" if top else "")


def mask_card(text: str) -> str:
    """`•••• 1111`: the last four digits."""
    digits = to_digits(text)
    return f"{DOTS}• {digits[-4:]}" if len(digits) >= CARD_MIN else DOTS


def mask_name(text: str) -> str:
    """`A••• L•••`: the initial of each word, which stay as they are."""
    return " ".join(f"{word[0].strip(DOTS)}{DOTS}" for word in text.split())


def mask_account(text: str) -> str:
    """`••• 00`: the last two characters."""
    return f"{DOTS} {text[-2:]}"


def mask_id(text: str) -> str:
    return DOTS


_MASKS = {
    Shape.PHONE: mask_phone,
    Shape.MAIL: mask_mail,
    Shape.CARD: mask_card,
    Shape.BANK: mask_account,
    Shape.ID: mask_id,
    Shape.PIN: mask_id,
    Shape.NAME: mask_name,
}


def _get_country_code(text: str, digits: str) -> str:
    if unicodedata.normalize("NFKC", text).lstrip()[:1] != "+":
        return ""
    try:
        return f"+{phonenumbers.parse(f'+{digits}').country_code} "
    except phonenumbers.NumberParseException:
        return ""


TEXTS, IDENTIFIERS = "texts", "identifiers"
# A customer's own name and phone numbers in their texts: as masked as they are above.
OWN = "own"
# Begins the key of a source; no source that a memory takes has it.
KEY_MARK = "~"
NAME_TRAITS = (("firstName", "lastName"), ("name",))
# One subject: the heading's name and the traits that it is made of, revealed together.
NAME, NAME_GROUP = "name/Contact", "Contact"
_NAME_PARTS = list(chain.from_iterable(NAME_TRAITS))
CONTACT_TRAITS = ("email", "phone")
_OWN_KINDS = ("name", "phone")
_NO_PUNCTUATION = str.maketrans("", "", "-:")
# What an address and the audit log can name; a memory may allow stranger names.
_REVEALABLE = re.compile(r"[a-z]+/[A-Za-z0-9_.-]{1,128}")


Traits = Mapping[str, Mapping[str, Any]]
_NUMBER = re.compile(r"\+?[\d\s()./-]{7,}")
# A name or a phone number: the tenant's rule for it, its subject, its kind, its value.
Own = tuple[str, str, str, str]


def list_own(traits: Traits, held: Iterable[IdentifierSet]) -> Iterator[Own]:
    for group, members in traits.items():
        for name, value in members.items():
            if (kind := get_kind(name)) in _OWN_KINDS:
                rule, subject = f"group/{group}", _get_trait_subject(group, name)
                yield rule, subject, kind, str(value)
    for each in held:
        if (kind := get_kind(each.id_type)) in _OWN_KINDS:
            for value in each.values:
                yield IDENTIFIERS, f"identifier/{each.id_type}", kind, value


def build_own(found: Iterable[tuple[str, str]], *, hides: bool = False) -> OwnData:
    """Of kinds and values."""
    values: dict[str, list[str]] = {kind: [] for kind in _OWN_KINDS}
    for kind, value in found:
        values[kind].append(value)
    return OwnData(compile_own(values["name"], values["phone"]), hides)


def build_text_mask(
    traits: Traits, identifiers: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], str], str]:
    """For a memory that ranks by masked texts: whatever a tenant's rules are, it masks
    no less than a page. And what tells masks apart."""
    held = [IdentifierSet(id_type=t, values=tuple(v)) for t, v in identifiers.items()]
    own = build_own(each[2:] for each in list_own(traits, held))
    key = own.pattern.pattern if own.pattern else ""
    return partial(mask_text, own=own), key


@dataclass(frozen=True, slots=True)
class MaskedValue:
    """A value as this person may see it now.

    subject      what a reveal of it names, as `observation/mem_observation_…`
    is_masked    something of it is hidden
    clear_until  when it is masked again; None unless it was revealed
    profile_id   where it can be revealed or hidden again; "" where it cannot
    place        which value of its subject it is: an identifier and a conversation
                 have several
    is_again     it stands elsewhere on the page, where its control is
    """

    text: str = field(repr=False)
    subject: str
    is_masked: bool = False
    clear_until: datetime | None = None
    profile_id: str = ""
    place: int | str = 1
    is_again: bool = False

    @property
    def kind(self) -> str:
        """observation, summary, revision, conversation, trait or identifier."""
        return self.subject.partition("/")[0]

    @property
    def ref(self) -> str:
        """Which one of its kind: an id, `Contact.email`, `phone`."""
        return self.subject.partition("/")[2]

    @property
    def label(self) -> str:
        """What it is, in words that name nobody: `this summary`, `Contact.email`."""
        if self.kind in {"observation", "summary", "revision", "conversation"}:
            return f"this {self.kind}"
        if self.subject == NAME:
            return "the name"
        return f"the {self.ref}" if self.kind == "identifier" else self.ref

    @property
    def dom_id(self) -> str:
        """The same as an id of HTML."""
        after = f"-{self.place}" if self.place != 1 else ""
        return f"shown-{self.subject.replace('/', '-')}{after}"

    @property
    def clear_for_s(self) -> int:
        """Whole seconds until it is certainly masked again."""
        left = self.clear_until - timezone.now() if self.clear_until else timedelta()
        return max(1, ceil(left.total_seconds()) + 1)


class Source(NamedTuple):
    """Where an item came from, as it is shown; `key` stands for it in addresses."""

    text: str
    key: str


class Masker:
    """Masks by the tenant's rules, except what this person has revealed.

    Whose texts it masks is read when the first one is.
    """

    def __init__(
        self,
        tenant: Tenant,
        clear: Mapping[str, datetime] | None = None,
        *,
        profile_id: str = "",
        may_reveal: bool = True,
    ) -> None:
        """`clear`: subjects that are revealed, until when; `profile_id`: whose data it is."""
        self._tenant = tenant
        self._rules: Mapping[str, str] = tenant.masking
        self._clear = clear or {}
        self._profile_id = profile_id
        self._may_reveal = may_reveal
        self._clear_in_texts: Mapping[str, datetime] = {}
        read_own = cache(partial(_read_own, tenant, [profile_id]))
        self._read_own: Callable[[], Iterable[Own]] = read_own
        self._sources: dict[str, Source] = {}
        self._beside: Mapping[str, MaskedValue] = {}

    @property
    def version(self) -> str:
        """Another one after a change of rules, reveals or names: for keys of caches."""
        own = self._own.pattern
        state = json.dumps(
            [dict(self._rules), sorted(self._clear), own and own.pattern],
            sort_keys=True,
        )
        return salted_hmac("console.masking.version", state).hexdigest()

    def know(self, traits: Traits, held: Iterable[IdentifierSet]) -> None:
        """Whose texts these are, where that was read before."""
        own = list(list_own(traits, held))
        self._read_own = lambda: own

    def know_also(self, traits: Traits, held: Iterable[IdentifierSet]) -> None:
        """Whose texts these are, of several."""
        first, own = self._read_own, list(list_own(traits, held))
        self._read_own = lambda: chain(first(), own)

    def know_customers(self, participants: Iterable[Participant]) -> None:
        """Who else is spoken of in these texts, also by names that no profile has; read
        with the first text. No reveal of this customer's names is one of theirs."""
        first, tenant = self._read_own, self._tenant
        people = [each for each in participants if each.type not in STAFF]
        others = {each.profile_id for each in people} - {"", self._profile_id}
        called = [
            (
                f"group/{NAME_GROUP}",
                NAME if each.profile_id == self._profile_id != "" else "",
                "name",
                each.name,
            )
            for each in people
            if each.name not in {address.address for address in each.addresses}
        ]
        self._read_own = lambda: chain(
            first(),
            called,
            ((r, "", kind, x) for r, _, kind, x in _read_own(tenant, sorted(others))),
        )

    @cached_property
    def by_rule(self) -> "Masker":
        """The same without what was revealed."""
        return self._copy(_clear={}, _clear_in_texts={}, _may_reveal=False)

    @cached_property
    def with_names(self) -> "Masker":
        """The same for texts below a heading that reveals the name: they follow it."""
        names = {each: self._clear[each] for each in {NAME} & self._clear.keys()}
        return self._copy(_clear_in_texts=names)

    def beside(self, held: Iterable[IdentifierSet], traits: Traits) -> "Masker":
        """The same for values below these: one that is equal is masked and revealed with
        its first place. What a group hides tells of no other."""
        own = [
            (str(value), self.mask_trait(group, name, str(value)))
            for group, members in traits.items()
            for name, value in members.items()
        ]
        for each in held:
            values = self.mask_identifier(each.id_type, each.values)
            own += zip(each.values, values, strict=True)
        again = {
            _to_key(text): replace(shown, profile_id="", is_again=True)
            for text, shown in own
            if shown.text != DOTS
        }
        return self._copy(_beside=again)

    def of(self, profile_id: str) -> "Masker":
        """For what may be another customer's: what was revealed is this one's alone."""
        return self if profile_id == self._profile_id else self.by_rule

    def _copy(self, **state: Any) -> "Masker":
        other = Masker(self._tenant, profile_id=self._profile_id)
        vars(other).update(vars(self) | {"_sources": {}} | state)
        for built in ("_own", "by_rule", "with_names"):
            vars(other).pop(built, None)
        return other

    @cached_property
    def _own(self) -> OwnData:
        """What is masked above is masked in texts. Raises MemoryProblem."""
        if self.text_mode == MaskingMode.CLEAR:
            return NOTHING_OWN
        mode = self._rules.get(OWN, MaskingMode.DETECT)
        masked, hows, clear = list[tuple[str, str]](), {mode}, set[str]()
        for rule, subject, kind, value in self._read_own():
            how = self._rules.get(rule, MaskingMode.DETECT)
            if MaskingMode.CLEAR in (mode, how) or subject in self._clear_in_texts:
                clear.update(value.casefold().split())
            else:
                masked.append((kind, value))
                hows.add(how)
        own = build_own(masked, hides=MaskingMode.HIDE in hows)
        return own._replace(clear=frozenset(clear))

    def _mask_text(self, text: str, shares: Iterable[Piece] = ()) -> str:
        return mask_text(text, shares=shares, own=self._own)

    @property
    def text_mode(self) -> MaskingMode:
        """How texts are shown, and so what of them may answer a search.

        CLEAR: all of a text. DETECT: the masked text, in a match, an order, a score
        and an explanation alike. HIDE: nothing; there is no search and no order but by
        time. What is revealed changes none of it: a reveal is of one item, and an
        order is of all.
        """
        return MaskingMode(self._rules.get(TEXTS, MaskingMode.DETECT))

    def mask_text(self, kind: str, id_: str, content: str) -> MaskedValue:
        """The text of an observation, a summary or a revision, as `kind` says."""
        return self._build_value(f"{kind}/{id_}", TEXTS, content, self._mask_text)

    def mask_turns(
        self,
        conversation_id: str,
        turns: Sequence[Communication | RecalledCommunication],
    ) -> list[MaskedValue]:
        """What was said in a conversation: revealed together."""
        subject = f"conversation/{conversation_id}"
        shares = find_shares(
            [(turn.author.address, turn.content.text) for turn in turns]
        )
        masks = [partial(self._mask_text, shares=shares[n]) for n in range(len(turns))]
        return [
            self._build_value(subject, TEXTS, turn.content.text, mask, turn.id)
            for turn, mask in zip(turns, masks, strict=True)
        ]

    def mask_revision(self, revision: Observation) -> MaskedValue:
        """An earlier state of an observation: named, and revealed, apart from the rest.

        `mem_observation_….20260105T090000Z-1f0c9a2b`: by the second in which it was
        written, and what it says, which can change twice in one.
        """
        written_at = to_wire(revision.updated_at).translate(_NO_PUNCTUATION)
        digest = salted_hmac("console.masking.revision", revision.content).hexdigest()
        ref = f"{revision.id}.{written_at}-{digest[:8]}"
        return self.mask_text("revision", ref, revision.content)

    def mask_source(self, source: str) -> Source:
        """An item's source, a text as any other: `call from +1 ••• 10`.

        Its key is the source itself, unless that is masked or an address, which is
        logged, may not hold it. Sources that look the same have one key.
        """
        if source not in self._sources:
            shown = self._build_value("source/", TEXTS, source, self._mask_text).text
            is_plain = shown == self._mask_text(source) == source and (
                not source or SOURCE.fullmatch(source)
            )
            named = f"{self._tenant.pk} {shown}"
            digest = salted_hmac("console.masking.source", named).hexdigest()
            key = source if is_plain else KEY_MARK + digest[:16]
            self._sources[source] = Source(shown, key)
        return self._sources[source]

    def get_search_scope(self, group: str, name: str, id_type: str) -> str:
        """How much of a trait's value may find a customer, so that no search tells what
        is masked: of what is shown a beginning (`prefix`), of a name each of its words
        (`words`), of anything else all of it (`whole`); "" of what is hidden."""
        mode = self._rules.get(f"group/{group}", MaskingMode.DETECT)
        if mode != MaskingMode.DETECT:
            return "prefix" if mode == MaskingMode.CLEAR else ""
        return {"": "prefix", "name": "words"}.get(get_kind(name, id_type), "whole")

    def mask_trait(
        self, group: str, name: str, text: str, id_type: str = ""
    ) -> MaskedValue:
        subject = _get_trait_subject(group, name)
        # The heading has the first place.
        place = _NAME_PARTS.index(name) + 2 if subject == NAME else 1
        mask = partial(mask_trait, name, id_type=id_type)
        return self._build_value(subject, f"group/{group}", text, mask, place)

    def mask_whole_name(
        self, traits: Mapping[str, Mapping[str, Any]]
    ) -> list[MaskedValue]:
        """The customer's name as the heading of a card has it, and its parts; none
        without one. A name of another group than Contact is revealed there alone."""
        for names, (group, members) in product(NAME_TRAITS, traits.items()):
            if parts := [
                self.mask_trait(group, name, str(members[name]))
                for name in names
                if members.get(name)
            ]:
                text = " ".join(part.text for part in parts)
                whole = replace(get_reveal_target(parts), text=text, place=1)
                if group != NAME_GROUP:
                    whole = replace(
                        whole, subject=NAME, profile_id="", clear_until=None
                    )
                # Once more in the way to a tab.
                return [whole, replace(whole, place=0), *parts]
        return []

    def mask_identifier(self, id_type: str, values: Sequence[str]) -> list[MaskedValue]:
        """All values of one type: they are revealed together."""
        mask, subject = partial(mask_trait, id_type), f"identifier/{id_type}"
        return [
            self._build_value(subject, IDENTIFIERS, value, mask, place)
            for place, value in enumerate(values, start=1)
        ]

    def mask_name(self, traits: Mapping[str, Mapping[str, Any]]) -> str:
        """The customer's name, masked; "" without one. Also while it is revealed: only
        a profile's tabs show it in clear, where it is masked again by itself."""
        whole = self.by_rule.mask_whole_name(traits)
        return whole[0].text if whole else ""

    def mask_contact(
        self, traits: Traits, held: Iterable[IdentifierSet]
    ) -> tuple[str, ...]:
        """Email and phone, masked: they tell people of the same name apart. By which the
        profile is found, as its heading says; a trait only where none is."""
        found = {
            name: self.mask_trait(group, name, str(members[name]))
            for group, members in traits.items()
            for name in CONTACT_TRAITS
            if members.get(name)
        }
        for each in held:
            if each.id_type in CONTACT_TRAITS and each.values:
                *_, newest = self.mask_identifier(each.id_type, each.values)
                found[each.id_type] = newest
        return tuple(found[name].text for name in CONTACT_TRAITS if name in found)

    def _build_value(
        self, subject: str, rule: str, text: str, mask: Any, place: int | str = 1
    ) -> MaskedValue:
        mode = self._rules.get(rule, MaskingMode.DETECT)
        shown = MaskedValue(text, subject, place=place)
        if mode != MaskingMode.HIDE and (first := self._beside.get(_to_key(text))):
            return first
        if mode == MaskingMode.CLEAR:
            return shown
        masked = DOTS if mode == MaskingMode.HIDE else str(mask(text))
        if masked == text:
            return shown
        can_reveal = self._may_reveal and _REVEALABLE.fullmatch(subject)
        where = self._profile_id if can_reveal else ""
        if until := self._clear.get(subject):
            return replace(shown, clear_until=until, profile_id=where)
        return replace(shown, text=masked, is_masked=True, profile_id=where)


def _read_own(tenant: Tenant, profile_ids: Iterable[str]) -> list[Own]:
    """None of nobody, nor of a profile that is gone."""
    ids = [each for each in profile_ids if PROFILE_ID.fullmatch(each)]
    if not ids:
        return []
    store, own = open_store(tenant), list[Own]()

    def read(fetch: Callable[[str], Any], id_: str) -> Any:
        with suppress(MemoryNotFound):
            return fetch(id_)
        return None

    calls = [
        partial(read, fetch, id_)
        for id_ in ids
        for fetch in (store.fetch_profile, store.list_identifiers)
    ]
    for start in range(0, len(calls), TOGETHER):
        found = store.gather(*calls[start : start + TOGETHER])
        for profile, held in zip(found[::2], found[1::2], strict=True):
            if profile:
                own += list_own(profile.traits, held or ())
    return own


def get_reveal_target(values: Sequence[MaskedValue]) -> MaskedValue:
    """The one of a subject's values that says whether it can be revealed or hidden."""
    return next((v for v in values if v.is_masked or v.clear_until), values[0])


def masker_for(actor: Actor, profile_id: str = "") -> Masker:
    """What this person sees masked; without a profile nothing is clear."""
    user, tenant = actor.in_tenant()
    if not (profile_id and actor.may(Permission.REVEAL)):
        return Masker(tenant, profile_id=profile_id, may_reveal=False)
    rows = Reveal.objects.of(user, tenant).open().filter(profile_id=profile_id)
    clear = dict(rows.order_by("until").values_list("subject", "until"))
    return Masker(tenant, clear, profile_id=profile_id)


def _get_trait_subject(group: str, name: str) -> str:
    is_name = group == NAME_GROUP and name in _NAME_PARTS
    return NAME if is_name else f"trait/{_build_subject(group, name)}"


def _build_subject(group: str, name: str) -> str:
    """`Contact.email`. Both names may hold dots: "A.b" and "c" are not "A" and "b.c".

    Names with two dots in a row get a slash, with which nothing can be revealed.
    """
    if ".." in f"{group}.{name}":
        return f"{group}/{name}"
    return f"{group}..{name}" if "." in group else f"{group}.{name}"
