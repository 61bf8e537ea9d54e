"""Spans of requests and of calls to a memory, as OpenTelemetry's own SDK keeps them."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from console.core import observability
from console.tenants.vault import open_store
from tests.factories import make_profile


@pytest.fixture
def spans(monkeypatch):
    """What has been traced since, oldest end first."""
    monkeypatch.setattr(observability, "_tracer", None)
    exporter = InMemorySpanExporter()
    observability.start_tracing(exporter)

    def read():
        observability._tracer.span_processor.force_flush()
        return exporter.get_finished_spans()

    yield read
    observability._tracer.span_processor.shutdown()


def test_trace_answer_names_the_route_and_status(client, db, spans):
    client.get("/accounts/login/", {"next": "/t/acme/profiles/ada/"})

    (span,) = spans()
    assert span.name == "GET accounts/login/"
    assert dict(span.attributes) == {
        "console.half": "console",
        "http.request.method": "GET",
        "http.route": "accounts/login/",
        "http.response.status_code": 200,
    }


def test_trace_answer_follows_the_caller_s_trace(client, db, spans):
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    client.get(
        "/accounts/login/",
        headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"},
    )

    (span,) = spans()
    assert f"{span.context.trace_id:032x}" == trace_id


def test_trace_call_leads_into_the_memory_and_names_no_customer(tenant, spans):
    profile = make_profile(tenant, email="lovelace@acme.example")
    spans()

    open_store(tenant).lookup("email", "lovelace@acme.example")

    answered, called = spans()[-2:]
    assert (answered.kind.name, called.kind.name) == ("SERVER", "CLIENT")
    assert answered.parent.span_id == called.context.span_id
    assert answered.name.startswith("POST v1/")
    told = "".join(span.to_json() for span in spans())
    assert "lovelace" not in told
    assert profile not in told


def test_trace_call_keeps_the_kind_of_an_error_and_not_its_text(spans):
    call = observability.trace_call("memory.example", "GET", {})

    with pytest.raises(ValueError, match="lovelace"), call:
        raise ValueError("lovelace@acme.example")

    (span,) = spans()
    assert span.status.description == "ValueError"
    assert "lovelace" not in span.to_json()


def test_tracing_is_off_unless_started(client, db, monkeypatch):
    monkeypatch.setattr(observability, "_tracer", None)
    headers = {}

    with observability.trace_call("memory.example", "GET", headers) as tell:
        tell("", 200)

    assert headers == {}
