"""What OpenTelemetry's own SDK reads back from jwtguard's events."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jwtguard import InvalidToken, Issuer, ResourceServer, Unavailable
from jwtguard.telemetry import OpenTelemetry
from tests.serving import free_port, serving
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio

KEY = signing_key()


class Telemetry:
    """OpenTelemetry with an SDK in memory."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.spans = InMemorySpanExporter()
        tracer_provider = TracerProvider()
        tracer_provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.on_event = OpenTelemetry(
            meter_provider=MeterProvider(metric_readers=[self.reader]), tracer_provider=tracer_provider
        )

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """The attributes and the data point of each series of an instrument."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return [
            (dict(point.attributes or {}), point)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def issuer_url() -> Iterator[str]:
    async def jwks(_: Request) -> JSONResponse:
        return JSONResponse(KEY.jwk_set)

    with serving(Starlette(routes=[Route("/jwks", jwks)])) as url:
        yield url


async def test_good_tokens_are_counted_by_issuer_and_by_whether_they_were_seen_before(telemetry: Telemetry) -> None:
    server = ResourceServer(
        Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, clock=lambda: NOW, on_event=telemetry.on_event
    )
    for _ in range(3):
        await server.validate(KEY.token())
    counts = {
        attributes["jwtguard.cached"]: point.value for attributes, point in telemetry.points("jwtguard.validations")
    }
    assert counts == {False: 1, True: 2}
    assert all(
        attributes["jwtguard.outcome"] == "accepted" and attributes["jwtguard.issuer"] == ISSUER
        for attributes, _ in telemetry.points("jwtguard.validation.duration")
    )


async def test_refusals_are_counted_by_reason(telemetry: Telemetry) -> None:
    server = ResourceServer(
        Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, clock=lambda: NOW, on_event=telemetry.on_event
    )
    for token in (KEY.token(exp=NOW - 100), KEY.token(aud="another"), "opaque"):
        with pytest.raises(InvalidToken):
            await server.validate(token)
    refusals = [attributes for attributes, _ in telemetry.points("jwtguard.validations")]
    assert {(refusal["error.type"], refusal.get("jwtguard.issuer")) for refusal in refusals} == {
        ("expired", ISSUER),
        ("audience_mismatch", ISSUER),
        ("token_opaque", None),
    }


async def test_fetch_is_a_client_span_with_the_names_of_the_semantic_conventions(
    telemetry: Telemetry, issuer_url: str
) -> None:
    server = ResourceServer(
        Issuer(ISSUER, jwks_uri=f"{issuer_url}/jwks"),
        audience=AUDIENCE,
        clock=lambda: NOW,
        on_event=telemetry.on_event,
    )
    async with server.lifespan():
        await server.validate(KEY.token())
    (span,) = telemetry.spans.get_finished_spans()
    assert span.kind is SpanKind.CLIENT
    assert span.attributes is not None
    assert span.attributes["url.full"] == f"{issuer_url}/jwks"
    assert span.attributes["http.request.method"] == "GET"
    assert span.attributes["http.response.status_code"] == 200
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time > span.start_time


async def test_failed_fetch_is_a_span_in_error(telemetry: Telemetry) -> None:
    server = ResourceServer(
        Issuer(ISSUER, jwks_uri=f"http://127.0.0.1:{free_port()}/jwks"),
        audience=AUDIENCE,
        clock=lambda: NOW,
        on_event=telemetry.on_event,
    )
    async with server.lifespan():
        with pytest.raises(Unavailable):
            await server.validate(KEY.token())
    span = telemetry.spans.get_finished_spans()[0]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "no_answer"


async def test_age_of_the_keys_is_a_gauge(telemetry: Telemetry, issuer_url: str) -> None:
    now = [float(NOW)]
    server = ResourceServer(
        Issuer(ISSUER, jwks_uri=f"{issuer_url}/jwks"),
        audience=AUDIENCE,
        clock=lambda: now[0],
        on_event=telemetry.on_event,
    )
    telemetry.on_event.watch(server)
    async with server.lifespan():
        now[0] += 42
        ((attributes, point),) = telemetry.points("jwtguard.keys.age")
    assert (attributes, point.value) == ({"jwtguard.issuer": ISSUER}, 42)


async def test_nothing_that_is_told_holds_the_token(telemetry: Telemetry, issuer_url: str) -> None:
    server = ResourceServer(
        Issuer(ISSUER, jwks_uri=f"{issuer_url}/jwks"),
        audience=AUDIENCE,
        clock=lambda: NOW,
        on_event=telemetry.on_event,
    )
    token = KEY.token(exp=NOW - 100)
    async with server.lifespan():
        with pytest.raises(InvalidToken):
            await server.validate(token)
    told = str(telemetry.reader.get_metrics_data()) + "".join(
        span.to_json() for span in telemetry.spans.get_finished_spans()
    )
    assert not any(segment in told for segment in token.split("."))
