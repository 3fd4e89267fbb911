"""The errors that the Profile API can return."""

from macaron_django.exceptions import PyMacaronException


class ProfileNotFound(PyMacaronException):
    code = "PROFILE_NOT_FOUND"
    status = 404
