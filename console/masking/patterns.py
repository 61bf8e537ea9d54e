"""The table of what the detector knows: patterns, each with an example.

In doubt a number is taken for a phone: a reveal costs seconds, a leak cannot be undone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import re2
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.fr import nir

from console.masking.plain import GLUED, list_words

# Fewer digits than a number has in any country; the most that one has.
DIGITS_MIN, DIGITS_MAX = 7, 15
# Signs that part the groups of a number for whoever hides it, and sums for all others.
WEAK = "!$%&?@`'|*=#^+<>\"\\[\\]{}\\\\\u2022"


class Shape(StrEnum):
    """As a sentence names it: "this looks like a phone number"."""

    PHONE, MAIL, CARD = "a phone number", "an email address", "a card number"
    BANK, ID = "a bank account", "the number of an official document"
    PIN = "a PIN or a password"
    NAME = "a name"


@dataclass(frozen=True, slots=True)
class ShapeMatch:
    """A match and what stands beside it; find_label: the kind of the word before."""

    text: str
    before: str
    after: str
    find_label: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of the table.

    shape    what it is; None: it stays readable
    regex    of folded text: lower case, no accents, one form of each digit and sign
    example  a text in which it is found
    unlike   what looks alike, and is not it
    check    what else must hold
    """

    shape: Shape | None
    regex: str
    example: str
    unlike: str = ""
    check: Callable[[ShapeMatch], bool] = lambda found: True


def get_digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_whole(found: ShapeMatch) -> bool:
    """No digit touches it, nor follows over a dot, a slash or a hyphen."""
    return not (
        found.before.isdigit() or found.before == ":" or _GOES_ON.match(found.after)
    )


_GOES_ON = re.compile(r"\d|[-/.:]\d")


def _is_ip_address(found: ShapeMatch) -> bool:
    octets = map(int, found.text.split("."))
    return (
        all(octet < 256 for octet in octets)
        and _is_whole(found)
        and found.find_label() != "phone"
    )


def _passes(is_valid: Callable[[str], bool]) -> Callable[[ShapeMatch], bool]:
    """A check that its check digits are right."""

    def check(found: ShapeMatch) -> bool:
        touches = found.before.isdigit() or found.after[:1].isdigit()
        return not touches and is_valid(_PARTED.sub(" ", found.text.upper()))

    return check


_PARTED = re.compile(r"[^\w.-]|_")


def is_card(text: str) -> bool:
    """Of a length that its first digits allow, and with its check digit right."""
    digits = get_digits(text)
    return bool(_CARD.fullmatch(digits)) and luhn.is_valid(digits)


# Visa, Mastercard, Amex, Diners, JCB, and what Discover, UnionPay and Maestro share.
_CARD = re.compile(
    r"4(?:\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689]\d{12}"
    r"|35\d{14}|6\d{15,18}|5[06-8]\d{14,17}"
)


# Whoever buys "at example.com" names a shop, as the word before it tells.
PLACE = re.compile(
    r"\b(?:(?:order|register|list|host|publish|post|us|purchas|creat|pay|shopp|look|work|check"
    r"|sell|buy|logg|sign|sav|stor|find|search|brows|shipp|return)(?:ed|ing)|it|is|are|was|were"
    r"|be|us|me|him|her|them|you|looks?|see|shops?|buys?|bought|sold|paid|found|sale|works?"
    r"|orders?|items?|store|site|website|page|account|profile|login|form|blog|link|prices?"
    r"|products|available|online|live|up|out|only|here|there|cheaper|free|signup|support"
    r"|e?-?mail|mails|message|write|reach|contact)(?=[ _]at[ _])"
)


def _is_joined(found: ShapeMatch) -> bool:
    """One number over commas or colons: not that of a thing, not a list, not two."""
    first = _WEAK.split(found.text)[0]
    return (
        9 <= len(get_digits(found.text)) <= DIGITS_MAX
        and len(get_digits(first)) < DIGITS_MIN
        and not counts_up(found)
        and _is_parted_in_one_way(found.text)
        and found.find_label() != "thing"
        and not found.before.isdigit()
        and not found.after[:1].isdigit()
    )


_WEAK = re.compile(rf"[,:;{WEAK}]")
_BRACKETS = str.maketrans('[]{}<>"', "[[[[[[[")


def _is_parted_in_one_way(text: str) -> bool:
    """`555=867=5310`, not `200 + 800 = 1000`."""
    gaps = re.findall(r"(?<=\d)\D+", text)
    ways = {
        frozenset(_WEAK.findall(gap.translate(_BRACKETS))) - {*",:;"} for gap in gaps
    }
    return len(ways - {frozenset()}) < 2


def counts_up(found: ShapeMatch) -> bool:
    """`38, 39, 40, 41`: sizes, pages."""
    numbers = [int(digits) for digits in re.findall(r"\d+", found.text)]
    return len(numbers) > 2 and all(b - a == 1 for a, b in pairwise(numbers))


def _is_version(found: ShapeMatch) -> bool:
    """One of its parts is a single digit, as in no number but 1.555.867.5310."""
    lengths = [len(part) for part in found.text.split(".")]
    return 1 in lengths and lengths != [1, 3, 3, 4]


