"""The profile as a PynamoDB model, and the four calls that the stacks on PynamoDB make."""

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from environment import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY, TABLE
from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.models import Model


class Address(MapAttribute):
    street = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    zip = UnicodeAttribute(null=True)


class Profile(Model):
    class Meta:
        table_name = TABLE
        region = REGION
        host = ENDPOINT
        aws_access_key_id = ACCESS_KEY
        aws_secret_access_key = SECRET_KEY
        max_pool_connections = 50

    profile_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    age = NumberAttribute(null=True)
    tags = ListAttribute(of=UnicodeAttribute, null=True)
    address = Address(null=True)
    notes = ListAttribute(of=UnicodeAttribute, null=True)
    view_count = NumberAttribute(default=0)
    created = UTCDateTimeAttribute()


CHANGEABLE = ("name", "email", "age", "tags", "address", "notes", "view_count")


class Taken(Exception):
    """A profile with this id already exists."""


def find(profile_id: str) -> Profile:
    """Returns one profile, or raises Profile.DoesNotExist."""
    return Profile.get(profile_id)


def page(limit: int, cursor: str | None) -> tuple[list[Profile], str | None]:
    """Returns one page of the table, and the Link header for the next page."""
    last = {"profile_id": {"S": cursor}} if cursor else None
    found = Profile.scan(limit=limit, page_size=limit, last_evaluated_key=last)
    profiles = list(found)
    following = found.last_evaluated_key
    return profiles, next_link(limit, following["profile_id"]["S"]) if following else None


def next_link(limit: int, cursor: str) -> str:
    """Returns the Link header for the page after `cursor`."""
    return f'</profiles?limit={limit}&cursor={quote(cursor)}>; rel="next"'


def create(body: dict[str, Any]) -> Profile:
    """Stores a new profile, or raises Taken."""
    profile = Profile(**body, created=datetime.now(timezone.utc))
    try:
        profile.save(Profile.profile_id.does_not_exist())
    except PutError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise Taken from error
        raise
    return profile


def replace(profile_id: str, body: dict[str, Any]) -> Profile:
    """Sets and removes the properties of a profile that can be changed, or raises Profile.DoesNotExist."""
    profile = Profile(profile_id)
    actions = []
    for name in CHANGEABLE:
        attribute = getattr(Profile, name)
        value = body.get(name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    try:
        profile.update(actions, condition=Profile.profile_id.exists())
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise Profile.DoesNotExist from error
        raise
    return profile
