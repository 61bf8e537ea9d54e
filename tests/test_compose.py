"""What compose.yaml starts, started by hand: its commands, its environment, its proxy."""

import os
import re
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from console.core.write_env import fill_in
from tests.caddy import find_port, proxying
from tests.postgres import find_binaries, server
from tests.processes import serving

ROOT = Path(__file__).parents[1]
# Each means something in an address, a shell or a file of variables.
PASSWORD = 'p@:/#%41$HOME ?&+=\\"x'
# Neither port 80 nor the machine's list of authorities is the test's.
TEST_OPTIONS = "admin off\nauto_https disable_redirects\nskip_install_trust"


def read_variables() -> dict[str, str]:
    """A clean .env, whose operator has thought of a password."""
    lines = fill_in((ROOT / ".env.example").read_text()).splitlines()
    pairs = [line.partition("=") for line in lines if re.match("[A-Z_]+=", line)]
    written = {name: value for name, _, value in pairs}
    return written | {"POSTGRES_PASSWORD": PASSWORD, "CONSOLE_PASSWORD": f"c{PASSWORD}"}


def interpolate(text: str, variables: dict[str, str]) -> str:
    """As compose does, which leaves what it has put in as it is."""
    return re.sub(
        r"\$\{(\w+)(?::[-?]([^}]*))?\}",
        lambda found: variables.get(found[1]) or found[2],
        text,
    )


@pytest.fixture(scope="module")
def composed():
    """The services, and their environments and files with the variables put in."""
    variables = read_variables()
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    own = {
        service: {
            name: interpolate(value, variables)
            for name, value in services[service]["environment"].items()
        }
        for service in ("prepare", "rights", "web")
    }
    command = [interpolate(word, variables) for word in services["prepare"]["command"]]
    configs = {
        name: interpolate(config["content"], variables)
        for name, config in compose["configs"].items()
    }
    environments = {name: variables | each for name, each in own.items()}
    return services, environments, command, configs


@pytest.fixture(scope="module")
def installation(composed, tmp_path_factory):
    """The proxy's address, what `prepare` has printed, and who signs certificates."""
    _services, environments, command, configs = composed
    if (binaries := find_binaries()) is None:
        pytest.skip("no server programs of PostgreSQL")
    folder = tmp_path_factory.mktemp("compose")
    port = find_port()
    with server(binaries, PASSWORD) as url:
        host = url.partition("@")[2]
        moved = {
            service: {
                name: value.replace("memory@postgres", f"test@{host}").replace(
                    "@postgres", f"@{host}"
                )
                for name, value in environment.items()
            }
            for service, environment in environments.items()
        }
        owner = os.environ | moved["prepare"]
        for database in ("console", "memory"):
            create = [binaries / "createdb", "--maintenance-db", f"{url}/postgres"]
            subprocess.run([*create, database], env=owner, check=True)
        prepared = subprocess.run(
            [sys.executable, *command[1:]],
            env=owner | {"DJANGO_SETTINGS_MODULE": "console.settings"},
            check=True,
            capture_output=True,
            text=True,
        )
        for database in ("console", "memory"):
            # Twice: each start does it again.
            for _ in range(2):
                psql = [
                    binaries / "psql",
                    "-qv",
                    "ON_ERROR_STOP=1",
                    f"{url}/{database}",
                ]
                subprocess.run(
                    psql,
                    env=os.environ | environments["rights"],
                    input=configs["rights"],
                    text=True,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
        with serving(prepares=True, **moved["web"]) as (web, _process):
            config = configs["caddyfile"].replace("web:8000", f"127.0.0.1:{web}")
            config = config.replace("localhost {", f"https://localhost:{port} {{")
            config = config.replace("admin off", TEST_OPTIONS)
            with proxying(config, port, folder):
                root = folder / "caddy/pki/authorities/local/root.crt"
                console = f"postgres://console@{host}/console"
                yield f"https://localhost:{port}", prepared.stdout, root, console


@pytest.fixture
def http(installation):
    url, _printed, root, _database = installation
    trusted = ssl.create_default_context(cafile=root)
    with httpx.Client(base_url=url, verify=trusted, timeout=30) as http:
        yield http


def test_compose_publishes_the_proxy_alone(composed):
    services, *_ = composed

    assert [name for name, service in services.items() if "ports" in service] == [
        "proxy"
    ]
    assert services["web"]["environment"]["TRUSTED_PROXY_COUNT"] == "1"


def test_compose_waits_for_the_server_that_others_reach(composed):
    services, *_ = composed

    # One on a socket alone answers while the image makes the databases.
    assert "--host" in services["postgres"]["healthcheck"]["test"]


def test_compose_runs_the_commands_of_the_image():
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert re.search(r'CMD \["gunicorn", "--config", "console/gunicorn.py"', dockerfile)


def test_compose_makes_the_first_operator_who_signs_in(installation, http):
    [password] = re.findall(r"^password (\S+)$", installation[1], re.MULTILINE)
    form = http.get("/accounts/login/")
    [token] = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', form.text)[:1]
    fields = {"login": "operator@localhost", "password": password}

    answer = http.post(
        "/accounts/login/",
        data=fields | {"csrfmiddlewaretoken": token},
        headers={"Origin": installation[0]},
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "__Host-session" in http.cookies
    assert http.get("/tenants/").status_code == 200
    assert form.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET outcome = 'allowed'",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
        "ALTER TABLE audit_auditentry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_change ON audit_auditentry",
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger "
        "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER TABLE audit_auditentry ADD COLUMN more int",
        "DROP TABLE audit_auditentry",
        "SET session_replication_role = replica",
        "UPDATE audit_auditcheckpoint SET size = 1",
        "DELETE FROM audit_auditcheckpoint",
        "TRUNCATE audit_audithead",
        "CREATE TABLE mine (id int)",
        "SET ROLE test",
    ],
)
def test_compose_lets_the_application_add_entries_and_not_change_them(
    installation, http, statement
):
    database = installation[3]
    with psycopg.connect(database, password=f"c{PASSWORD}") as connection:
        (entries,) = connection.execute(
            "SELECT count(*) FROM audit_auditentry"
        ).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)

    assert entries > 0


def test_compose_keeps_the_owners_password_from_the_application(composed):
    _services, environments, *_ = composed

    assert PASSWORD not in environments["web"].values()


def test_compose_answers_ready(http):
    assert http.get("/readyz").json()["ready"] is True


def test_compose_refuses_a_body_that_is_too_large(installation):
    url, _printed, root, _database = installation
    port = int(url.rpartition(":")[2])
    head = (
        b"PUT /v1/Uploads/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    )

    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        ssl.create_default_context(cafile=root).wrap_socket(
            plain, server_hostname="localhost"
        ) as connection,
    ):
        # Caddy passes the head on together with what comes first of the body.
        connection.sendall(head % (101 * 1024 * 1024) + b"x" * 65536)
        connection.settimeout(5)
        answer = None
        while answer is None:
            # Go on as a client would: Caddy may wait for more before it passes on
            # the refusal, and a refused body is read no further than this.
            with suppress(TimeoutError):
                answer = connection.recv(12)
            if answer is None:
                connection.sendall(b"x" * 65536)

        assert answer == b"HTTP/1.1 413"
