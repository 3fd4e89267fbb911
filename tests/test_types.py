"""What type checkers know: Pyright and mypy over the stub and the documentation's code, Pyright over the package."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys

import pytest

from macaron_django import exceptions
from tests.test_docs import FAULTS, PAGES, ROOT, blocks, name_of

PYRIGHT = ROOT / "node_modules" / ".bin" / "pyright"
#: Modules whose ``__all__`` is what projects import.
PUBLIC = ("", "admin", "api", "auth", "dynamodb", "exceptions", "openapi", "schemas", "testing")
#: Public names, also those of classes with their members, of whose types Pyright knows a part only, by the distribution
#: that it is due to: one without types of its own (``--verifytypes`` reads no stubs).
UNTYPED = {
    "Django": {
        "admin.item_admin.ItemAdmin",  # a ModelAdmin
        "auth.authentication.authenticate_http_request",  # takes an HttpRequest, as does the next
        "auth.credential_verifiers.django_password",
        "dynamodb.querysets.manager.ItemManager",  # a Manager
        "exceptions.ItemExists",  # an IntegrityError
        "exceptions.UnsupportedQuery",  # a NotSupportedError
        "exceptions.add_error",  # returns an exception that can be answered
        "testing.live_test_case.MacaronTestCase",  # a LiveServerTestCase
    },
    "djangorestframework": {
        "api.assembly.APIViewSets",  # holds GenericAPIViews, as do the next three
        "api.assembly.build_viewsets",
        "api.assembly.url_patterns",
        "viewsets",
        "auth.authentication.JWTAuthentication",  # a BaseAuthentication
        "auth.security_requirements.security_for",  # returns what holds BasePermissions
        "testing.api_client.APIClient",  # DRF's
    },
    "PynamoDB": {
        "dynamodb.items.persistence.Persistence",  # takes its conditions and holds its model, as do the others
        "dynamodb.binding.persist",
        "dynamodb.querysets.queryset.ItemQuerySet",
        "dynamodb.swagger_objects.PersistentSwaggerObject",
    },
}
#: Exceptions can be answered: their http_reply() returns a response of Django's.
ANSWERABLE = {
    f"macaron_django.exceptions.{name}"
    for name, value in vars(exceptions).items()
    if isinstance(value, type) and issubclass(value, exceptions.PyMacaronException)
} | {"macaron_django.exceptions.ErrorReply"}
USE = """
from macaron_django import admin, api, apipool, auth, dynamodb, exceptions, openapi, schemas, testing, viewsets
from macaron_django.dynamodb import transaction
from macaron_django.exceptions import StaleItem
from typing_extensions import assert_type

Profile = apipool.myserver.Profile


def use(profile: apipool.myserver.Profile) -> object:
    page = Profile.objects.filter(name="x").using_index("a").page(limit=3)
    assert_type(page.rows, list[apipool.myserver.Profile])
    assert_type(page.next_cursor, str | None)
    assert_type(Profile.objects.page().read, int)
    assert_type(Profile.objects.consistent().first(), apipool.myserver.Profile | None)
    assert_type(Profile.objects.get(name="x"), apipool.myserver.Profile)
    Profile.objects.capped().exclude(name="y").scan(segments=2).plan()
    with dynamodb.transaction():
        profile.save()
    Profile.objects.using_indx("a")  # wrong
    return admin.ItemAdmin, api, auth, exceptions.StaleItem, StaleItem, openapi, schemas, testing, transaction, viewsets
