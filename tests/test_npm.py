"""Packages from npm: pinned, and done without where they cannot be had."""

import json
from pathlib import Path

import pytest

from tests.lint.__main__ import main as lint
from tests.npm import PackagesMissing, install_packages

TESTS = Path(__file__).parent
PROJECTS = sorted(lock.parent for lock in TESTS.rglob("package-lock.json"))


@pytest.fixture
def no_node(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


def test_lock_files_pin_every_package_and_name_no_registry():
    assert [project.name for project in PROJECTS] == ["lint", "node"]
    for project in PROJECTS:
        lock = json.loads((project / "package-lock.json").read_text())
        packages = [facts for path, facts in lock["packages"].items() if path]
        assert packages
        assert all(facts["integrity"].startswith("sha512-") for facts in packages)
        assert not any("resolved" in facts for facts in packages)


def test_install_packages_says_that_there_is_no_node(no_node):
    with pytest.raises(PackagesMissing, match="no node and npm"):
        install_packages(TESTS / "lint")


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_lint_without_node_fails_in_ci_alone(no_node, monkeypatch, capsys, ci, code):
    monkeypatch.setenv("CI", ci)

    assert lint([]) == code

    said = capsys.readouterr().err.splitlines()
    assert said == ["there is no node and npm: scripts and style sheets are not linted"]
