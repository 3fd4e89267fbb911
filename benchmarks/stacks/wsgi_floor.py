"""Bare WSGI: the lower bound for frameworks on a WSGI server."""

from urllib.parse import parse_qs

import blocking_profile
import orjson

STATUS = {200: "200 OK", 201: "201 Created", 404: "404 Not Found", 409: "409 Conflict"}


def application(environ, start_response):
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    profile_id = path[len("/profiles/") :]
    headers = [("Content-Type", "application/json")]
    if method == "GET" and profile_id:
        answer, status = blocking_profile.find(profile_id), 200
    elif method == "GET":
        query = parse_qs(environ["QUERY_STRING"])
        answer, link = blocking_profile.page(int(query.get("limit", ["100"])[0]), query.get("cursor", [None])[0])
        status = 200
        if link:
            headers.append(("Link", link))
    else:
        body = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if method == "PUT":
            answer, status = blocking_profile.replace(profile_id, body), 200
        else:
            answer, status = blocking_profile.create(body), 201
    if answer is None:
        answer, status = {"detail": "no such profile, or taken"}, 409 if method == "POST" else 404
    content = orjson.dumps(answer)
    headers.append(("Content-Length", str(len(content))))
    start_response(STATUS[status], headers)
    return [content]
