"""What a mask shows of a value.

Pure text in, text out. A masked value does not tell how long the hidden part was.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

import phonenumbers

from console.masking.detect import find_personal_data
from console.masking.patterns import AT, DOT, Shape
from console.masking.words import build_pattern, compile_re2, list_words, strip_accents

DOTS = "•••"
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
_LAST_WORD = re.compile(r"[^\W\d_]+\Z")


def mask_text(text: str, before: str = "") -> str:
    """The text with all that is personal in it masked.

    before: what stands before it and says what it is, such as "order number: "
    """
    pieces: list[str] = []
    end = 0
    for found in find_personal_data(before + text):
        start, until = max(found.start - len(before), end), found.end - len(before)
        if until > 0:
            pieces += text[end:start], _MASKS[found.shape](found.plain)
            end = until
    return "".join([*pieces, text[end:]])


def mask_trait(name: str, text: str, id_type: str = "") -> str:
    """A trait's value by what its name, or the identifier that it feeds, says it is."""
    if text.casefold() in _FLAGS:
        return text
    kind = _get_kind(name, id_type)
    if kind == "name":
        return mask_name(text)
    if kind == "hidden":
        return DOTS
    has_digits = any(map(str.isdigit, text))
    if not kind or _ABOUT.fullmatch(text) or (kind != "mail" and not has_digits):
        return mask_text(text, before=f"{' '.join(_split(name))}: ")
    return {"mail": mask_mail, "phone": mask_phone, "card": mask_card}[kind](text)


@lru_cache(4096)
def _get_kind(name: str, id_type: str) -> str:
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
    """`A••• L•••`: the initial of each word."""
    return " ".join(f"{word[0]}{DOTS}" for word in text.split())


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
}


def _get_country_code(text: str, digits: str) -> str:
    if unicodedata.normalize("NFKC", text).lstrip()[:1] != "+":
        return ""
    try:
        return f"+{phonenumbers.parse(f'+{digits}').country_code} "
    except phonenumbers.NumberParseException:
        return ""
