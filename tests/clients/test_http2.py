"""Calls go over HTTP/2 where the option asks for it and the server speaks it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from macaron_django import apipool
from tests.certificates import certificate
from tests.clients.conftest import client_settings, fresh_clients
from tests.conftest import PATIENCE, eventually, free_port

PROGRAM = """
import json


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"x-http-version", scope["http_version"].encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"parcel_id": "p1", "weight": 1.5}).encode()})
"""


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URL of a server that speaks HTTP/1.1 and HTTP/2 over TLS, and its certificate."""
    made, key = certificate(tmp_path, "server")
    (tmp_path / "parcels_program.py").write_text(PROGRAM)
    port = free_port()
    command = ("granian", "--interface=asgi", "--host=127.0.0.1", f"--port={port}", "--workers=1", "--http=auto")
    tls = (f"--ssl-certificate={made}", f"--ssl-keyfile={key}")
    server = subprocess.Popen(
        [sys.executable, "-m", *command, *tls, "parcels_program:application"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    eventually(listens, "granian listens")
    yield f"https://localhost:{port}", made
    fresh_clients()
    server.terminate()
    server.wait(PATIENCE)


@pytest.mark.parametrize(("option", "version"), [(True, "2"), (False, "1.1")])
def test_a_call_goes_over_http_2_where_the_option_asks_for_it(
    https: tuple[str, str], option: bool, version: str
) -> None:
    url, authority = https
    with client_settings(BASE_URL=url, CREDENTIALS={"token": "s3cret-token"}, VERIFY=authority, HTTP2=option):
        answer = apipool.parcels.client.get_parcel.answer(parcel_id="p1")
    assert (answer.value.weight, answer.headers["x-http-version"]) == (1.5, version)
