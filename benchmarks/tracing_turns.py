"""Measures requests in a process with one tracer, which tracing.py starts.

tracing.py sends a line for each turn: an operation and a number of requests. The process prints the CPU seconds of a
request, or "seeded" when the table has been filled. An environment variable names the tracer.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hook_requests import EXPECTED, exchanges, seeds
from hook_turns import Caller, environ_of
from hooks import HOOKS

_TRACERS = os.environ.get("STACK_TRACER", "").split(",")
_SAMPLED = os.environ.get("STACK_SAMPLED")
_PLAIN = HOOKS["plain"]


def _opentelemetry() -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    class Nothing(SpanExporter):
        def export(self, spans: object) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(float(str(_SAMPLED)))))
    provider.add_span_processor(BatchSpanProcessor(Nothing()))
    trace.set_tracer_provider(provider)
    if "botocore" in _TRACERS:
        from opentelemetry.instrumentation.botocore import BotocoreInstrumentor

        BotocoreInstrumentor().instrument()


def _sentry() -> None:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    class Nothing(Transport):
        def capture_envelope(self, envelope: object) -> None:
            pass

    # With Sentry's defaults, including its Django integration, or only with this package's backend.
    sentry_sdk.init(
        "http://key@127.0.0.1:1/1", transport=Nothing, auto_enabling_integrations="sentry-alone" not in _TRACERS
    )


def _path(text: str) -> str:
    return text.removeprefix(_PLAIN.prefix)


def main() -> None:
    if _SAMPLED:
        _opentelemetry()
    if {"sentry", "sentry-alone"} & {*_TRACERS}:
        _sentry()
    from django.conf import LazySettings

    if "django" in _TRACERS:
        from opentelemetry.instrumentation.django import DjangoInstrumentor

        configure = LazySettings.configure

        def configured(settings: LazySettings, **given: object) -> None:
            configure(settings, **given)
            DjangoInstrumentor().instrument()

        LazySettings.configure = configured  # type: ignore[method-assign]
    import macaron

    caller = Caller(macaron.application)
    for line in sys.stdin:
        operation, count = line.split()
        if operation == "seed":
            for seed in seeds(_PLAIN):
                status = caller.ask(seed._replace(path=_path(seed.path)), {})[0]
                assert status == 201, status
            print("seeded", flush=True)
            continue
        sent = exchanges(_PLAIN, operation, int(count) + 4)
        environs = [environ_of(each._replace(path=_path(each.path)), {}) for each in sent]
        print(caller.cost(environs, EXPECTED[operation]), flush=True)


if __name__ == "__main__":
    main()
