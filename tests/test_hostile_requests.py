"""The example project under requests and items that mean it harm: refused or kept whole, and never a 500."""

from __future__ import annotations

import json
import os
import signal
import time

import boto3
import pytest

JSON = {"Content-Type": "application/json"}
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
REFUSED = {
    "twice": b'{"name":"a","name":"b"}',
    "deep": b'{"name":"x","extra":' + b"[" * 100_000,
    "deeper than DynamoDB": b'{"name":"x","extra":' + b"[" * 60 + b"]" * 60 + b"}",
    "NaN": b'{"name":"x","age":NaN}',
    "infinite": b'{"name":"x","extra":1e400}',
    "half a pair": rb'{"name":"\ud800"}',
    "39 digits": b'{"name":"x","extra":123456789012345678901234567890123456789}',
    "beyond int64": b'{"name":"x","view_count":9223372036854775808}',
    "a long exponent": b'{"name":"x","age":1e999999999}',
    "an unnamed property": b'{"name":"x","":1}',
    "an empty key": b'{"name":"x","profile_id":""}',
    "all null": b'{"profile_id":null,"name":null,"age":null,"tags":null,"address":null,"view_count":null}',
    "no object": b"[]",
    "null": b"null",
    "nothing": b"",
    "no JSON": b'{"name":"x"} x',
    "Latin-1": '{"name":"é"}'.encode("latin-1"),
}
NAMES = ["__class__", "__dict__", "_state", "_spec", "_meta", "pk", "self", "save", "objects", "to_json", "persistence"]


@pytest.fixture
def open_example(example):
    """The example project with schemas that allow any property besides their own."""
    spec = example.folder / "example_project/apis/myserver.yaml"
    lines = spec.read_text("utf-8").splitlines(keepends=True)
    spec.write_text("".join(line for line in lines if "additionalProperties: false" not in line), "utf-8")
    return example


def test_hostile_bodies_are_refused_and_store_nothing(open_example):
    client = open_example.serve()
    before = client.get("/profiles").content
    for name, body in REFUSED.items():
        answer = client.post("/profiles", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["status"]) == (400, 400), (name, answer.text)
    too_large = client.post("/profiles", json={"name": "x", "extra": "y" * 500_000})
    assert too_large.status_code == 413
    assert client.get("/profiles").content == before


def test_additional_properties_go_round_whatever_they_are_called(open_example):
    client = open_example.serve()
    for name in NAMES:
        created = client.post("/profiles", json={"name": "x", name: "evil"})
        assert created.status_code == 201, (name, created.text)
        path = f"/profiles/{created.json()['profile_id']}"
        kept = client.get(path)
        assert kept.json()[name] == "evil"
        replaced = client.put(path, content=kept.content, headers=JSON)
        assert (replaced.status_code, replaced.json()) == (200, kept.json()), (name, replaced.text)
        changed = client.patch(path, json={name: {"a": 1}}, headers=MERGE_PATCH)
        assert changed.json()[name] == {"a": 1}, name
        assert client.post(f"{path}/view").json()["view_count"] == 1
        assert name not in client.patch(path, json={name: None}, headers=MERGE_PATCH).json()


def test_put_and_patch_keep_what_they_were_given(open_example):
    client = open_example.serve()
    created = client.post("/profiles", json={"name": "x", "extra": 1, "other": {"a": 1}}).json()
    path = f"/profiles/{created['profile_id']}"
    assert client.put(path, json={"name": "x", "extra": 2}).json() == created | {"extra": 2}
    patched = client.patch(path, json={"other": {"b": [2]}}, headers=MERGE_PATCH)
    assert patched.json() == created | {"extra": 2, "other": {"a": 1, "b": [2]}}
    assert client.get(path).json() == patched.json()


FOREIGN = {
    "age": {"S": "thirty"},
    "created": {"N": "1700000000000"},
    "tags": {"S": "[" * 50_000},
    "address": {"L": []},
    "view_count": {"NULL": True},
    "labels": {"SS": ["a", "b"]},
}


def test_odd_items_of_another_program_are_shown_and_break_no_list(open_example):
    client = open_example.serve()
    lock = json.loads((open_example.folder / "example_project/dynamodb.sqlite3.dynamodb.lock").read_text())
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=f"http://{lock['host']}:{lock['port']}",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    for name, value in FOREIGN.items():
        item = {"profile_id": {"S": name}, "name": {"S": "Odd"}, name: value}
        dynamodb.put_item(TableName="profiles", Item=item)
    listed = client.get("/profiles")
    assert listed.status_code == 200, listed.text
    assert FOREIGN.keys() | {"ada"} <= {profile["profile_id"] for profile in listed.json()}
    for name in FOREIGN:
        path = f"/profiles/{name}"
        assert client.get(path).json()["name"] == "Odd"
        patched = client.patch(path, json={"email": "odd@example.com"}, headers=MERGE_PATCH)
        # What the patch doesn't touch stays as it is, and stops nobody.
        assert patched.status_code == 200, patched.text
        assert patched.json()["email"] == "odd@example.com"
        assert client.delete(path).status_code == 204


def test_the_server_finds_its_engine_again_whatever_happened_to_it(example):
    client = example.serve()
    folder = example.folder / "example_project"
    state_file = folder / "dynamodb.sqlite3.dynamodb.lock"
    acknowledged = client.post("/profiles", json={"profile_id": "kept", "name": "Kept"}).json()

    example.manage("dynamodb", "--stop")
    stopped = client.get("/profiles/kept")
    assert (stopped.status_code, stopped.json()["error"]) == (503, "DATABASE_UNAVAILABLE")
    example.manage("loadsample")  # starts it, and ends before the next request
    assert client.get("/profiles/kept").json() == acknowledged

    state = json.loads(state_file.read_text())
    for pid in (state["pid"], state["engine_pid"]):
        os.kill(pid, signal.SIGKILL)
    assert client.get("/profiles/kept").json() == acknowledged

    for lock in folder.glob("*.lock"):
        lock.unlink()
    time.sleep(1)  # its owner ends: deleted files lock out nobody
    assert client.get("/profiles/kept").json() == acknowledged
