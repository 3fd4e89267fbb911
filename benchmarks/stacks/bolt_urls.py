"""An empty URLconf, because django-bolt requires one."""

urlpatterns: list[object] = []
