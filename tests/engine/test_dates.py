from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from console.engine.dates import Dates, microseconds, read_dates, share_of_dates

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
        ("summer 2025", {("season", 2), ("year", 2025)}),
        ("in Q3 2025", {("quarter", 3), ("year", 2025)}),
        ("3. Mai 2026", {("day", 3), ("month", 5), ("year", 2026)}),
        ("le 1er août", {("day", 1), ("month", 8)}),
        ("3 мая", {("day", 3), ("month", 5)}),
        ("2026年5月3日", {("day", 3), ("month", 5), ("year", 2026)}),
        ("3 พฤษภาคม 2569", {("day", 3), ("month", 5), ("year", 2026)}),
        ("٣ مايو ٢٠٢٦", {("day", 3), ("month", 5), ("year", 2026)}),
        ("2026/05/03", {("day", 3), ("month", 5), ("year", 2026)}),
        ("2026-05-03T10:00:00Z", {("day", 3), ("month", 5), ("year", 2026)}),
        ("30.9.", {("day", 30), ("month", 9)}),
        ("on 24/12", {("day", 24), ("month", 12)}),
        ("Christmas Eve", {("day", 24), ("month", 12)}),
        # Numbers and people.
        ("Where is room 2010?", set()),
        ("order 2024-0042", set()),
        ("Who is April?", set()),
        ("Does May like tea?", set()),
        ("the march to the sea", set()),
        ("locker 12/24", set()),
        ("paid 30.9 euros", set()),
        ("2026-02-30", set()),
        # Not dates: a modal verb, amounts, numbers that no calendar has.
        ("who may call", set()),
        ("May I return it?", set()),
        ("two dogs in 12 minutes", set()),
        ("order 4521 of 3000 pieces", set()),
        ("", set()),
    ],
)
def test_a_query_names_the_parts_of_its_dates(query, named):
    assert read_dates(query).named == named


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

    assert share_of_dates(read_dates(query), moments) == pytest.approx(share)


@pytest.mark.parametrize("year", [1, 1969, 1970, 2024, 9999])
def test_days_are_counted_in_any_year(year):
    moment = datetime(year, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
    names = {("year", year), ("month", 2), ("day", 28), ("weekday", moment.weekday())}
    moments = np.array([microseconds(moment)])

    assert share_of_dates(Dates(frozenset(names)), moments).tolist() == [1.0]


THURSDAY = datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "day"),
    [
        ("yesterday", "2026-11-25"),
        ("two days ago", "2026-11-24"),
        ("last Tuesday", "2026-11-24"),
        ("last weekend", "2026-11-22"),
        ("last week", "2026-11-16"),
        ("last month", "2026-10-31"),
        ("last summer", "2026-06-01"),
        ("vorgestern", "2026-11-24"),
        ("vor drei Wochen", "2026-11-05"),
        ("letzten Dienstag", "2026-11-24"),
        ("avant-hier", "2026-11-24"),
        ("la semaine dernière", "2026-11-20"),
        ("hace dos días", "2026-11-24"),
        ("el mes pasado", "2026-10-01"),
        ("na última semana", "2026-11-18"),
        ("due giorni fa", "2026-11-24"),
        ("vorige week", "2026-11-18"),
        ("w zeszłym miesiącu", "2026-10-10"),
        ("на прошлой неделе", "2026-11-18"),
        ("geçen hafta", "2026-11-18"),
        ("الأسبوع الماضي", "2026-11-18"),
        ("前天", "2026-11-24"),
        ("上周", "2026-11-18"),
        ("先月", "2026-10-10"),
        ("지난주", "2026-11-18"),
        ("เมื่อวาน", "2026-11-25"),
    ],
)
def test_words_of_time_are_meant_beside_the_request(query, day):
    moments = np.array([microseconds(datetime.fromisoformat(f"{day}T12:00:00+00:00"))])

    assert share_of_dates(read_dates(query, THURSDAY), moments).tolist() == [1.0]


def test_a_day_is_the_one_of_the_zone():
    tokyo = timezone(timedelta(hours=9))
    asked_at = datetime(2026, 11, 26, 8, tzinfo=tokyo)
    evening = np.array([microseconds(datetime(2026, 11, 24, 23, tzinfo=UTC))])

    assert share_of_dates(read_dates("yesterday", asked_at), evening).tolist() == [1.0]


@pytest.mark.parametrize(
    ("region", "month"), [("", 5), ("US", 5), ("GB", 3), ("DE", 3)]
)
def test_a_numeric_date_is_read_as_the_country_writes_it(region, month):
    assert ("month", month) in read_dates("5/3/2026", THURSDAY, region).named