"""


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """A folder with the example project's stub, a program, and a module of each page's code."""
    folder = tmp_path_factory.mktemp("typed")
    stub = ["manage.py", "apistubs", "--output", str(folder / "typings")]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, *stub], cwd=ROOT, env=environment, check=True, capture_output=True)
    (folder / "use.py").write_text(USE)
    for page in PAGES:
        if page == FAULTS:
            continue
        code = "\n".join(code_of(block.text) for block in blocks(page, "python"))
        if code:
            (folder / f"page_{re.sub(r'[^a-z]', '_', name_of(page).lower())}.py").write_text(code)
    return folder


def code_of(text):
    if ">>>" not in text:
        return text
    return "".join(each.source for each in doctest.DocTestParser().get_examples(text))


def pyright(folder, *arguments, **environment):
    if not PYRIGHT.exists():
        pytest.fail("Pyright isn't here: run `npm ci` in the checkout's folder.")
    done = subprocess.run(
        [str(PYRIGHT), "--outputjson", "--pythonpath", sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return json.loads(done.stdout)


def wrong_lines():
    return [number for number, line in enumerate(USE.splitlines(), 1) if "# wrong" in line]


def test_pyright_knows_the_stub_and_the_documentations_code(typed):
    config = {
        "include": ["."],
        "exclude": ["typings"],
        "extraPaths": [str(ROOT), str(ROOT / "example_project")],
        "pythonVersion": "3.10",
        # Pages leave out what was said before, and attributes that may be unset are read as if they were set.
        "reportUndefinedVariable": False,
        "reportOptionalMemberAccess": False,
        "reportUnusedExpression": False,
        "reportMissingImports": False,  # of the reader's own project
        "reportFunctionMemberAccess": False,  # attributes that Django gives to a view's function
    }
    (typed / "pyrightconfig.json").write_text(json.dumps(config))
    found = pyright(typed)["generalDiagnostics"]
    in_use = [each["range"]["start"]["line"] + 1 for each in found if each["file"].endswith("use.py")]
    assert in_use == wrong_lines(), found
    in_pages = [each for each in found if not each["file"].endswith("use.py")]
    # Other pages' APIs are the reader's own.
    told = [f"{each['file']}: {each['message']}" for each in in_pages if 'class "type[apipool]"' not in each["message"]]
    assert told == []


def test_mypy_knows_the_stub_and_the_documentations_code(typed):
    path = f"typings:{ROOT}:{ROOT / 'example_project'}"
    left_out = "name-defined, union-attr, attr-defined, no-redef, import-not-found"
    (typed / "mypy.ini").write_text(f"[mypy]\nmypy_path = {path}\nfollow_imports = silent\n")
    pages = sorted(each.name for each in typed.glob("page_*.py"))
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(typed / "cache")]
    silent = [f"--disable-error-code={code}" for code in left_out.split(", ")]
    done = subprocess.run([*command, *silent, *pages], cwd=typed, capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines()[-1][:7], done.stderr) == ("Success", ""), done.stdout
    done = subprocess.run([*command, "use.py"], cwd=typed, capture_output=True, text=True, check=False)
    assert [int(line) for line in re.findall(r"^use\.py:(\d+): error", done.stdout, re.MULTILINE)] == wrong_lines()


def test_pyright_knows_the_types_of_public_names(tmp_path):
    verified = pyright(tmp_path, "--verifytypes", "macaron_django", "--ignoreexternal", PYTHONPATH=str(ROOT))
    known = {each["name"]: each for each in verified["typeCompleteness"]["symbols"]}
    assert len(known) > 3000
    public = {name: symbol for name, symbol in known.items() if is_public(name)}
    assert [name for name, symbol in public.items() if symbol["isTypeAmbiguous"]] == []  # lacks an annotation here
    partly = {name for name, symbol in public.items() if not symbol["isTypeKnown"]}
    untyped = {f"macaron_django.{name}" for names in UNTYPED.values() for name in names}
    assert untyped - partly == set()
    untyped |= ANSWERABLE
    assert sorted(name for name in partly - untyped if name.rpartition(".")[0] not in untyped) == []


def is_public(name):
    return any(name == each or name.startswith(f"{each}.") for each in public_names())


def public_names(found=set()):  # noqa: B006 (made once)
    if not found:
        for folder in PUBLIC:
            module = importlib.import_module(f"macaron_django.{folder}".rstrip("."))
            for name in module.__all__:
                value = getattr(module, name)
                own = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
                found.add(own if callable(value) else f"{module.__name__}.{name}")
    return found
