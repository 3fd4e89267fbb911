"""Bodies over HTTP, on gunicorn, granian and uvicorn: every kind that a spec can declare, and what is refused."""

from __future__ import annotations

import json
import socket
import sys

import httpx
import pytest

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module", params=["wsgi", "asgi", "granian"])
def project(request, case_project):
    made = case_project("bodies")
    made.server = request.param
    made.serve_by(request.param).headers["Accept"] = "*/*"
    return made


@pytest.fixture(scope="module")
def client(project) -> httpx.Client:
    return project.clients[-1]


def test_json_becomes_an_object_of_the_schemas_class(client):
    sent = {"text": "a", "due": "2026-02-28", "id": "mine"}
    answer = client.post("/json", json=sent)
    # A readOnly property that is sent is ignored, and a default is filled in.
    assert answer.json() == {"kind": "Note", "value": {"text": "a", "due": "2026-02-28", "colour": "blue"}}


def test_every_digit_arrives_and_goes_back(client):
    number = "12345678901234567890.123456789012345678"
    answer = client.post("/json", content=f'{{"text": "a", "size": {number}}}', headers=JSON)
    assert f'"size":{number}' in answer.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"text": "a", "text": "b"}', "MALFORMED_BODY"),
        ('{"text": "a"', "MALFORMED_BODY"),
        ('{"text": NaN}', "MALFORMED_BODY"),
        ("[" * 11 + "]" * 11, "MALFORMED_BODY"),
        ("[" * 30_000, "MALFORMED_BODY"),
        ("[" * 100_000, "INVALID_PARAMETER"),
        (b'{"text": "\xff"}', "MALFORMED_BODY"),
        ('{"text": "a"} {}', "MALFORMED_BODY"),
        ('{"text": ""}', "INVALID_PARAMETER"),
        ('{"text": "a", "other": 1}', "INVALID_PARAMETER"),
        ("null", "INVALID_PARAMETER"),
        ("", "INVALID_PARAMETER"),
    ],
)
def test_what_is_no_such_document_is_400(client, content, code):
    answer = client.post("/json", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


def test_a_json_suffix_is_json_and_only_the_declared_one(client):
    own = {"Content-Type": "application/vnd.note+json"}
    assert client.post("/suffix", content='{"text": "a"}', headers=own).json()["value"]["text"] == "a"
    assert client.post("/suffix", content='{"text": "a"}', headers=JSON).status_code == 415


def test_a_merge_patch_keeps_its_nulls(client):
    patch = {"Content-Type": "application/merge-patch+json"}
    assert client.patch("/patch", content='{"text": null}', headers=patch).json()["value"] == {"text": None}


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "latin-1", '"UTF-8"'])
def test_the_charset_is_honoured(client, charset):
    content = '{"text": "ü"}'.encode(charset.strip('"'))
    answer = client.post("/json", content=content, headers={"Content-Type": f"application/json; charset={charset}"})
    assert answer.json()["value"]["text"] == "ü"
    text = client.post(
        "/several", content="ü".encode(charset.strip('"')), headers={"Content-Type": f"text/plain; charset={charset}"}
    )
    assert text.json() == {"kind": "str", "value": "ü"}


def test_an_unknown_charset_is_415(client):
    assert (
        client.post("/json", content="{}", headers={"Content-Type": "application/json; charset=x"}).status_code == 415
    )


def test_a_missing_body_is_400_where_it_is_required_and_none_where_not(client):
    assert client.post("/json").status_code == 400
    assert client.post("/json", headers=JSON).status_code == 400
    assert client.post("/optional").json() == {"kind": "NoneType", "value": None}
    assert client.post("/optional", json={"text": "a"}).json()["kind"] == "Note"
    assert client.post("/optional", json={}).status_code == 400


