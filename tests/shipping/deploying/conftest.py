"""moto's server for the services of AWS that a deployment calls, and what its actions show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from macaron_django.shipping.deploying import DeployActions

REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION}


class ShownActions(DeployActions):
    """Actions that keep the lines they would print."""

    def __init__(self, folder: Path, *, dry_run: bool = False) -> None:
        self.lines: list[str] = []
        super().__init__(self.lines.append, folder, dry_run=dry_run)


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch):
    """Makes boto3 call moto's server, in this process and its children; returns a maker of clients."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": moto_url}.items():
        monkeypatch.setenv(name, value)
    return lambda service: boto3.client(service, region_name=REGION)


@pytest.fixture
def actions(tmp_path: Path) -> ShownActions:
    return ShownActions(tmp_path)
