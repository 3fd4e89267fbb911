"""connexion's AsyncApp on PynamoDB, from the same OpenAPI file; its synchronous handlers run in threads."""

import os
import sys
import uuid
from pathlib import Path

import pynamodb_profile as profiles
from connexion import AsyncApp
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver


def as_json(profile):
    """Returns a profile as JSON data, as the last line of an idiomatic handler does."""
    answer = {
        name: value
        for name, value in (
            ("profile_id", profile.profile_id),
            ("name", profile.name),
            ("email", profile.email),
            ("age", profile.age),
            ("tags", profile.tags),
            ("address", profile.address.as_dict() if profile.address else None),
            ("notes", profile.notes),
            ("view_count", profile.view_count),
        )
        if value is not None
    }
    answer["created"] = profile.created.isoformat()
    return answer


def list_profiles(limit=100, cursor=None):
    found, link = profiles.page(limit, cursor)
    return [as_json(profile) for profile in found], 200, {"Link": link} if link else {}


def create_profile(body):
    body.setdefault("profile_id", str(uuid.uuid4()))
    body.setdefault("view_count", 0)
    try:
        return as_json(profiles.create(body)), 201
    except profiles.Taken:
        return {"detail": "taken"}, 409


def get_profile(profile_id):
    try:
        return as_json(profiles.find(profile_id))
    except profiles.Profile.DoesNotExist:
        return {"detail": "no such profile"}, 404


def replace_profile(profile_id, body):
    body.setdefault("view_count", 0)
    try:
        return as_json(profiles.replace(profile_id, body))
    except profiles.Profile.DoesNotExist:
        return {"detail": "no such profile"}, 404


app = AsyncApp(__name__, specification_dir=Path(__file__).parent, swagger_ui_options=SwaggerUIOptions(swagger_ui=False))
app.add_api(
    os.environ["STACK_SPEC"],
    resolver=Resolver(lambda name: getattr(sys.modules[__name__], name)),
    strict_validation=False,
)
