from datetime import UTC, datetime

import numpy as np
import pytest

from console.engine.texts import dates_named, microseconds, share_of_dates

MONDAY = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("What did she do in May 2023?", {("month", 5), ("year", 2023)}),
        ("since may", {("month", 5)}),
        ("on 8 May", {("day", 8), ("month", 5)}),
        ("the 3rd of July", {("day", 3), ("month", 7)}),
        ("Sep 5, 2022", {("day", 5), ("month", 9), ("year", 2022)}),
        ("on 2023-05-08", {("day", 8), ("month", 5), ("year", 2023)}),
        ("in 2023-05", {("month", 5), ("year", 2023)}),
        ("every Friday", {("weekday", 4)}),
        ("on Mondays", {("weekday", 0)}),
        # Not dates: a modal verb, amounts, numbers that no calendar has.
        ("who may call", set()),
        ("May I return it?", set()),
        ("two dogs in 12 minutes", set()),
        ("order 4521 of 3000 pieces", set()),
        ("", set()),
    ],
)
def test_a_query_names_the_parts_of_its_dates(query, named):
    assert dates_named(query) == named


@pytest.mark.parametrize(
    ("query", "share"),
    [
        ("8 May 2023", 1.0),
        ("Monday", 1.0),
        ("9 May 2023", 2 / 3),
        ("June", 0.0),
        ("anything", 0.0),
    ],
)
def test_a_moment_has_a_share_of_what_was_named(query, share):
    moments = np.array([MONDAY.timestamp() * 1e6], np.int64)

    assert share_of_dates(dates_named(query), moments) == pytest.approx(share)


@pytest.mark.parametrize("year", [1, 1969, 1970, 2024, 9999])
def test_days_are_counted_in_any_year(year):
    moment = datetime(year, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
    names = {("year", year), ("month", 2), ("day", 28), ("weekday", moment.weekday())}
    moments = np.array([microseconds(moment)])

    assert share_of_dates(frozenset(names), moments).tolist() == [1.0]
