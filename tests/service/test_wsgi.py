"""The memory is called from within pages: it leaves their thread as it found it."""

from django.urls import (
    get_script_prefix,
    get_urlconf,
    set_script_prefix,
    set_urlconf,
)

from tests.service.conftest import CONTROL


def test_a_call_leaves_the_urls_of_its_caller_alone(api):
    set_urlconf("console.urls")
    set_script_prefix("/under/")
    try:
        for path in (CONTROL, "/v1/nothing"):
            api.get(path)

        assert get_urlconf() == "console.urls"
        assert get_script_prefix() == "/under/"
    finally:
        set_urlconf(None)
        set_script_prefix("/")


def test_every_answer_is_json_that_nobody_keeps(api, store, profile):
    for path in (CONTROL, f"{CONTROL}/{store}", profile, "/v1/nothing"):
        headers = api.get(path).headers

        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers
