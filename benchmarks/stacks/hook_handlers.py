"""The only handler of hook_stack.py, which x-bind-server names in the spec."""

from macaron_django import apipool


def view_profile(profile_id):
    profile = apipool.handler.Profile.objects.get(pk=profile_id)
    profile.view_count += 1
    profile.save()
    return profile
