"""Every page on a full disk, and without databases: an answer or a named 503.

On a file system of 24 MB where one can be mounted; elsewhere SQLite is not allowed to
grow, which it reports in the same way, and the ballast is not tried.
"""

import json
import subprocess
import sys

import pytest

from tests.crash.__main__ import environment

FULL = "The disk of this installation is full"
AWAY = "The database cannot be used"
MOUNT = 'mount -t tmpfs -o size=24m none "$0" && exec "$@"'
NAMESPACE = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT]


def run(how: str, folder, url: str, wrapper=(), **variables: str) -> dict:
    databases = (url.format(name="console"), url.format(name="memory"))
    command = [*wrapper, sys.executable, "-m", "tests.disk.walk", how, str(folder)]
    done = subprocess.run(
        command,
        env=environment(*databases) | variables,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def can_mount(folder) -> bool:
    try:
        tried = subprocess.run([*NAMESPACE, str(folder), "true"], capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("disk")
    url = f"sqlite:///{folder}/{{name}}.sqlite3"
    if can_mount(folder):
        wrapper = [*NAMESPACE, str(folder)]
        return run("disk", folder, url, wrapper, DISK_BALLAST_MB="4")
    return run("pages", folder, url, DISK_BALLAST_MB="0")


@pytest.fixture
def low(seen) -> dict:
    """The ballast is dropped, and what it has set free is left."""
    if "low" not in seen:
        pytest.skip("no file system can be mounted here")
    return seen["low, others"]


@pytest.fixture(scope="module")
def away(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("away")
    return run("away", folder, "postgres://me@127.0.0.1:9/{name}", TMPDIR=str(folder))


def count(pages: dict[str, str]) -> dict[str, int]:
    """How often each answer was a failure of the server."""
    failures = [answer for answer in pages.values() if answer[0] == "5"]
    return {answer: failures.count(answer) for answer in failures}


@pytest.mark.parametrize("state", ["low", "full"])
def test_full_disk_is_what_every_page_says_that_cannot_answer(seen, state):
    pages = seen.get(state, seen["full"])

    assert set(count(pages)) == {f"503 {FULL}"}
    assert not [page for page, answer in pages.items() if "TRACEBACK" in answer]
    assert not [page for page, answer in pages.items() if answer[:3] in {"400", "429"}]


def test_full_disk_shows_no_customer(seen):
    views = ("profiles/", "/timeline/", "/summaries/", "/traits/")
    shown = [
        answer
        for page, answer in seen["full"].items()
        if page.startswith("get /t/<slug:tenant>/profiles/<str:profile_id>/ as officer")
        or (
            page.endswith(tuple(f"{view} as officer" for view in views))
            and page.startswith("get /t/")
        )
    ]

    assert shown
    assert {answer for answer in shown if answer[:3] == "200"} == set()


def test_ballast_leaves_room_for_who_comes_goes_and_is_denied(low):
    assert low["sign-in"] == low["sign-out"] == "302"
    assert (low["denial"], low["denials recorded"]) == (
        "403 Not allowed for your role",
        1,
    )
    assert low["audit log"] == "200 Audit"


@pytest.mark.parametrize("state", ["low", "full"])
def test_audit_log_can_be_read_on_a_full_disk(seen, state):
    others = seen.get(f"{state}, others", seen["full, others"])

    assert others["audit log"] == "200 Audit"


@pytest.mark.parametrize("state", ["low", "full"])
def test_sign_out_ends_the_session_on_a_full_disk(seen, state):
    others = seen.get(f"{state}, others", seen["full, others"])

    assert (others["sign-out"], others["cookie"]) == ("302", "")
    assert others["copy of the session"] == "302"


def test_sign_in_names_the_disk_and_not_too_many_tries(seen):
    assert seen["full, others"]["sign-in"] == f"503 {FULL}"


def test_readyz_is_not_ready_on_a_full_disk(low):
    assert low["readyz"] == [
        "disk: full, so customer data is not shown and nothing is changed"
    ]
    assert low["healthz"] == "200"


def test_api_reads_and_does_not_write_on_a_full_disk(low):
    assert (low["api read"], low["api write"]) == (200, 503)


def test_everything_answers_again_once_there_is_room(seen):
    assert count(seen["freed"]) == {}
    assert seen["freed, others"]["ready"] is True
    assert seen["freed, others"]["fault of the log"] == ""
    assert set(seen["freed, others"]["copies of sessions"]) == {"302"}


def test_unreachable_database_is_what_every_page_says(away):
    assert set(count(away["away"])) == {f"503 {AWAY}"}
    assert not [page for page, answer in away["away"].items() if "TRACEBACK" in answer]


def test_sign_out_works_without_a_database(away):
    others = away["away, others"]

    assert (others["sign-out"], others["cookie"]) == ("302", "")
