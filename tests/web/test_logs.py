import json
import logging
import re
import sys

import httpx
import pytest

from console import wsgi
from console.core.observability import mask_path, request_id
from console.web.logs import LineFormatter

SECRET = "caroline@example.com"


def line(message, *args, exc_info=None, **extra):
    record = logging.LogRecord(
        "console.test", logging.INFO, "file.py", 1, message, args, exc_info
    )
    record.__dict__.update(extra)
    text = LineFormatter().format(record)
    assert "\n" not in text
    assert SECRET not in text
    return json.loads(text)


def test_log_line_says_when_what_and_in_which_request():
    token = request_id.set("4f2c")

    said = line("answered", method="GET", path="/", status=200, ms=1.5)

    request_id.reset(token)
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "INFO",
        "logger": "console.test",
        "message": "answered",
        "request_id": "4f2c",
        "method": "GET",
        "path": "/",
        "status": 200,
        "ms": 1.5,
    }


def test_log_line_drops_arguments_and_unknown_keys():
    said = line("Not Found: %s", f"/find/?id={SECRET}", email=SECRET, request=SECRET)

    assert said["message"] == "Not Found: %s"
    assert "email" not in said


def test_log_line_of_a_message_that_is_not_text():
    assert line(ValueError(SECRET))["message"] == "ValueError"


def test_log_line_of_an_exception_has_no_message():
    try:
        raise LookupError(SECRET)
    except LookupError:
        said = line("broke", exc_info=sys.exc_info())

    assert said["exception"] == "LookupError"
    assert said["frames"][0].split("/")[-1].startswith("test_logs.py:")


def test_log_line_without_exception_has_no_frames():
    said = line("fine", exc_info=(None, None, None))

    assert said["message"] == "fine"
    assert said.keys().isdisjoint({"exception", "frames"})


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/t/acme/profiles/mem_profile_01k5/", "/t/acme/profiles/mem_profile_01k5/"),
        ("/t/acme/profiles/email:a@b.com/", "/t/acme/profiles/…/"),
        ("/t/acme/profiles/+15558675310/", "/t/acme/profiles/…/"),
        ("/t/acme/profiles/15558675310/", "/t/acme/profiles/…/"),
        ("/t/acme/profiles/Zoë Lee/", "/t/acme/profiles/…/"),
        ("/v1/Stores/Zoe/Profiles/zoë", "/v1/Stores/…/Profiles/…"),
        ("/", "/"),
    ],
)
def test_mask_path_keeps_our_words_and_ids_only(path, safe):
    assert mask_path(path, "v1/Stores/<str:store_id>/Profiles/<str:id>") == safe


def test_request_log_writes_one_line_for_each_answer(db, client, caplog):
    caplog.set_level(logging.INFO, "console.core.observability")

    response = client.get(f"/t/acme/find/?id=email:{SECRET}")

    (record,) = [r for r in caplog.records if r.message == "answered"]
    said = json.loads(LineFormatter().format(record))
    assert said["path"] == "/t/acme/find/"
    assert said["status"] == response.status_code
    assert len(response["X-Request-ID"]) == 34
    assert request_id.get() == ""


def test_request_log_id_is_on_the_problem_page(db, client):
    response = client.get("/accounts/nowhere/")

    assert response["X-Request-ID"] in response.text


def test_request_log_names_an_api_call_with_its_id(db, client, caplog):
    caplog.set_level(logging.INFO, "console.core.observability")

    transport = httpx.WSGITransport(app=wsgi.application)
    with httpx.Client(transport=transport, base_url="http://testserver") as api:
        answer = api.get("/v1/Stores/+15558675310/Profiles")

    (record,) = [r for r in caplog.records if r.message == "answered"]
    said = json.loads(LineFormatter().format(record))
    assert (said["path"], said["status"]) == ("/v1/…/…/…", 401)
    assert re.fullmatch("RQ[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert answer.headers["Twilio-Request-Id"] == answer.headers["X-Request-ID"]


def test_request_log_has_one_line_for_a_page_and_its_calls(
    client, tenant, agent, caplog
):
    client.force_login(agent)
    caplog.set_level(logging.INFO, "console.core.observability")

    client.get(f"/t/{tenant.slug}/profiles/")

    assert len([r for r in caplog.records if r.message == "answered"]) == 1
