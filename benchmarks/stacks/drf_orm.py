"""Hand-written Django REST framework on Django's ORM; drf_orm_urls.py has its viewset."""

import django
from django.conf import settings
from django_settings import common

settings.configure(**common(), ROOT_URLCONF="drf_orm_urls")
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be set up first

application = get_wsgi_application()
