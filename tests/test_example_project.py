"""The example project from end to end: a real server as a subprocess, on a real engine, over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from uuid import UUID


def test_the_profile_api_serves_its_whole_life_and_survives_sigkill(example):
    client = example.serve()

    emmy = {"name": "Emmy Noether", "email": "emmy@example.com", "age": 53, "address": {"city": "Bryn Mawr"}}
    created = client.post("/profiles", json=emmy)
    assert created.status_code == 201, created.text
    profile = created.json()
    assert UUID(profile["profile_id"])
    assert datetime.fromisoformat(profile["created"].replace("Z", "+00:00")).tzinfo is not None
    assert profile["view_count"] == 0
    path = f"/profiles/{profile['profile_id']}"
    assert created.headers["Location"].endswith(path)

    assert client.get(path).json() == profile
    listed = client.get("/profiles").json()
    assert profile in listed
    assert len(listed) == 6

    merge_patch = {"Content-Type": "application/merge-patch+json"}
    changed = client.patch(path, json={"age": 54, "email": None}, headers=merge_patch)
    assert changed.status_code == 200, changed.text
    assert changed.json() == {name: value for name, value in profile.items() if name != "email"} | {"age": 54}
    replaced = client.put(path, json=profile | {"tags": ["algebra"]})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json() == profile | {"tags": ["algebra"]}

    for count in (1, 2):
        viewed = client.post(f"{path}/view")
        assert viewed.status_code == 200, viewed.text
        assert viewed.json()["view_count"] == count

    client.patch(path, json={"view_count": None}, headers=merge_patch)
    assert client.post(f"{path}/view").json()["view_count"] == 1

    acknowledged = {client.post("/profiles", json={"name": f"Person {n}"}).json()["profile_id"] for n in range(20)}
    acknowledged.add(profile["profile_id"])
    example.kill()
    client = example.serve()
    assert acknowledged <= {kept["profile_id"] for kept in client.get("/profiles").json()}
    assert client.get(path).json()["view_count"] == 1

    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_a_bad_body_names_each_field_and_stores_nothing(example):
    client = example.serve()
    before = client.get("/profiles").json()

    answer = client.post(
        "/profiles", json={"profile_id": "bad", "age": -1, "email": "nobody", "address": {"zip": "!"}, "tags": [1]}
    )

    assert answer.status_code == 400
    body = answer.json()
    assert body["status"] == 400
    assert body["error"] == "INVALID_PARAMETER"
    assert body["error_id"]
    assert {error["pointer"] for error in body["errors"]} == {"/name", "/age", "/email", "/address/zip", "/tags/0"}
    assert client.get("/profiles").json() == before
    assert client.get("/profiles/bad").status_code == 404


def test_an_unknown_id_and_a_taken_one_are_told_apart(example):
    client = example.serve()

    missing = client.get("/profiles/nobody")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    viewed = client.post("/profiles/nobody/view")
    assert viewed.status_code == 404
    assert viewed.json()["error"] == "PROFILE_NOT_FOUND"
    assert viewed.json()["user_message"] == "Profile nobody does not exist"
    taken = client.post("/profiles", json={"profile_id": "ada", "name": "Somebody else"})
    assert taken.status_code == 409
    assert client.get("/profiles/ada").json()["name"] == "Ada Lovelace"


def test_a_token_opens_auth_version_and_nothing_else_does(example):
    client = example.serve()
    token = example.manage("token", "ada").stdout.strip()

    assert client.get("/version").status_code == 200
    missing = client.get("/auth/version")
    assert (missing.status_code, missing.json()["error"]) == (401, "AUTHORIZATION_HEADER_MISSING")
    assert missing.headers["WWW-Authenticate"].startswith("Bearer")
    bad = client.get("/auth/version", headers={"Authorization": f"Bearer {token[:-4]}AAAA"})
    assert (bad.status_code, bad.json()["error"]) == (401, "TOKEN_INVALID")
    good = client.get("/auth/version", headers={"Authorization": f"Bearer {token}"})
    assert good.status_code == 200
    assert {"myserver", "library"} <= set(good.json()["apis"])


def test_the_documents_and_their_pages_are_served(example):
    client = example.serve()

    document = client.get("/openapi/myserver.json").json()
    assert document["swagger"] == "2.0"
    assert document["info"]["title"] == "Profiles"
    assert "x-persist" not in document["definitions"]["Profile"]
    for page in ("/docs/", "/docs/myserver/", "/redoc/myserver/", "/openapi/library.yaml"):
        assert client.get(page).status_code == 200, page


def test_makemigrations_has_nothing_to_say_and_check_neither(example):
    assert "No changes" in example.manage("makemigrations", "--check").stdout
    assert "no issues" in example.manage("check").stdout


def test_its_own_tests_pass(example):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "orders"],
        cwd=example.folder / "example_project",
        env=example.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 passed" in done.stdout


def test_a_second_start_still_has_the_data_of_the_first(example):
    assert "all there" in example.manage("loadsample").stdout


def test_pages_of_an_allowed_origin_may_call_the_apis_and_others_may_not(example):
    client = example.serve()
    allowed, foreign = "http://localhost:3000", "http://localhost:3001"
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}

    preflight = client.options("/profiles/ada", headers={"Origin": allowed, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == allowed
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert {"authorization", "if-match"} <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    for path, status in (("/profiles?limit=1", 200), ("/auth/version", 401), ("/profiles/nobody", 404)):
        answer = client.get(path, headers={"Origin": allowed})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
        assert "Link" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": foreign}).headers
    for path, origin in (("/profiles/ada", foreign), ("/admin/", allowed), ("/profiles/ada", "null")):
        refused = client.options(path, headers={"Origin": origin, **asked})
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_project_is_dumped_and_loaded_as_a_whole(example):
    dumped = example.manage("dumpdata", "--exclude=contenttypes", "--exclude=auth.permission").stdout
    models = {each["model"] for each in json.loads(dumped)}
    assert {"library.book", "macaron_myserver.profile"} <= models
    (example.folder / "dumped.json").write_text(dumped)
    example.manage("loaddata", "dumped.json")
    loaded = example.manage("dumpdata", "--exclude=contenttypes", "--exclude=auth.permission").stdout
    # Loading replaces the orders that are there, which their versions count as a change; a full second loses its zeros.
    assert loaded.replace('"version": 2', '"version": 1') == dumped.replace(".000Z", "Z")
