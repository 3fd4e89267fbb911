"""No part of a request, nor an answer, costs more than its size allows, whichever way it grows."""

import base64
import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import RequestFactory
from rest_framework.exceptions import APIException

from macaron_django import openapi as spec
from macaron_django.api.answers.handler_results import respond
from macaron_django.api.answers.renderers import JSONRenderer
from macaron_django.api.requests.bodies import BodyReader
from macaron_django.api.requests.parameters import ParameterReader
from macaron_django.auth.tokens import generate_token, verify_token
from macaron_django.conf import DEFAULTS
from macaron_django.cursors import MAX_LENGTH, open_cursor, seal
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas import Classes
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

#: What is allowed: 1 ms a KB, 50 ms at least; of the test several times as much, for a busy machine.
SECONDS, SECONDS_PER_KB, BUSY = 0.05, 0.001, 20
PATH = "#/components/schemas/"
TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "n": {"type": "integer", "default": 3},
        "names": {"type": "array", "items": {"type": "string"}},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "inner": {"$ref": PATH + "Tree"},
    },
    "additionalProperties": {"$ref": PATH + "Tree"},
}
OPEN = {"type": "object", "properties": TREE["properties"]}
FILES = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}, **OPEN["properties"]}}


def parameter(name, schema, **rest):
    return {"name": name, "in": "query", "schema": schema, **rest}


DOCUMENT = spec.load(
    {
        "openapi": "3.2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/things": {
                "post": {
                    "parameters": [
                        parameter("deep", {"$ref": PATH + "Tree"}, style="deepObject", explode=True),
                        parameter("list", TREE["properties"]["names"], explode=True),
                        parameter("split", TREE["properties"]["numbers"], explode=False),
                        parameter("text", {"type": "string", "pattern": "^(a+)+$"}),
                        parameter("document", {}, content={"application/json": {"schema": {"$ref": PATH + "Tree"}}}),
                        {"name": "jar", "in": "cookie", "schema": TREE["properties"]["names"]},
                    ],
                    "requestBody": {
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": {"$ref": PATH + "Tree"}}},
                            "application/x-ndjson": {"itemSchema": {"$ref": PATH + "Tree"}},
                            "application/x-www-form-urlencoded": {"schema": OPEN},
                            "multipart/form-data": {"schema": FILES},
                        }
                    },
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {
                                "application/json": {"schema": {"type": "array", "items": {"$ref": PATH + "Tree"}}}
                            },
                        }
                    },
                }
            }
        },
        "components": {"schemas": {"Tree": TREE}},
    }
)
CLASSES = Classes("costs", DOCUMENT)
BASE64 = "Content-Transfer-Encoding: base64"
LONGEST_TOKEN = 10_000  # of what is encoded in it
MOST = DEFAULTS["MAX_BODY_CONTAINERS"]
#: What a server takes of a request's line and headers at most: granian's limit is the highest (417,792 bytes).
LONGEST_HEAD = 450_000


def read_body(body, media_type):
    request = RequestFactory().post("/things", body, content_type=media_type)
    BodyReader(DOCUMENT.operations[0]).read(request)


def read_parameters(query="", **headers):
    request = RequestFactory().post("/things", QUERY_STRING=query, **headers)
    ParameterReader(DOCUMENT.operations[0]).read(request, {})


def json_body(body):
    read_body(body.encode(), "application/json")


def answer(body):
    """Holds a handler's answer against its schema, gathers what breaks that, and writes it."""
    JSONRenderer().render(respond(exact_json(body), DOCUMENT.operations[0], CLASSES).data)


def lines(body):
    read_body(body.encode(), "application/x-ndjson")


def form(body):
    read_body(body.encode(), "application/x-www-form-urlencoded")


def multipart(body):
    read_body(body.encode(), "multipart/form-data; boundary=b")


def answer_of_objects(body):
    made = [CLASSES["Tree"].from_json(each) for each in exact_json(body)]
    JSONRenderer().render(respond(made, DOCUMENT.operations[0], CLASSES).data)


def cookies(text):
    read_parameters(HTTP_COOKIE=text)


def cursor(text):
    open_cursor(text, "things")


def token(text):
    verify_token(text)


