"""jwtguard's events as OpenTelemetry metrics and spans. Needs the extra `opentelemetry`, which is its API alone."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider

from jwtguard.events import Event, Exchange, RequestRefused, TokenAccepted
from jwtguard.resource_server import ResourceServer

_NAME: Final = "jwtguard"
_NANOSECONDS: Final = 1_000_000_000

# Semantic conventions: https://opentelemetry.io/docs/specs/semconv/ (http client spans, error.type)
_ERROR: Final = "error.type"


class OpenTelemetry:
    """Takes the events of resource servers: `ResourceServer(…, on_event=OpenTelemetry())`.

    Counts `jwtguard.validations` by `jwtguard.outcome` ("accepted", "refused"), `jwtguard.issuer`, `jwtguard.cached`,
    and for refusals `error.type`, which is the `reason`. Measures `jwtguard.validation.duration` of good tokens and
    `jwtguard.exchange.duration` in seconds; each exchange with an issuer is also a span. With `watch`, the gauge
    `jwtguard.keys.age` tells the seconds since each issuer's keys were last fetched.
    """

    def __init__(
        self, *, meter_provider: MeterProvider | None = None, tracer_provider: TracerProvider | None = None
    ) -> None:
        """Make the instruments.

        Args:
            meter_provider: instead of the global one.
            tracer_provider: instead of the global one.
        """
        self._meter = metrics.get_meter(_NAME, meter_provider=meter_provider)
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        self._validations = self._meter.create_counter(
            "jwtguard.validations", unit="{token}", description="Tokens decided on."
        )
        self._validation_duration = self._meter.create_histogram(
            "jwtguard.validation.duration", unit="s", description="Time to find a token good."
        )
        self._exchange_duration = self._meter.create_histogram(
            "jwtguard.exchange.duration", unit="s", description="Time of an exchange with an issuer."
        )

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, TokenAccepted):
            self._accepted(event)
        elif isinstance(event, RequestRefused):
            self._refused(event)
        else:
            self._exchanged(event)

    def watch(self, resource_server: ResourceServer) -> None:
        """Observe the age of each issuer's keys.

        Args:
            resource_server: whose issuers.
        """

        def ages(_: CallbackOptions) -> Iterable[Observation]:
            for issuer in resource_server.last_health().issuers:
                if issuer.age is not None:
                    yield Observation(issuer.age, {"jwtguard.issuer": issuer.issuer})

        self._meter.create_observable_gauge(
            "jwtguard.keys.age", [ages], unit="s", description="Time since an issuer's keys were last fetched."
        )

    def _accepted(self, event: TokenAccepted) -> None:
        attributes: dict[str, str | bool] = {
            "jwtguard.outcome": "accepted",
            "jwtguard.issuer": event.issuer,
            "jwtguard.cached": event.cached,
        }
        self._validations.add(1, attributes)
        self._validation_duration.record(event.seconds, attributes)

    def _refused(self, event: RequestRefused) -> None:
        error = event.error
        attributes = {"jwtguard.outcome": "refused", _ERROR: error.reason}
        if error.issuer is not None:
            attributes["jwtguard.issuer"] = error.issuer
        self._validations.add(1, attributes)

    def _exchanged(self, event: Exchange) -> None:
        attributes = _http_attributes(event)
        self._exchange_duration.record(event.seconds, attributes)
        span = self._tracer.start_span(
            event.method,
            kind=SpanKind.CLIENT,
            attributes={**attributes, "url.full": event.url},
            start_time=int(event.began_at * _NANOSECONDS),
        )
        if event.failure is not None:
            span.set_status(Status(StatusCode.ERROR, event.failure))
        span.end(int((event.began_at + event.seconds) * _NANOSECONDS))


def _http_attributes(event: Exchange) -> dict[str, Any]:
    parts = urlsplit(event.url)
    attributes: dict[str, Any] = {"http.request.method": event.method, "server.address": parts.hostname or ""}
    if parts.port is not None:
        attributes["server.port"] = parts.port
    if event.status is not None:
        attributes["http.response.status_code"] = event.status
    if event.failure is not None:
        attributes[_ERROR] = "no_answer"
    elif event.status is not None and event.status >= 400:
        attributes[_ERROR] = str(event.status)
    return attributes
