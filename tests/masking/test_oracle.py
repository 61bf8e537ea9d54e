"""No page tells what of a typed word meets a masked or hidden text.

Short by default. ORACLE=1 sends every group of two, three and four digits and 5,000
words (`make oracle`); the figures are printed.
"""

import os
import re
from functools import partial
from itertools import product, zip_longest
from pathlib import Path

import pytest
from django import forms
from django.core.management import call_command
from django.urls import reverse

import console
from console.masking.masker import Masker
from console.pages.timeline.reader import TimelineFilters, mask_matches
from console.tenants.vault import open_store
from tests.factories import HTMX
from tests.masking.attack import (
    Pair,
    batch,
    learn,
    list_digit_groups,
    make_pair,
    make_words,
    read_answer,
)
from tests.web.test_every_address import ALL, address

IS_LONG = bool(os.environ.get("ORACLE"))
GROUPS = list_digit_groups(2, 3, 4) if IS_LONG else list_digit_groups(2)
WORDS = make_words(5000 if IS_LONG else 300)
# Where one word is asked for at a time.
SINGLES = 2000 if IS_LONG else 12


@pytest.fixture
def client(client, officer, settings):
    # The limit is tested elsewhere: here nothing is learned however often one asks.
    settings.QUESTIONS_PER_HOUR = 1_000_000
    client.force_login(officer)
    return client


@pytest.fixture(params=["detect", "hide"])
def pair(request, tenant) -> Pair:
    tenant.masking = {"texts": request.param}
    tenant.save()
    pair = make_pair(tenant, hidden=request.param == "hide")
    call_command("reindex", verbosity=0)
    return pair


def ask_recall(client, profile, words, **more):
    asked = {"identity": profile, "mode": "query", "query": " ".join(words)}
    asked |= {"explain": "on", "observations": "100", "summaries": "100"} | more
    return client.post(reverse("recall:run", args=["acme"]), asked, follow=True)


def ask_timeline(client, profile, words, *, name="timeline", **more):
    url = reverse(f"timeline:{name}", args=["acme", profile])
    return client.get(url, {"words": " ".join(words)} | more, follow=True)


def ask_source(client, profile, words):
    """Who typed a source learns no more than from what is shown of it."""
    url = reverse("timeline:timeline", args=["acme", profile])
    return client.get(url, {"source": " ".join(words)})


ask_histogram = partial(ask_timeline, name="histogram")
ask_export = partial(ask_timeline, name="export", what="timeline", format="json")


def differs(client, pair: Pair, ask, words) -> bool:
    """Whether the two customers get different answers."""
    one, other = (
        read_answer(ask(client, profile, words), profile)
        for profile in (pair.known, pair.other)
    )
    return one != other


def report(what: str, tried: int, learned: list[str]) -> None:
    digits = sum(len(word) for word in learned if word.isdigit())
    words = [word for word in learned if not word.isdigit()]
    print(f"{what}: {tried} tried, {digits} digits and {len(words)} words learned")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"explain": "", "observations": "1", "summaries": "0", "threshold": "0.05"},
    ],
    ids=["explained", "best"],
)
def test_recall_tells_nothing_of_masked_texts(client, pair, more):
    ask = partial(ask_recall, **more)
    sent = [pair.secrets, *batch(GROUPS), *batch(WORDS)]

    learned = [
        word
        for words in sent
        for word in learn(partial(differs, client, pair, ask), words)
    ]

    report("recall", sum(map(len, sent)), learned)
    assert learned == []


@pytest.mark.parametrize("ask", [ask_timeline, ask_histogram, ask_export, ask_source])
def test_timeline_tells_nothing_of_masked_texts(client, pair, ask):
    if IS_LONG and ask is not ask_export:
        pytest.skip("All three match by one function; the export is the quickest.")
    words = [*pair.sources, *pair.secrets, *GROUPS, *WORDS]
    words = list(dict.fromkeys(words))[:SINGLES]

    learned = [word for word in words if differs(client, pair, ask, [word])]

    report("timeline", len(words), learned)
    assert learned == []


