"""What an installation may change of the limits."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import console.contract
from console.contract import base

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(console.contract.__path__, "console.contract.")
]
SETTABLE = {
    name: getattr(module, name)
    for module in MODULES
    for name in base.SETTABLE
    if hasattr(module, name)
}
DECLARED = re.compile(r'^([A-Z_]+) = limit\("([A-Z_]+)"', re.MULTILINE)


def test_a_limit_is_set_by_the_name_under_which_it_stands():
    sources = [Path(module.__file__).read_text() for module in MODULES]

    declared = [pair for source in sources for pair in DECLARED.findall(source)]

    assert all(name == said for name, said in declared)
    assert sorted(name for name, _ in declared) == sorted(base.SETTABLE)
    assert set(SETTABLE) == set(base.SETTABLE)


@pytest.mark.parametrize("name", ["STORE_NAME", "NO_SUCH"])
def test_what_is_no_limit_is_refused_without_it(name):
    """It may be half a secret that stands on the wrong line."""
    ran = show("BATCH", f"{name}=5", check=False)

    assert ran.returncode
    assert "MEMORY_LIMITS: must be NAME=number, NAME one of " in ran.stderr
    assert not re.search(rf"\b{name}\b", ran.stderr)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BATCH", "0"),
        ("BATCH", "-1"),
        ("BATCH", "ten"),
        ("BATCH", "1.5"),
        ("BATCH", "²"),
        ("BATCH", str(2**31)),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(name, text):
    ran = show("BATCH", f"{name}={text}", check=False)

    assert ran.returncode
    assert (
        f"SettingsError: Settings (docs/configuration.md):\n  MEMORY_LIMITS: {name}: "
        in ran.stderr
    )


def test_the_environment_reaches_the_nouns():
    ran = show("BATCH, SUMMARIES_PER_PROFILE", " BATCH = 25 ")

    assert ran.stdout.split() == ["25", "10000"]


def show(names: str, given: str, check: bool = True):
    """Print limits in a process whose MEMORY_LIMITS are `given`."""
    script = (
        "import django; django.setup();"
        "from console.contract.memory.observation import BATCH;"
        "from console.contract.memory.summary import SUMMARIES_PER_PROFILE;"
        f"print({names})"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "MEMORY_LIMITS": given,
    }
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=check,
    )
