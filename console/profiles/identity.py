"""Who is meant by `email:a@b.com`: reading an identity and finding its profile."""

import re
from dataclasses import dataclass

from console.audit.log import log_view
from console.client.errors import MemoryNotFound, MemoryProblem, MemoryRefused
from console.client.store import StoreClient
from console.contract.ids import PROFILE_ID
from console.contract.memory.identity_settings import IdentifierConfig, IdentitySettings
from console.contract.normalising import InvalidIdentifier, normalise
from console.core.unicode import strip_hidden
from console.masking.models import count_question, get_digest
from console.tenants.actor import Actor
from console.tenants.vault import open_store

_TYPED = re.compile(
    r"\s*(?P<type>[A-Za-z0-9_-]{0,64})\s*[:\uff1a](?P<value>.*)", re.DOTALL
)
_DIGITS = re.compile(r"[\W_]*(?:\d[\W_]*){7,}")
_SCHEMES = {"mailto": "email", "tel": "phone", "sms": "phone", "callto": "phone"}
_ID_PREFIX = "mem_profile_"
_ADDRESS = re.compile(rf"\S*/({_ID_PREFIX}\w+)(?:[/?#]\S*)?", re.IGNORECASE)
VALUE_MAX = 255


@dataclass(frozen=True, slots=True)
class Match:
    """What an identity led to.

    id_type   the type that was asked for; "" for a profile id
    profiles  ids of the profiles that hold it: none, one or several
    problem   why nothing could be asked, in words; "" when it was
    """

    id_type: str = ""
    profiles: tuple[str, ...] = ()
    problem: str = ""

    @property
    def profile_id(self) -> str:
        """The one profile that was meant; "" when it was none or several."""
        return self.profiles[0] if len(self.profiles) == 1 else ""


def look_up(actor: Actor, text: str) -> Match:
    """find_identity in the actor's tenant, within their limit and with its entry.

    Raises TooManyQuestions, MemoryProblem, AuditUnavailable.
    """
    count_lookup(actor, text)
    try:
        match = find_identity(open_store(actor.in_tenant()[1]), text)
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


def find_identity(store: StoreClient, text: str) -> Match:
    """The profiles that `type:value`, a profile id or its address means in this store.

    Without a type an e-mail address or a phone number is enough where only one type
    of the store is of that form, and an id may come without its prefix.
    """
    text = strip_hidden(text).strip()
    address = _ADDRESS.fullmatch(text)
    named = (address[1] if address else text).lower()
    for profile_id in (named, _ID_PREFIX + named):
        if PROFILE_ID.fullmatch(profile_id):
            return _by_id(store, profile_id)
    typed = _TYPED.fullmatch(text)
    if not typed:
        return _by_form(store, text, _form_of(text))
    wanted, value = typed["type"], typed["value"].strip()
    settings = store.identity_settings()
    known = {c.id_type.casefold(): c for c in settings.identifier_configs}
    config = known.get(wanted.casefold())
    if config is None and (form := _SCHEMES.get(wanted.casefold())):
        return _by_form(store, text, form)
    if config is None:
        named = (
            f"The type “{wanted}” is unknown here" if wanted else "A type is missing"
        )
        names = sorted(each.id_type for each in known.values())
        return Match(problem=f"{named}. This store knows {_in_words(names)}.")
    match = _look_up(store, settings, config, value)
    if match.problem or match.profiles or config.normalization in {"email", "phone"}:
        return match
    # `whatsapp:+14155550100` is a type and a value, and the value that Twilio sends.
    whole = _look_up(store, settings, config, text)
    return whole if whole.profiles else match


def _by_form(store: StoreClient, text: str, form: str) -> Match:
    how = Match(
        problem="Start with the type and a colon, such as email:… or phone:…,"
        " or paste a whole profile id."
    )
    if not form:
        return how
    settings = store.identity_settings()
    meant = [each for each in settings.identifier_configs if each.normalization == form]
    return _look_up(store, settings, meant[0], text) if len(meant) == 1 else how


def _form_of(text: str) -> str:
    """The normalisation that a bare value asks for; "" when it could be anything."""
    if _DIGITS.fullmatch(text):
        return "phone"
    return "email" if "@" in text.strip("@") else ""


def _by_id(store: StoreClient, profile_id: str) -> Match:
    try:
        profile = store.fetch_profile(profile_id)
    except MemoryNotFound:
        return Match()
    return Match(profiles=(profile.id,))


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
        return _cannot_read(config, str(exc))
    except MemoryRefused as exc:
        if exc.http_status == 400:
            return _cannot_read(config, "")
        if exc.http_status != 404:
            raise
        return Match(kind)
    return Match(kind, profiles=found.profiles)


def _cannot_read(config: IdentifierConfig, why: str) -> Match:
    """Not looked for: that is another answer than nobody."""
    because = f": {why}" if why else ""
    hint = {
        "phone": " Write + and the country code first.",
        "email": " It needs an @ with something on both sides.",
    }
    form = hint.get(config.normalization, "")
    problem = f"The memory cannot read this {config.id_type}{because}.{form}"
    return Match(config.id_type, problem=problem)


def _in_words(names: list[str]) -> str:
    *rest, last = names or ["no types"]
    return f"{', '.join(rest)} and {last}" if rest else last
