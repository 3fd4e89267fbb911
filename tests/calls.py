"""Counts the calls that something makes, which are as many on every machine."""

import cProfile
import pstats
import sys


def count_calls(function, *arguments):
    profile = cProfile.Profile()
    profile.runcall(function, *arguments)
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]  # as its own report says


class TooManyCallsError(BaseException):
    """Ends a function that makes more calls than it may; not an Exception, so that nothing handles it."""


def count_calls_up_to(most, function, *arguments, costly=frozenset()):
    """Returns how many calls a function makes; raises TooManyCallsError at the first of more than ``most``.

    Calls inside native code can't be counted. So a call of a native function named in ``costly`` is one too many.
    """
    count = 0

    def counted(_, event, called):
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            if count > most or (event == "c_call" and called.__name__ in costly):
                sys.setprofile(None)
                raise TooManyCallsError

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return count
