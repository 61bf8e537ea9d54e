"""Identifier values in the one form in which they are compared.

Rules: docs/contract.md, section 12.4. Pure functions of text.
"""

import unicodedata

import phonenumbers

from console.core.unicode import strip_hidden


class InvalidIdentifier(ValueError):
    """A text that is no identifier of its kind."""


def normalise_phone(text: str) -> str:
    """E.164: `+15558675310`. A number without a country code is read as US.

    Raises InvalidIdentifier for what is no possible phone number.
    """
    # Full-width and Arabic-Indic digits become ASCII ones. Anything invisible, a
    # letter or a footnote's digit is refused rather than dropped or read as one: it
    # could make two people look like one.
    digits = "".join(_digit(character) for character in text.strip())
    if not digits.isascii() or any(map(str.isalpha, digits)):
        raise InvalidIdentifier("not a valid phone number")
    try:
        number = phonenumbers.parse(digits, "US")
    except phonenumbers.NumberParseException as exc:
        raise InvalidIdentifier("not a valid phone number") from exc
    if number.extension or not phonenumbers.is_possible_number(number):
        number = _with_plus(digits)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    if unicodedata.category(character) == "Pd":
        return "-"  # of the many dashes that word processors make
    plain = unicodedata.normalize("NFKC", character)
    return character if any(map(str.isdigit, plain)) else plain


def _with_plus(digits: str) -> phonenumbers.PhoneNumber:
    """The `+` of an international number is optional: try it as one."""
    try:
        number = phonenumbers.parse("+" + digits.lstrip("+ "), None)
    except phonenumbers.NumberParseException as exc:
        raise InvalidIdentifier("not a valid phone number") from exc
    if number.extension or not phonenumbers.is_possible_number(number):
        raise InvalidIdentifier("not a valid phone number")
    return number


def normalise_email(text: str) -> str:
    """Lower case, without white space and what cannot be seen."""
    return strip_hidden("".join(text.split())).casefold()


def normalise(text: str, kind: str) -> str:
    """`text` by one of the contract's kinds: phone, email, trim or none.

    Raises InvalidIdentifier; also for a value that is empty afterwards.
    """
    if kind == "phone":
        value = normalise_phone(text)
    elif kind == "email":
        value = normalise_email(text)
    else:
        value = text.strip() if kind == "trim" else text
        if strip_hidden(value) != value:
            raise InvalidIdentifier("must not hold characters that cannot be seen")
    if not value:
        raise InvalidIdentifier("must not be empty")
    return value
