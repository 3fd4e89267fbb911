"""Parameters over HTTP, on gunicorn, granian and uvicorn: the specification's style table, and what else there is.

Targets go out exactly as they are written here: a client that normalises them would hide what is shown.
"""

from __future__ import annotations

import http.client
import json
import socket

import pytest

RGB = {"R": 100, "G": 200, "B": 150}
COLORS = ["blue", "black", "brown"]
VALUES = {"string": "blue", "array": COLORS, "object": RGB}

# "Style Examples" (OpenAPI 3.1.1, 4.8.12.4): location, style, explode; then string, array, object. "n/a" is None.
TABLE = [
    ("path", "matrix", "joined", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"),
    ("path", "matrix", "exploded", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"),
    ("path", "label", "joined", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
    ("path", "label", "exploded", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
    ("path", "simple", "joined", "blue", "blue,black,brown", "R,100,G,200,B,150"),
    ("path", "simple", "exploded", "blue", "blue,black,brown", "R=100,G=200,B=150"),
    ("query", "form", "joined", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"),
    ("query", "form", "exploded", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
    ("query", "spaceDelimited", "joined", None, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"),
    ("query", "pipeDelimited", "joined", None, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"),
    ("query", "deepObject", "exploded", None, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    ("header", "simple", "joined", "blue", "blue,black,brown", "R,100,G,200,B,150"),
    ("header", "simple", "exploded", "blue", "blue,black,brown", "R=100,G=200,B=150"),
    ("cookie", "form", "joined", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"),
    ("cookie", "form", "exploded", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
]


@pytest.fixture(scope="module", params=["wsgi", "asgi", "granian"])
def ask(request, case_server):
    """Send a request with this target as it is, and return its status and its JSON."""
    url = case_server("parameters", request.param).base_url

    def send(target, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection(url.host, url.port, timeout=300)
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_json = (answer.getheader("Content-Type") or "").endswith("json")
        return answer.status, json.loads(text) if is_json else None

    send.address = (url.host, url.port)
    send.server = request.param
    return send


def rows():
    for location, style, explode, *spellings in TABLE:
        for (shape, value), spelling in zip(VALUES.items(), spellings, strict=True):
            if spelling is not None:
                yield location, f"/{location}/{style}/{explode}/{shape}", spelling, value


def spelled(location, path, spelling):
    """A target and headers with a parameter spelled so."""
    if location == "path":
        return f"{path}/{spelling}", {}
    if location == "query":
        return f"{path}?{spelling}", {}
    return path, {"Cookie" if location == "cookie" else "X-Color": spelling}


def test_every_row_of_the_style_table_is_read(ask):
    found = list(rows())
    assert len(found) == 41
    for location, path, spelling, value in found:
        target, headers = spelled(location, path, spelling)
        name = "x_color" if location == "header" else "color"
        assert ask(target, **headers) == (200, {name: value}), (path, spelling)


def test_a_value_that_is_spelled_in_another_rows_way_is_refused_or_another_value(ask):
    for target in (
        "/path/matrix/joined/string/blue",
        "/path/label/exploded/array/blue.black",
        "/path/matrix/exploded/object/;R=100;G=x",
        "/path/simple/joined/object/R,100,G",
        "/query/deepObject/exploded/object?color=R,100",
        "/query/form/joined/object?color=R,100,G",
        "/query/form/exploded/object?R=100&R=200",
        "/query/form/joined/string?color=blue&color=black",
    ):
        status, answer = ask(target)
        assert (status, answer.get("error")) in {(400, "INVALID_PARAMETER"), (200, None)}, target
        assert status == 400 or answer == {"color": None}, target


def test_what_is_encoded_belongs_to_the_value_and_what_is_not_separates(ask):
    for target, value in (
        ("/path/simple/joined/string/%C3%BC%20%25", "ü %"),
        ("/path/simple/joined/string/a+b", "a+b"),
        ("/query/form/joined/array?color=a%2Cb,c", ["a,b", "c"]),
        ("/query/form/joined/string?color=a+b", "a b"),
    ):
        assert ask(target) == (200, {"color": value}), target
    for target, value, decoded in (
        ("/path/simple/joined/array/a%2Cb,c", ["a,b", "c"], (200, {"color": ["a", "b", "c"]})),
        ("/path/label/exploded/array/.a%2Eb.c", ["a.b", "c"], (200, {"color": ["a", "b", "c"]})),
        ("/path/matrix/exploded/array/;color=a%3Bb;color=c", ["a;b", "c"], (400, None)),
    ):
        status, answer = ask(target)
        if ask.server == "granian":  # which tells the path decoded, and nothing of how it was written (PEP 3333)
            answer = answer if status == 200 else None
            assert (status, answer) == decoded, target
        else:
            assert (status, answer) == (200, {"color": value}), target


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("/path/label/joined/string/.", ""),
        ("/path/matrix/joined/string/;color", ""),
        ("/path/label/joined/array/.", []),
        ("/query/form/joined/string?color=", ""),
    ],
)
def test_the_empty_column_of_the_older_tables_is_read(ask, target, value):
    assert ask(target) == (200, {"color": value})


# Swagger 2.0

SEPARATORS = {"csv": ",", "ssv": "%20", "tsv": "%09", "pipes": "%7C", "multi": "&color="}


@pytest.mark.parametrize("collection_format", SEPARATORS)
def test_swagger_2s_collection_formats_are_read(ask, collection_format):
    joined = SEPARATORS[collection_format].join(COLORS)
    assert ask(f"/v2/query/{collection_format}?color={joined}") == (200, {"color": COLORS})
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert ask(f"/v2/form/{collection_format}", "POST", f"color={joined}", **form) == (200, {"color": COLORS})
    if collection_format != "multi":
        # A path holds no tab, nor any other control character.
        expected = (200, {"color": COLORS}) if collection_format != "tsv" else (400, None)
        status, answer = ask(f"/v2/path/{collection_format}/{joined}")
        assert (status, answer if status == 200 else None) == expected
        header = {",": ",", "%20": " ", "%09": "\t", "%7C": "|"}[SEPARATORS[collection_format]].join(COLORS)
        assert ask(f"/v2/header/{collection_format}", X_Color=header) == (200, {"x_color": COLORS})


# What else parameters can be


def test_a_parameter_may_be_a_document_of_its_own(ask):
    document = '{"size": 2, "tags": ["a"]}'
    encoded = "%7B%22size%22%3A%202%2C%20%22tags%22%3A%20%5B%22a%22%5D%7D"
    value = json.loads(document)
    absent = {"filter": None, "x_filter": None, "seen": None}
    assert ask(f"/p/content?filter={encoded}") == (200, {**absent, "filter": value})
    assert ask("/p/content", X_Filter=document) == (200, {**absent, "x_filter": value})
    assert ask("/p/content", Cookie=f"seen={encoded}") == (200, {**absent, "seen": value})
    for wrong in ("%7B", "%7B%22size%22:1,%22size%22:2%7D", "%7B%22tags%22:%5B%5D%7D"):
        assert ask(f"/p/content?filter={wrong}")[0] == 400, wrong


def test_text_becomes_what_the_schema_says(ask):
    query = "day=2026-02-28&moment=2026-02-28T12:00:00Z&id=00000000-0000-4000-8000-000000000000&price=1.10&count=7"
    status, found = ask(f"/p/types?{query}&share=0.5&open=true", X_Trace="12", Cookie="theme=dark")
    assert status == 200
    assert {name: kind for name, (kind, _) in found.items()} == {
        "day": "date", "moment": "datetime", "id": "UUID", "price": "Decimal", "count": "int", "share": "float",
        "open": "bool", "x_trace": "int", "theme": "str",
    }  # fmt: skip
    assert found["price"][1] == "1.10"


def test_everything_that_is_wrong_is_told_at_once(ask):
    status, answer = ask("/p/types?day=2026-02-30&count=0&open=perhaps", X_Trace="x", Cookie="theme=blue")
    assert status == 400
    assert {(each["location"], each["pointer"]) for each in answer["errors"]} == {
        ("query", "/day"), ("query", "/count"), ("query", "/open"), ("header", "/X-Trace"), ("cookie", "/theme"),
    }  # fmt: skip


def test_defaults_stand_in_for_what_was_not_sent(ask):
    given = {"limit": 10, "tags": ["a", "b"], "x_mode": "quick", "theme": "dark", "note": None}
    assert ask("/p/defaults") == (200, given)
    assert ask("/p/defaults?limit=3&tags=c", Cookie="theme=light") == (
        200,
        {**given, "limit": 3, "tags": ["c"], "theme": "light"},
    )


def test_an_empty_value_is_one_where_the_spec_allows_it(ask):
    assert ask("/p/empty?allowed=&text=") == (200, {"allowed": None, "refused": None, "text": ""})
    assert ask("/p/empty?refused=")[0] == 400


def test_deep_objects_hold_lists(ask):
    assert ask("/p/nested?filter[size]=2&filter[tags]=a&filter[tags]=b") == (
        200,
        {"filter": {"size": 2, "tags": ["a", "b"]}},
    )


def test_parameters_of_one_name_are_told_apart_by_their_place(ask):
    assert ask("/p/one-name/7?id=q", Id="h") == (200, {"id": 7, "query_id": "q", "header_id": "h"})


# Paths


@pytest.mark.parametrize(
    ("method", "target", "status", "answer"),
    [
        ("GET", "/p/routes/7.pdf", 200, {"id": 7, "format": "pdf"}),
        ("GET", "/p/routes/spans/3-9", 200, {"from_": 3, "to": 9}),
        ("GET", "/p/routes/spans/3-x", 400, None),
        ("GET", "/p/routes/users/me", 200, {"me": True}),
        ("GET", "/p/routes/users/7", 200, {"id": "7"}),
        ("GET", "/p/routes/users/a:b", 200, {"id": "a:b"}),
        ("POST", "/p/routes/users/7:archive", 200, {"archived": "7"}),
        ("POST", "/p/routes/users/7", 405, None),
        ("GET", "/p/routes/slash/", 200, {"me": True}),
        ("GET", "/p/routes/slash", 404, None),
        ("GET", "/p/routes/users/me/", 404, None),
        ("GET", "/p/routes/files/a/b%2Fc/d.txt", 200, {"path": "a/b/c/d.txt"}),
        ("GET", "/p/routes/users/%C3%BC%20%25", 200, {"id": "ü %"}),
        ("GET", "/p/routes/users/a%2Fb", 404, None),
        ("GET", "/p/routes/users/%00", 400, None),
        ("GET", "/p/routes/users/a%0Ab", 400, None),
        ("GET", "/p/routes/files/a/%1F", 400, None),
        ("GET", "/p/routes/users/%C2%85", 400, None),
        ("GET", "/routes/users/me", 404, None),
    ],
)
def test_a_path_is_exactly_what_the_spec_writes(ask, method, target, status, answer):
    found = ask(target, method)
    assert found[0] == status, found
    assert answer is None or found[1] == answer


def test_a_target_in_absolute_form_is_read_as_any_other(ask):
    """RFC 9112, 3.2.2: a server has to accept it, whoever sends it. uvicorn does with httptools only."""
    host, port = ask.address
    with socket.create_connection((host, port), timeout=300) as connection:
        target = f"http://{host}:{port}/path/simple/joined/array/a%2Cb,c"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    status = answer.split(b" ", 2)[1]
    if ask.server == "asgi":
        assert status in (b"200", b"404")
    else:
        assert status == b"200"
        assert b'{"color":["a,b","c"]}' in answer or ask.server == "granian"
