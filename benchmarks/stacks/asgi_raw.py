"""Bare ASGI that validates with msgspec, over raw connections: the lower bound for frameworks on an event loop."""

from urllib.parse import parse_qs

import msgspec
import raw_profile
from msgspec_profile import encode, is_profile_id, validated

Answer = tuple[int, object, str | None]  # status, content, link


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    status, content, link = await answered(scope, receive)
    body = encode(content)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if link:
        headers.append((b"link", link.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answered(scope, receive) -> Answer:
    path, method = scope["path"], scope["method"]
    if path == "/profiles":
        return await (create(receive) if method == "POST" else page(scope))
    profile_id = path.removeprefix("/profiles/")
    if not is_profile_id(profile_id):
        return 400, {"detail": "no profile id"}, None
    if method == "PUT":
        try:
            profile = validated(await body_of(receive))
        except msgspec.DecodeError as error:
            return 400, {"detail": str(error)}, None
        profile = await raw_profile.replace(profile_id, profile)
    else:
        profile = await raw_profile.find(profile_id)
    return (404, {"detail": "no such profile"}, None) if profile is None else (200, profile, None)


async def page(scope) -> Answer:
    query = parse_qs(scope["query_string"].decode())
    limit = query.get("limit", ["100"])[0]
    if not (limit.isdecimal() and 1 <= int(limit) <= 1000):
        return 400, {"detail": "limit is from 1 to 1000"}, None
    profiles, link = await raw_profile.page(int(limit), query.get("cursor", [None])[0])
    return 200, profiles, link


async def create(receive) -> Answer:
    try:
        profile = validated(await body_of(receive))
    except msgspec.DecodeError as error:
        return 400, {"detail": str(error)}, None
    created = await raw_profile.create(profile)
    return (409, {"detail": "taken"}, None) if created is None else (201, created, None)


async def body_of(receive) -> bytes:
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body
