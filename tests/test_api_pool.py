"""``apipool``, and what PyMacaron's programs do with it besides making objects."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from macaron_django import apipool
from macaron_django.api_pool import DifferentModelsError, get_model
from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import SpecError
from macaron_django.registry import registry
from macaron_django.schemas import APIObject
from macaron_django.schemas.formats import format_checks

SPEC = """
swagger: "2.0"
info: {title: Elsewhere, version: "7"}
paths: {}
definitions:
  Place:
    x-persist: tests.test_api_pool.Store
    properties:
      name: {type: string, x-mandatory: true}
      model: {type: string}
  Stay:
    properties:
      name: {type: string}
      on: {type: string, format: calendar-day}
"""
OTHER = SPEC.replace("name: {type: string}", "name: {type: integer}")


class Store:
    @staticmethod
    def load_from_db(name: str) -> str:
        return f"loaded {name}"

    def save_to_db(self) -> str:
        return "saved"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_unserved_classes", {})


def test_the_pool_names_what_there_is() -> None:
    assert apipool.get_model("myserver") is apipool.myserver
    assert {"library", "myserver", "ping"} <= set(apipool.get_api_names())
    assert apipool().current_server_name == "library,myserver"
    assert apipool().current_server_api in (apipool.myserver, apipool.library)
    assert "myserver" in dir(apipool)
    with pytest.raises(AttributeError, match="no API named 'nowhere'"):
        apipool.get_model("nowhere")


def test_the_classes_of_an_api_are_its_models(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text(SPEC)
    api = apipool.load_swagger("elsewhere", tmp_path / "elsewhere.yaml", dest_dir=tmp_path, create_endpoints=True)
    assert apipool.elsewhere is api is api.model
    assert api.get_model_names() == ["Place", "Stay"]
    assert (api.name, api.api_name, api.version, api.get_version()) == ("elsewhere", "elsewhere", "7", "7")
    assert api.api_spec.swagger_dict["info"]["title"] == "Elsewhere"
    assert api.api_spec.definitions["Stay"] is api.Stay
    place = api.json_to_model("Place", {"name": "Wien", "model": None}, prune_none=True)
    assert isinstance(place, APIObject)
    assert api.model_to_json(place) == {"name": "Wien"}
    assert (place.save_to_db(), api.model.Place.load_from_db("Wien")) == ("saved", "loaded Wien")
    assert "elsewhere" not in {each.name for each in registry}  # nothing of it is served
    with pytest.raises(ValueError, match="no schema 'Nothing'"):
        api.json_to_model("Nothing", {})
    assert dir(api.client) == dir(api.aclient)


def test_objects_and_json_are_validated_by_name() -> None:
    with override_settings(MACARON={**settings.MACARON}):
        api = apipool.add("elsewhere", yaml_str=SPEC, timeout=5, host="x", port=80, local=True)
    api.validate("Place", {"name": "Wien"})
    for wrong in ({}, {"name": 3}):
        with pytest.raises(ValidationFailed):
            api.api_spec.validate("Place", wrong)
    with pytest.raises(ValidationFailed):
        apipool.myserver.json_to_model("Profile", {"name": 3}, validate=True)  # a row


def test_a_spec_is_loaded_once_from_a_file_or_a_text() -> None:
    api = apipool.add("elsewhere", yaml_str=SPEC)
    assert apipool.add("elsewhere", yaml_str=OTHER) is api
    assert apipool.add("myserver") is apipool.myserver
    with pytest.raises(TypeError, match="yaml_path or yaml_str"):
        apipool.add("other")
    with pytest.raises(SpecError):
        apipool.add("other", yaml_str="swagger: '2.0'\npaths: {a: {}}\ninfo: {}")
    unkept = apipool.add("unkept", yaml_str=SPEC, do_persist=False)
    assert not hasattr(unkept.Place(name="a"), "save_to_db")


def test_models_are_found_by_their_name_alone() -> None:
    api = apipool.add("elsewhere", yaml_str=SPEC)
    assert get_model("Stay") is api.Stay
    assert get_model("Place")(name="Wien").name == "Wien"
    assert get_model("Stay") is not apipool.add("later", yaml_str=OTHER).Stay
    assert get_model("Stay") is apipool.later.Stay
    with pytest.raises(AttributeError, match="No API has an object schema 'Nothing'"):
        get_model("Nothing")


def test_a_class_of_the_project_s_own_can_be_added() -> None:
    apipool.add("elsewhere", yaml_str=SPEC)
    apipool.add_model("elsewhere", "Own", Store)
    assert apipool.elsewhere.Own is Store


def test_schemas_of_one_name_have_to_be_the_same_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_apis", {"ping": registry["ping"]})
    apipool.add("elsewhere", yaml_str=SPEC)
    apipool.add("again", yaml_str=SPEC)
    apipool.enforce_global_model_names()
    apipool.add("other", yaml_str=OTHER)
    with pytest.raises(DifferentModelsError, match=r"(?s)Stay.*-.*\"string\".*\+.*\"integer\""):
        apipool.merge()


def _validate(text: str) -> None:
    if not text.startswith("day "):
        raise RuntimeError("as bravado-core's own exceptions, no ValueError")


def test_formats_of_the_project_s_own_convert(monkeypatch: pytest.MonkeyPatch) -> None:
    checks: Any = format_checks._CHECKS
    monkeypatch.setattr(checks, "converted", {})
    monkeypatch.setattr(checks, "by_name", dict(checks.by_name))
    day = SimpleNamespace(
        format="calendar-day",
        to_python=lambda text: dt.date.fromisoformat(text.removeprefix("day ")),
        to_wire=lambda value: f"day {value.isoformat()}",
        validate=_validate,
        description="a day",
    )
    api = apipool.add("elsewhere", yaml_str=SPEC, formats=[day])
    stay = api.Stay(on="day 2026-01-31")
    assert stay.on == dt.date(2026, 1, 31)
    assert stay.to_json() == {"on": "day 2026-01-31"}
    stay.on = dt.date(2026, 2, 1)
    assert stay.to_json() == {"on": "day 2026-02-01"}
    with pytest.raises(ValidationFailed):
        stay.on = "2026-01-31"
