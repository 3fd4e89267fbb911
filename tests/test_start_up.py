"""What a process imports before its first answer: nothing that only other projects, or other pages, need."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import botocore.session
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from macaron_django.testing.isolation import engine_in_memory

START = """
import sys
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for a test" * 4,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="macaron_django.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "macaron_django"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    MACARON={"APIS": {}},
)
django.setup()
from django.test import Client

client = Client()
for path in sys.argv[1].split():
    print(client.get(path).status_code, *(name for name in sys.argv[2:] if name in sys.modules))
"""

#: Imported for the settings that name them.
OF_BACKENDS = ["opentelemetry", "sentry_sdk", "wrapt", "greenlet", "macaron_django.observability.backends"]

KEPT = """
openapi: 3.1.0
info: {title: Notes, version: "1"}
components:
  schemas:
    Note:
      type: object
      x-persist: {table: notes, hash_key: note_id}
      properties: {note_id: {type: string}, text: {type: string}}
paths:
  /notes/{note_id}:
    get:
      security: []
      parameters: [{name: note_id, in: path, required: true, schema: {type: string}}]
      responses:
        "200": {description: It, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
"""


def answers(script: str, paths: str, *modules: str) -> list[list[str]]:
    """The status of each path, and which of the modules are there by then, in a process of its own."""
    command = [sys.executable, "-c", script, paths, *modules]
    answered = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split() for line in answered.stdout.splitlines()]


def keep(engine, table, key, item):
    """Makes a table with a hash key, and puts an item into it."""
    client = botocore.session.get_session().create_client(
        "dynamodb", "eu-west-1", endpoint_url=engine.endpoint_url, aws_access_key_id="a", aws_secret_access_key="a"
    )
    client.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName=table, Item=item)


def test_a_public_api_that_keeps_nothing_answers_without_pynamodb_and_draws_its_documentation_when_asked():
    modules = ["botocore", "pynamodb", "moto", "tqdm", "jwt", "cryptography", "drf_spectacular", *OF_BACKENDS]
    ping, docs = answers(START, "/ping /openapi/ping.json", *modules)
    assert ping == ["200"]
    assert docs == ["200", "drf_spectacular"]


def test_a_public_api_that_keeps_items_answers_without_what_tokens_cursors_mocks_and_local_engines_need(tmp_path: Path):
    spec = tmp_path / "notes.yaml"
    spec.write_text(KEPT)
    engine = engine_in_memory("embedded")
    try:
        keep(engine, "notes", "note_id", {"note_id": {"S": "a"}, "text": {"S": "first"}})
        settings = {
            "APIS": {"notes": str(spec)},
            "DYNAMODB": {"ENGINE": "endpoint", "ENDPOINT": engine.endpoint_url},
        }
        [note] = answers(
            START.replace('{"APIS": {}}', repr(settings)),
            "/notes/a",
            *["pynamodb", "moto", "tqdm", "jwt", "cryptography", "drf_spectacular", *OF_BACKENDS],
            *["macaron_django.api.mock.mock_answers", "macaron_django.dynamodb.engines.supervisor"],
        )
    finally:
        engine.stop()
    assert note == ["200", "pynamodb"]


# -- the work of a start, counted --------------------------------------------------------------------------------------

STACKS = Path(__file__).parents[1] / "benchmarks" / "stacks"
#: Runs a benchmark's first answer as if some packages weren't installed, and prints how many functions were called.
COUNTED = """
import runpy, sys

program, module, *absent = sys.argv[1:]
sys.modules.update(dict.fromkeys(absent))  # whose import fails; another finder would be taken for a tracer's
sys.path.insert(0, program.rpartition("/")[0])
sys.argv = [program, module]
calls = 0

def count(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")

sys.setprofile(count)
runpy.run_path(program)
sys.setprofile(None)
print(calls)
"""
#: The most calls of functions until the first answer, as a multiple of bare Django's. It is the same at each start:
#: 2.53 where the ratio of CPU seconds was 2.15, and 3.6 where botocore was imported (Python 3.11).
MOST_CALLS = 2.7
#: MB of memory until then.
MOST_MEMORY = 90


def _required(name: str, extras: set[str]) -> Iterator[str]:
    """Yields the distributions that one requires, and those that they require, by their canonical names."""
    yield canonicalize_name(name)
    for line in metadata.distribution(name).requires or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": each}) for each in extras | {""}):
            yield from _required(needed.name, needed.extras)


def _modules_of_others() -> list[str]:
    """The names of modules that are here by no distribution that macaron_django[aws] requires."""
    required = set(_required("macaron_django", {"aws"}))
    found = metadata.packages_distributions().items()
    return [name for name, owners in found if required.isdisjoint(map(canonicalize_name, owners))]


def _first_answer(module: str, absent: list[str], endpoint: str | None) -> tuple[int, float]:
    """The calls and the memory of a new process, whose environment is as plain as Lambda's."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH")}
    environment = {**kept, "STACK_ENDPOINT": endpoint or "", "STACK_TABLE": "profiles_macaron"}
    command = [sys.executable, "-c", COUNTED, str(STACKS / "first_answer.py"), module, *absent]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answered, calls = done.stdout.splitlines()
    return int(calls), json.loads(answered)["rss_mb"]


def test_a_first_answer_from_dynamodb_takes_little_more_than_bare_django_does() -> None:
    engine = engine_in_memory("embedded")
    try:
        item = {"profile_id": {"S": "person-0"}, "name": {"S": "Person 0"}}
        keep(engine, "profiles_macaron", "profile_id", item)
        absent = _modules_of_others()
        bare, _ = _first_answer("django_bare", absent, None)
        # The first one may compile modules, and parses the spec.
        calls, memory = min(_first_answer("macaron", absent, engine.endpoint_url) for _ in range(2))
    finally:
        engine.stop()
    assert calls <= MOST_CALLS * bare
    assert memory <= MOST_MEMORY


def test_a_backend_is_imported_where_the_settings_name_it():
    named = START.replace('{"APIS": {}}', '{"APIS": {}, "OBSERVABILITY": {"BACKENDS": ["opentelemetry"]}}')
    assert answers(named, "/ping", *OF_BACKENDS) == [["200", "opentelemetry", "macaron_django.observability.backends"]]
