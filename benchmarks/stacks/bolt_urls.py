"""No views of Django's own: django-bolt asks for a URLconf."""

urlpatterns: list[object] = []
