"""What can go wrong with a profile."""

from macaron_django.exceptions import PyMacaronException


class ProfileNotFound(PyMacaronException):
    code = "PROFILE_NOT_FOUND"
    status = 404
