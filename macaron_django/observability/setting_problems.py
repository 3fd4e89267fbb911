"""Finds mistakes in the settings of ``OBSERVABILITY``, for ``manage.py check``."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from django.conf import settings as django_settings
from django.utils.module_loading import import_string

from macaron_django.conf import settings
from macaron_django.observability.backends import BACKENDS, is_subscriber, missing_distributions
from macaron_django.observability.metrics.prices import ON_DEMAND

__all__ = ["SettingProblem", "setting_problems"]

_MIDDLEWARE = "macaron_django.observability.RequestMiddleware"


class SettingProblem(NamedTuple):
    """A finding about a setting."""

    level: Literal["error", "warning"]
    id: str
    message: str
    hint: str


def setting_problems() -> Iterator[SettingProblem]:
    """Yields the findings about the settings."""
    section = settings.OBSERVABILITY
    if isinstance(section.BACKENDS, str):
        yield _wrong("BACKENDS", section.BACKENDS, "It must be a list of names.")
        return
    for name in section.BACKENDS:
        if name not in BACKENDS and not is_subscriber(name):
            close = difflib.get_close_matches(str(name), BACKENDS, n=1)
            known = ", ".join(map(repr, BACKENDS))
            hint = f"Did you mean {close[0]!r}?" if close else f"Use one of {known}, or the class of a subscriber."
            yield SettingProblem(
                "error",
                "E102",
                f"MACARON['OBSERVABILITY']['BACKENDS'] names {str(name)!r}, which is neither a backend nor a "
                f"subscriber.",
                hint,
            )
            return
    for name, extra in missing_distributions().items():
        yield SettingProblem(
            "error",
            "E109",
            f"MACARON['OBSERVABILITY']['BACKENDS'] names {name!r}, whose library isn't installed.",
            f'Install it: pip install "macaron_django[{extra}]". Until then the backend does nothing.',
        )
    yield from _values()
    if "prometheus" in section.BACKENDS and not (section.METRICS_TOKEN or section.METRICS_ACCESS):
        yield SettingProblem(
            "warning",
            "W127",
            "No client can read /metrics, because METRICS_TOKEN and METRICS_ACCESS are both unset.",
            "Set MACARON['OBSERVABILITY']['METRICS_TOKEN'] to the bearer token that Prometheus sends.",
        )
    if "json_logs" in section.BACKENDS and not _has_middleware():
        yield SettingProblem(
            "warning",
            "W126",
            "Log lines have no request id, and there are no access lines: MIDDLEWARE lacks RequestMiddleware.",
            f"Put {_MIDDLEWARE!r} first in MIDDLEWARE.",
        )


def _values() -> Iterator[SettingProblem]:
    section = settings.OBSERVABILITY
    if not (section.METRICS_TOKEN is None or (isinstance(section.METRICS_TOKEN, str) and section.METRICS_TOKEN)):
        yield _wrong("METRICS_TOKEN", "…", "It must be a string, or None.")
    if section.METRICS_ACCESS is not None and not _is_function(section.METRICS_ACCESS):
        yield _wrong(
            "METRICS_ACCESS", section.METRICS_ACCESS, "Give the dotted path of a function that takes a request."
        )
    if not (isinstance(section.EMF_NAMESPACE, str) and section.EMF_NAMESPACE):
        yield _wrong("EMF_NAMESPACE", section.EMF_NAMESPACE, "It must be a string.")
    most = section.REPORT_CALL_EXCEEDING_MS
    if most is not None and not _is_amount(most):
        yield _wrong("REPORT_CALL_EXCEEDING_MS", most, "It must be a number of milliseconds, or None.")
    prices = section.PRICES
    if not (isinstance(prices, Mapping) and prices.keys() <= ON_DEMAND.keys() and all(map(_is_price, prices.items()))):
        yield _wrong(
            "PRICES",
            prices,
            "Use only the keys AS_OF (such as '2024-11-01'), REGION, READ_MILLION and WRITE_MILLION. "
            "READ_MILLION and WRITE_MILLION are prices in dollars for a million units.",
        )


def _has_middleware() -> bool:
    """Returns whether ``MIDDLEWARE`` has ``RequestMiddleware``, under either of its two paths."""
    names = (_MIDDLEWARE, "macaron_django.observability.request_middleware.RequestMiddleware")
    return any(each in names for each in django_settings.MIDDLEWARE)


def _is_price(entry: tuple[str, Any]) -> bool:
    key, value = entry
    if key == "AS_OF":
        try:
            return bool(date.fromisoformat(value))
        except (TypeError, ValueError):
            return False
    return isinstance(value, str) if key == "REGION" else _is_amount(value)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_function(named: Any) -> bool:
    try:
        return callable(named) or callable(import_string(named))
    except (ImportError, AttributeError, TypeError):
        return False


def _wrong(key: str, value: Any, hint: str) -> SettingProblem:
    return SettingProblem("error", "E102", f"MACARON['OBSERVABILITY'][{key!r}] is {value!r}.", hint)
