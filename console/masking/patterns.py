"""What the detector knows: the patterns of shapes.toml, each with an example.

In doubt a number is taken for a phone: a reveal costs seconds, a leak cannot be undone.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import re2
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.fr import nir

from console.core.unicode import GLUED
from console.masking.plain import list_words

# Fewer digits than a number has in any country; the most that one has.
DIGITS_MIN, DIGITS_MAX = 7, 15
_TABLE = tomllib.loads(Path(__file__).with_name("shapes.toml").read_text("utf-8"))
WEAK = _TABLE["pieces"]["weak"]
_PIECE = re.compile(r"«(\w+)»")
_PIECES = {
    name: regex.replace("«weak»", WEAK) for name, regex in _TABLE["pieces"].items()
}


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
    """One row of shapes.toml.

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

ADDRESS = Pattern(
    Shape.MAIL,
    rf'(?:"[^"@]{{1,64}}"|{_NAME}(?:{_SIGN}{_NAME})*){AT}'
    rf"(?:{_HOST}(?:(?:{DOT}|{_say('-')}){_HOST})*(?:{DOT}{_TOP}|\. {_COMMON_TOP})|\d+\.\d+\.\d+\.\d+"
    r"|\[[\da-z.:]{3,45}\])|\b[\p{Latin}_][\p{Latin}\d_.+-]+@[\p{Latin}][\p{Latin}\d-]{2,}",
    "ada @ acme . com",
    "ordered at acme.com",
)
_CHECKS: dict[str, Callable[[ShapeMatch], bool]] = {
    "": lambda found: True,
    "after_letters": lambda found: (
        found.before.isalpha() and not found.after[:1].isalpha()
    ),
    "card": _passes(is_card),
    "card_alone": lambda found: is_card(found.text),
    "counts_up": counts_up,
    "cpf": _passes(cpf.is_valid),
    "dni": _passes(dni.is_valid),
    "iban": _passes(lambda text: iban.is_valid(text, check_country=False)),
    "ip_address": _is_ip_address,
    "joined": _is_joined,
    "nie": _passes(nie.is_valid),
    "nir": _passes(nir.is_valid),
    "ric": _passes(ric.is_valid),
    "version": _is_version,
    "whole": _is_whole,
}


def _read_patterns(rows: list[dict[str, str]]) -> list[Pattern]:
    return [
        Pattern(
            Shape[row["shape"].upper()] if "shape" in row else None,
            _PIECE.sub(lambda found: _PIECES[found[1]], row["regex"]),
            row["example"],
            row.get("unlike", ""),
            _CHECKS[row.get("check", "")],
        )
        for row in rows
    ]


SHAPES = _read_patterns(_TABLE["shapes"])
NUMBERS = _read_patterns(_TABLE["numbers"])