def encoded(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def signed(header):
    return f"{encoded(header)}.e30.AA"


def numbered(count, pattern, separator=""):
    return separator.join(pattern.replace("#", f"{number:x}") for number in range(count))


def nested(levels, opening, inner="", closing=""):
    return opening * levels + inner + closing * levels


def part(name, text, *headers):
    said = "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *headers])
    return f"--b\r\n{said}\r\n\r\n{text}\r\n"


def file_part(name, text):
    return part(name, text).replace("\r\n\r\n", '; filename="f"\r\n\r\n', 1)


#: What reads a text, and a text that is about ``n`` units long.
WAYS = {
    "empty objects": (json_body, lambda n: "[" + "{}," * n + "{}]"),
    "objects of objects": (json_body, lambda n: "[" + '{"x":{}},' * n + "{}]"),
    "as many objects as a body may hold": (json_body, lambda n: "[" + "{}," * min(n, MOST - 2) + "{}]"),
    "records": (json_body, lambda n: "[" + '{"name":"Ann","n":15,"names":["a","b"]},' * n + "{}]"),
    "numbers": (json_body, lambda n: '[{"numbers":[' + "1," * n + "1]}]"),
    "strings": (json_body, lambda n: '[{"names":[' + '"",' * n + '""]}]'),
    "escaped quotes": (json_body, lambda n: "[" + "[]," * 200 + '"' + '\\"' * n),
    "empty arrays": (json_body, lambda n: "[" + "[]," * n + "[]]"),
    "a name twice": (json_body, lambda n: '[{"x":1,"x":1,' + numbered(n, '"#":1', ",") + "}]"),
    "last name twice": (json_body, lambda n: "[{" + numbered(n, '"#":{}', ",") + ',"x":1,"x":1}]'),
    "names": (json_body, lambda n: "[{" + numbered(n, '"#":{}', ",") + "}]"),
    "wrong names": (json_body, lambda n: "[{" + numbered(n, '"#":1', ",") + "}]"),
    "trees": (json_body, lambda n: "[" + ",".join([nested(90, '{"inner":', "{}", "}")] * (n // 90 + 1)) + "]"),
    "wrong trees": (json_body, lambda n: "[" + ",".join([nested(90, '{"inner":', "1", "}")] * (n // 90 + 1)) + "]"),
    "brackets": (json_body, lambda n: "[" * n),
    "brackets in a text": (json_body, lambda n: '["' + "[{" * n + '"]'),
    "long integers": (json_body, lambda n: "[" + ",".join(["9" * 4300] * (n // 4300 + 1)) + "]"),
    "a longer integer": (json_body, lambda n: "[" + "9" * n + "]"),
    "exponents": (json_body, lambda n: '[{"numbers":[' + "1e4300," * n + "1]}]"),
    "large integers": (json_body, lambda n: '[{"numbers":[' + "18446744073709551616," * n + "1]}]"),
    "decimals": (json_body, lambda n: '[{"numbers":[' + "0.10000000000000000000000001," * n + "1]}]"),
    "escapes": (json_body, lambda n: '[{"name":"' + "\\ud83d\\ude00" * n + '"}]'),
    "backslashes": (json_body, lambda n: '[{"name":"' + "\\" * n),
    "spaces": (json_body, lambda n: "[" + " " * n + "]"),
    "an answer of records": (answer, lambda n: "[" + '{"name":"Ann","n":15,"names":["a","b"]},' * n + "{}]"),
    "an answer of objects": (answer_of_objects, lambda n: "[" + '{"name":"Ann","n":15,"names":["a","b"]},' * n + "{}]"),
    "an answer of numbers": (answer, lambda n: '[{"numbers":[' + "1," * n + "1]}]"),
    "an answer of decimals": (answer, lambda n: '[{"numbers":[' + "0.10000000000000000000000001," * n + "1]}]"),
    "an answer of escapes": (answer, lambda n: '[{"name":"' + "\\ud83d\\ude00" * n + '"}]'),
    "an answer of names": (answer, lambda n: "[{" + numbered(n, '"#":{}', ",") + "}]"),
    "an answer of wrong names": (answer, lambda n: "[{" + numbered(n, '"#":1', ",") + "}]"),
    "an answer of trees": (
        answer,
        lambda n: "[" + ",".join([nested(90, '{"inner":', "{}", "}")] * (n // 90 + 1)) + "]",
    ),
    "an answer of wrong trees": (
        answer,
        lambda n: "[" + ",".join([nested(90, '{"inner":', "1", "}")] * (n // 90 + 1)) + "]",
    ),
    "empty lines": (lines, lambda n: "\n" * n),
    "lines of objects": (lines, lambda n: "{}\n" * n),
    "lines of wrong values": (lines, lambda n: "1\n" * n),
    "lines of wrong objects": (lines, lambda n: '{"n":"x"}\n' * n),
    "lines, the last wrong": (lines, lambda n: "{}\n" * n + "1"),
    "lines, the last broken": (lines, lambda n: "{}\n" * n + "{"),
    "deep lines": (lines, lambda n: (nested(90, '{"inner":', "{}", "}") + "\n") * (n // 90 + 1)),
    "a field repeated": (form, lambda n: "names=a&" * n),
    "a field repeated a bit": (form, lambda n: "names=" + "a" * n + "&names=a" * 900),
    "unknown fields": (form, lambda n: numbered(n, "#=1", "&")),
    "an unknown field repeated": (form, lambda n: "x=1&" * n),
    "separators": (form, lambda n: "&" * n),
    "escapes in a field": (form, lambda n: "name=" + "%41" * n),
    "commas in a field": (form, lambda n: "numbers=" + "1," * n),
    "escaped commas in a field": (form, lambda n: "numbers=" + "1%2C" * n),
    "parts": (multipart, lambda n: numbered(n, part("#", "x")) + "--b--\r\n"),
    "a part repeated": (multipart, lambda n: part("names", "x") * n + "--b--\r\n"),
    "a long part": (multipart, lambda n: part("name", "x" * n) + "--b--\r\n"),
    "a part of line ends": (multipart, lambda n: part("name", "\r\n" * n) + "--b--\r\n"),
    "a part of false ends": (multipart, lambda n: part("name", "\r\n--" * n) + "--b--\r\n"),
    "a part in Base64": (
        multipart,
        lambda n: part("name", "QUFB" * n, "Content-Transfer-Encoding: base64") + "--b--\r\n",
    ),
    "a part of JSON": (multipart, lambda n: part("inner", '{"names":[' + '"",' * n + '""]}') + "--b--\r\n"),
    "files": (multipart, lambda n: file_part("file", "x") * n + "--b--\r\n"),
    "a long header of a part": (multipart, lambda n: part("name", "x", "X: " + "y" * n) + "--b--\r\n"),
    "headers of a part": (multipart, lambda n: part("name", "x", *["X: y"] * n) + "--b--\r\n"),
    "parameters of a header": (multipart, lambda n: part("name", "x", "Content-Type: a" + "; b=c" * n) + "--b--\r\n"),
    "quotes in a header": (multipart, lambda n: part("name", "x", 'Content-Type: a; b="' + '\\"' * n) + "--b--\r\n"),
    "no end": (multipart, lambda n: "--b\r\n" + "x" * n),
    "a parameter repeated": (read_parameters, lambda n: "list=a&" * n),
    "unknown parameters": (read_parameters, lambda n: numbered(n, "#=1", "&")),
    "parameters without names": (read_parameters, lambda n: "=&" * n),
    "a parameter of commas": (read_parameters, lambda n: "split=" + "," * n),
    "a parameter of escaped commas": (read_parameters, lambda n: "split=" + "%2C1" * n),
    "a parameter of numbers": (read_parameters, lambda n: "split=1" + ",1" * n),
    "a long parameter": (read_parameters, lambda n: "text=" + "a" * n + "b"),
    "a deep object": (read_parameters, lambda n: "deep" + "[a]" * n + "=1"),
    "a deep object of names": (read_parameters, lambda n: numbered(n, "deep[#]=1", "&")),
    "a deep object repeated": (read_parameters, lambda n: "deep[names]=1&" * n),
    "deep objects": (read_parameters, lambda n: ("deep" + "[a]" * 90 + "[names][]=1&") * (n // 90 + 1)),
    "brackets of a deep object": (read_parameters, lambda n: "deep" + "[" * n + "=1"),
    "a document in a parameter": (read_parameters, lambda n: 'document={"names":[' + '"",' * n + '""]}'),
    "cookies": (cookies, lambda n: numbered(n, "#=1", ";")),
    "a cookie repeated": (cookies, lambda n: "jar=1;" * n),
    "a quoted cookie": (cookies, lambda n: 'jar="' + "\\054" * n + '"'),
    "a false cursor": (cursor, lambda n: "A" * min(n, MAX_LENGTH)),
    "a long cursor": (cursor, lambda n: "A" * n),
    "a cursor": (cursor, lambda n: seal({"id": {"S": "x" * min(n, MAX_LENGTH // 2)}}, "things")),
    "dots for a token": (token, lambda n: "." * n),
    "a long header of a token": (token, lambda n: signed('{"alg":"HS256","x":[' + "[]," * min(n, 3000) + "1]}")),
    "a deep header of a token": (token, lambda n: signed("[" * min(n, LONGEST_TOKEN))),
    "a long number in a header": (token, lambda n: signed('{"alg":' + "9" * min(n, LONGEST_TOKEN) + "}")),
    "a long signature": (token, lambda n: encoded('{"alg":"HS256"}') + ".e30." + "A" * min(n, LONGEST_TOKEN)),
    "claims": (token, lambda n: generate_token("ada", data={"x": [[]] * min(n, 3000)})),
    "scopes": (token, lambda n: generate_token("ada", data={"scope": "a " * min(n, 3000)})),
    "a longer token": (token, lambda n: "." * n),
}


def cost(read, text):
    gc.disable()  # a collection costs what the whole suite has made
    started = time.thread_time()
    try:
        read(text)
    except (PyMacaronException, APIException, SuspiciousOperation, JSONTextError) as refused:
        json.dumps([(each.pointer, each.message) for each in getattr(refused, "violations", ())])
    finally:
        seconds = time.thread_time() - started
        gc.enable()
    return seconds


def longest(read, size):
    return min(size, LONGEST_HEAD) if read in (read_parameters, cookies, cursor, token) else size


def too_costly(size, busy=BUSY):
    for label, (read, text_of) in WAYS.items():
        per_unit = len(text_of(200)) / 200
        text = text_of(int(longest(read, size) / per_unit) or 1)
        cost(read, text[:1])  # compiles what it needs
        allowed = SECONDS + SECONDS_PER_KB * len(text) / 1000
        seconds = min(cost(read, text) for _ in range(2))
        if seconds > busy * allowed:
            yield f"{label}, {len(text):,} bytes: {seconds:.2f} s of {allowed:.2f} s"


@pytest.mark.parametrize("size", [120_000, pytest.param(3_000_000, marks=pytest.mark.soak)])
def test_no_part_of_a_request_costs_more_than_its_size_allows(size):
    assert list(too_costly(size)) == []


#: What is allowed: 20 times the size in memory, 25 MB at least. A large request may come on top of that twice: as the
#: text of this test, and as its bytes.
MEMORY, MEMORY_PER_BYTE = 25_000_000, 22
#: Prints the labels of what takes more, of texts that are ``argv[1]`` long. Each is read in a process of its own,
#: because memory that is free already would hide what is taken.
MEASURE = """
import os, sys
import django
django.setup()
from django.core import mail
mail.outbox = []  # answers are validated, as while tests run
from tests.api import test_request_cost as costs

def kilobytes(kind):
    return int(open("/proc/self/status").read().split(kind + ":")[1].split()[0])

for label, (read, text_of) in costs.WAYS.items():
    costs.cost(read, text_of(10))  # compiles what it needs
    if os.fork() == 0:
        text = text_of(int(costs.longest(read, int(sys.argv[1])) * 200 / len(text_of(200))))
        before = kilobytes("VmRSS")
        open("/proc/self/clear_refs", "w").write("5")  # resets the peak, VmHWM
        costs.cost(read, text)
        taken = 1000 * (kilobytes("VmHWM") - before)
        if taken > costs.MEMORY + costs.MEMORY_PER_BYTE * len(text):
            print(f"{label}, {len(text):,} bytes: {taken:,} bytes of memory", flush=True)
        os._exit(0)
    os.wait()
print("measured")
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process's peak of memory")
@pytest.mark.parametrize("size", [500_000, pytest.param(3_000_000, marks=pytest.mark.soak)])
def test_no_part_of_a_request_takes_more_memory_than_its_size_allows(size):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONWARNINGS": "ignore",
        "PYTHONDEVMODE": "",
    }
    found = subprocess.run(
        [sys.executable, "-c", MEASURE, str(size)], env=environment, capture_output=True, text=True, timeout=600
    )
    assert (found.stdout, found.returncode) == ("measured\n", 0), found.stderr
