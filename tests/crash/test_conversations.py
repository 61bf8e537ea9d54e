"""The short form of `make crash`, for what is new in it."""

import subprocess
import sys

from tests.crash.__main__ import environment


def test_workers_killed_over_conversations_lose_nothing_and_repeat_nothing(tmp_path):
    files = (f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("console", "memory"))
    command = [sys.executable, "-m", "tests.crash.tasks", "SQLite", "1"]

    ended = subprocess.run(
        [*command, "Conversations", "ConversationsByModel"],
        env=environment(*files),
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("all done, once") == 2
