"""Turns events into metrics for Prometheus and for Amazon CloudWatch.

Open ``prometheus_metrics`` for the counters and histograms of Prometheus, ``metrics_page`` for the page ``/metrics``
and its access rules, ``emf_lines`` for the log lines that CloudWatch reads, and ``prices`` for the prices of capacity
units.
"""

from macaron_django.lazy_exports import lazy_exports

__all__ = ["ON_DEMAND", "Prices", "anybody", "current_prices", "metrics_patterns"]

__getattr__ = lazy_exports(
    __name__,
    {"metrics_page": ("anybody", "metrics_patterns"), "prices": ("ON_DEMAND", "Prices", "current_prices")},
)
