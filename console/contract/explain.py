"""What msgspec refuses, in the words that people search for."""

import re

_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*)`$")
_TYPES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
    "datetime": "an RFC 3339 date-time with a time zone",
    "int | float": "a number",
}
# msgspec's sentences, and ours: the words that people search for.
_SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Expected `str` of length >= 1", "must not be empty"),
        (r"Expected `str` of length >= (\d+)", r"must be at least \1 characters"),
        (r"Expected `str` of length <= (\d+)", r"must be at most \1 characters"),
        (r"Expected `array` of length >= 1", "must have at least 1 item"),
        (r"Expected `array` of length >= (\d+)", r"must have at least \1 items"),
        (r"Expected `array` of length <= (\d+)", r"must have at most \1 items"),
        (r"Expected `object` of length <= (\d+)", r"must have at most \1 members"),
        (r"Expected `(?:int|float)` >= ([\d.]+)", r"must be at least \1"),
        (r"Expected `(?:int|float)` <= ([\d.]+)", r"must be at most \1"),
        (r"Expected `str` matching regex (.*)", r"must match \1"),
        (r"Expected `datetime` with a timezone component", "must have a time zone"),
        (
            r"Invalid RFC3339 encoded datetime",
            "must be an RFC 3339 date-time with a time zone",
        ),
        (r"Invalid (?:enum )?value (.*)", r"invalid value \1"),
    )
)
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")


def explain(message: str) -> str:
    """`observations[3].content: must be a string`, from msgspec's sentence."""
    place = _AT.search(message)
    path = place["path"] if place else ""
    sentence = _AT.sub("", message)
    if missing := _MISSING.fullmatch(sentence):
        return f"{path}.{missing['name']}: required".lstrip(".")
    words = _say(sentence)
    return f"{path}: {words}" if path else words


def _say(sentence: str) -> str:
    if expected := _EXPECTED.fullmatch(sentence):
        wanted = expected["wanted"].removesuffix(" | null")
        return f"must be {_TYPES.get(wanted, wanted)}"
    for pattern, words in _SENTENCES:
        if pattern.fullmatch(sentence):
            # A pattern is shown as the contract writes it, ending in $.
            return pattern.sub(words, sentence).replace("`", "'").replace(r"\\Z", "$")
    return sentence
