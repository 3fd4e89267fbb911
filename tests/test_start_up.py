"""What a process imports before its first answer: nothing that only other projects, or other pages, need."""

import subprocess
import sys
from pathlib import Path

import botocore.session

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
        client = botocore.session.get_session().create_client(
            "dynamodb", "eu-west-1", endpoint_url=engine.endpoint_url, aws_access_key_id="a", aws_secret_access_key="a"
        )
        client.create_table(
            TableName="notes",
            AttributeDefinitions=[{"AttributeName": "note_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "note_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.put_item(TableName="notes", Item={"note_id": {"S": "a"}, "text": {"S": "first"}})
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


def test_a_backend_is_imported_where_the_settings_name_it():
    named = START.replace('{"APIS": {}}', '{"APIS": {}, "OBSERVABILITY": {"BACKENDS": ["opentelemetry"]}}')
    assert answers(named, "/ping", *OF_BACKENDS) == [["200", "opentelemetry", "macaron_django.observability.backends"]]
