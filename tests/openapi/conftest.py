from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from macaron_django.openapi import Document, load

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def spec_files():
    return FIXTURES / "spec-files"


@pytest.fixture
def make():
    """A document of the given version with these components and paths."""

    def make(schemas=None, paths=None, version="3.1.0", **rest) -> Document:
        if version == "2.0":
            root = {"swagger": version, "info": {"title": "T", "version": "1"}, "definitions": schemas or {}}
        else:
            root = {
                "openapi": version,
                "info": {"title": "T", "version": "1"},
                "components": {"schemas": schemas or {}, **rest.pop("components", {})},
            }
        return load({**root, "paths": paths or {}, **rest})

    return make


@pytest.fixture
def write(tmp_path):
    """Write a spec into a folder of its own; returns its path."""

    def write(text, name="api.yaml"):
        path = tmp_path / "project" / "apis" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def httpserver_of():
    """Serve these paths on 127.0.0.1; returns the server's URL."""
    servers = []

    def serve(pages, redirect=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = pages.get(self.path)
                self.send_response(302 if redirect else 200 if body else 404)
                if redirect:
                    self.send_header("Location", redirect)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
