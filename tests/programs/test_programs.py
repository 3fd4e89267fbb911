"""A program of PyMacaron's runs on Django as it is, without settings.py and manage.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import yaml

from tests.conftest import eventually

SECRET = "a secret of the greeter that is long enough"
SERVICE = Path(__file__).parents[1] / "fixtures" / "service"
RUN = (sys.executable, "-W", "ignore::DeprecationWarning", "-m", "macaron_django.compat")


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The service, in a folder of its own."""
    return Path(shutil.copytree(SERVICE, tmp_path / "service"))


@pytest.fixture
def serve(service: Path, projects: Callable[..., Any]) -> Callable[..., httpx.Client]:
    def serve(*command: str, **environment: str) -> httpx.Client:
        project = projects(service, GREETER_SECRET=SECRET, **environment)
        serve.project = project  # type: ignore[attr-defined]
        client: httpx.Client = project.serve(*RUN, *(command or ("server.py", "--port", "{port}")))
        return client

    return serve


def token(**claims: Any) -> str:
    claims = {"sub": "ada", "iss": "greeter.example.com", "aud": "greetings", "exp": 2**40, **claims}
    return jwt.encode(claims, SECRET, "HS256")


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_unchanged_server_is_served_with_its_handlers_errors_tokens_and_documents(serve):
    client = serve()
    assert client.get("/greet/Ada").json() == {"text": "Hello Ada!"}
    missing = client.get("/greet/nobody")
    assert (missing.status_code, missing.json()["error"]) == (404, "NOBODY")
    returned = client.get("/greet/model")
    assert (returned.status_code, returned.json()["error"]) == (404, "NOBODY")
    failed = client.get("/fail")
    assert (failed.status_code, failed.json()["error"]) == (500, "SERVER_ERROR")
    assert client.post("/phrase", json={"words": "hi"}).json()["error"] == "AUTHORIZATION_HEADER_MISSING"
    authorized = {"Authorization": f"Bearer {token()}"}
    assert client.post("/phrase", json={"words": "hi"}, headers=authorized).json() == {"text": "ada: hi"}
    foreign = {"Authorization": f"Bearer {token(aud='others')}"}
    assert client.post("/phrase", json={"words": "hi"}, headers=foreign).json()["error"] == "TOKEN_INVALID"
    published = client.get("/doc/greetings.yaml")
    assert published.headers["Access-Control-Allow-Origin"] == "*"
    assert yaml.safe_load(published.text)["info"]["title"] == "Greetings"
    assert client.get("/doc/greetings").headers["Location"] == "/docs/greetings/"
    log = serve.project.log()
    assert "REPORTED SERVER_ERROR: RuntimeError" in log
    assert SECRET not in log


def test_with_async_a_worker_beside_the_program_does_its_tasks(serve, service, broker):
    config = (service / "pym-config.yaml").read_text()
    (service / "pym-config.yaml").write_text(config.replace("with_async: false", "with_async: true\nworker_count: 1"))
    client = serve(CELERY_BROKER_URL=broker)
    authorized = {"Authorization": f"Bearer {token()}"}
    server = client.get("/later", headers=authorized).json()["text"]
    reminder = service / "greetings" / "reminder.json"
    eventually(lambda: reminder.exists() and reminder.read_text().endswith("]"), "the task is done")
    kind, text, user, process = json.loads(reminder.read_text())
    assert (kind, text, user) == ("Greeting", "wake up", "ada")
    assert str(process) != server
    # The worker has loaded server.py, which names the reporter of errors.
    eventually(lambda: "REPORTED SERVER_ERROR: RuntimeError" in serve.project.log(), "the failure is reported")


def test_the_application_of_a_program_is_served_by_gunicorn(serve, service):
    client = serve("-m", "gunicorn", "--bind=127.0.0.1:{port}", "--threads=4", "server:app")
    assert client.get("/greet/Ada").json() == {"text": "Hello Ada!"}
    failed = client.get("/fail")
    assert failed.status_code == 500
    assert "the inside" not in failed.text
    assert client.get("/nowhere").json()["error"] == "NOT_FOUND"


FLASK_PARTS = """app = Flask(__name__)


@app.route("/own")
def own():
    from flask import session

    session["seen"] = "yes"
    return "my own"


@app.after_request
def sign(response):
    response.headers["X-Served-By"] = "flask"
    return response


@app.before_request
def read():
    from flask import request

    request.get_data()


@app.route("/broken")
@crash_handler
def broken():
    raise RuntimeError("the inside")
"""


