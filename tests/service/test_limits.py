"""One registry, and what an installation may change of it."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from console.service import limits

NAMED = {
    name: value
    for name, value in vars(limits).items()
    if isinstance(value, limits.Limit)
}


def test_every_limit_knows_where_it_comes_from():
    assert len(NAMED) > 50
    assert all(limit.source for limit in NAMED.values())


def test_a_limit_set_anew_says_so():
    found = limits.set_anew({"STORES_PER_ACCOUNT": "50"})

    assert found == {"STORES_PER_ACCOUNT": 50}
    assert found["STORES_PER_ACCOUNT"].source == "MEMORY_LIMITS"


def test_what_may_be_set_is_there():
    assert set(limits.CHANGEABLE) <= set(NAMED)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("STORE_NAME", "5"),
        ("NO_SUCH", "5"),
        ("BATCH", "0"),
        ("BATCH", "-1"),
        ("BATCH", "ten"),
        ("BATCH", "1.5"),
        ("BATCH", "²"),
        ("BATCH", str(2**31)),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(name, text):
    with pytest.raises(ImproperlyConfigured, match=f"MEMORY_LIMITS: {name}"):
        limits.set_anew({name: text})


def test_the_environment_reaches_the_registry():
    script = (
        "import django; django.setup();"
        "from console.service import limits;"
        "print(limits.BATCH, limits.STORES_PER_ACCOUNT, limits.SUMMARIES_PER_PROFILE)"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "MEMORY_LIMITS": "BATCH=25, STORES_PER_ACCOUNT=50",
    }

    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split() == ["25", "50", "10000"]
