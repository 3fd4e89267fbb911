"""The profile as a msgspec struct, for the stacks that validate with msgspec."""

import re
from typing import Annotated, Any

import msgspec
from environment import ID, ZIP
from msgspec import UNSET, Meta, Struct, UnsetType

is_profile_id = re.compile(ID).search
ProfileId = Annotated[str, Meta(pattern=ID)]
EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"


class Address(Struct, forbid_unknown_fields=True):
    street: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    zip: Annotated[str, Meta(pattern=ZIP)] | UnsetType = UNSET


class ProfileIn(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    profile_id: ProfileId | UnsetType = UNSET
    email: Annotated[str, Meta(pattern=EMAIL)] | UnsetType = UNSET
    age: Annotated[int, Meta(ge=0, le=150)] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(max_length=50)] | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    notes: Annotated[list[str], Meta(max_length=10_000)] | UnsetType = UNSET
    view_count: Annotated[int, Meta(ge=0)] = 0


decode = msgspec.json.Decoder(ProfileIn).decode
encode = msgspec.json.Encoder().encode


def validated(body: bytes) -> dict[str, Any]:
    """Returns the profile of a body, or raises msgspec.ValidationError or msgspec.DecodeError."""
    profile: dict[str, Any] = msgspec.to_builtins(decode(body))
    return profile
