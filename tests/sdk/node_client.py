"""`twilio` from npm, pointed at the service.

The packages are installed once into .venv/node/<digest of the lock file>; `make clean`
removes them. The lock file holds no addresses: npm asks the registry it is set to.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

SCRIPTS = Path(__file__).parent / "node"
LOCK = SCRIPTS / "package-lock.json"
NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
NPM += ["--fetch-retries=1", "--no-update-notifier", "--loglevel=error"]
RUN_S = 60


def find() -> Path:
    """The folder of the installed packages. Where it cannot be had the test is
    skipped; in CI that is a failure."""
    if not (shutil.which("node") and shutil.which("npm")):
        return _do_without("no node and npm: the client from npm is not run")
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = Path(settings.BASE_DIR) / ".venv" / "node" / digest
    return folder if folder.exists() else _install(folder)


def _install(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        shutil.copy(SCRIPTS / "package.json", name)
        shutil.copy(LOCK, name)
        done = subprocess.run(NPM, cwd=name, capture_output=True, text=True)
        if done.returncode:
            return _do_without(f"npm ci: {done.stderr.splitlines()[0]}")
        # In one move, so that no other process finds it half full.
        with suppress(OSError):  # one that was faster has made it
            os.rename(Path(name) / "node_modules", folder)
    return folder


def _do_without(why: str) -> Any:
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


class NodeClient:
    """One process a walk; the credentials are in its environment."""

    def __init__(self, packages: Path, address: str, account: dict[str, str]) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(packages),
            "MEMORY_ADDRESS": address,
            "MEMORY_ACCOUNT": json.dumps(account),
        }

    def walk(self, name: str) -> Any:
        """What the walk was told; the walks are exports of the scripts in node/."""
        done = subprocess.run(
            ["node", SCRIPTS / "walk.js", name],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=RUN_S,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
