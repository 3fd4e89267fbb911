"""The parameters of the four calls for profiles, with numbers of the types that boto3 and aiobotocore expect."""

import uuid
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

CHANGEABLE = ("name", "email", "age", "tags", "address", "notes", "view_count")


def new(body: dict[str, Any]) -> dict[str, Any]:
    """Returns the profile that a POST creates."""
    body.setdefault("profile_id", str(uuid.uuid4()))
    return {**body, "created": datetime.now(timezone.utc).isoformat()}


def replacement(body: dict[str, Any]) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Returns an update expression, names and values that replace all properties that can be changed."""
    set_ = [name for name in CHANGEABLE if name in body]
    removed = [name for name in CHANGEABLE if name not in body]
    expression = "SET " + ",".join(f"#{name}=:{name}" for name in set_)
    if removed:
        expression += " REMOVE " + ",".join(f"#{name}" for name in removed)
    return expression, {f"#{name}": name for name in CHANGEABLE}, {f":{name}": body[name] for name in set_}


def next_link(limit: int, cursor: str) -> str:
    """Returns the Link header for the page after `cursor`."""
    return f'</profiles?limit={limit}&cursor={quote(cursor)}>; rel="next"'
