"""Handlers of the Greetings API."""

from greetings.exceptions import NobodyToGreet
from greetings.tasks import deliver
from macaron_django import apipool
from macaron_django.exceptions import ErrorAnswered


def send_greeting(new):
    try:
        profile = apipool.myserver.client.get_profile(profile_id=new.to)
    except ErrorAnswered as error:
        if error.status_code != 404:
            raise
        raise NobodyToGreet(f"There is no profile {new.to}") from error
    greeting = apipool.greetings.Greeting(to=new.to, text=f"Dear {profile.name}, {new.text}")
    greeting.save()
    deliver(greeting, profile)
    return greeting
