"""Turns events into metrics: for Prometheus, and for Amazon CloudWatch.

Events come in; counters, histograms and lines go out. Open ``prometheus_metrics`` for what Prometheus sees,
``metrics_page`` for who may read the metrics, ``emf_lines`` for CloudWatch, and ``prices`` for what capacity units
cost.
"""

from macaron_django.lazy_exports import lazy_exports

__all__ = ["ON_DEMAND", "Prices", "anybody", "current_prices", "metrics_patterns"]

__getattr__ = lazy_exports(
    __name__,
    {"metrics_page": ("anybody", "metrics_patterns"), "prices": ("ON_DEMAND", "Prices", "current_prices")},
)
