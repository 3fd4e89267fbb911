"""The exceptions that the Greetings API and its tasks raise."""

from macaron_django.exceptions import PyMacaronException


class NobodyToGreet(PyMacaronException):
    code = "NOBODY_TO_GREET"
    status = 404


class MissingAddressError(Exception):
    """A profile has no email address."""
