"""Over real sockets: what a slow, broken or hostile memory can do to a call."""

import gzip
import json
import socket
import ssl
import time

import httpx
import pytest

from console.client import network
from console.client.account import connect
from console.client.errors import MemoryUnexpected, MemoryUnreachable
from console.core import outgoing
from tests.client.conftest import OBSERVATION, PROFILE, PROFILE_BODY, STORE
from tests.client.sockets import drip, memory, stay_silent, whole, write_certificate

BODY = json.dumps(PROFILE_BODY).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def local(settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    yield
    # Another test's server can get the same port, and this one's client is closed.
    network._http.cache_clear()


@pytest.fixture
def impatient(settings):
    settings.MEMORY_TOTAL_TIMEOUT_S = 0.3


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return write_certificate(tmp_path_factory.mktemp("tls") / "memory.pem")


def test_a_whole_answer_arrives():
    with memory(whole(HEAD, BODY)) as store:
        profile = store.fetch_profile(PROFILE)

    assert profile.id == PROFILE


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(stay_silent, id="silence"),
        pytest.param(drip(b"", b"H"), id="status drip"),
        pytest.param(drip(HEAD + b"X-Long: ", b"x"), id="header drip"),
        pytest.param(drip(HEAD + b"Content-Length: 99\r\n\r\n", b" "), id="body drip"),
    ],
)
def test_the_deadline_holds_against(answer, impatient):
    with memory(answer) as store, pytest.raises(MemoryUnreachable, match="too long"):
        store.fetch_profile(PROFILE)


def test_a_deletion_that_is_not_answered_may_have_been_done(impatient):
    with memory(stay_silent) as store, pytest.raises(MemoryUnreachable) as caught:
        store.delete_observation(PROFILE, OBSERVATION)

    assert caught.value.maybe_done


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda connection: None, id="before the header"),
        pytest.param(whole(b"HTTP/1.1 2xx\r\n", BODY), id="no status"),
        pytest.param(
            lambda connection: connection.sendall(
                HEAD + b"Content-Length: 999\r\n\r\n" + BODY
            ),
            id="in the body",
        ),
        pytest.param(
            lambda connection: connection.sendall(
                HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"
            ),
            id="in a chunk",
        ),
    ],
)
def test_an_answer_that_is_cut_is_none(answer, settings):
    settings.MEMORY_TOTAL_TIMEOUT_S = 0.15

    with memory(answer) as store, pytest.raises(MemoryUnreachable, match="broke off"):
        store.fetch_profile(PROFILE)


def test_a_gzip_bomb_is_not_opened():
    bomb = gzip.compress(b" " * 60_000_000, compresslevel=1)

    packed = whole(HEAD + b"Content-Encoding: gzip\r\n", bomb)

    with memory(packed) as store, pytest.raises(MemoryUnexpected, match="packed"):
        store.fetch_profile(PROFILE)


def test_an_endless_answer_is_cut_at_the_cap(settings):
    settings.MEMORY_TOTAL_TIMEOUT_S = 10.0

    def pour(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 99999999\r\n\r\n")
        for _ in range(90):
            connection.sendall(b" " * 1_000_000)

    with memory(pour) as store, pytest.raises(MemoryUnexpected, match="8 MB"):
        store.fetch_profile(PROFILE)


def test_nobody_at_the_port_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    store = connect(f"http://127.0.0.1:{port}", username="AC", secret="s").store(STORE)

    with pytest.raises(MemoryUnreachable, match="cannot be reached") as caught:
        store.delete_profile(PROFILE)

    assert not caught.value.maybe_done


def test_a_certificate_that_cannot_be_had_is_unreachable():
    with memory(stay_silent) as store:
        port = store._sender._http.base_url.port
        secure = connect(f"https://127.0.0.1:{port}", username="AC", secret="s")
        with pytest.raises(MemoryUnreachable, match="cannot be reached"):
            secure.list_stores()


RESOLVED = {
    "public.example": ["8.8.8.8"],
    "loopback.example": ["127.0.0.1"],
    "mixed.example": ["8.8.8.8", "10.0.0.1"],
    "wrapped.example": ["64:ff9b::7f00:1"],
    "scoped.example": ["fe80::1%eth0"],
    "empty.example": [],
    "memory.test": ["127.0.0.1"],
}


@pytest.fixture
def resolver(monkeypatch):
    """Names resolve as the table says; what was connected to is in the list."""
    asked = []

    def getaddrinfo(host: str, port: int, **_: object) -> list:
        asked.append(host)
        if host == "slow.example":
            time.sleep(0.2)
        if host not in RESOLVED:
            raise socket.gaierror("unknown")
        return [(0, 0, 0, "", (address, port)) for address in RESOLVED[host]]

    monkeypatch.setattr(outgoing, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "host", ["loopback.example", "mixed.example", "wrapped.example", "scoped.example"]
)
def test_a_name_that_leads_inside_is_never_called(host, resolver, settings):
    settings.MEMORY_ALLOW_PRIVATE = False
    account = connect(f"https://{host}", username="AC", secret="s")

    with pytest.raises(MemoryUnreachable, match="private network") as caught:
        account.list_stores()

    assert not caught.value.maybe_done
    assert resolver == [host]


@pytest.mark.parametrize("host", ["unknown.example", "empty.example", "slow.example"])
def test_a_name_without_an_address_in_time_is_unreachable(host, resolver, settings):
    settings.MEMORY_ALLOW_PRIVATE = False
    settings.MEMORY_TOTAL_TIMEOUT_S = 0.1
    account = connect(f"https://{host}", username="AC", secret="s")

    with pytest.raises(MemoryUnreachable, match="cannot be reached"):
        account.list_stores()


def test_a_name_is_resolved_once_and_stays_the_name_for_tls(
    resolver, monkeypatch, certificate
):
    trusted = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(outgoing, "get_trust", lambda: trusted)

    with memory(whole(HEAD, BODY), certificate=certificate) as store:
        port = store._sender._http.base_url.port
        secure = connect(f"https://memory.test:{port}", username="AC", secret="s")
        profile = secure.store(STORE).fetch_profile(PROFILE)
        secure._sender._http.close()

    assert profile.id == PROFILE
    assert resolver == ["memory.test"]


def test_after_the_deadline_nothing_is_begun():
    with outgoing.within(0):
        stream = outgoing.DeadlineStream(outgoing.httpcore.MockStream([b"x"]))

        with pytest.raises(outgoing.httpcore.ReadTimeout):
            stream.read(1, 5.0)
        with pytest.raises(outgoing.httpcore.WriteTimeout):
            stream.write(b"x", 5.0)


def test_the_environment_names_no_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with memory(whole(HEAD, BODY)) as store:
        profile = store.fetch_profile(PROFILE)

    assert profile.id == PROFILE
    assert isinstance(store._sender._http._transport, httpx.HTTPTransport)
