"""Who is meant by `email:a@b.com`: reading an identity and finding its profile."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from unicodedata import normalize
from urllib.parse import unquote

from console.audit.log import log_view
from console.client.errors import MemoryNotFound, MemoryProblem, MemoryRefused
from console.client.store import StoreClient
from console.contract.ids import PROFILE_ID
from console.contract.memory.identity_settings import IdentifierConfig, IdentitySettings
from console.contract.memory.profile import SEARCH_QUERY_MAX, Profile, SearchProfiles
from console.contract.normalising import DEFAULT_REGION, InvalidIdentifier, normalise
from console.core.unicode import strip_hidden
from console.engine.words import split_value
from console.masking.detect import find_personal_data
from console.masking.masker import Masker, get_kind, to_digits
from console.masking.models import count_question, get_digest
from console.masking.patterns import Shape
from console.profiles.candidates import CANDIDATES
from console.profiles.schema import fetch_trait_groups
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

_TYPED = re.compile(
    r"\s*(?P<type>[A-Za-z0-9_-]{0,64})\s*[:\uff1a](?P<value>.*)", re.DOTALL
)
_DIGITS = re.compile(r"[\W_]*(?:\d[\W_]*){7,}")
_EXTENSION = re.compile(r"\W*(?:ext\w*|x)\W*\d", re.IGNORECASE)
_SCHEMES = dict.fromkeys(("mailto", "smtp", "from", "to", "cc"), "email") | (
    dict.fromkeys(("tel", "sms", "callto", "sip", "sips"), "phone")
)
_FORMS = {Shape.MAIL: "email", Shape.PHONE: "phone", "mail": "email", "phone": "phone"}
# Around a value among words: "Theo: <ada@acme.com>, ...".
_BEFORE, _AFTER = re.compile(r"[\s<>\"'(\[,;:=]?"), re.compile(r"[\w@]")
WORDS = "words"
HOW = (
    "Start with the type and a colon, such as email:… or phone:…, or paste a whole"
    " profile id."
)
# Digits that find a masked number by all of it: those of a date are too easily guessed.
_LONG_NUMBER = re.compile(
    r"(?!(?:19|20)\d{6}(?:\d{6})?$|\d{4}(?:19|20)\d\d$)\d{7,}", re.ASCII
)
_ID_PREFIX = "mem_profile_"
_PROFILE = re.compile(rf"(?<!\w){PROFILE_ID.pattern}(?!\w)")
VALUE_MAX = 255
# Customers with one value of a trait that are listed.
TRAIT_RESULTS = 25


@dataclass(frozen=True, slots=True)
class Match:
    """What an identity led to.

    id_type   the type that was asked for; "" for a profile id; WORDS
    profiles  ids of the profiles that hold it: none, one or several
    problem   why nothing could be asked, in words; "" when it was
    has_more  of those that hold it these are the first
    people    the same profiles, where words were looked for: they have been read
    """

    id_type: str = ""
    profiles: tuple[str, ...] = ()
    problem: str = ""
    has_more: bool = False
    people: Sequence[Profile] = field(default=(), repr=False)

    @property
    def asked_for(self) -> str:
        words = self.id_type == WORDS
        return "these words" if words else f"this {self.id_type or 'id'}"

    @property
    def profile_id(self) -> str:
        """The one profile that was meant; "" when it was none or several."""
        return self.profiles[0] if len(self.profiles) == 1 else ""


def look_up(actor: Actor, text: str, *, trait: tuple[str, str] | None = None) -> Match:
    """find_identity in the actor's tenant, within their limit and with its entry; of one
    `trait` the profiles that have these words there.

    Raises TooManyQuestions, MemoryProblem, AuditUnavailable.
    """
    count_lookup(actor, text)
    tenant = actor.in_tenant()[1]
    try:
        if trait:
            match = find_words(
                open_store(tenant), tenant, text, trait=trait, limit=TRAIT_RESULTS
            )
        else:
            match = find_identity(tenant, text)
    except MemoryProblem:
        log_lookup(actor, text, None)
        raise
    log_lookup(actor, text, match)
    return match


def count_lookup(actor: Actor, text: str) -> None:
    """Before anything is asked. Raises TooManyQuestions, AuditUnavailable."""
    count_question(actor, "profile.found", get_digest(actor, "profile.found", text))


def log_lookup(actor: Actor, text: str, match: Match | None) -> None:
    """One entry for a search that reached the memory: hit, miss, or None, no answer."""
    if match and match.problem:
        return
    found = match or Match()
    log_view(
        actor,
        "profile.found",
        "profile" if found.profile_id else "",
        found.profile_id,
        outcome="done" if match else "failed",
        type=found.id_type or "id",
        found=len(found.profiles),
        looked_for=get_digest(actor, "profile.found", text),
    )


def find_identity(tenant: Tenant, text: str) -> Match:
    """The profiles that `type:value`, a profile id or its address means in its store.

    Without a type an email address or a phone number is enough where only one type
    of the store is of that form, also among a few words, and an id may come without its
    prefix. Else the words themselves are looked for.
    """
    store = open_store(tenant)
    text = strip_hidden(text).strip()
    ids = set(_PROFILE.findall(f"{text} {_ID_PREFIX}{text}".lower()))
    if len(ids) == 1:
        try:
            return Match(profiles=(store.fetch_profile(ids.pop()).id,))
        except MemoryNotFound:
            return Match()
    typed = _TYPED.fullmatch(text)
    if not typed:
        read, form = _read_form(text)
        match = _by_form(store, read, form) if form else Match()
        words = match if match.profiles else find_words(store, tenant, text)
        return words if words.profiles or not form else match
    wanted, value = typed["type"], typed["value"].strip()
    settings = store.identity_settings()
    known = {c.id_type.casefold(): c for c in settings.identifier_configs}
    config = known.get(wanted.casefold())
    if config is None:
        form = _SCHEMES.get(wanted.casefold()) or _FORMS.get(get_kind(wanted), "")
        # `sip:+14065550101@pbx.example`
        read, seen = _read_form(value.partition("@")[0] if form == "phone" else value)
        if form and (seen == form or wanted.casefold() in _SCHEMES):
            return _by_form(store, read, form)
        named = (
            f"The type “{wanted}” is unknown here" if wanted else "A type is missing"
        )
        *rest, last = sorted(c.id_type for c in known.values()) or ["no types"]
        types = f"{', '.join(rest)} and {last}" if rest else last
        return Match(problem=f"{named}. This store knows {types}.")
    read, seen = _read_form(value)
    match = _look_up(
        store, settings, config, read if seen == config.normalization else value
    )
    if match.problem or match.profiles or config.normalization in {"email", "phone"}:
        return match
    # `whatsapp:+14155550100` is a type and a value, and the value that Twilio sends.
    whole = _look_up(store, settings, config, text)
    return whole if whole.profiles else match


def find_words(
    store: StoreClient,
    tenant: Tenant,
    text: str,
    *,
    trait: tuple[str, str] | None = None,
    limit: int = CANDIDATES,
) -> Match:
    """The profiles in whose traits each word is found, as far as masks let it.

    trait  group and name of the only one that is looked at
    """
    words, value = split_value(text)
    if not words:
        return Match(problem=f"Write whom to look for. {HOW}")
    masker, allowed = Masker(tenant), dict[tuple[str, str], tuple[str, str]]()
    is_number = _LONG_NUMBER.fullmatch(to_digits(text))
    named = {
        scope: dict[str, list[str]]() for scope in ("", "whole", "words", "prefix")
    }
    for group in fetch_trait_groups(store):
        for name, definition in group.definitions.items():
            key, id_type = (group.display_name, name), definition.id_type_promotion
            if trait and key != trait:
                continue
            scope = masker.get_search_scope(*key, id_type)
            if scope != "whole" or "@" in text or is_number:
                allowed[key] = scope, id_type
                named[scope].setdefault(group.display_name, []).append(name)
    asked = SearchProfiles(
        query=text[:SEARCH_QUERY_MAX],
        limit=limit,
        whole=named["whole"],
        words=named["words"],
        prefix=named["prefix"],
    )
    if (found := store.search(asked)) is None:
        return Match(problem=f"This memory cannot be searched by name. {HOW}")
    profiles = store.gather(*(partial(store.fetch_profile, x) for x in found.profiles))
    people = [x for x in profiles if _is_found(x, words, value, allowed, masker)]
    ids = tuple(x.id for x in people)
    return Match(WORDS, ids, has_more=found.has_more, people=people)


def _is_found(
    profile: Profile,
    looked_for: Sequence[str],
    value: str,
    allowed: Mapping[tuple[str, str], tuple[str, str]],
    masker: Masker,
) -> bool:
    """Also when of a value that is shown a part is masked: a phone number in a note."""
    exact, shown = set[str](), list[str]()
    for group, members in profile.traits.items():
        for name, held in members.items():
            scope, id_type = allowed.get((group, name), ("", ""))
            for each in map(str, held if isinstance(held, list) else [held]):
                words, whole = split_value(each)
                if scope and whole == value:
                    return True
                if scope == "prefix":
                    masked = masker.mask_trait(group, name, each, id_type)
                    words, _ = split_value(masked.text)
                    shown += words
                exact |= set(words if scope in {"prefix", "words"} else ())
    *first, last = looked_for
    begun = last in exact or any(word.startswith(last) for word in shown)
    return begun and exact.issuperset(first)


def _by_form(store: StoreClient, text: str, form: str) -> Match:
    settings = store.identity_settings()
    meant = [each for each in settings.identifier_configs if each.normalization == form]
    if len(meant) != 1:
        return Match(problem=HOW)
    return _look_up(store, settings, meant[0], text)


def _read_form(text: str) -> tuple[str, str]:
    """A value, and the normalisation that it asks for; "" when it could be anything.

    `406 555 0101` of "Maren, cell 406 555 0101": of several words the one value among
    them that has the form.
    """
    text = unquote(text)
    if _DIGITS.fullmatch(text):
        return text, "phone"
    found = [data for data in find_personal_data(text) if data.shape in _FORMS]
    if len(found) == 1:
        [data] = found
        is_apart = _BEFORE.fullmatch(text[max(0, data.start - 1) : data.start])
        rest = text[data.end :]
        if is_apart and not _AFTER.match(rest):
            is_extended = data.shape == Shape.PHONE and _EXTENSION.match(rest)
            return text if is_extended else data.plain, _FORMS[data.shape]
    return text, "email" if "@" in normalize("NFKC", text).strip("@") else ""


def _look_up(
    store: StoreClient, settings: IdentitySettings, config: IdentifierConfig, value: str
) -> Match:
    """Who holds a value, in the form in which the memory keeps it."""
    kind = config.id_type
    if not value:
        return Match(kind, problem=f"Write the {kind} after the colon.")
    if len(value) > VALUE_MAX:
        return Match(
            kind,
            problem=f"The {kind} is too long: {VALUE_MAX} characters are the most.",
        )
    try:
        region = settings.phone_region
        value = normalise(value, config.normalization, region, asked=True)
        found = store.lookup(kind, value)
    except InvalidIdentifier as exc:
        return _cannot_read(config, str(exc), settings.phone_region)
    except MemoryRefused as exc:
        if exc.http_status == 400:
            return _cannot_read(config, "", settings.phone_region)
        if exc.http_status != 404:
            raise
        return Match(kind)
    return Match(kind, profiles=found.profiles)


def _cannot_read(config: IdentifierConfig, why: str, region: str) -> Match:
    """Not looked for: that is another answer than nobody."""
    because = f": {why}" if why else ""
    hint = {
        "phone": " Write + and the country code first, and no extension: without them it"
        f" is read as a number of {region or DEFAULT_REGION}.",
        "email": " It needs an @ with something on both sides.",
    }
    form = "" if "placeholder" in why else hint.get(config.normalization, "")
    problem = f"The memory cannot read this {config.id_type}{because}.{form}"
    return Match(config.id_type, problem=problem)
