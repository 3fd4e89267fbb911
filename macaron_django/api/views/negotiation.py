"""Chooses the renderer of a response as DRF does, with one exception for DRF's query parameter ``format``.

If the operation itself declares a query parameter with this name, the parameter doesn't choose the renderer.
"""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.settings import api_settings

__all__ = ["NEGOTIATION", "Negotiation", "names_format"]


class Negotiation(DefaultContentNegotiation):
    """Ignores DRF's query parameter ``format`` if the operation declares a query parameter with this name."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        view = request.parser_context.get("view")
        served = getattr(view, "current", None)
        own = self.settings.URL_FORMAT_OVERRIDE
        if served is not None and any(p.name == own for p in served.operation.parameters if p.location == "query"):
            negotiation = DefaultContentNegotiation()
            negotiation.settings = _NO_FORMAT  # type: ignore[assignment]  # the one setting that is read
            return negotiation.select_renderer(request, renderers, None)
        return super().select_renderer(request, renderers, None)


class _NO_FORMAT:  # noqa: N801 (replaces an object of settings)
    URL_FORMAT_OVERRIDE = None


def names_format(request: Request, query: str) -> bool:
    """Returns whether the query contains DRF's parameter ``format``, which can choose a renderer."""
    name = api_settings.URL_FORMAT_OVERRIDE
    return bool(name) and (name in query or "%" in query) and name in request.query_params


NEGOTIATION = Negotiation()
