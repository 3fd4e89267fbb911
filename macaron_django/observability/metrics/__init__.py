"""Turns events into metrics for Prometheus and for Amazon CloudWatch.

The modules:

- ``prometheus_metrics``: the counters and histograms of Prometheus
- ``metrics_page``: the page ``/metrics``, and its access rules
- ``emf_lines``: the log lines that CloudWatch reads
- ``prices``: the prices of capacity units
"""

from macaron_django.lazy_exports import lazy_exports

__all__ = ["ON_DEMAND", "Prices", "anybody", "current_prices", "metrics_patterns"]

__getattr__ = lazy_exports(
    __name__,
    {"metrics_page": ("anybody", "metrics_patterns"), "prices": ("ON_DEMAND", "Prices", "current_prices")},
)
