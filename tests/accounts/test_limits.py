"""Guessing passwords and codes: who is stopped, for how long, and who is not."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal import auth as totp
from django.core import signing
from django.db import connections
from django.test import Client
from django.urls import reverse

from console.accounts.adapter import StaffAdapter
from console.accounts.limits import COOKIE
from console.accounts.models import SignInLimit
from tests.accounts.hashing import CountingHasher
from tests.accounts.test_second_factors import set_up_app
from tests.factories import PASSWORD, make_user

SAM = "sam@console.example"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
# As many as an attacker would make, by hand: GUESSES=1000.
GUESSES = int(os.environ.get("GUESSES", "30"))


@pytest.fixture(autouse=True)
def hashing(settings):
    settings.PASSWORD_HASHERS = ["tests.accounts.hashing.CountingHasher"]
    CountingHasher.runs = 0


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def sam(db):
    return make_user(email=SAM)


def sign_in(client=None, email=SAM, password="wrong", address="192.0.2.1", **headers):
    """What the page says: "" when they are in."""
    client = client or Client()
    response = client.post(
        reverse("account_login"),
        {"login": email, "password": password},
        REMOTE_ADDR=address,
        headers=headers,
    )
    if response.status_code == 302:
        return ""
    # Not the context: the test client mixes up those of threads.
    return re.search(r"errorlist nonfield[^>]*><li>([^<]*)", response.text)[1]


def guess(times, **kwargs):
    return [sign_in(**kwargs) for _ in range(times)]


def is_refused(said):
    return said.startswith("Too many failed tries.")


def test_wrong_passwords_make_a_growing_wait(sam, clock):
    assert not any(map(is_refused, guess(5)))

    for words, wait_s in (
        ("30 seconds", 30),
        ("2 minutes", 120),
        ("10 minutes", 600),
        ("30 minutes", 1800),
        ("30 minutes", 1800),
    ):
        assert f"Try again in {words}," in sign_in()
        clock.shift(wait_s - 1)
        assert is_refused(sign_in(password=PASSWORD))
        clock.shift(1)
        assert sign_in() == "Wrong email address or password."

    clock.shift(1800)
    assert sign_in(password=PASSWORD) == ""
    assert not is_refused(sign_in())


def test_wait_ends_by_itself_however_often_one_tries(sam, clock):
    guess(5)

    for _ in range(14):
        clock.shift(2)
        sign_in()
    clock.shift(2)

    assert sign_in(password=PASSWORD) == ""


def test_browser_that_signed_in_before_passes_while_strangers_hammer(sam, clock):
    known = Client()
    sign_in(known, password=PASSWORD)
    known.post(reverse("account_logout"))
    for number in range(4):
        guess(6, address=f"198.51.100.{number}")
    guess(20, address="192.0.2.1")

    assert is_refused(sign_in(password=PASSWORD, address="203.0.113.9"))
    assert sign_in(known, password=PASSWORD, address="192.0.2.1") == ""


def test_browser_that_signed_in_before_has_its_own_count(sam, clock):
    known = Client()
    sign_in(known, password=PASSWORD)
    known.post(reverse("account_logout"))

    guess(5, client=known)

    assert is_refused(sign_in(known, password=PASSWORD))
    assert sign_in(password=PASSWORD) == ""


def test_browser_is_known_by_a_cookie_that_names_nobody(sam):
    client = Client()
    sign_in(client, password=PASSWORD)

    cookie = client.cookies[COOKIE]

    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "")
    assert "sam" not in signing.b64_decode(cookie.value.split(":")[0].encode()).decode(
        errors="replace"
    )


def test_browser_of_another_person_is_a_strangers(sam, clock):
    make_user(email="eve@console.example")
    eve = Client()
    sign_in(eve, email="eve@console.example", password=PASSWORD)
    eve.post(reverse("account_logout"))
    forged = Client()
    forged.cookies[COOKIE] = eve.cookies[COOKIE].value[:-1] + "x"
    for number in range(4):
        guess(6, address=f"198.51.100.{number}")

    assert is_refused(sign_in(eve, password=PASSWORD))
    assert is_refused(sign_in(forged, password=PASSWORD))


def test_browser_that_several_people_share_knows_each(db, clock):
    shared, people = Client(), [f"person{n}@console.example" for n in range(3)]
    for email in people:
        make_user(email=email)
        sign_in(shared, email=email, password=PASSWORD)
        shared.post(reverse("account_logout"))
    guess(20, address="192.0.2.7", email="nobody@console.example")

    answers = []
    for email in people:
        answers.append(
            sign_in(shared, email=email, password=PASSWORD, address="192.0.2.7")
        )
        shared.post(reverse("account_logout"))

    assert answers == ["", "", ""]


@pytest.mark.parametrize("forged", [True, False])
def test_account_is_guessed_at_most_ten_times_an_hour(sam, clock, forged):
    CountingHasher.runs = 0
    for number in range(GUESSES):
        ip = f"198.51.{number % 100}.{number % 7}"
        if forged:
            sign_in(**{"X-Forwarded-For": ip})
        else:
            sign_in(address=ip, email=SAM.upper() if number % 2 else SAM)
        clock.shift(3600 / GUESSES)

    assert CountingHasher.runs <= 10
    clock.shift(1800)
    assert sign_in(password=PASSWORD, address="203.0.113.9") == ""


def test_address_is_stopped_after_fifteen_accounts_and_its_neighbours_are_not(
    sam, clock
):
    for number in range(20):
        sign_in(email=f"nobody{number}@console.example", address="192.0.2.1")

    assert CountingHasher.runs == 15 + 1  # one made Sam
    assert is_refused(sign_in(password=PASSWORD, address="192.0.2.1"))
    assert sign_in(password=PASSWORD, address="192.0.2.2") == ""
    clock.shift(12 * 60)
    assert sign_in(password=PASSWORD, address="192.0.2.1") == ""


def test_right_passwords_at_one_address_are_never_too_many(db, clock):
    people = [make_user() for _ in range(25)]

    assert {sign_in(email=each.email, password=PASSWORD) for each in people} == {""}


def test_ipv6_addresses_of_one_network_count_as_one(sam, clock):
    for number in range(6):
        last = sign_in(address=f"2001:db8:1:1:{number}::1")

    assert is_refused(last)
    assert not is_refused(sign_in(address="2001:db8:1:2::1"))


def test_unknown_accounts_are_told_the_same_for_the_same_work(sam, clock):
    told = {}
    for email in (SAM, "nobody@console.example"):
        CountingHasher.runs = 0
        told[email] = (guess(8, email=email, address=email), CountingHasher.runs)

    assert told[SAM] == told["nobody@console.example"]


@pytest.mark.parametrize(
    ("count", "forwarded", "expected"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.1, 198.51.100.1", "198.51.100.1"),
        (2, "203.0.113.1, 198.51.100.1", "203.0.113.1"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "", "192.0.2.1"),
    ],
)
def test_address_is_what_the_last_trusted_proxy_saw(
    settings, rf, count, forwarded, expected
):
    settings.TRUSTED_PROXY_COUNT = count
    request = rf.get(
        "/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded}
    )

    assert StaffAdapter().get_client_ip(request) == expected


def test_password_is_not_guessed_inside_a_session_either(sam, clock):
    client = Client()
    sign_in(client, password=PASSWORD)
    page = reverse("account_reauthenticate")
    change = reverse("account_change_password")
    CountingHasher.runs = 0

    for _ in range(4):
        client.post(page, {"password": "wrong"})
        client.post(change, {"oldpassword": "wrong"})
    refused = client.post(page, {"password": PASSWORD})

    assert CountingHasher.runs == 5
    assert "Too many failed tries." in str(refused.context["form"].errors)
    clock.shift(30)
    assert client.post(page, {"password": PASSWORD}).status_code == 302


def test_five_wrong_codes_make_a_wait(sam, clock):
    secret = set_up_app(sam)
    client = Client()
    sign_in(client, password=PASSWORD)
    page = reverse("mfa_authenticate")

    said = [client.post(page, {"code": "000000"}) for _ in range(6)]
    code = totp.format_hotp_value(
        totp.hotp_value(secret, int(NOON.timestamp() + 30) // 30)
    )
    clock.shift(30)
    signed_in = client.post(page, {"code": code})

    errors = [str(page.context["form"].errors) for page in said]
    assert ["Too many failed tries." in words for words in errors] == [False] * 5 + [
        True
    ]
    assert signed_in["Location"] == "/"


def test_limits_keep_nobodys_address_and_are_forgotten(sam, clock):
    guess(3)
    kept = list(SignInLimit.objects.values())
    clock.shift(timedelta(days=2).total_seconds())
    sign_in(email="other@console.example")

    assert len(kept) == 3
    assert SAM not in str(kept)
    assert "192.0.2" not in str(kept)
    assert SignInLimit.objects.count() == 3


def test_password_that_is_too_long_is_refused(sam):
    response = Client().post(
        reverse("account_login"), {"login": SAM, "password": "x" * 10_000_000}
    )

    assert response.status_code == 400


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_each_counted_before_the_password_is_hashed():
    make_user(email=SAM)
    CountingHasher.runs = 0

    def try_once(_):
        try:
            return sign_in()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(try_once, range(12)))

    assert CountingHasher.runs == 5
    assert sum(map(is_refused, said)) == 7


@pytest.mark.django_db(transaction=True)
def test_right_passwords_at_once_are_all_let_in():
    emails = [make_user().email for _ in range(8)]

    def sign_in_as(email):
        try:
            return [
                sign_in(email=email, password=PASSWORD),
                sign_in(email=email, address=email),
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(sign_in_as, emails))

    assert said == [["", "Wrong email address or password."]] * 8
