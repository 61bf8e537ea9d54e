"""`twilio` from npm, pointed at the service."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.npm import PackagesMissing, install_packages, or_skip

SCRIPTS = Path(__file__).parent / "node"
RUN_S = 60


def find() -> Path:
    """The folder of the installed packages."""
    try:
        return install_packages(SCRIPTS)
    except PackagesMissing as missing:
        or_skip(missing, "the client from npm is not run")


class NodeClient:
    """One process a walk; the credentials are in its environment."""

    def __init__(
        self, packages: Path, address: str, account: dict[str, str], **more: str
    ) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(packages),
            "MEMORY_ADDRESS": address,
            "MEMORY_ACCOUNT": json.dumps(account),
            **more,
        }

    def walk(self, name: str) -> Any:
        """What the walk was told; the walks are exports of the scripts in node/."""
        done = subprocess.run(
            ["node", SCRIPTS / "walk.js", name],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_S,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
