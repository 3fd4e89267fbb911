"""The profile as a pydantic model, for the stacks that validate with pydantic."""

from datetime import datetime
from typing import Annotated

from environment import ID, ZIP
from pydantic import BaseModel, ConfigDict, EmailStr, Field

ProfileId = Annotated[str, Field(pattern=ID)]


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)

    street: str | None = None
    city: str | None = None
    zip: Annotated[str, Field(pattern=ZIP)] | None = None


class ProfileIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    profile_id: ProfileId | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: EmailStr | None = None
    age: Annotated[int, Field(ge=0, le=150, strict=True)] | None = None
    tags: Annotated[list[str], Field(max_length=50)] | None = None
    address: Address | None = None
    notes: Annotated[list[str], Field(max_length=10_000)] | None = None
    view_count: Annotated[int, Field(ge=0, strict=True)] = 0


class ProfileOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    profile_id: str
    name: str
    email: str | None = None
    age: int | None = None
    tags: list[str] | None = None
    address: Address | None = None
    notes: list[str] | None = None
    view_count: int = 0
    created: datetime
