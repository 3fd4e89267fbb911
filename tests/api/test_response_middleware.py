"""A middleware that isn't known may read responses as Django REST framework's; known ones read bytes and headers."""

import pytest
from django.middleware.common import CommonMiddleware

from macaron_django.api.plans.response_middleware import reads_drf_responses

DJANGO = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.gzip.GZipMiddleware",
]


class Subclass(CommonMiddleware):
    pass


Alias = CommonMiddleware


def function(get_response):
    return get_response


def test_djangos_own_read_bytes_and_headers():
    assert not reads_drf_responses(DJANGO)
    assert not reads_drf_responses([f"{__name__}.Alias"])
    assert not reads_drf_responses([])


@pytest.mark.parametrize("name", [f"{__name__}.Subclass", f"{__name__}.function", f"{__name__}.missing", "nowhere.At"])
def test_any_other_may_read_a_drf_response(name):
    assert reads_drf_responses([*DJANGO, name])
