"""What the documents say of the settings is what the settings read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "console/settings.py").read_text()
README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()

READ = set(
    re.findall(r'(?:env\.\w+|: database)\(\s*"([A-Z_]+)"', SETTINGS),
)


def test_settings_read_something():
    assert {"SECRET_KEY", "DATABASE_URL", "MEMORY_DATABASE_URL"} <= READ


def test_the_readmes_table_names_every_variable_and_no_other():
    table = README.partition("| Variable |")[2].partition("\n\n")[0]

    named = set(re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE))

    assert named == READ


def test_the_readmes_table_names_the_defaults_of_the_settings():
    for name, default in re.findall(
        r'env\.(?:str|float|int)\("([A-Z_]+)", default="?([^")]+)"?\)', SETTINGS
    ):
        assert f"| `{name}` | `{default}` |" in README, name


def test_the_example_file_names_every_variable_but_its_own():
    named = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert named == READ - {"ENV_FILE"}
