"""A service written for PyMacaron answers over HTTP as it did, with its spec, handlers and imports unchanged."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest


@pytest.fixture(scope="module")
def service(case_server: Callable[..., httpx.Client]) -> httpx.Client:
    return case_server("pymacaron", "wsgi", ("synctables",), PYM_ENV="tested")


def test_a_kept_profile_is_created_viewed_and_counted(service: httpx.Client) -> None:
    created = service.post("/profile", json={"profile_id": "ada", "name": "Ada"})
    assert created.status_code == 200, created.text
    expected = {"profile_id": "ada", "motto": None, "view_count": 0, "updated": "2026-01-31T12:00:00Z"}
    assert created.json() == expected  # the name was set to None, and the moment is naive
    for views in (1, 2):
        assert service.get("/profile/ada").json() == {**expected, "view_count": views}


def test_an_error_has_the_service_s_code(service: httpx.Client) -> None:
    missing = service.get("/profile/nobody")
    assert (missing.status_code, missing.json()["error"]) == (404, "PROFILE_NOT_FOUND")


def test_what_is_mandatory_has_to_be_sent(service: httpx.Client) -> None:
    refused = service.post("/profile", json={"name": "Ada"})
    assert (refused.status_code, refused.json()["error"]) == (400, "INVALID_PARAMETER")


def test_a_body_without_a_content_type_is_json(service: httpx.Client) -> None:
    sent = service.post("/profile", content=b'{"profile_id": "grace"}')
    assert (sent.request.headers.get("content-type"), sent.status_code) == (None, 200)


def test_the_base_path_is_no_part_of_the_paths(service: httpx.Client) -> None:
    assert service.get("/v1/profile/ada").status_code == 404


def test_a_file_is_given_with_its_name_and_media_type(service: httpx.Client) -> None:
    files = {"photo": ("a.png", b"\x89PNG", "image/png"), "stranger": ("b.bin", b"?")}
    answer = service.post("/photo", files=files)
    assert answer.json() == {"size": 4, "filename": "a.png", "mimetype": "image/png"}


def test_a_class_of_the_service_s_own_keeps_objects(service: httpx.Client) -> None:
    assert service.put("/draft/a").json() == {"name": "a"}


def test_parameters_that_were_not_sent_are_none(service: httpx.Client) -> None:
    assert service.get("/kwargs?sent=a").json() == {"name": "a", "text": "None"}


def test_the_version_has_pymacaron_s_shape(service: httpx.Client) -> None:
    version = service.get("/version").json()
    assert version == {
        "name": "myserver",
        "version": "local",
        "container": "local",
        "apis": ["myserver", "ping"],
        "pym_env": "tested",
    }
    assert service.get("/auth/version").status_code == 401
    assert service.get("/ping").json() == {}
