import json
import logging
import sys

import pytest

from console.audit import context
from console.web.logs import LineFormatter, safe_path

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


def test_a_line_says_when_who_what_and_in_which_request():
    token = context.request_id.set("4f2c")

    said = line("answered", method="GET", path="/", status=200, ms=1.5)

    context.request_id.reset(token)
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


def test_arguments_and_unknown_keys_are_dropped():
    said = line("Not Found: %s", f"/find/?id={SECRET}", email=SECRET, request=SECRET)

    assert said["message"] == "Not Found: %s"
    assert "email" not in said


def test_a_message_that_is_no_text_shows_its_kind_alone():
    assert line(ValueError(SECRET))["message"] == "ValueError"


def test_an_exception_shows_its_kind_and_places_without_words_or_values():
    try:
        raise LookupError(SECRET)
    except LookupError:
        said = line("broke", exc_info=sys.exc_info())

    assert said["exception"] == "LookupError"
    assert said["frames"][0].split("/")[-1].startswith("test_logs.py:")


def test_no_exception_no_frames():
    assert "exception" not in line("fine", exc_info=(None, None, None))


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/t/acme/profiles/mem_profile_01k5/", "/t/acme/profiles/mem_profile_01k5/"),
        ("/t/acme/profiles/email:a@b.com/", "/t/acme/profiles/…/"),
        ("/t/acme/profiles/+15558675310/", "/t/acme/profiles/…/"),
        ("/t/acme/profiles/15558675310/", "/t/acme/profiles/…/"),
        ("/t/acme/profiles/Zoë Lee/", "/t/acme/profiles/…/"),
        ("/", "/"),
    ],
)
def test_a_path_keeps_our_words_and_ids_only(path, safe):
    assert safe_path(path) == safe


def test_each_answer_writes_one_line_and_carries_its_id(db, client, caplog):
    caplog.set_level(logging.INFO, "console.web.middleware")

    response = client.get(f"/t/acme/find/?id=email:{SECRET}")

    (record,) = [r for r in caplog.records if r.message == "answered"]
    said = json.loads(LineFormatter().format(record))
    assert said["path"] == "/t/acme/find/"
    assert said["status"] == response.status_code
    assert len(response["X-Request-ID"]) == 32
    assert context.request_id.get() == ""


def test_the_problem_page_names_the_request(db, client):
    response = client.get("/accounts/nowhere/")

    assert response["X-Request-ID"] in response.text
