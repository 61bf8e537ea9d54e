"""Settings are read whole: what is wrong is named, and never shown."""

import os
import subprocess
import sys

import pytest

from console.core.environment import Environment, SettingsError
from tests.settings import BASE_DIR

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
WRONG = {
    "SECRET_KEY": "too-short-4711",
    "VAULT_KEYS": "k1:dG9vIHNob3J0",
    "HTTPS": "enabled",
    "WEB_CONCURRENCY": "many",
    "ALLOWED_HOSTS": "https://console.example/",
    "CSRF_TRUSTED_ORIGINS": "desk.example",
    "MEMORY_URL": "memory.example",
    "MEMORY_EMBEDDER": "bert-4711",
    "MEMORY_LIMITS": "limit-4711=3",
    "MEMORY_DATABASE_URL": "postgres://memory:pass-4711@/",
    "MODEL_URL": "ftp://model-4711",
    "MODEL_KEY": "key-4711",
    "MODEL_PRICES": "0.4711",
    "LOG_LEVEL": "LOUD",
    "REQUIRE_SECOND_FACTOR": "boss",
}


def read(method, raw, *args, **kwargs):
    """What an environment makes of NAME=`raw`. Raises SettingsError."""
    env = Environment({"NAME": raw})
    value = getattr(env, method)("NAME", *args, **kwargs)
    env.close()
    return value


@pytest.mark.parametrize(
    ("raw", "flag"),
    [("1", True), (" On ", True), ("TRUE", True), ("0", False), ("no", False)],
)
def test_flag_knows_the_usual_words(raw, flag):
    assert read("flag", raw, default=not flag) is flag


@pytest.mark.parametrize("default", [True, False])
def test_flag_without_a_value_is_the_default(default):
    assert read("flag", " ", default=default) is default


@pytest.mark.parametrize("raw", ["enabled", "2", "1 # behind nginx", "f", "нет"])
def test_flag_refuses_every_other_word(raw):
    with pytest.raises(SettingsError, match=r"  NAME: must be 1 or 0$"):
        read("flag", raw, default=True)


@pytest.mark.parametrize("raw", ["nan", "inf", "-0.1", "300.5", "5s", "1,5"])
def test_number_refuses_what_is_out_of_range(raw):
    with pytest.raises(
        SettingsError, match=r"NAME: must be a number from 0\.1 to 300$"
    ):
        read("number", raw, default=10.0, least=0.1, most=300)


def test_number_is_of_its_default_s_type():
    assert read("number", "7", default=10.0, least=0, most=300) == 7.0
    assert read("number", "", default=2, least=1, most=64) == 2
    with pytest.raises(SettingsError, match="a whole number from 1 to 64"):
        read("number", "2.5", default=2, least=1, most=64)


def test_items_are_trimmed():
    assert read("items", " a.example, b.example,", default=[]) == [
        "a.example",
        "b.example",
    ]


def test_keys_keep_their_order():
    keys = read("keys", f"new:{KEY}, old:{KEY}")

    assert list(keys.items()) == [("new", bytes(32)), ("old", bytes(32))]


@pytest.mark.parametrize(
    "raw",
    ["no-colon", "id:", "id:dG9vIHNob3J0", f":{KEY}", "id:%%", f"k:{KEY},k:{KEY}"],
)
def test_keys_refuse_an_incomplete_one(raw):
    with pytest.raises(SettingsError) as refusal:
        read("keys", raw)

    assert str(refusal.value).splitlines()[1:] == [
        "  NAME: must be id:base64 of 32 bytes, commas between, no id twice"
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("p%40ss", "p@ss"),
        ("p@ss:w/rd#1?x=[%]", "p@ss:w/rd#1?x=[%]"),
        ("100%", "100%"),
        ("a b\\c\"d'é", "a b\\c\"d'é"),
        ("$HOME", "$HOME"),
        ("", ""),
    ],
)
def test_database_password_may_hold_any_character(written, meant):
    config = read("database", f"postgres://me:{written}@host:5433/name", "sqlite:///x")

    assert config["PASSWORD"] == meant
    assert (config["USER"], config["HOST"]) == ("me", "host")
    assert (config["PORT"], config["NAME"]) == (5433, "name")


@pytest.mark.parametrize(
    "raw",
    ["mysql://a:b@host/name", "postgres://a:b@host", "postgres://a:b@h:x/name", "file"],
)
def test_database_refuses_what_is_no_address_of_one(raw):
    with pytest.raises(SettingsError, match="NAME: must be postgres://"):
        read("database", raw, "sqlite:///x")


def test_text_of_a_file_ends_before_its_newline(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")

    env = Environment({"NAME_FILE": str(tmp_path / "secret"), "NAME": "other"})

    assert env.text("NAME") == "s3cret"


def test_text_of_a_missing_file_is_refused_by_the_variable_s_name(tmp_path):
    env = Environment({"NAME_FILE": str(tmp_path / "none")})

    env.text("NAME", default="")

    with pytest.raises(SettingsError, match="NAME_FILE: must be the path"):
        env.close()


@pytest.mark.parametrize(
    "command",
    [("manage.py", "check"), ("-c", "import console.wsgi")],
    ids=["manage", "wsgi"],
)
def test_start_names_every_wrong_setting_at_once(command, tmp_path):
    names = ("PATH", "VAULT_KEYS", "MEMORY_DIGEST_KEY")
    lines = tmp_path / "env"
    lines.write_text("# Fine\n\nexport MAIL_URL=\nAUDIT_KEYS=k1:\n  half-a-key-4711\n")
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env={name: os.environ[name] for name in names}
        | WRONG
        | {"ENV_FILE": str(lines)},
        capture_output=True,
        text=True,
        check=False,
    )

    heading, *faults = ran.stderr.splitlines()
    assert ran.returncode == 1
    assert heading == "Settings (docs/configuration.md):"
    assert {line.split(":")[0].strip() for line in faults} == {
        *WRONG,
        "AUDIT_KEYS",
        "ENV_FILE",
    }
    assert "  ENV_FILE: line 5 must be NAME=value or # comment" in faults
    assert [raw for raw in WRONG.values() if raw in ran.stderr] == []
    assert "4711" not in ran.stderr