def test_a_flask_app_is_served_beside_the_apis_and_its_hooks_see_every_answer(serve, service):
    text = (service / "server.py").read_text().replace("app = Flask(__name__)\n", FLASK_PARTS)
    text = text.replace("from pymacaron import", "from pymacaron.crash import crash_handler\nfrom pymacaron import")
    (service / "server.py").write_text(text)
    client = serve()
    own = client.get("/own")
    assert (own.text, "session" in own.cookies) == ("my own", True)
    answer = client.get("/greet/Ada")
    assert (answer.json(), answer.headers["X-Served-By"]) == ({"text": "Hello Ada!"}, "flask")
    authorized = {"Authorization": f"Bearer {token()}"}
    assert client.post("/phrase", json={"words": "hi"}, headers=authorized).json() == {"text": "ada: hi"}
    broken = client.get("/broken")
    assert (broken.status_code, broken.json()["error"]) == (500, "SERVER_ERROR")
    assert client.head("/ping").status_code == 200


def test_a_program_that_imports_flask_without_flask_says_what_to_do(service):
    (service / "flask.py").write_text("raise ModuleNotFoundError('No module named flask', name='flask')\n")
    done = run(service, "server.py", "--port", "1", GREETER_SECRET=SECRET)
    assert done.returncode == 1
    assert done.stderr == (
        "server.py imports Flask, which isn't installed: run `pip install flask`. Or remove Flask from the program, "
        "and call API(None, port=port), without an app.\n"
    )


def test_a_program_without_flask_is_served(serve, service):
    (service / "flask.py").write_text("raise ModuleNotFoundError('No module named flask', name='flask')\n")
    text = (service / "server.py").read_text()
    text = text.replace("from flask import Flask\n", "").replace("app = Flask(__name__)\n", "app = None\n")
    (service / "server.py").write_text(text)
    assert serve().get("/greet/Ada").json() == {"text": "Hello Ada!"}


def test_the_import_of_the_layer_as_the_first_line_is_enough(service, projects):
    text = (service / "server.py").read_text()
    (service / "server.py").write_text(f"import macaron_django.compat  # noqa: F401\n{text}")
    project = projects(service, GREETER_SECRET=SECRET)
    for command in (("server.py", "--port", "{port}"), ("-m", "gunicorn", "--bind=127.0.0.1:{port}", "server:app")):
        client = project.serve(sys.executable, "-W", "ignore", *command)
        assert client.get("/greet/Ada").json() == {"text": "Hello Ada!"}


SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = "only for a test" * 4
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "macaron_django", "macaron_django.compat", "django.contrib.contenttypes", "django.contrib.auth", "rest_framework"
]
ROOT_URLCONF = "macaron_django.urls"
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": []}
MACARON = {"ERROR_DECORATOR": lambda body: {**body, "from": "settings"}}
"""


def test_a_projects_own_settings_win(serve, service):
    (service / "settings.py").write_text(SETTINGS)
    client = serve()
    assert client.get("/greet/Ada").json() == {"text": "Hello Ada!"}
    assert client.get("/greet/nobody").json()["from"] == "settings"
    assert "text/html" in client.get("/nowhere").headers["Content-Type"]


def test_start_serves_the_apis_that_it_names(serve, service):
    spec = (service / "apis" / "greetings.yaml").read_text()
    (service / "apis" / "others.yaml").write_text(spec.replace("/greet/", "/others/"))
    (service / "server.py").write_text((service / "server.py").read_text().replace("start()", 'start(serve="others")'))
    client = serve()
    assert client.get("/others/Ada").json() == {"text": "Hello Ada!"}
    assert client.get("/greet/Ada").status_code == 404
    assert client.get("/ping").status_code == 200


ELSEWHERE = """
swagger: "2.0"
info: {title: Orders, version: "1"}
paths:
  /orders:
    get:
      produces: [application/json]
      x-bind-server: orders.api.list_orders
      responses: {200: {description: All, schema: {$ref: "#/definitions/Order"}}}
definitions:
  Order: {type: object, x-persist: orders.store.Orders, properties: {name: {type: string}}}
