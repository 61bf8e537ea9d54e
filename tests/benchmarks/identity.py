"""Strangers that became one profile, and people who became two.

Shops of 12 countries each hear of their customers again and again: most live there and
write their numbers as one does there, the others are from abroad. Each time the values
come as forms, exports and clipboards have them, now and then with a typo or with what
people write when they have none; some leave their hotel's address. Who is who, the profiles' ids are asked.

IDENTITY_PEOPLE makes it shorter: 5,000 take minutes.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from random import Random

import msgspec
import phonenumbers as phones
from django.db import transaction
from django.utils import timezone

from console.contract.memory.identity_settings import PutIdentitySettings
from console.service import errors
from console.service.memory.models import MergedProfile, Store
from console.service.memory.profiles import create_profile
from console.service.memory.stores import create_store, put_identity_settings
from console.service.models import Account

REGIONS = ["US", "GB", "DE", "FR", "NO", "MX", "JP", "BR", "IN", "IT", "NL", "PL"]
PEOPLE, RECORDS = 5_000, 20_000
FIRST = (
    "Ada José Zoë Åsa Jürgen Łukasz Inga Noémie Marta Kim Ravi Hana Test Null Maria Mario"
    " Aylin Bram Chloé Dmitri Elif Fatima Göran Hélène Igor Jean-Luc Karin Karen Li Ngozi"
).split()
LAST = (
    "Byron Núñez Müller Strauß Ødegård Wójcik Rossi Silva Khan Sato None Smith O'Brien"
    " Šimić Yildiz Nowak Fernández Dubois Jansen Haaland Tanaka Gupta Oliveira Kowalska"
).split()
# One in ten is at a place that gives its own address, or number, for all its guests.
SHARED, GUESTS = 0.1, 20
DOMAINS = ("straße.example", "strasse.example", "post.example", "münchen.example")
# What stands where a value would.
NO_EMAIL = [
    "n/a",
    "N/A",
    "none",
    "-",
    "null",
    "keine",
    "brak",
    "нет",
    "なし",
    "ไม่มี",
    "没有",
    "noreply@post.example",
    "@post.example",
    "none@none.com",
    "unknown@post.example",
    "test@test.com",
    "nobody@post.example",
    "walkin@store.com",
    "deleted@deleted.com",
    "no@email.com",
]
NO_PHONE = [
    "n/a",
    "0000000000",
    "1111111111",
    "9999999999",
    "000",
    "-",
    "unknown",
    "1234567890",
    "555-0143",
    "keine",
    "+10000000000",
    "00000000",
    "12345678",
    "+12025550000",
    "202-222-2222",
]

Write = Callable[[str], str]
EMAIL_FORMS: tuple[Write, ...] = (
    str,
    str.title,
    lambda value: value.upper() if "ß" not in value else value,
    lambda value: f"Some Name <{value}>",
    lambda value: f"mailto:{value}",
    lambda value: f"'{value}'",
    lambda value: f" {value} ",
    lambda value: f"{value},",
    lambda value: f"{value}\u200b",
    lambda value: f"\ufeff{value}",
    lambda value: unicodedata.normalize("NFD", value),
    lambda value: value.replace("münchen", "xn--mnchen-3ya"),
)


@dataclass(frozen=True)
class Person:
    email: str
    phone: phones.PhoneNumber
    is_resident: bool
    name: tuple[str, str]
    shared: dict[str, str]


class Shop:
    """What one store hears, and of whom."""

    def __init__(self, region: str, people: int, records: int, random: Random) -> None:
        self.region, self.random = region, random
        self.taken: set[int] = set()
        self.names: list[tuple[str, str]] = []
        self.people = [self.make_person(number) for number in range(people)]
        known = [self.make_contact(who, whole=True) for who in self.people]
        again = [
            self.make_contact(random.choice(self.people))
            for _ in range(records - people)
        ]
        self.heard = known + again
        random.shuffle(self.heard)

    def make_person(self, number: int) -> Person:
        is_resident = self.random.random() < 0.7
        region = self.region if is_resident else self.random.choice(REGIONS)
        first, last = self.make_name(number)
        name = f"{first}.{last}".lower().replace("'", "")
        # Two to a name, of whom the second has the domain that looks like the first's.
        local = f"{name}.{number // 2}"
        domain = DOMAINS[number % 2 if number % 8 < 4 else 2 + number % 2]
        phone = self.make_phone(region)
        shared = self.make_shared(number)
        return Person(f"{local}@{domain}", phone, is_resident, (first, last), shared)

    def make_name(self, number: int) -> tuple[str, str]:
        """Nobody is called like another guest of the same place: who is who could not
        be told."""
        if number % GUESTS == 0:
            pairs = [(first, last) for first in FIRST for last in LAST]
            self.names = self.random.sample(pairs, GUESTS)
        return self.names[number % GUESTS]

    def make_shared(self, number: int) -> dict[str, str]:
        place = number // GUESTS
        if place % round(1 / SHARED):
            return {}
        if place % round(2 / SHARED):
            return {"email": f"desk{place}@hotel.example"}
        if number % GUESTS == 0:
            self.switchboard = self.write_e164(self.make_phone(self.region))
        return {"phone": self.switchboard}

    def make_phone(self, region: str) -> phones.PhoneNumber:
        example = phones.example_number_for_type(region, phones.PhoneNumberType.MOBILE)
        digits = str(example.national_number)
        while True:
            tail = "".join(self.random.choices("0123456789", k=6))
            national = int(digits[:-6] + tail)
            number = phones.PhoneNumber(example.country_code, national)
            if phones.is_valid_number(number) and national not in self.taken:
                self.taken.add(national)
                return number

    def make_contact(
        self, who: Person, *, whole: bool = False
    ) -> tuple[Person, dict[str, str]]:
        contact = self.make_values(who, whole=whole)
        if who.shared and not whole and self.random.random() < 0.5:
            # Beside what is everybody's stand a name and a value of one's own.
            contact = {"email": self.write_email(who.email)}
            contact |= {"phone": self.write_phone(who)} | who.shared
            return who, contact | self.write_name(who, whole=True)
        return who, contact | (
            self.write_name(who) if self.random.random() < 0.8 else {}
        )

    def make_values(self, who: Person, *, whole: bool) -> dict[str, str]:
        kind = self.random.random()
        email, phone = self.write_email(who.email), self.write_phone(who)
        if whole or kind < 0.3:
            return {"email": email, "phone": phone}
        if kind < 0.4:
            return {"email": email, "phone": self.mistype(phone)}
        if kind < 0.5:
            return {"email": self.mistype(email), "phone": phone}
        if kind < 0.6:
            return {"email": email}
        if kind < 0.7:
            return {"phone": phone}
        if kind < 0.85:
            return {"email": email, "phone": self.random.choice(NO_PHONE)}
        return {"email": self.random.choice(NO_EMAIL), "phone": phone}

    def write_name(self, who: Person, *, whole: bool = False) -> dict[str, str]:
        first, last = who.name
        kind = self.random.random()
        if kind < 0.05:
            first = self.mistype(first)
        elif kind < 0.1:
            last = self.mistype(last)
        elif kind < 0.15:
            first = f"{first[0]}."
        elif kind < 0.2:
            first, last = last, first
        elif kind < 0.25:
            first, last = first.upper(), last.lower()
        elif kind < 0.3 and not whole:
            return {"firstName": first}
        return {"firstName": first, "lastName": last}

    def write_email(self, value: str) -> str:
        return self.random.choice(EMAIL_FORMS)(value)

    def write_phone(self, who: Person) -> str:
        number = who.phone
        e164 = self.write_e164(number)
        spaced = phones.format_number(number, phones.PhoneNumberFormat.INTERNATIONAL)
        forms = [
            e164,
            spaced,
            e164[1:],
            f"{e164[1:]}.0",
            f"00{e164[1:]}",
            f"tel:{e164}",
            spaced.replace("-", "\N{EN DASH}"),
            spaced.replace(" ", "\N{NO-BREAK SPACE}"),
            f"\u202a{spaced}\u202c",
            "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in e164),
            e164.replace("+52", "whatsapp:+521"),
        ]
        if who.is_resident:
            national = phones.format_number(number, phones.PhoneNumberFormat.NATIONAL)
            forms += [national, national.replace("-", " "), national.replace(" ", ".")]
        return self.random.choice(forms)

    def write_e164(self, number: phones.PhoneNumber) -> str:
        return str(phones.format_number(number, phones.PhoneNumberFormat.E164))

    def mistype(self, text: str) -> str:
        """One letter or digit for the next: nearly always nobody's value."""
        places = [place for place, c in enumerate(text) if c.isascii() and c.isalnum()]
        if len(places) < 4:
            return text
        place = self.random.choice(places[3:])
        wrong = "1234567890"[int(text[place])] if text[place].isdigit() else "x"
        return text[:place] + wrong + text[place + 1 :]


