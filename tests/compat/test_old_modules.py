"""PyMacaron's modules can be imported where the compat layer is in use, and nowhere else."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest
from django.test.utils import override_settings

from macaron_django.conf import under_compat

pytestmark = pytest.mark.usefixtures("old_names")


def run(script: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, **options)


def leads_somewhere(module: ModuleType, name: str) -> bool:
    try:
        getattr(module, name)
    except (ImportError, AttributeError):
        return False
    return True


def test_every_row_leads_to_something_that_can_be_imported():
    from macaron_django.compat.name_table import TABLE

    broken = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for module, names in TABLE.items():
            imported = importlib.import_module(module)
            broken += [f"{module}.{name}" for name in names.keys() - {"*"} if not leads_somewhere(imported, name)]
    assert not broken


def test_a_name_warns_once_of_its_new_spelling_where_it_is_used():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        from pymacaron.auth import get_userid
        from pymacaron.auth import get_userid as again

        assert again is get_userid
        import pymacaron

        assert pymacaron.auth.get_userid is pymacaron.auth.get_userid
    assert [(str(one.message), one.category, one.filename) for one in seen] == [
        ("pymacaron.auth.get_userid is macaron_django.auth.get_userid now.", DeprecationWarning, __file__)
    ]


def test_an_old_name_is_the_new_one():
    from macaron_django import auth

    with pytest.warns(DeprecationWarning, match="is macaron_django"):
        from pymacaron.auth import requires_auth
    assert requires_auth is auth.requires_auth


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_done_with_an_absent_name_says_why_it_is_absent():
    from pymacaron import jsonencoders
    from pymacaron_core.swagger.spec import ApiSpec

    with pytest.raises(AttributeError, match=r"^pymacaron.jsonencoders has no counterpart: MACARON"):
        jsonencoders.set_json_encoders({})
    assert not hasattr(jsonencoders, "get_datetime_encoder")
    with pytest.raises(NotImplementedError, match=r"^pymacaron_core.swagger.spec.ApiSpec has no counterpart"):

        class Spec(ApiSpec):  # type: ignore[valid-type, misc]
            """A class of the project's own."""


def test_a_name_that_pymacaron_never_had_is_an_attribute_error():
    import pymacaron

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = pymacaron.nothing
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pymacaron.nothing")


def test_the_layer_can_be_taken_out_again():
    import macaron_django.compat

    macaron_django.compat.install()
    assert under_compat()
    macaron_django.compat.uninstall()
    assert not under_compat()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pymacaron")


def test_a_setting_decides_over_what_is_imported():
    with override_settings(MACARON={"COMPAT": False}):
        assert not under_compat()
    with override_settings(MACARON={"COMPAT": True}):
        assert under_compat()


@pytest.mark.parametrize("first", ["import macaron_django.compat", "INSTALLED_APPS"])
def test_either_way_in_makes_the_names_importable(first: str):
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "macaron_django"]
    if first == "INSTALLED_APPS":
        first, apps = "", [*apps, "macaron_django.compat"]
    done = run(
        f"{first}\nimport django\nfrom django.conf import settings\n"
        f"settings.configure(INSTALLED_APPS={apps}, MACARON={{'APIS': {{}}}})\ndjango.setup()\n"
        "from pymacaron.auth import generate_token\nprint(generate_token.__module__)"
    )
    assert done.stdout.strip() == "macaron_django.auth.tokens", done.stderr


def test_an_original_that_is_installed_wins_and_a_check_says_so(tmp_path: Path):
    package = tmp_path / "pymacaron"
    package.mkdir()
    (package / "__init__.py").write_text("original = True\n")
    done = run(
        "import macaron_django.compat, pymacaron\nprint(pymacaron.original)\n"
        "from macaron_django.compat.original_checks import check_originals\n"
        "for message in check_originals(None): print(message.id, message.msg)\n"
        "try:\n    import pymacaron.auth\nexcept ModuleNotFoundError as error:\n    print(error)",
        cwd=tmp_path,
    )
    assert done.stdout.splitlines() == [
        "True",
        f"macaron_django.W121 pymacaron itself is installed ({package / '__init__.py'}): "
        "programs import it instead of macaron_django.",
        "No module named 'pymacaron.auth'",
    ], done.stderr
