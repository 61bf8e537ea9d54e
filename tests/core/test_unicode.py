import pytest

from console.core.unicode import get_skeletons, mixes_scripts


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("Acme", "acme"),
        ("Acme", "АСМЕ"),  # Cyrillic
        ("Acme", "Асme"),  # Cyrillic in part
        ("Beta", "Вета"),  # Cyrillic
        ("Nike", "Νιke"),  # Greek in part
        ("Acme", "Ａｃｍｅ"),  # full width
        ("Acme", "Açmé"),
        ("Acme Inc.", "AcmeInc"),
        ("acme-bank", "acmebank"),
        ("PayPal", "PayPaI"),
        ("Team 10", "Team lO"),
        ("modern", "modem"),
    ],
)
def test_get_skeletons_shares_one_with_a_look_alike(name, twin):
    assert get_skeletons(name) & get_skeletons(twin)


@pytest.mark.parametrize(
    ("name", "other"),
    [("Acme", "Acne"), ("Team 1", "Team 2"), ("Москва", "Минск"), ("Liam", "Lima")],
)
def test_get_skeletons_shares_none_with_another_name(name, other):
    assert not get_skeletons(name) & get_skeletons(other)


@pytest.mark.parametrize("name", ["Аcme", "Bank оf Acme", "Gοοd"])
def test_mixes_scripts_within_a_word(name):
    assert mixes_scripts(name)


@pytest.mark.parametrize(
    "name", ["Acme", "Acme Россия", "Москва", "Ελλάδα", "株式会社Acme", "3M"]
)
def test_mixes_scripts_is_not_for_honest_names(name):
    assert not mixes_scripts(name)
