"""What a client says of itself as if it were a proxy, told to the server we ship."""

import httpx
import pytest

from tests.processes import serving

FORGED = (
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Ssl": "on"},
    {"X-Forwarded-Protocol": "ssl"},
    {"Forwarded": "proto=https"},
    {"SCRIPT_NAME": "/evil"},
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The shipped server with HTTPS on and no proxy: it sends everybody to HTTPS."""
    folder = tmp_path_factory.mktemp("server")
    databases = {
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }
    with serving(HTTPS="1", **databases) as (port, _process):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged)))
def test_without_a_proxy_nobody_is_believed_to_use_tls(server, forged):
    response = httpx.get(f"{server}/accounts/login/", headers=forged)

    assert response.status_code == 301
    assert response.headers["Location"].startswith("https://127.0.0.1")
    assert "evil" not in response.headers["Location"]
