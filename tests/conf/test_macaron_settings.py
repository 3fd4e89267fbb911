"""Settings are read at the moment of use, wherever and however they are changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import override_settings

from macaron_django.checks import check_settings
from macaron_django.conf import django_setting, settings


def test_a_setting_follows_override_settings() -> None:
    with override_settings(MACARON={"PAGE_SIZE": 7, "DYNAMODB": {"MAX_ATTEMPTS": 2}}):
        assert (settings.PAGE_SIZE, settings.DYNAMODB.MAX_ATTEMPTS) == (7, 2)
        with override_settings(MACARON={}):
            assert settings.PAGE_SIZE == 100
            assert settings.DYNAMODB.MAX_ATTEMPTS == 4
        assert (settings.PAGE_SIZE, settings.DYNAMODB.MAX_ATTEMPTS) == (7, 2)


def test_a_setting_of_djangos_follows_every_change_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert django_setting("APPEND_SLASH") is django_setting("APPEND_SLASH") is True
    with override_settings(APPEND_SLASH=False):
        assert django_setting("APPEND_SLASH") is False
    assert django_setting("APPEND_SLASH") is True
    monkeypatch.setattr(django_settings, "APPEND_SLASH", None)
    assert django_setting("APPEND_SLASH") is None
    monkeypatch.undo()
    assert django_setting("APPEND_SLASH") is True
    with pytest.raises(AttributeError):
        django_setting("NO_SUCH_SETTING")


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


def test_a_section_that_is_no_dictionary_is_named_without_its_value() -> None:
    said = r"^MACARON\['DEPLOY'\] must be a dictionary, not str\.$"
    with override_settings(MACARON={"DEPLOY": "a-secret"}), pytest.raises(ImproperlyConfigured, match=said):
        _ = settings.PAGE_SIZE


def test_a_section_stays_the_same_while_its_dictionary_does() -> None:
    with override_settings(MACARON={"DYNAMODB": {"MAX_ATTEMPTS": 2}}):
        assert settings.DYNAMODB is settings.DYNAMODB


@pytest.mark.parametrize("value", [0, -1, "10", True])
def test_a_deadline_that_is_no_number_of_seconds_is_an_error(value: object) -> None:
    with override_settings(MACARON={"DYNAMODB": {"REQUEST_DEADLINE": value}}):
        (message,) = check_settings(None)
    assert message.id == "macaron_django.E102"
    assert message.hint.startswith("It must be a number of seconds above 0, or None.")


def test_an_unknown_setting_is_named_with_its_section() -> None:
    with pytest.raises(AttributeError, match=r"MACARON\['DYNAMODB'\] has no setting 'ENGNE'"):
        _ = settings.DYNAMODB.ENGNE
    with pytest.raises(AttributeError, match=r"MACARON has no setting 'PAGESIZE'"):
        _ = settings.PAGESIZE


def test_viewsets_that_cannot_be_imported_hide_no_other_finding() -> None:
    with override_settings(MACARON={**django_settings.MACARON, "VIEWSETS": ["nowhere.Nobody"], "PAGE_SIZE": 0}):
        found = run_checks(tags=["macaron_django"])
    wrong = [message.msg for message in found if message.id == "macaron_django.E102"]
    assert [text.partition(" ")[0] for text in wrong] == ["MACARON['PAGE_SIZE']", "MACARON['VIEWSETS']"]


@pytest.mark.parametrize("value", [0, -1, True, None, "1000", 1.5])
@pytest.mark.parametrize(
    ("section", "key"),
    [
        (None, "MAX_PAGE_SIZE"),
        (None, "MAX_BODY_CONTAINERS"),
        ("DYNAMODB", "SCAN_LIMIT"),
        ("DYNAMODB", "READ_LIMIT"),
        ("DYNAMODB", "MAX_PAGE_BYTES"),
    ],
)
def test_a_limit_that_limits_nothing_is_an_error(section: str | None, key: str, value: Any) -> None:
    given = {key: value} if section is None else {section: {key: value}}
    with override_settings(MACARON={**django_settings.MACARON, **given}):
        found = [message for message in check_settings(None) if repr(key) in message.msg]
    assert [message.id for message in found] == ["macaron_django.E102"]
