"""Lint and format-check what pages load: `make lint-assets`; `fix` repairs it.

biome is one package from npm. Without node, or without a network for the first time,
nothing is checked and one line says so; in CI that is a failure.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.npm import PackagesMissing, install_packages

HERE = Path(__file__).parent
ASSETS = ["static/css", "static/js"]
CHECK = ["check", "--error-on-warnings", f"--config-path={HERE}"]


def main(arguments: list[str]) -> int:
    try:
        packages = install_packages(HERE)
    except PackagesMissing as missing:
        print(f"{missing}: scripts and style sheets are not linted", file=sys.stderr)
        return int(missing.is_failure)
    biome = packages / "@biomejs/biome/bin/biome"
    write = ["--write"] if arguments == ["fix"] else []
    command = ["node", biome, *CHECK, *write, *ASSETS]
    environment = os.environ | {"NODE_PATH": str(packages)}
    return subprocess.run(command, cwd=HERE.parents[1], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
