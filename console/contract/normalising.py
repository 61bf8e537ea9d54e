"""The one form in which identifiers are compared, and what names nobody. Contract 12.4.

The memory stores that form and the find box asks for it: there is no second reading.
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import phonenumbers

from console.contract.memory.identifier import IDENTIFIER_VALUE_MAX
from console.core.unicode import drop_marks, strip_hidden

DEFAULT_REGION = "US"  # 12.4: a national number is read as US
REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)

_WORDS = {
    name: words.split()
    for name, words in tomllib.loads(
        Path(__file__).with_name("placeholders.toml").read_text("utf-8")
    ).items()
}
_NONE = frozenset(drop_marks(word).casefold() for word in _WORDS["none"])
_ANYBODY, _NOT, _WHAT = (set(_WORDS[name]) for name in ("anybody", "not", "what"))
# What a mail merge, a program or a spreadsheet leaves of a value that it did not find.
_UNFILLED = re.compile(
    r"\{\{.*\}\}|\$\{.*\}|%%?\w+%%?|\[object \w+\]|<[\w ]+>|\\N"
    r"|#(?:REF!|NAME\?|VALUE!|ERROR!|NULL!|DIV/0!|NUM!)",
    re.IGNORECASE,
)
_NO_PART = {*_WORDS["no_part"]} | {
    plain
    for word in _WORDS["none"]
    if "-" in word and len(plain := drop_marks(word).casefold()) > 5
}
_MADE_UP_WORDS, _MADE_UP_NAMES = set(_WORDS["made_up"]), set(_WORDS["made_up_names"])
_NOBODY_TWICE = _NONE | _MADE_UP_WORDS | {*_WORDS["twice"]}
_NO, _NO_DOMAIN, _NUMBERED = (
    set(_WORDS[name]) for name in ("no", "no_domain", "numbered")
)
_SCHEME = re.compile(r"\s*\w+:")
_EMAIL_SCHEME = re.compile(r"(?:mailto|smtp|e-?mail):(?://)?", re.IGNORECASE)
_PHONE_SCHEME = re.compile(r"(?:tel|sms|callto|whatsapp):(?://)?", re.IGNORECASE)
_SIP = re.compile(r"\s*sips?:(?://)?([^@]*)@.*", re.IGNORECASE | re.DOTALL)
_IN_BRACKETS = re.compile(r"[^<>]*<([^<>]*)>")
# Around a value that was copied from a list, a sentence or a spreadsheet's formula.
_AROUND = " \t\r\n\"'`‘’“”„«»<>=,;"  # noqa: RUF001
# What no part of an address holds without quotes (RFC 5322).
_SPECIALS = re.compile(r'[()<>\[\]:;@\\,"]')
_NO_LABEL = re.compile(r"[/?#%&=+!*$^`{|}~]")
_BLANKS = re.compile(r"\s*([@.])\s*")
_FLOAT = re.compile(r"(\+?\d+)\.0+")
_MADE_UP = re.compile(r"\d*?(\d)\1{6,}|(\d)\2*|12345678\d*|\d*0{6}")
_RUNS = ("01234567890123456789", "98765432109876543210")
# North America has no exchange that begins with 0 or 1, and asks 555-1212 for numbers;
# films and tests have the area code 555.
_MADE_UP_US = re.compile(r"(?!555)\d{3}[01]\d{6}|\d{3}(?:5550000|5551212|1234567)")
_MOBILE = {
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
}
_OLD_MEXICAN = re.compile(r"0?(?:1|44|45)(\d{10})")

NAMES_NOBODY = "a placeholder, which names nobody"


class InvalidIdentifier(ValueError):
    """A text that is no identifier of its kind, or that names nobody."""


def normalise(text: str, kind: str, region: str = "", *, asked: bool = False) -> str:
    """`text` by one of the contract's kinds: phone, email, trim or none.

    region  the store's, for phone numbers without a country code; "": US
    asked   of whom a value is looked for: an address is read even if it is nobody's
    Raises InvalidIdentifier; also for a value that is empty afterwards.
    """
    if not text.strip():
        raise InvalidIdentifier("must not be empty")
    if is_placeholder(text):
        raise InvalidIdentifier(NAMES_NOBODY)
    if kind == "phone":
        return normalise_phone(text, region or DEFAULT_REGION)
    if kind == "email":
        return normalise_email(text, asked=asked)
    if kind == "none":
        if strip_hidden(text) != text:
            raise InvalidIdentifier("must not hold characters that cannot be seen")
        return text
    return _unify(text).strip()


def normalise_identifier(
    value: str, id_type: str, kind: str, region: str = "", *, asked: bool = False
) -> str:
    """A value of an identifier type in the form in which a store keeps and compares it.
    Raises InvalidIdentifier."""
    form = normalise(value, kind, region, asked=asked)
    if id_type == "whatsapp" and kind == "trim":
        # Compared by its number, and kept with the prefix; a user name has none.
        with suppress(InvalidIdentifier):
            form = f"whatsapp:{normalise(value, 'phone', region)}"
    # Not by length as given: “ﷺ” in its compatible form is eighteen characters.
    if len(form) > IDENTIFIER_VALUE_MAX:
        raise InvalidIdentifier(f"at most {IDENTIFIER_VALUE_MAX} characters")
    return form


def is_placeholder(text: str) -> bool:
    """`N/A`, `-`, `000`, `99999`, `whatsapp:unknown`: what stands where a value would."""
    written = _SCHEME.sub("", text, count=1).strip()
    value = drop_marks(written).casefold()
    if value.isdecimal() and len(set(value)) == 1:
        return len(value) > 4 or int(value) == 0
    words = {drop_marks(word).casefold() for word in written.split()}
    return (
        value in _NONE
        or words <= _NONE | _ANYBODY | {""}
        or _says_none(written)
        or bool(_UNFILLED.fullmatch(written))
    )


def _says_none(text: str) -> bool:
    words = {drop_marks(word).casefold() for word in re.split(r"[\s_./'’-]+", text)}
    return bool(words & _NOT and words & _WHAT and words <= _NOT | _WHAT)


def _unify(text: str) -> str:
    """One way of writing for what looks the same; a second time changes nothing."""
    while (unified := strip_hidden(unicodedata.normalize("NFKC", text))) != text:
        text = unified
    return text


def normalise_email(text: str, *, asked: bool = False) -> str:
    """Lower case, without blanks beside @ and full stops, and nothing but the address.

    `"Ada" <mailto:ADA@Example.com>` is `ada@example.com`. Lower case and not case
    folding, for which `straße.example` would be another domain's name. Of `Ada Byron
    ada@example.com` and `ada byron@example.com` nobody can tell what is a name.
    Raises InvalidIdentifier.
    """
    value = _unify(text)
    if named := _IN_BRACKETS.fullmatch(value.strip(" \t\r\n,;")):
        value = named[1]
    # The full stop that Chinese and Japanese keyboards write separates labels too.
    value = _unify(value.lower()).replace("。", ".").strip(_AROUND + "()[]")
    if scheme := _EMAIL_SCHEME.match(value):
        value = unquote(value[scheme.end() :].partition("?")[0])
    value = _BLANKS.sub(r"\1", value).strip()
    local, _, domain = value.rpartition("@")
    local = local.rstrip('"')  # its opening quote stood around the value
    # As in an address that was copied from a link.
    domain = unquote(domain).partition("?")[0].strip(" /").rstrip(" ./")
    labels = [_decode_label(label) for label in domain.split(".")]
    if local and any(map(str.isspace, local + domain)):
        raise InvalidIdentifier("more than an email address: other words beside it")
    if not all(map(_is_part, [local, *labels])) or _NO_LABEL.search(domain):
        raise InvalidIdentifier("not an email address")
    if not asked and _is_nobodys(local, labels):
        raise InvalidIdentifier(NAMES_NOBODY)
    return f"{local}@{'.'.join(labels)}"


def _is_nobodys(local: str, labels: Sequence[str]) -> bool:
    """`nobody@b.com`, `test1@test.com`, `no@email.com`, `x@x.com`; but not `b@b.com`."""
    name, host = drop_marks(local.partition("+")[0]), drop_marks(labels[0])
    word, domain = (each.rstrip("0123456789") or each for each in (name, host))
    # No country and nobody else has one letter after the last full stop.
    is_no_domain = labels[-1] == "invalid" or (
        len(labels) > 1 and len(labels[-1]) < 2 and labels[-1].isascii()
    )
    if {word, domain} & _NO_PART or is_no_domain or _says_none(local):
        return True
    if name.isdecimal():
        is_made_up = _is_run(name) or (len(name) > 5 and len({*name}) == 1)
        return name == host or (is_made_up and not _NUMBERED.intersection(labels))
    return (
        (word == domain and word in _NOBODY_TWICE)
        or (len({*name}) == len({*host}) == 1 and min(len(name), len(host)) > 2)
        or (name == host and (name in {"a", "x"} or name == 2 * name[:1]))
        or (name in {"no", "not"} and host in _WHAT)
        or (name in _MADE_UP_WORDS and host in _MADE_UP_WORDS)
        or (name in _MADE_UP_WORDS - _MADE_UP_NAMES and host in _NO_DOMAIN)
        or (name in _NO and host in _NO_DOMAIN | _MADE_UP_WORDS)
        or (name in _NONE and len(name) > 4 and host in _NO_DOMAIN)
    )


def _is_run(digits: str) -> bool:
    return len(digits) > 7 and any(digits in run for run in _RUNS)


def _is_part(text: str) -> bool:
    return any(map(str.isalnum, text)) and not _SPECIALS.search(text)


def _decode_label(label: str) -> str:
    """`xn--mnchen-3ya` is the domain `münchen` as machines write it."""
    if label.startswith("xn--"):
        with suppress(UnicodeError):
            return _unify(label[4:].encode("ascii").decode("punycode"))
    return label


def normalise_phone(text: str, region: str = DEFAULT_REGION) -> str:
    """E.164: `+15558675310`. A number without a country code is the region's.

    Raises InvalidIdentifier, for an extension too: many people share what is before it.
    """
    # Full-width and Arabic-Indic digits become ASCII ones. A letter or a footnote's
    # digit is refused rather than dropped or read as one: it could make two people
    # look like one.
    if sip := _SIP.fullmatch(text):
        text = sip[1]
    digits = "".join(map(_read_digit, strip_hidden(text).strip(_AROUND)))
    digits = _PHONE_SCHEME.sub("", digits, count=1).rstrip(".")
    if written := _FLOAT.fullmatch(digits):  # as spreadsheets write numbers
        digits = written[1]
    if not digits.isascii() or any(map(str.isalpha, digits)):
        raise InvalidIdentifier("not a valid phone number")
    number = _read_number(digits, region)
    national = phonenumbers.national_significant_number(number)
    is_made_up = _MADE_UP.fullmatch(national) or _is_run(national)
    if is_made_up or (number.country_code == 1 and _MADE_UP_US.fullmatch(national)):
        raise InvalidIdentifier(NAMES_NOBODY)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    # Of the many dashes that word processors make, and those of Japanese keyboards; as a
    # minus, too.
    if unicodedata.category(character) == "Pd" or character in "ーｰ\N{MINUS SIGN}":
        return "-"
    plain = unicodedata.normalize("NFKC", character)
    return character if any(map(str.isdigit, plain)) else plain


def _read_number(digits: str, region: str) -> phonenumbers.PhoneNumber:
    """As it is written, or as if only the `+` were left out: the first of the two that
    a country has given out, and else as written if that names the country. Where a 0 is
    missing, a spreadsheet may have dropped either: in Germany 4740731191 is a mobile of
    Norway rather than 04740 731191.

    For the US any area code will do: films and tests have 555.
    """
    bare = digits.lstrip("+ ")
    ways = [(digits, region), (f"+{bare}", None)]
    if re.match(r"\D*00", digits):
        # Either what most countries dial before a country code, or what this one does:
        # 0011 49... in Australia.
        ways = [("+" + digits.lstrip(" +(0"), region), (digits, region)]
    elif bare.startswith(str(phonenumbers.country_code_for_region(region))):
        ways.reverse()  # in Germany 4915123... is +49 15123..., not 04915 123...
    as_written = without_zero = None
    for written, country in ways:
        with suppress(phonenumbers.NumberParseException):
            number = _dial(phonenumbers.parse(written, country, keep_raw_input=True))
            if not _has_area_code(number) or _is_local(number, written, region):
                continue
            if phonenumbers.is_valid_number(number):
                is_mobile = phonenumbers.number_type(number) in _MOBILE
                if not is_mobile and _lacks_zero(number, written):
                    without_zero = number
                elif is_mobile or without_zero is None:
                    return number
            elif country and (number.country_code == 1 or _names_country(number)):
                as_written = as_written or number
    if found := without_zero or as_written:
        return found
    raise InvalidIdentifier("not a valid phone number")


def _lacks_zero(number: phonenumbers.PhoneNumber, written: str) -> bool:
    """The 0 before the area code, with which it would be written in its country."""
    national = phonenumbers.PhoneNumberFormat.NATIONAL
    return (
        not _names_country(number)
        and not re.match(r"\D*0", written)
        and bool(re.match(r"\D*0", phonenumbers.format_number(number, national)))
    )


def _names_country(number: phonenumbers.PhoneNumber) -> bool:
    source = phonenumbers.CountryCodeSource
    return number.country_code_source in {
        source.FROM_NUMBER_WITH_PLUS_SIGN,
        source.FROM_NUMBER_WITH_IDD,
    }


def _is_local(number: phonenumbers.PhoneNumber, written: str, region: str) -> bool:
    """Short, and without the 0 before area codes: 555 0143 is dialled in many towns.
    Mobiles have none: 7123 4567 is all of one in Bolivia."""
    return (
        not _names_country(number)
        and len(str(number.national_number)) <= 8
        and phonenumbers.ndd_prefix_for_region(region, True) == "0"
        and not re.match(r"\D*0", written)
        and not _is_whole_mobile(number, region)
    )


def _is_whole_mobile(number: phonenumbers.PhoneNumber, region: str) -> bool:
    """As long as they are there. Finland's can be shorter, and a town's number then looks
    like one."""
    mobile = phonenumbers.PhoneNumberType.MOBILE
    usual = phonenumbers.example_number_for_type(region, mobile)
    lengths = {len(str(each.national_number)) for each in (number, usual) if each}
    return phonenumbers.number_type(number) == mobile and len(lengths) == 1


def _dial(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    """Mexico's are dialled +52 55...; WhatsApp writes +52 1 55..., and until 2019 they
    were 044 55..., 045 55... and 01 55... in the country."""
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 52 and (old := _OLD_MEXICAN.fullmatch(national)):
        number.national_number, number.italian_leading_zero = int(old[1]), None
    return number


def _has_area_code(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it is all of one line's number, and could be dialled from abroad.

    Not whether the plan has given it out: plans grow, and the numbers of films and
    tests (555, +44 7700 900) are outside of them.
    """
    national = phonenumbers.national_significant_number(number)
    reason = phonenumbers.is_possible_number_with_reason(number)
    return (
        not number.extension
        and not (number.country_code == 1 and national[0] in "01")
        and bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)
    )