# --- Pieces of the patterns ---

_OTHER = (
    r"\p{Arabic}\p{Cyrillic}\p{Devanagari}\p{Greek}\p{Han}\p{Hangul}"
    r"\p{Hebrew}\p{Hiragana}\p{Katakana}\p{Thai}\pM"
)
# In one script: "发票寄到wang@example.com" has no blank before its address.
_NAME = "(?:{0}+(?:'{0}+)*|{1}+)".format(
    r"[\p{Latin}\d_+.!#$^*{}|~-]", rf"[{_OTHER}\d_+.-]"
)
_HOST = r"[\pL\pM\pN-]+"
_TOP = rf"(?:[a-z][a-z]+|xn--[a-z\d-]+|[{_OTHER}]+)"
# After a full stop and a blank only what begins no sentence: "ada@acme. com".
_COMMON_TOP = r"(?:com|net|org|edu|gov|de|fr|nl|pl|uk|jp|cn|br)\b"


def _say(*signs: str) -> str:
    """Signs in words, between blanks or in brackets: ` arroba `, `(at)`, ` -dot- `."""
    words = [word for sign in signs for word in list_words("signs", sign)]
    apart = "|".join(re2.escape(word) for word in words if not GLUED.search(word))
    glued = "|".join(re2.escape(word) for word in words if GLUED.search(word))
    said = rf" ?[\[({{<*#_=|~'\"-]+ ?(?:{apart}) ?[\])}}>*#_=|~'\"-]+ ?| +(?:{apart}) +"
    return f"{said}| ?(?:{glued}) ?" if glued else said


AT = rf"(?: *\\?@+ *| ?[\[({{<] ?a ?[\])}}>] ?| ?[\[({{<] ?@ ?[\])}}>] ?|{_say('at')})"
DOT = rf"(?: ?\.| +\. +| ?[\[({{<] ?\. ?[\])}}>] ?|{_say('dot')})"
_SIGN = rf"(?: +\. +|{_say('dot', '_', '-', '+')})"
_D, _M, _Y = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_S = rf"[ ,.:;()/{WEAK}-]{{1,3}}"
_C = rf"(?:[ ,.:;/_{WEAK}-]{{0,3}}| ?x ?)"
_W = rf" ?-?[{WEAK}]{{1,2}} ?"
_I = "[ ,.:/_-]?"

# --- The table ---
# fmt: off

