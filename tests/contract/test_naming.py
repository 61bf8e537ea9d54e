"""Whether two names can be one person's."""

import pytest

from console.contract.naming import is_namesake


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("J. Smith", "John Smith", True),
        ("J. Johnson", "John Johnson", True),
        ("J. Johnson", "Kate Johnson", False),
        ("B. Berg", "A. Berg", False),
        ("A. Berg", "B. Berg", False),
        ("Jürgen Müller", "Juergen Mueller", True),
        ("Jürgen Müller", "Jurgen Muller", True),
        ("Søren Ødegård", "Soren Odegard", True),
        ("Søren Ødegård", "Soeren Oedegaard", True),
        ("Łukasz Wałęsa", "Lukasz Walesa", True),
        ("İrem Yıldız", "IREM YILDIZ", True),
        ("Joe Stone", "Jo Stone", False),
        ("Sue Stone", "Søren Stone", False),
        ("n/a", "Jürgen", None),
    ],
)
def test_is_namesake_reads_a_name_as_it_is_written(one, other, expected):
    names, others = {"firstName": one}, {"firstName": other}

    assert is_namesake(names, others) is expected
    assert is_namesake(others, names) is expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [("Null", "None", False), ("null", "NULL ", None), ("n/a", "None", None)],
)
def test_is_namesake_takes_two_words_for_none_as_a_name(first, last, expected):
    names = {"firstName": first, "lastName": last}

    assert is_namesake(names, {"firstName": "Ada"}) is expected
