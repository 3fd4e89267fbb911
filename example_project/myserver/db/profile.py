"""Profiles in DynamoDB."""

from macaron_django.dynamodb import DynamoDBItemNotFound, PersistentSwaggerObject
from myserver.exceptions import ProfileNotFound


class PersistentProfile(PersistentSwaggerObject):
    api_name = "myserver"
    model_name = "Profile"
    table_name = "profiles"
    primary_key = "profile_id"


def profile_exists(profile_id):
    return PersistentProfile.get_table().has_item(profile_id=profile_id)


def get_profile(profile_id):
    try:
        return PersistentProfile.load_from_db(profile_id)
    except DynamoDBItemNotFound as e:
        raise ProfileNotFound(f"Profile {profile_id} does not exist") from e