@dataclass(frozen=True)
class Figures:
    """wrong_merges  people too many in profiles; wrong_splits  profiles too many"""

    wrong_merges: int
    wrong_splits: int
    precision: float
    recall: float
    refused: int


def measure(people: int, records: int, *, seed: int = 1) -> Figures:
    random = Random(seed)
    account = Account.objects.create(
        sid="AC" + f"{random.getrandbits(128):032x}",
        name="identity",
        created_at=timezone.now(),
    )
    share = people // len(REGIONS), records // len(REGIONS)
    shops = [Shop(region, *share, random) for region in REGIONS]
    found = [
        pair for shop in shops for pair in resolve(open_store(account, shop), shop)
    ]
    return compare(found)


def open_store(account: Account, shop: Shop) -> Store:
    store = create_store(account, display_name=f"shop-{shop.region}", description="")
    settings = store.identitysettings
    wanted = {
        "identifierConfigs": settings.identifier_configs,
        "matchingRules": settings.matching_rules,
        "phoneRegion": shop.region,
    }
    put_identity_settings(store, msgspec.convert(wanted, PutIdentitySettings))
    return Store.objects.get(pk=store.pk)


def resolve(store: Store, shop: Shop) -> list[tuple[Person, str]]:
    """Whom each contact is of, and which profile holds it in the end; one that was
    refused is alone."""
    given, alone = [], count()
    with transaction.atomic(using="memory"):
        for who, contact in shop.heard:
            try:
                profile, _ = create_profile(store, {"Contact": contact})
            except errors.Invalid:
                given.append((who, f"refused {next(alone)}"))
            else:
                given.append((who, profile.id))
    merged = dict(
        MergedProfile.objects.filter(store_id=store.id).values_list("id", "profile_id")
    )
    return [(who, f"{shop.region} {merged.get(id_, id_)}") for who, id_ in given]


def compare(found: list[tuple[Person, str]]) -> Figures:
    both = Counter((id(who), profile) for who, profile in found)
    people = Counter(id(who) for who, _ in found)
    profiles = Counter(profile for _, profile in found)
    right = count_pairs(both.values())
    return Figures(
        wrong_merges=len(both) - len(profiles),
        wrong_splits=len(both) - len(people),
        precision=right / count_pairs(profiles.values()),
        recall=right / count_pairs(people.values()),
        refused=sum("refused" in profile for profile in profiles),
    )


def count_pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def run() -> None:
    people = int(os.environ.get("IDENTITY_PEOPLE", PEOPLE))
    figures = measure(people, people * RECORDS // PEOPLE)
    print(f"\nIdentity: {people * RECORDS // PEOPLE:,} contacts of {people:,} people")
    print(f"{'wrong merges':<16} {figures.wrong_merges:>8,}")
    print(f"{'wrong splits':<16} {figures.wrong_splits:>8,}")
    print(f"{'precision':<16} {figures.precision:>8.4f}")
    print(f"{'recall':<16} {figures.recall:>8.4f}")
    print(f"{'refused':<16} {figures.refused:>8,}")