def test_match_of_every_word_is_equal_whatever_is_masked(tenant, pair):
    """What all three go by; here every word has its turn within seconds."""
    store = open_store(tenant)
    found = [
        (
            Masker(tenant, profile_id=profile),
            [
                *store.list_observations(profile).items,
                *store.list_summaries(profile).items,
            ],
        )
        for profile in (pair.known, pair.other)
    ]

    def match(of, word: str) -> list[str]:
        masker, items = of
        matches = mask_matches(items, masker, TimelineFilters(words=word))
        return [shown.text for _, shown in matches]

    words = list(dict.fromkeys([*pair.secrets, *GROUPS, *WORDS]))
    learned = [word for word in words if match(found[0], word) != match(found[1], word)]

    report("matches", len(words), learned)
    assert learned == []


def test_attack_learns_where_nothing_is_masked(client, pair, tenant):
    """What the attack above would find: it is not blind."""
    tenant.masking = {"texts": "clear"}
    tenant.save()

    # Scores are of meaning too: any word makes a difference, where there is one.
    assert differs(client, pair, ask_recall, ["5310"])
    assert differs(client, pair, ask_timeline, [pair.secrets[0]])
    assert learn(lambda words: "5310" in words, ["1", "2", "5310", "4"]) == ["5310"]


def list_typed_names() -> list[str]:
    """Every parameter that takes text anywhere: fields of forms, and what views read."""
    names = {"q", "query", "search", "identity", "text", "words"}
    waiting = [forms.Form]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        names |= {
            name
            for name, field in getattr(form, "base_fields", {}).items()
            if type(field) is forms.CharField
        }
    for path in Path(console.__file__).parent.glob("*/**/*.py"):
        names |= set(
            re.findall(r'(?:GET|POST|given|sent)\.get\("(\w+)"', path.read_text())
        )
    return sorted(names - {"csrfmiddlewaretoken", "mode"})


NAMES = list_typed_names()
# Pages of nobody's memory: signing in and out, health, and the two that are long.
# A receipt says how long the log is, which each look makes longer.
SKIPPED = re.compile(
    r"/(?:accounts|session|healthz|readyz|metrics|signed-in|styleguide)|.*/api/"
    r"|.*/audit/proof/receipts/"
)
ADDRESSES = [route for route, _ in ALL if not SKIPPED.match(route)]


def test_attack_knows_the_parameters_of_today():
    assert {"query", "identity", "words", "id", "content", "value", "reason"} <= {
        *NAMES
    }
    assert len(ADDRESSES) > 30


def list_answers(client, route: str, profile: str, item: str, secrets):
    """What an address answers to texts in every parameter, however they are sent."""
    samples = {"profile_id": profile, "observation_id": item, "ref": item}
    path = address(route, **samples, kind="observation")
    whose = {} if profile in path else {"identity": profile}
    fixed = {"mode": "query", "explain": "on"} | whose
    every, one = " ".join(secrets), secrets[0]
    # Every third address is asked, posted to as a page, or as htmx does it.
    sent = [
        [("get", every, None), ("post", one, None), ("post", every, HTMX)][
            ADDRESSES.index(route) % 3
        ]
    ]
    if IS_LONG:
        sent = product(("get", "post"), (every, one), (None, HTMX))
    for method, typed, headers in sent:
        response = getattr(client, method)(
            path, dict.fromkeys(NAMES, typed) | fixed, headers=headers, follow=True
        )
        yield from read_answer(response, profile, item)[1].splitlines()


@pytest.mark.parametrize(
    "pair", ["detect", "hide"] if IS_LONG else ["detect"], indirect=True
)
def test_no_address_tells_of_masked_texts(client, pair):
    """Every parameter of any page is sent to each: a new one is here by itself."""
    told = {}
    for route in ADDRESSES:
        one = list_answers(client, route, pair.known, pair.known_item, pair.secrets)
        other = list_answers(client, route, pair.other, pair.other_item, pair.secrets)
        if lines := [line for line in zip_longest(one, other) if len({*line}) > 1]:
            told[route] = lines[0]

    assert told == {}
