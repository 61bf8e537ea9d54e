"""What a mask shows of a value.

Pure text in, text out. A masked value does not tell how long the hidden part was.
"""

import re
import unicodedata
from enum import StrEnum

import phonenumbers

from console.masking.detect import Shape, find_personal_data, to_digits

DOTS = "•••"


class MaskingMode(StrEnum):
    """How a group of values is shown; stored with a tenant."""

    DETECT = "detect"
    HIDE = "hide"
    CLEAR = "clear"


_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PHONE_WORDS = frozenset(
    ["phone", "mobile", "cell", "tel", "telephone", "fax", "sms", "whatsapp", "msisdn"]
)
_MAIL_WORDS = frozenset({"email", "mail"})
_HIDDEN_WORDS = frozenset(
    [
        "address",
        "street",
        "zip",
        "postal",
        "postcode",
        "birth",
        "birthday",
        "birthdate",
        "dob",
        "passport",
        "ssn",
        "iban",
        "password",
        "secret",
        "cvv",
        "cvc",
        "pin",
    ]
)
# The same where a name runs together: "homeaddress", "dateofbirth", "phonenumber".
_PHONE_PIECES = ("phone", "telefon", "mobilenumber", "mobileno", "cellnumber")
_MAIL_PIECES = ("email",)
_HIDDEN_PIECES = (
    "address",
    "birth",
    "passport",
    "password",
    "postalcode",
    "postcode",
    "zipcode",
    "socialsecurity",
    "nationalid",
    "taxid",
)
_NAMES = frozenset(
    f"{which}name"
    for which in [
        "",
        "first",
        "last",
        "middle",
        "given",
        "family",
        "full",
        "sur",
        "nick",
        "maiden",
        "legal",
        "preferred",
        "customer",
        "contact",
        "cardholder",
    ]
)
# "emailOptIn: true", "lastCallOn: 2026-01-05": about a phone, not one.
_ABOUT = re.compile(
    r"true|false|yes|no|\d{1,4}|\d{4}-\d\d-\d\d(?:T[\d:.]{5,15}(?:Z|[+-]\d\d:\d\d)?)?",
    re.IGNORECASE,
)


_AT_IN_WORDS = re.compile(r"\s?[\[({]\s?at\s?[\])}]\s?|\sat\s|%40|&#64;", re.IGNORECASE)


def mask_text(text: str) -> str:
    """The text with every phone, mail address and card number in it masked."""
    pieces, end = [], 0
    for found in find_personal_data(text):
        masked = _MASKS[found.shape](text[found.start : found.end])
        pieces += [text[end : found.start], masked]
        end = found.end
    return "".join([*pieces, text[end:]])


def mask_trait(name: str, text: str, id_type: str = "") -> str:
    """A trait's value by what its name, or the identifier that it feeds, says it is."""
    if _join_words(name).removesuffix("s") in _NAMES:
        return mask_name(text)
    # A mail address is no postal one: "emailAddress" is masked as a mail.
    is_mail = _contains_word(name, id_type, words=_MAIL_WORDS, pieces=_MAIL_PIECES)
    if not is_mail and _contains_word(
        name, id_type, words=_HIDDEN_WORDS, pieces=_HIDDEN_PIECES
    ):
        return DOTS
    if _ABOUT.fullmatch(text):
        return text
    if is_mail:
        return mask_mail(text)
    is_phone = _contains_word(name, id_type, words=_PHONE_WORDS, pieces=_PHONE_PIECES)
    return mask_phone(text) if is_phone else mask_text(text)


def _contains_word(*names: str, words: frozenset[str], pieces: tuple[str, ...]) -> bool:
    """Whether one of the names holds one of the words, alone, in plural or run in."""
    for name in names:
        own = {word.casefold() for word in _WORDS.findall(name)}
        if words & (own | {word.removesuffix("s") for word in own}):
            return True
        if any(piece in _join_words(name) for piece in pieces):
            return True
    return False


def _join_words(name: str) -> str:
    """`firstname` of `First_name2` and `contact.firstName`."""
    return re.sub(r"[\W\d_]", "", name.rpartition(".")[2]).casefold()


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
    local, at, domain = _AT_IN_WORDS.sub("@", plain).rpartition("@")
    top = domain.rpartition(".")[2] if "." in domain else ""
    if not (at and local.strip()):
        return DOTS
    return f"{local.strip()[0]}{DOTS}@{DOTS}" + (f".{top}" if top.isalpha() else "")


def mask_card(text: str) -> str:
    """`•••• 1111`: the last four digits."""
    return f"{DOTS}• {to_digits(text)[-4:]}"


def mask_name(text: str) -> str:
    """`A••• L•••`: the initial of each word."""
    return " ".join(f"{word[0]}{DOTS}" for word in text.split())


_MASKS = {Shape.PHONE: mask_phone, Shape.MAIL: mask_mail, Shape.CARD: mask_card}


def _get_country_code(text: str, digits: str) -> str:
    if unicodedata.normalize("NFKC", text).lstrip()[:1] != "+":
        return ""
    try:
        return f"+{phonenumbers.parse(f'+{digits}').country_code} "
    except phonenumbers.NumberParseException:
        return ""
