"""Handler of the Profile API, for the only operation that isn't generated."""

from myserver.db.profile import get_profile


def view_profile(profile_id):
    profile = get_profile(profile_id)
    profile.view_count = profile.view_count + 1
    profile.save_to_db()
    return profile
