"""Settings are read at the moment of use, wherever and however they are changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test.utils import override_settings

from macaron_django.conf import settings


def test_a_setting_follows_override_settings() -> None:
    with override_settings(MACARON={"PAGE_SIZE": 7, "DYNAMODB": {"MAX_ATTEMPTS": 2}}):
        assert (settings.PAGE_SIZE, settings.DYNAMODB.MAX_ATTEMPTS) == (7, 2)
        with override_settings(MACARON={}):
            assert settings.PAGE_SIZE == 100
            assert settings.DYNAMODB.MAX_ATTEMPTS == 4
        assert (settings.PAGE_SIZE, settings.DYNAMODB.MAX_ATTEMPTS) == (7, 2)


def test_a_setting_follows_its_dictionary_where_that_is_changed_in_its_place() -> None:
    with override_settings(MACARON={"DYNAMODB": {}}):
        given: dict[str, Any] = django_settings.MACARON
        assert settings.DYNAMODB.TABLE_PREFIX == ""
        given["DYNAMODB"]["TABLE_PREFIX"] = "a-"
        assert settings.DYNAMODB.TABLE_PREFIX == "a-"
        given["DYNAMODB"] = {"TABLE_PREFIX": "b-"}
        assert settings.DYNAMODB.TABLE_PREFIX == "b-"
        del given["DYNAMODB"]
        assert settings.DYNAMODB.TABLE_PREFIX == ""
        given["PAGE_SIZE"] = 3
        assert settings.PAGE_SIZE == 3


def test_a_section_stays_the_same_while_its_dictionary_does() -> None:
    with override_settings(MACARON={"DYNAMODB": {"MAX_ATTEMPTS": 2}}):
        assert settings.DYNAMODB is settings.DYNAMODB


def test_an_unknown_setting_is_named_with_its_section() -> None:
    with pytest.raises(AttributeError, match=r"MACARON\['DYNAMODB'\] has no setting 'ENGNE'"):
        _ = settings.DYNAMODB.ENGNE
    with pytest.raises(AttributeError, match=r"MACARON has no setting 'PAGESIZE'"):
        _ = settings.PAGESIZE
