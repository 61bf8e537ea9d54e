"""Writes .env from .env.example, with secrets of its own: python -m console.core.write_env

Needs nothing but the standard library: it runs before there are settings to import.
"""

import base64
import os
import secrets
import sys
from pathlib import Path

# Without letters and digits that look alike: people type it.
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def build_password() -> str:
    """Four groups of five such as `kx7mp-…`: about 99 bits."""
    groups = ("".join(secrets.choice(READABLE) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def build_key() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def build_token() -> str:
    return secrets.token_urlsafe(50)


SECRETS = {
    "SECRET_KEY": build_token,
    "MEMORY_DIGEST_KEY": build_token,
    "VAULT_KEYS": build_key,
    "AUDIT_KEYS": build_key,
    "DEMO_PASSWORD": build_password,
    "POSTGRES_PASSWORD": build_token,
    "CONSOLE_PASSWORD": build_token,
}


def fill_in(example: str) -> str:
    """The example with a new value on each secret's line. Raises KeyError without."""
    lines = example.splitlines()
    for name, make in SECRETS.items():
        places = [i for i, line in enumerate(lines) if line.startswith(f"{name}=")]
        if not places:
            raise KeyError(name)
        lines[places[0]] = f"{name}={make()}"
    return "\n".join(lines) + "\n"


def write_env(folder: Path) -> None:
    """Raises FileExistsError: secrets that are in use are never overwritten."""
    text = fill_in((folder / ".env.example").read_text(encoding="utf-8"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(folder / ".env", flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def main(folder: Path) -> int:
    try:
        write_env(folder)
    except FileExistsError:
        why = ".env exists and keeps its secrets"
    except FileNotFoundError:
        why = ".env.example is not here"
    except KeyError as exc:
        why = f".env.example has no line {exc.args[0]}="
    else:
        return 0
    sys.stderr.write(f"{why}; nothing was written.\n")
    return 1


if __name__ == "__main__":  # pragma: no cover - the line that starts it
    raise SystemExit(main(Path.cwd()))