"""


@pytest.mark.parametrize("said_in", ["start", "pym-config.yaml"])
def test_an_api_that_is_only_called_may_name_what_isnt_here(serve, service, said_in):
    (service / "apis" / "orders.yaml").write_text(ELSEWHERE)
    program = service / "server.py"
    classes = "from macaron_django import apipool; print(apipool.orders.Order(name='of others').to_json())"
    if said_in == "start":
        program.write_text(program.read_text().replace("start()", 'start(serve="greetings")'))
    else:
        (service / "pym-config.yaml").write_text(
            (service / "pym-config.yaml").read_text() + "\nmacaron: {SERVE: [greetings]}\n"
        )
        program.write_text(program.read_text().replace("api.start()", f"{classes}; api.start()"))
        checked = run(service, "-m", "django", "check", GREETER_SECRET=SECRET)
        assert checked.returncode == 0, checked.stderr
        assert "macaron_django.E090" in checked.stderr  # as a warning
    client = serve("server.py", "--no-debug", "--port", "{port}")
    assert client.get("/greet/Ada").json() == {"text": "Hello Ada!"}
    assert client.get("/orders").status_code == 404


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("start()", 'start(serve="nothing")'), "There is no nothing.yaml in"),
        (("start()", "start(serve=[])"), "needs the names of one or more APIs"),
        (('"apis")', '"nowhere")'), "There is no folder"),
        (("load_apis(", "load_clients("), "needs the names of one or more APIs"),
        (("port=port", "port=port, json_encoders={str: repr}"), "needs a function for datetime"),
    ],
)
def test_what_a_program_gets_wrong_is_told(service, change, sentence):
    (service / "server.py").write_text((service / "server.py").read_text().replace(*change))
    done = run(service, "server.py", "--port", "1", GREETER_SECRET=SECRET)
    assert done.returncode == 1
    assert sentence in done.stderr.splitlines()[-1]


def test_the_runner_says_how_it_is_used_and_what_is_missing(tmp_path):
    assert "usage: python -m macaron_django.compat (PROGRAM | -m MODULE)" in run(tmp_path, "--help").stdout
    assert "give a program" in run(tmp_path).stderr
    assert "there is no program nothing.py" in run(tmp_path, "nothing.py").stderr


def test_the_programs_own_options_are_its_own(service):
    done = run(service, "server.py", "--help", GREETER_SECRET=SECRET)
    assert "--port PORT" in done.stdout
    done = run(service, "server.py", "--port", "http", GREETER_SECRET=SECRET)
    assert "invalid int value: 'http'" in done.stderr


def test_commands_work_without_manage_py(service):
    done = run(service, "-m", "django", "showapi", GREETER_SECRET=SECRET)
    assert "greetings.api.greet" in done.stdout
    shown = run(service, "-m", "django", "macaronconfig", "--changed", GREETER_SECRET=SECRET).stdout
    assert "pym-config.yaml: jwt_secret, from GREETER_SECRET" in shown
    assert SECRET not in shown


LOADING = """
from pymacaron import API, apipool

class Shouted:
    format = "shouted"

    @staticmethod
    def to_python(text):
        return text.lower()

    @staticmethod
    def to_wire(value):
        return value.upper()

    @staticmethod
    def validate(text):
        assert text.isupper()

api = API(None, port=1, formats=[Shouted], ping_hook=lambda: print("pinged"), default_user_id="robot")
assert api.load_apis("apis", ignore=["left"], only_models=["models"]) is api
api.load_clients("remote", apis=["shop"])
api.load_apis("more")

from django.conf import settings
from django.test import Client
from pymacaron.config import get_config

settings.ALLOWED_HOSTS = ["testserver"]
client = Client()
for path in ("/ping", "/greet/Ada", "/more/Ada", "/models/Ada", "/shop/Ada", "/left/Ada"):
    print(path, client.get(path).status_code)
print(apipool.models.Greeting(text="a").text, apipool.shop.Greeting(text="b").text, hasattr(apipool, "left"))
print(apipool.greetings.Phrase.from_json({"words": "HELLO"}).words, get_config().default_user_id)
"""


def test_apis_are_loaded_from_several_folders_and_of_some_only_the_classes(service):
    spec = (service / "apis" / "greetings.yaml").read_text()
    for folder, name in (("apis", "models"), ("apis", "left"), ("remote", "shop"), ("more", "more")):
        (service / folder).mkdir(exist_ok=True)
        (service / folder / f"{name}.yaml").write_text(spec.replace("/greet/", f"/{name}/"))
    words = "words:\n        type: string"
    assert words in spec
    (service / "apis" / "greetings.yaml").write_text(spec.replace(words, f"{words}\n        format: shouted"))
    (service / "loading.py").write_text(LOADING)
    done = run(service, "loading.py", GREETER_SECRET=SECRET)
    assert done.stdout.splitlines() == [
        "pinged",
        "/ping 200",
        "/greet/Ada 200",
        "/more/Ada 200",
        "/models/Ada 404",
        "/shop/Ada 404",
        "/left/Ada 404",
        "a b False",
        "hello robot",
    ], done.stderr
