"""Counts the calls that something makes, which are as many on every machine."""

import cProfile
import pstats


def count_calls(function, *arguments):
    profile = cProfile.Profile()
    profile.runcall(function, *arguments)
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]  # as its own report says
