import base64
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.core.write_env import SECRETS, fill_in, main

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / ".env.example"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / ".env.example").write_text(EXAMPLE.read_text())
    return tmp_path


def values(text):
    lines = [line for line in text.splitlines() if re.match(r"[A-Z_]+=", line)]
    return dict(line.split("=", 1) for line in lines)


def test_write_env_fills_in_each_secret(folder):
    assert main(folder) == 0

    written = values((folder / ".env").read_text())
    secrets = [written[name] for name in SECRETS]
    key_id, _, key = written["VAULT_KEYS"].partition(":")
    assert len(set(secrets)) == len(SECRETS)
    assert len(written["SECRET_KEY"]) >= 50
    assert len(written["MEMORY_DIGEST_KEY"]) >= 50
    assert (key_id, len(base64.b64decode(key, validate=True))) == ("k1", 32)
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", written["DEMO_PASSWORD"])
    assert written["HTTPS"] == "0"


def test_fill_in_gives_each_installation_other_secrets():
    example = EXAMPLE.read_text()

    one, other = values(fill_in(example)), values(fill_in(example))

    assert len(SECRETS) >= 3
    assert all(one[name] != other[name] for name in SECRETS)


def test_write_env_is_readable_by_its_owner_only(folder):
    main(folder)

    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


def test_write_env_never_overwrites(folder, capsys):
    (folder / ".env").write_text("SECRET_KEY=in use\n")

    assert main(folder) == 1

    assert (folder / ".env").read_text() == "SECRET_KEY=in use\n"
    assert ".env exists and keeps its secrets" in capsys.readouterr().err


def test_write_env_reports_a_missing_example(tmp_path, capsys):
    assert main(tmp_path) == 1

    assert ".env.example is not here" in capsys.readouterr().err
    assert not (tmp_path / ".env").exists()


def test_write_env_reports_a_missing_line(tmp_path, capsys):
    (tmp_path / ".env.example").write_text("SECRET_KEY=\n")

    assert main(tmp_path) == 1

    assert ".env.example has no line MEMORY_DIGEST_KEY=" in capsys.readouterr().err


def test_write_env_runs_without_settings(folder):
    command = [sys.executable, "-m", "console.core.write_env"]

    finished = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(PROJECT)})

    assert finished.returncode == 0
    assert (folder / ".env").exists()
