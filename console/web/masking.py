"""What of a value may be seen without a reason: shapes of phones, mails, cards, names.

Pure text in, text out. A masked value does not tell how long the hidden part was.
"""

import re
import unicodedata
from enum import StrEnum

import phonenumbers

DOTS = "•••"
# More digits than any clock, date or order of ours; fewer need a sign of a phone.
PHONE_DIGITS = 9
PHONE_DIGITS_WITH_SIGN = 7
CARD_DIGITS = range(13, 20)


class How(StrEnum):
    """How a group of values is treated; the values are stored with a tenant."""

    DETECT = "detect"
    HIDE = "hide"
    CLEAR = "clear"


_BETWEEN = r"[\s().\-/·\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\ufeff]"
_SHAPES = re.compile(
    rf"""
      (?P<date> (?<!\d)(?:
            (?:19|20)\d\d ([-./]) (?:0?[1-9]|1[0-2]) \2 (?:0?[1-9]|[12]\d|3[01])
          | (?:0?[1-9]|[12]\d|3[01]) ([-./]) (?:0?[1-9]|1[0-2]) \3 (?:19|20)\d\d
        )(?!\d))
    | (?P<mail> [^\s@\uff20<>()\[\]"',;:]{{1,64}} \s? [@\uff20] \s? [^\s@\uff20<>()\[\]"',;:]{{1,253}}
                \. [^\W\d_]{{2,}})
    | (?P<number> (?<![\w\#]) (?:[+\uff0b]\s?|\({_BETWEEN}?)? \d (?:{_BETWEEN}{{0,4}}\d){{6,30}}
                (?!\w))
    """,
    re.VERBOSE,
)
_LOCAL = re.compile(r"\d{3}[-. ]\d{4}")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PHONE_WORDS = frozenset(
    {"phone", "mobile", "cell", "tel", "telephone", "fax", "sms", "whatsapp", "msisdn"}
)
_MAIL_WORDS = frozenset({"email", "mail"})
_HIDDEN_WORDS = frozenset(
    {
        "address",
        "street",
        "zip",
        "postcode",
        "birth",
        "birthday",
        "dob",
        "passport",
        "ssn",
        "iban",
    }
)
_NAMES = frozenset(
    {
        "name",
        "firstname",
        "lastname",
        "middlename",
        "givenname",
        "familyname",
        "fullname",
        "surname",
        "nickname",
    }
)


def mask_text(text: str) -> str:
    """The text with every phone, mail address and card number in it masked."""
    return _SHAPES.sub(_masked, text)


def mask_trait(name: str, text: str, id_type: str = "") -> str:
    """A trait's value by what its name, or the identifier that it feeds, says it is."""
    words = {
        word.casefold() for each in (name, id_type) for word in _WORDS.findall(each)
    }
    # "e-mail" and "eMail" fall apart in two words.
    if words & _MAIL_WORDS:
        return mask_mail(text)
    if words & _PHONE_WORDS:
        return mask_phone(text)
    if re.sub(r"[\W_]", "", name).casefold() in _NAMES:
        return mask_name(text)
    return DOTS if words & _HIDDEN_WORDS else mask_text(text)


def mask_phone(text: str) -> str:
    """`+1 ••• 42`: the country and the last two digits; without a country those two."""
    digits = _digits(text)
    return f"{_country(text, digits)}{DOTS} {digits[-2:]}" if len(digits) > 4 else DOTS


def mask_mail(text: str) -> str:
    """`a•••@•••.com`: the first letter and the top-level part."""
    local, at, domain = unicodedata.normalize("NFKC", text).strip().rpartition("@")
    _, dot, top = domain.rpartition(".")
    if not (at and local.strip()):
        return DOTS
    return f"{local.strip()[0]}{DOTS}@{DOTS}{dot}{top if dot else ''}"


def mask_card(text: str) -> str:
    """`•••• 1111`: the last four digits."""
    return f"{DOTS}• {_digits(text)[-4:]}"


def mask_name(text: str) -> str:
    """`A••• L•••`: the initial of each word."""
    return " ".join(f"{word[0]}{DOTS}" for word in text.split())


def _masked(match: re.Match[str]) -> str:
    found = match[0]
    if match["date"]:
        return found
    if match["mail"]:
        return mask_mail(found)
    digits = _digits(found)
    if len(digits) in CARD_DIGITS and _passes_luhn(digits):
        return mask_card(found)
    return mask_phone(found) if _is_phone(found, digits) else found


def _is_phone(found: str, digits: str) -> bool:
    if len(digits) >= PHONE_DIGITS:
        return True
    signed = (
        unicodedata.normalize("NFKC", found[0]) in "+("
        or digits[0] == "0"
        or bool(_LOCAL.fullmatch(found))
    )
    return signed and len(digits) >= PHONE_DIGITS_WITH_SIGN


def _digits(text: str) -> str:
    """ASCII digits, whatever script they were written in."""
    return "".join(str(unicodedata.digit(char)) for char in text if char.isdecimal())


def _country(text: str, digits: str) -> str:
    if unicodedata.normalize("NFKC", text).lstrip()[:1] != "+":
        return ""
    try:
        return f"+{phonenumbers.parse(f'+{digits}').country_code} "
    except phonenumbers.NumberParseException:
        return ""


def _passes_luhn(digits: str) -> bool:
    doubled = [int(d) for d in digits[-2::-2]]
    plain = sum(int(d) for d in digits[::-2])
    return (plain + sum(d * 2 - 9 * (d > 4) for d in doubled)) % 10 == 0
