"""The example project, on a real server, is called by its own spec: in threads and on an event loop."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from macaron_django import apipool
from macaron_django.api.mock.samples import sample_of
from macaron_django.exceptions import ErrorAnswered, ValidationFailed
from macaron_django.schemas import validator_for
from tests.clients.conftest import client_settings, fresh_clients
from tests.conftest import PATIENCE, ROOT, Project

SPEC = ROOT / "example_project" / "apis" / "myserver.yaml"
COMMANDS = {
    "wsgi": ("gunicorn", "--bind=127.0.0.1:{port}", "--workers=1", "--threads=4", "config.wsgi"),
    "asgi": ("uvicorn", "--host=127.0.0.1", "--port={port}", "--lifespan=off", "config.asgi:application"),
}


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of the example project, with tables of its own."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(ROOT / "manage.py", folder)
    data = shutil.ignore_patterns("*.sqlite3*", "__pycache__")
    shutil.copytree(ROOT / "example_project", folder / "example_project", ignore=data)
    own = {"PYTHONPATH": str(folder / "example_project"), "DJANGO_SETTINGS_MODULE": "config.settings"}
    project = Project(folder, **own)
    project.manage("synctables")
    yield str(project.serve(sys.executable, "-m", *COMMANDS[request.param]).base_url).rstrip("/")
    project.close()


@pytest.fixture
def profiles(served: str) -> Iterator[Any]:
    """The classes and clients of the profiles that the server keeps."""
    options = {"BASE_URL": served, "READ_TIMEOUT": PATIENCE, "DEADLINE": PATIENCE}
    with client_settings("people", SPEC=SPEC, **options):
        yield apipool.people
    fresh_clients()


def test_every_operation_is_called(profiles: Any) -> None:
    client = profiles.client
    made = client.create_profile(profiles.Profile(name="Ada", tags=["a", "b"], address={"city": "London"}))
    assert (made.name, made.tags, made.address.city, made.view_count) == ("Ada", ["a", "b"], "London", 0)
    assert client.get_profile(profile_id=made.profile_id) == made
    assert client.view_profile(profile_id=made.profile_id).view_count == 1
    made.name = "Ada King"
    assert client.replace_profile(made, profile_id=made.profile_id).name == "Ada King"
    patch = {"age": 36, "tags": None}
    changed = client.update_profile(patch, profile_id=made.profile_id, content_type="application/merge-patch+json")
    assert (changed.age, changed.get("tags")) == (36, None)
    client.create_profile({"name": "Grace"})
    page = client.list_profiles.answer(limit=1)
    assert (len(page.value), page.headers["link"].partition(";")[2]) == (1, ' rel="next"')
    assert client.delete_profile(profile_id=made.profile_id) is None
    with pytest.raises(ErrorAnswered) as caught:
        client.get_profile(profile_id=made.profile_id)
    assert (caught.value.status_code, caught.value.answer) == (404, profiles.Error(**caught.value.answer.to_dict()))


def test_generated_arguments_are_accepted(profiles: Any, served: str) -> None:
    for operation in profiles.document.operations:
        call = profiles.client[operation.method, operation.path]
        keywords = {each.name: sample_of(validator_for(each.schema, "request")) for each in operation.parameters}
        keywords.pop("cursor", None)  # only the server can make one
        body = operation.request_body
        args = [sample_of(validator_for(media.schema, "request")) for media in (body.content.values() if body else ())]
        with client_settings("people", SPEC=SPEC, BASE_URL=served, READ_TIMEOUT=PATIENCE, ERRORS="return"):
            answer = call.answer(*args[:1], **keywords)
        assert 200 <= answer.status < 300 or answer.value.error.endswith("NOT_FOUND")


def test_many_awaited_calls_share_a_loop(profiles: Any) -> None:
    async def all_at_once() -> list[str]:
        client = profiles.aclient
        made = await asyncio.gather(*(client.create_profile({"name": f"n{n}"}) for n in range(20)))
        found = await asyncio.gather(*(client.get_profile(profile_id=each.profile_id) for each in made))
        return [each.name for each in found]

    assert asyncio.run(all_at_once()) == [f"n{n}" for n in range(20)]


def test_what_the_spec_forbids_never_reaches_the_server(profiles: Any) -> None:
    with pytest.raises(ValidationFailed):
        profiles.client.create_profile({"name": "Ada", "unknown": 1})
