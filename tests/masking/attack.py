"""Reading masked text out of pages by what they answer to typed words.

Two customers have the same texts but for what is masked in them. Whatever a page answers
differently about the one and about the other is learned; `learn` finds which words did it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import product
from random import Random

from console.contract.ids import new_id
from tests.factories import make_observation, make_profile, make_summary

# What the two may say; what of it is shown (country, last digits, first letter) is equal.
SECRET = {
    "phone": "+1 (555) 867-5310",
    "card": "4539 1488 0343 6467",
    "mail": "nora.tanager@quillfeather.example",
    "name": "Thessaly",
    "hidden": "Collects porcelain herons and plays the bassoon.",
}
CONTROL = {
    "phone": "+1 (555) 294-1710",
    "card": "4485 2757 4002 6467",
    "mail": "nils.marmoset@oxbowlantern.example",
    "name": "Tancred",
    "hidden": "Repairs brass sextants and breeds alpacas.",
}
# Beside what is masked: its neighbours, its conversation's summary, an order's number.
TEXTS = (
    "Call {phone} after six.",
    "Prefers oat milk in coffee.",
    "Paid with card {card} on the terrace.",
    "Write to {mail} for the invoice.",
    "Order 4521 arrived with a torn box.",
    "{name} lends out a marquee.",
    "Call {phone} after six.",
)
SUMMARY = "Asked to be called on {phone}; a colleague will."
QUERY_MAX = 1000


@dataclass(frozen=True)
class Pair:
    """Two customers, an observation of each, and what only `known` holds, longest first.

    sources  whole ones
    """

    known: str
    known_item: str
    other: str
    other_item: str
    secrets: tuple[str, ...]
    sources: tuple[str, ...]


def make_pair(tenant, *, hidden: bool = False) -> Pair:
    """Texts with masked pieces; with `hidden` texts that are hidden as a whole."""
    known, other = (
        _make_customer(tenant, facts, hidden) for facts in (SECRET, CONTROL)
    )
    told = (
        [SECRET["hidden"]]
        if hidden
        else [SECRET[what] for what in ("phone", "card", "mail", "name")]
    )
    words = {word.casefold() for text in told for word in re.findall(r"\w+", text)}
    words |= {
        group[at : at + size]
        for group in [re.sub(r"\D", "", text) for text in told]
        for size in (2, 3, 4)
        for at in range(len(group) - size + 1)
    }
    words -= {*re.findall("[a-z]+", " ".join(TEXTS))}
    secrets = tuple(sorted(words, key=lambda word: (-len(word), word)))
    return Pair(*known, *other, secrets, (_get_source(SECRET),))


def _get_source(facts: dict[str, str]) -> str:
    """A source takes no sign of a phone number."""
    return "call from " + re.sub(r"[^\d ]+", "", facts["phone"].replace("-", " "))


def _make_customer(tenant, facts: dict[str, str], hidden: bool) -> tuple[str, str]:
    """The ids of the profile and of an observation."""
    profile = make_profile(tenant, firstName=facts["name"], email=facts["mail"])
    conversation = new_id("conv_conversation")
    texts = (*TEXTS, "{hidden}") if hidden else TEXTS
    for number, text in enumerate(texts):
        item = make_observation(
            tenant,
            profile,
            text.format(**facts),
            conversationIds=[conversation],
            source=_get_source(facts),
            occurredAt=f"2026-01-05T09:00:{number:02}Z",
        )
    make_summary(tenant, profile, SUMMARY.format(**facts), conversationId=conversation)
    return profile, item.id


def list_digit_groups(*sizes: int) -> list[str]:
    return [
        "".join(group) for size in sizes for group in product("0123456789", repeat=size)
    ]


def make_words(count: int) -> list[str]:
    """The words of every text above, filled up with made ones; always the same."""
    random, facts = Random(4521), " ".join([*SECRET.values(), *CONTROL.values()])
    words = dict.fromkeys(
        re.findall(r"[a-z]{2,}", " ".join([*TEXTS, facts]).casefold())
    )
    while len(words) < count:
        syllables = random.choices(
            [
                "ba",
                "ce",
                "di",
                "fo",
                "gu",
                "ha",
                "ke",
                "li",
                "mo",
                "nu",
                "pa",
                "re",
                "si",
                "to",
                "vu",
            ],
            k=3,
        )
        words["".join(syllables) + random.choice("bdlmnrst")] = None
    return list(words)


def batch(words: Sequence[str]) -> Iterator[list[str]]:
    """As many as one query takes."""
    found, size = [], 0
    for word in words:
        if size + len(word) + 1 > QUERY_MAX:
            yield found
            found, size = [], 0
        found.append(word)
        size += len(word) + 1
    if found:
        yield found


def learn(differs: Callable[[list[str]], bool], words: Sequence[str]) -> list[str]:
    """Of the words, the fewest that still make an answer differ."""
    if not differs(list(words)):
        return []
    half = len(words) // 2
    if not half:
        return list(words)
    return learn(differs, words[:half]) + learn(differs, words[half:]) or [
        " ".join(words)
    ]


def read_answer(response, *ids: str) -> tuple[int, str]:
    """All that an answer says, without what differs between any two: ids, times, keys."""
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    text = unescape(body.decode())
    text = re.sub(r"(?:mem|conv)_\w+|[\da-f]{16,}|[\w-]{40,}(?::[\w-]+)*", "id", text)
    text = re.sub(r"\d\d:\d\d(?::\d\d)?(?:\.\d+)?|conv \w{4}|…\w{4,6}", "time", text)
    text = re.sub(
        r'[\d.]+ ms|"(?:queryTime|query|read|rank|fetch)": [\d.]+|find \d+, recall \d+, render \d+',
        "ms",
        text,
    )
    for id_ in ids:
        text = text.replace(id_[-6:], "id-tail")
    return response.status_code, text
