"""The short form of `make bench` for identity: tests/benchmarks/identity.py."""

import pytest

from tests.benchmarks.identity import measure


@pytest.mark.django_db(databases=["memory"])
def test_strangers_stay_apart_and_people_stay_whole():
    figures = measure(people=42, records=168)

    assert figures.wrong_merges == 0
    assert figures.precision == 1
    assert figures.recall >= 0.98