ADDRESS = Pattern(
    Shape.MAIL, rf'(?:"[^"@]{{1,64}}"|{_NAME}(?:{_SIGN}{_NAME})*){AT}'
    rf"(?:{_HOST}(?:(?:{DOT}|{_say('-')}){_HOST})*(?:{DOT}{_TOP}|\. {_COMMON_TOP})|\d+\.\d+\.\d+\.\d+"
    r"|\[[\da-z.:]{3,45}\])|\b[\p{Latin}_][\p{Latin}\d_.+-]+@[\p{Latin}][\p{Latin}\d-]{2,}",
    "ada @ acme . com", "ordered at acme.com",
)
SHAPES = (
    Pattern(None, r"\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b",
            "550e8400-e29b-41d4-a716-446655440000"),
    Pattern(Shape.PHONE, r"0\d(?:[,:;] ?\d\d){4}", "06:12:34:56:78", "01, 02, 03, 04, 05", _is_joined),
    Pattern(None, rf"{_Y}[-/.]{_M}[-/.]{_D}", "2026-05-03", check=_is_whole),
    Pattern(None, rf"{_D}[-/.] ?{_M}[-/.] ?{_Y}", "3.5.2026", check=_is_whole),
    Pattern(None, r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?",
            "14:30:00", "14:30:0055566677", _is_whole),
    Pattern(None, r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", "203.0.113.42", "tlf. 98.76.54.32", _is_ip_address),
    Pattern(None, r"(?:[$€£¥₹]|r\$|kr\.?|eur|usd|chf|gbp) ?\d{1,3}(?:[.,']?\d{3})*(?:[.,]\d\d?)?",
            "$1,299,000.00", check=_is_whole),
    Pattern(None, r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d\d\b| ?(?:[€$£¥₹元円]|eur|usd|chf|kr))",
            "1 250 000,00", check=_is_whole),
    Pattern(Shape.PHONE, r"\b\d{1,3}(?:[.,]\d{3}){3,4}\b", "5,558,675,310", "1,204,556", _is_joined),
    Pattern(None, r"\b\d(?:[.,]\d{3}){2}\b", "1.204.556", "1.555.867.5310", _is_whole),
    Pattern(None, r"\d{1,3}\.\d{3,}[,;] ?-?\d{1,3}\.\d{3,}", "59.329323, 18.068581", check=_is_whole),
    Pattern(None, r"\b\d{3}-\d{7}-\d{7}\b", "114-3941689-8772232"),
    Pattern(Shape.BANK, rf"\b[a-z]{{2}}\d\d(?:{_I}[a-z]{{4}})?(?:{_I}(?:\d[a-z\d]{{3}}|[a-z]\d{{3}})){{2,7}}(?:{_I}\d[a-z\d]{{0,2}}|{_I}[a-z])?\b",
            "DE89.3704.0044.0532.0130.00", "DE88 3704 0044 0532 0130 00", _passes(lambda text: iban.is_valid(text, check_country=False))),
    Pattern(Shape.ID, r"\b\d{3}-\d\d-\d{4}\b", "123-45-6789", "123-45-67890"),
    Pattern(Shape.ID, r"\b[a-z]{2} ?\d\d \d\d \d\d ?[a-d]\b", "QQ 12 34 56 C"),
    Pattern(Shape.ID, r"\b\d{8}[ -]?[a-z]\b", "12345678Z", "12345678A", _passes(dni.is_valid)),
    Pattern(Shape.ID, r"\b[xyz][ -]?\d{7}[ -]?[a-z]\b", "X1234567L", "X1234567A", _passes(nie.is_valid)),
    Pattern(Shape.ID, r"\b[a-z]{6}\d\d[a-z]\d\d[a-z]\d{3}[a-z]\b", "RSSMRA85T10A562S"),
    Pattern(Shape.ID, r"\b[a-z]{4}\d{6}[hm][a-z]{5}[a-z\d]\d\b", "GOMC900514MDFMRL09"),
    Pattern(Shape.ID, r"\b\d{3}\.\d{3}\.\d{3}-\d\d\b", "529.982.247-25", check=_passes(cpf.is_valid)),
    Pattern(Shape.ID, r"\b\d{17}[\dx]\b", "11010519491231002X", check=_passes(ric.is_valid)),
    Pattern(Shape.ID, r"\b[12] ?\d\d ?\d\d ?\d[\dab] ?\d{3} ?\d{3} ?\d\d\b",
            "2 69 05 49 588 157 80", check=_passes(nir.is_valid)),
    Pattern(Shape.CARD, rf"\d{{4}}(?:{_C}\d{{4}}){{3}}",
            "4111x1111|1111*1111", "4111,1111,1111,1112", _passes(is_card)),
    Pattern(Shape.CARD, rf"\d{{4}}{_C}\d{{6}}{_C}\d{{4,5}}",
            "3782 822463 10005", "3782 822463 10006", _passes(is_card)),
    Pattern(Shape.PHONE, rf"\+\d{{1,3}}(?:{_S}\d{{1,5}}){{2,6}}", "+1, 555, 867, 5310", check=_is_joined),
    Pattern(Shape.PHONE, rf"(?:1{_S})?\(?[2-9]\d\d\)?{_S}[2-9]\d\d{_S}\d{{4}}", "555:867:5310", check=_is_joined),
    Pattern(Shape.PHONE, r"0\d{2,4}(?:[,:;] ?\d{2,4}){2,3}", "0171, 234, 5678", "0171, 23", _is_joined),
    Pattern(Shape.PHONE, rf"\d{{3}}{_W}\d{{3}}{_W}\d{{3,4}}|\d{{2,3}}(?:{_W}\d\d){{4}}",
            "655=321=098", "655+321=976", _is_joined),
    Pattern(Shape.PHONE, rf"\d(?:[,:;{WEAK}] ?\d){{9,14}}", "5,5,5,8,6,7,5,3,1,0", "5, 4, 5, 3, 5", _is_joined),
)
# What is left is read number by number, after the kind of its label: "phone 22334455".
NUMBERS = (
    Pattern(Shape.PHONE, r"\w* (?:\(?\+|[a-z])(?:\D*\d){7,15}", "+47 22 33 44", "47 22 33 44"),
    Pattern(Shape.CARD, r".*", "4111111111111111x", check=lambda found: is_card(found.text)),
    Pattern(Shape.PHONE, r"code (?!19|20)[2-9]\d\d[2-9]\d{6}", "AB5558675310", "AB2026118843",
            lambda found: found.before.isalpha() and not found.after[:1].isalpha()),
    Pattern(None, r"code .*", "1Z999AA10123456784", "999 101 234 567 84"),
    Pattern(None, r"thing .*", "order 4521998877"),
    Pattern(Shape.PHONE, r"phone .*", "Tlf. 22334455", "22334455"),
    Pattern(None, r"\w* [1-9]\d{0,4}(?:\.\d{1,5}){1,4}", "10.4.22631.1", "1.555.867.5310", _is_version),
    Pattern(None, r"\w* 0\.\d+", "0.127758", "0127758"),
    Pattern(None, r"\w* .*", "38 39 40 41 42", "12 34 56 78 90", counts_up),
    Pattern(Shape.PHONE, r"\w* [(0].*", "0171 2345", "1712 345"),
    Pattern(Shape.PHONE, r"\w* \d{3}[-. ]\d{4}", "867-5310", "8675310"),
    Pattern(Shape.PHONE, r"\w* \d{3}[-. ]\d\d[-. ]\d{3}", "912 34 567", "91 234 567"),
    Pattern(Shape.PHONE, r"\w* (?:\D*\d){9}.*", "555867531", "55586753"),
)
# fmt: on
