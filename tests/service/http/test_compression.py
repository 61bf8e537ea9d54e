"""Contract 1.1, 1.2 and 15.2: gzip in both directions."""

import gzip
import json
import zlib

import pytest

from tests.service.conftest import an_observation, assert_refused
from tests.service.door import basic, knock


@pytest.fixture
def ask(api, profile, observe):
    observe(*(f"likes tea number {number} very much" for number in range(10)))

    def get(offer: str):
        return knock(
            f"{profile}/Observations",
            HTTP_HOST="testserver",
            HTTP_AUTHORIZATION=basic(api.sid, api.token),
            HTTP_ACCEPT_ENCODING=offer,
        )

    return get


@pytest.mark.parametrize(
    "offer", ["gzip", "gzip, compress, deflate, br", "br;q=1.0, GZIP;q=0.5", "*"]
)
def test_a_long_answer_is_packed_for_who_understands_it(ask, offer):
    packed, plain = ask(offer), ask("identity")

    # httpx has unpacked it; what went over the wire was shorter.
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2


@pytest.mark.parametrize("offer", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0"])
def test_it_is_not_packed_for_others(ask, offer):
    answer = ask(offer)

    assert "Content-Encoding" not in answer.headers
    assert len(answer.json()["observations"]) == 10


def test_a_short_answer_is_not_worth_packing(api, store):
    answer = api.get(f"/v1/ControlPlane/Stores/{store}")

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


def body() -> bytes:
    return json.dumps({"observations": [an_observation()]}).encode()


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", gzip.compress(body())),
        ("deflate", zlib.compress(body())),
        ("gzip", body()),
        ("deflate", body()),
        ("br", body()),
        ("compress", body()),
    ],
)
def test_a_packed_body_is_read_and_so_is_one_that_only_says_so(
    api, profile, encoding, content
):
    headers = {"Content-Encoding": encoding}

    answer = api.send("POST", f"{profile}/Observations", content, **headers)

    assert answer.status_code == 202
    [seen] = api.get(f"{profile}/Observations").json()["observations"]
    assert seen["content"] == "likes tea"


def test_a_body_cut_off_in_the_middle_is_refused(api, profile):
    content = gzip.compress(body())[:-20]

    answer = api.send(
        "POST", f"{profile}/Observations", content, **{"Content-Encoding": "gzip"}
    )

    assert_refused(answer, 400, 520046, "not one complete gzip")
