"""URLs of the test project: those of the example project."""

from config.urls import urlpatterns

__all__ = ["urlpatterns"]
