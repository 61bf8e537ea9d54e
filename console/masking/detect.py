"""What in a text has the shape of a phone number, a mail address or a payment card.

People write numbers with blanks, brackets, characters that cannot be seen and digits
of any script; all of those count. What only looks alike is left alone: dates, times,
versions, prices, and numbers that the text itself calls an order, a case or a ticket.
In doubt a number is taken for a phone: a reveal costs seconds, a leak cannot be undone.
Every repetition is bounded and no two neighbours can take the same character, so the
time is linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# More digits than any clock, date or order of ours; fewer need a sign of a phone.
PHONE_DIGITS = 9
PHONE_DIGITS_WITH_SIGN = 7
CARD_DIGITS = range(13, 20)

# Controls, joiners, directions, variation selectors, the keycap, tags: nothing to see.
_UNSEEN = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u2800\u3164\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
# As people write it, and as pages and addresses that were pasted spell a blank.
_BETWEEN = (
    r"(?:[\s().\-/·_~\u2010-\u2015\u2027\u2043\u2044\u2212\u2215\u2219\u22c5\u30fb\ufe58"
    rf"\ufe63\uff08\uff09\uff0d-\uff0f\uff3f\uff65{_UNSEEN}]|&nbsp;|&\#160;|%20)"
)
# Decimal digits of every script, raised, lowered, in circles, in brackets, with a dot.
_DIGIT = (
    r"[\d\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c"
    r"\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792]"
)
_PLUS = r"(?:[+\uff0b\ufe62\u207a]|%2B|&\#43;)"
_NO_MAIL = r"\s@\uff20\ufe6b<>()\[\]\"',;:"
_LOCAL_PART = rf"(?:[^{_NO_MAIL}]|(?<=\w)'(?=\w)){{1,320}}"
_AT = r"(?:[@\uff20\ufe6b]{1,3}|[\[({]\s?at\s?[\])}]|%40|&\#64;)"
_DOT = r"(?:[.\uff0e\u3002\uff61]|\s?[\[({]\s?dot\s?[\])}]\s?)"
_TOP = rf"[{_UNSEEN}]{{0,4}}[^\W\d_](?:[{_UNSEEN}]{{0,4}}[^\W\d_])+"
# "anna at example dot com", as somebody says it on the phone.
_SAID = r"(?<![\w.+-])[\w.+-]{1,64}\sat\s[\w-]{1,63}(?:\sdot\s[^\W\d_]{2,10}\b){1,3}"

_DATE = r"""(?:
      (?:19|20)\d\d (?:-(?:0?[1-9]|1[0-2])-|/(?:0?[1-9]|1[0-2])/|\.(?:0?[1-9]|1[0-2])\.)
      (?:0[1-9]|[12]\d|3[01]|[1-9])
    | (?:0[1-9]|[12]\d|3[01]|[1-9])
      (?:-(?:0?[1-9]|1[0-2])-|/(?:0?[1-9]|1[0-2])/|\.\s?(?:0?[1-9]|1[0-2])\.\s?)
      (?:19|20)\d\d
    )(?!\d|[-/.]\d)"""
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?(?![\d:])"
_UUID = r"[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}"
_SHAPES = re.compile(
    rf"""
      (?P<kept> (?<![\d:]) (?: {_DATE} | {_CLOCK} ) | (?<![\w-]) {_UUID} (?![\w-]))
    | (?P<mail> (?:"[^"@\n]{{1,64}}" | (?<![^{_NO_MAIL}]) (?<!\w') {_LOCAL_PART})
        \s? {_AT} \s?
        (?: [^{_NO_MAIL}]{{1,253}}{_DOT}{_TOP} | (?:\d{{1,3}}\.){{3}}\d{{1,3}} )
      | {_SAID})
    | (?P<number>
        (?: (?P<plus> {_PLUS}{_BETWEEN}{{0,4}} ) | (?<![A-Za-z\d_]) [(\uff08]{_BETWEEN}{{0,4}}
          | (?<![A-Za-z\d_]) | (?<=phone) | (?<=tel) | (?<=mobile) | (?<=fax)
          | (?<=card) | (?<=visa) | (?<=amex) | (?<=cc) )
        {_DIGIT} (?: {_BETWEEN}{{0,16}} (?!{_DATE}|{_CLOCK}) {_DIGIT} ){{6,30}}
        (?(plus) | (?! {_DIGIT} | _ | (?!x\s?\d|ext) [A-Za-z] )))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LOCAL = re.compile(r"\d{3}[-. ]\d{4}")
_VERSION = re.compile(r"[1-9]\d*(?:\.\d+)*\.\d(?:\.\d+)*")
# What stands before a number: what it is of, and what makes it one to call.
_NAMED = re.compile(
    r"(?:[#$€£¥]\s?|\b(?:order|case|ticket|invoice|parcel|shipment|tracking|contract"
    r"|reference|ref|article|item|serial|isbn|sku|ean|gtin|upc|s/n|inv|ord|rma)\b\W{0,3}"
    r"(?:(?:no|nr|number|id|code|is|was)\b\W{0,3}){0,2})\Z",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\b(?:phones?|mobile|cell|tel|telephone|call|called|callback|sms|whatsapp|fax|dial"
    r"|ring|reach|reachable|hotline)\b(?:\W{1,3}[^\W\d]{1,12}){0,3}\W{0,4}\Z",
    re.IGNORECASE,
)
_AROUND = 60


class Shape(StrEnum):
    PHONE, MAIL, CARD = "phone", "mail", "card"

    @property
    def words(self) -> str:
        """As a sentence names it: "this looks like ..."."""
        return _SHAPE_WORDS[self]


_SHAPE_WORDS = {
    Shape.PHONE: "a phone number",
    Shape.MAIL: "an email address",
    Shape.CARD: "a card number",
}


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A piece of a text, from `start` to `end`."""

    shape: Shape
    start: int
    end: int


def find_personal_data(text: str) -> Iterator[PersonalData]:
    """From left to right; none overlaps another."""
    at = 0
    while match := _SHAPES.search(text, at):
        start, at = match.start(), _get_end(match)
        if shape := _get_shape(match, text[start:at]):
            yield PersonalData(shape, start, at)


def to_digits(text: str) -> str:
    """ASCII digits, whatever script they were written in."""
    values = (unicodedata.digit(char, None) for char in text)
    return "".join(str(value) for value in values if value is not None)


def _get_end(match: re.Match[str]) -> int:
    """For an order's number its first piece alone: a phone number may follow it."""
    is_named = (
        match["number"] and not match["plus"] and _NAMED.search(_get_text_before(match))
    )
    if not is_named or _is_card(match[0]):
        return match.end()
    return match.start() + len(match[0].split(maxsplit=1)[0])


def _get_shape(match: re.Match[str], found: str) -> Shape | None:
    """`found`: as much of the match as _get_end leaves."""
    if match["kept"]:
        return None
    if match["mail"]:
        return Shape.MAIL
    if _is_card(found):
        return Shape.CARD
    return Shape.PHONE if _is_phone(match, found) else None


def _is_phone(match: re.Match[str], found: str) -> bool:
    if match["plus"]:
        return True
    before = _get_text_before(match)
    if _VERSION.fullmatch(found) or _NAMED.search(before):
        return False
    digits = to_digits(found)
    signed = (
        unicodedata.normalize("NFKC", found[0]) == "("
        or digits[0] == "0"
        or bool(_LOCAL.fullmatch(found) or _CALLED.search(before))
    )
    return len(digits) >= (PHONE_DIGITS_WITH_SIGN if signed else PHONE_DIGITS)


def _get_text_before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - _AROUND) : match.start()]


def _is_card(found: str) -> bool:
    digits = to_digits(re.sub("%2[0B]|&#(?:160|43);", "", found))
    return len(digits) in CARD_DIGITS and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    doubled = [int(d) for d in digits[-2::-2]]
    plain = sum(int(d) for d in digits[::-2])
    return (plain + sum(d * 2 - 9 * (d > 4) for d in doubled)) % 10 == 0
