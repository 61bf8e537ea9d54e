"""Makes sure that the browser tests have their browser: `python -m tests.chromium`.

Debian's chromium is the one thing that no Python registry carries; without windows and
menus of its own it takes half the CPU. Root installs it; anybody else is told how, and
the browser tests are skipped. In CI it must be there.
"""

import os
import shutil
import subprocess
import sys

PACKAGE = "chromium-headless-shell"
HOW = f"browser tests are skipped; to have them: apt-get install {PACKAGE}"


def find_chromium() -> str | None:
    """The path of a chromium on this machine; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    return named or shutil.which(PACKAGE) or shutil.which("chromium")


def install() -> None:
    for command in (
        ["update"],
        ["install", "--yes", "--no-install-recommends", PACKAGE],
    ):
        subprocess.run(
            ["apt-get", "--quiet", "--quiet", *command],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )


def main() -> int:
    if find_chromium():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing chromium for the browser tests ...", flush=True)
        install()
        if find_chromium():
            return 0
    print(f"chromium was not found: {HOW}")
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
