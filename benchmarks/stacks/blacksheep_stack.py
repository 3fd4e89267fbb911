"""BlackSheep, msgspec, and an asynchronous client of DynamoDB."""

import async_profile
import msgspec
from blacksheep import Application, Content, Request, Response
from msgspec_profile import encode, is_profile_id, validated

app = Application()
JSON = b"application/json"


@app.on_stop
async def close(_: Application) -> None:
    await async_profile.close()


@app.exception_handler(msgspec.DecodeError)  # ValidationError is a subclass
async def wrong_body(_self: Application, _request: Request, error: msgspec.DecodeError) -> Response:
    return refused(str(error))


def answer(content: object, status: int = 200) -> Response:
    return Response(status, content=Content(JSON, encode(content)))


def refused(detail: str) -> Response:
    return answer({"detail": detail}, 400)


@app.router.get("/profiles")
async def list_profiles(limit: int = 100, cursor: str | None = None) -> Response:
    if not 1 <= limit <= 1000:
        return refused("limit is from 1 to 1000")
    profiles, link = await async_profile.page(limit, cursor)
    response = answer(profiles)
    if link:
        response.add_header(b"Link", link.encode())
    return response


@app.router.post("/profiles")
async def create_profile(request: Request) -> Response:
    created = await async_profile.create(validated(await request.read() or b""))
    return answer({"detail": "taken"}, 409) if created is None else answer(created, 201)


@app.router.get("/profiles/{profile_id}")
async def get_profile(profile_id: str) -> Response:
    if not is_profile_id(profile_id):
        return refused("no profile id")
    profile = await async_profile.find(profile_id)
    return answer({"detail": "no such profile"}, 404) if profile is None else answer(profile)


@app.router.put("/profiles/{profile_id}")
async def replace_profile(request: Request, profile_id: str) -> Response:
    if not is_profile_id(profile_id):
        return refused("no profile id")
    profile = await async_profile.replace(profile_id, validated(await request.read() or b""))
    return answer({"detail": "no such profile"}, 404) if profile is None else answer(profile)