def test_one_operation_may_take_several_media_types(client):
    assert client.post("/several", json={"text": "a"}).json()["kind"] == "Note"
    assert client.post("/several", data={"text": "a", "size": "2"}).json()["value"]["size"] == 2
    assert client.post("/several", content="plain", headers={"Content-Type": "text/plain"}).json()["value"] == "plain"
    long = client.post("/several", content="x" * 21, headers={"Content-Type": "text/plain"})
    assert long.status_code == 400
    octets = client.post("/several", content=b"\x00\xff", headers={"Content-Type": "application/octet-stream"})
    assert octets.json() == {"kind": "bytes", "value": "\x00\xff"}
    refused = client.post("/several", content="<a/>", headers={"Content-Type": "application/xml"})
    assert refused.status_code == 415
    assert client.post("/text-range", content="a,b", headers={"Content-Type": "text/csv"}).json()["value"] == "a,b"
    assert client.post("/text-range", content="{}", headers=JSON).status_code == 415


def test_forms_are_read_by_their_encodings(client):
    form = (
        "name=a+b%26&count=2&tags=x&tags=y%2Cz&joined=1,2&piped=p%7Cq&point=%7B%22x%22%3A1%7D"
        "&deep%5Bx%5D=1&deep%5By%5D=c&deep%5By%5D=d"
    )
    assert client.post("/form", content=form, headers=FORM).json()["value"] == {
        "name": "a b&",
        "count": 2,
        "tags": ["x", "y,z"],
        "joined": [1, 2],
        "piped": ["p", "q"],
        "point": {"x": 1},
        "deep": {"x": 1, "y": ["c", "d"]},
    }
    for wrong in ("count=2", "name=a&count=x", "name=a&joined=1,x", "name=%FF", "name=a&name=b"):
        assert client.post("/form", content=wrong, headers=FORM).status_code == 400, wrong


def test_files_are_streamed_to_disk(client):
    large = b"x" * (3 * 1024 * 1024)
    files = [
        ("file", ("large.bin", large, "application/x-large")),
        ("more", ("a.txt", b"a", "text/plain")),
        ("more", ("b.txt", b"bb", "text/plain")),
        ("meta", (None, '{"a": 1}', "application/json")),
    ]
    answer = client.post("/upload", data={"title": "ü", "count": "3"}, files=files).json()
    assert answer == {
        "title": "ü",
        "count": 3,
        "meta": {"a": 1},
        "file": {"name": "large.bin", "type": "application/x-large", "size": len(large), "on_disk": True},
        "more": [
            {"name": "a.txt", "type": "text/plain", "size": 1, "on_disk": True},
            {"name": "b.txt", "type": "text/plain", "size": 2, "on_disk": True},
        ],
    }
    small = client.post("/upload", files=[("file", ("a", b"a"))]).json()
    assert small["file"]["on_disk"] is False


def test_what_is_wrong_with_an_upload_is_400(client):
    file = ("file", ("a", b"a"))
    assert client.post("/upload", files=[("more", ("a", b"a"))]).status_code == 400
    assert client.post("/upload", data={"count": "x"}, files=[file]).status_code == 400
    assert client.post("/upload", files=[file, ("meta", (None, "{", "application/json"))]).status_code == 400
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/upload", content=b"--y\r\n", headers=broken).status_code == 400
    assert client.post("/upload", content=b"--x", headers={"Content-Type": "multipart/form-data"}).status_code == 400


def test_bytes_go_in_and_out(client):
    answer = client.post("/bytes", content=b"\x00\x01\xff", headers={"Content-Type": "application/octet-stream"})
    assert (answer.content, answer.headers["Content-Type"]) == (b"\xff\x01\x00", "application/octet-stream")


@pytest.mark.parametrize("path", ["/lines", "/items"])
def test_lines_of_json_go_in_and_out(client, path):
    lines = {"Content-Type": "application/x-ndjson"}
    answer = client.post(path, content='{"n": 1}\n\n{"n": 2}\n', headers=lines)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"n": 2}, {"n": 4}]
    assert client.post(path, content='{"n": 1}\n{', headers=lines).status_code == 400
    refused = client.post(path, content='{"n": 1}\n{"n": "x"}\n', headers=lines)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/1/n")


def test_a_body_over_the_limit_is_413_with_and_without_a_length(client):
    large = b'{"text": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    for path, kind in (
        ("/json", "application/json"),
        ("/several", "text/plain"),
        ("/bytes", "application/octet-stream"),
    ):
        assert client.post(path, content=large, headers={"Content-Type": kind}).status_code == 413, path
    assert client.post("/upload", files=[("file", ("a", large))]).status_code == 413
    assert client.post("/form", content=b"name=" + large, headers=FORM).status_code == 413


