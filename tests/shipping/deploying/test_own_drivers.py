"""The driver that the how-to shows for a server of one's own.

Programs take the places of ``ssh``, which runs its command here, and of ``docker``, which keeps a container's labels.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from macaron_django.shipping.deploying import DeployError, ReleaseFiles
from macaron_django.shipping.deploying.deploy_environments import deploy_problems
from tests.shipping.deploying.conftest import ShownActions

FLAGS = re.MULTILINE | re.DOTALL
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "deploy.md"
SSH = """#!/bin/sh
shift
exec sh -c "$*"
"""
DOCKER = """#!/bin/sh
case "$1" in
    pull) echo "$2" >> pulled ;;
    rm) rm -f labels ;;
    run) for word in "$@"; do case "$word" in now=*|before=*) echo "$word" >> labels ;; esac; done ;;
    inspect)
        [ -e labels ] || exit 1
        name=$(echo "$3" | sed 's/.*"\\(.*\\)".*/\\1/')
        sed -n "s/^$name=//p" labels ;;
esac
"""


@pytest.fixture
def driver_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"ssh": SSH, "docker": DOCKER}.items():
        (programs / name).write_text(text, "utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    (text,) = re.findall(r"^```python\n# shop/deploying\.py\n(.*?)^```$", PAGE.read_text("utf-8"), FLAGS)
    namespace: dict[str, Any] = {}
    exec(compile(text, str(PAGE), "exec"), namespace)  # noqa: S102 (the page's own example)
    return namespace["SshDriver"]


def test_the_driver_that_the_how_to_shows_releases_and_goes_back(driver_class, actions, tmp_path):
    def live() -> Any:
        return driver_class({"HOST": "deploy@example.com"}, actions)

    assert live().current().version == ""
    for version in ("v1", "v2"):
        files = ReleaseFiles(version, f"registry.example.com/notes:{version}")
        live().upload(files)
        assert live().release(files) == live().current()
    assert (tmp_path / "pulled").read_text("utf-8").split() == [f"registry.example.com/notes:v{n}" for n in (1, 2)]
    assert live().back().version == live().current().version == "v1"
    with pytest.raises(DeployError, match="has no earlier release"):
        live().back()


def test_it_changes_nothing_in_a_dry_run(driver_class, tmp_path):
    actions = ShownActions(tmp_path, dry_run=True)
    driver_class({"HOST": "deploy@example.com"}, actions).release(ReleaseFiles("v1", "notes:v1"))
    assert actions.lines[0].startswith("$ ssh deploy@example.com 'docker rm --force notes; docker run --detach")
    assert not (tmp_path / "labels").exists()


def test_the_settings_that_the_how_to_shows_have_no_problem(settings, monkeypatch, driver_class):
    module = ModuleType("shop.deploying")
    module.SshDriver = driver_class  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop.deploying", module)
    shown = re.findall(
        r"^```python\n(?:# config/settings\.py\n)?(MACARON = .*?)^```$",
        PAGE.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert len(shown) == 3
    for text in shown:
        namespace: dict[str, Any] = {}
        exec(text, namespace)  # noqa: S102 (the page's own example)
        settings.MACARON = namespace["MACARON"]
        assert list(deploy_problems()) == []