def test_a_body_in_chunks_is_read_as_any_other(client):
    answer = client.post("/json", content=iter([b'{"text": ', b'"a"}']), headers=JSON)
    assert answer.json()["value"]["text"] == "a"
    assert client.post("/optional", content=iter([b'{"text": ', b'"a"}']), headers=JSON).json()["kind"] == "Note"
    form = httpx.Request("POST", client.base_url, files=[("file", ("a", b"x" * 9))])
    content = form.read()
    parts = (content[start : start + 50] for start in range(0, len(content), 50))
    uploaded = client.post("/upload", content=parts, headers={"Content-Type": form.headers["Content-Type"]})
    assert uploaded.json()["file"]["size"] == 9
    endless = (b"[" + b" " * 1024 * 1024 for _ in range(6))
    assert client.post("/json", content=endless, headers=JSON).status_code == 413


def test_a_form_with_too_many_fields_or_files_is_400(client):
    assert client.post("/form", content="&".join(f"a{n}=1" for n in range(1100)), headers=FORM).status_code == 400
    many = [("file", ("a", b"a"))] + [(f"f{n}", ("a", b"a")) for n in range(110)]
    assert client.post("/upload", files=many).status_code == 400


CHUNKED = b"Transfer-Encoding: chunked"
#: Headers and bytes of bodies that are broken, or break off.
BROKEN = {
    "no size of a chunk": (CHUNKED, b"xyz\r\nabc\r\n"),
    "a negative size": (CHUNKED, b"-3\r\nabc\r\n"),
    "no end of a chunk": (CHUNKED, b"3\r\nabcdef\r\n0\r\n\r\n"),
    "half a chunk": (CHUNKED, b"ff\r\n{"),
    "no last chunk": (CHUNKED, b"1\r\n{\r\n"),
    "half a size": (CHUNKED, b"1\r\n{\r\n1"),
    "a shorter body": (b"Content-Length: 100", b"{"),
    "no body": (b"Content-Length: 100", b""),
}
PATHS = {
    "/json": b"application/json",
    "/form": b"application/x-www-form-urlencoded",
    "/upload": b"multipart/form-data; boundary=xyz",
    "/bytes": b"application/octet-stream",
    "/lines": b"application/x-ndjson",
    "/text-range": b"text/plain",
}


def break_off(client: httpx.Client, path: str, broken: str) -> bytes:
    """Sends a broken body twice: waits for the status of the answer, and closes the connection at once."""
    header, content = BROKEN[broken]
    lines = [f"POST {path} HTTP/1.1".encode(), b"Host: 127.0.0.1", b"Content-Type: " + PATHS[path], header]
    answer = b""
    for waits in (True, False):
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=300) as connection:
            connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", content]))
            if waits:
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(1024)
    assert client.get("/ping").status_code == 200
    return answer[9:12]


def assert_nothing_is_reported(log: str) -> None:
    assert "REPORTED" not in log, log
    assert "Traceback" not in log, log
    assert "ERROR" not in log, log


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_body_that_breaks_off_is_the_clients_fault(project, client, path, broken):
    # granian passes broken chunks on as a whole body: where any bytes are valid, nobody can tell.
    is_hidden = BROKEN[broken][0] == CHUNKED and path in {"/bytes", "/text-range"} and "granian" in project.server
    logged = len(project.log())
    assert break_off(client, path, broken) in {b"400", b"", b"200" if is_hidden else b""}
    assert_nothing_is_reported(project.log()[logged:])


def test_a_body_that_breaks_off_is_the_clients_fault_in_a_worker_without_threads(case_project):
    project = case_project("bodies")
    client = project.serve(
        *(sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:{port}", "--workers=1"),
        *("--worker-class=sync", "served:wsgi"),
    )
    answers = {(path, broken): break_off(client, path, broken) for path in PATHS for broken in BROKEN}
    assert set(answers.values()) <= {b"400", b""}, answers
    assert_nothing_is_reported(project.log())
