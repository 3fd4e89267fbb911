"""Decides when a call to DynamoDB or to another service may be made, and when it may be repeated.

The module ``circuits`` decides when calls to an unreachable server stop, and when they start again. The module
``pauses`` has the wait between two attempts.
"""

from macaron_django.attempts.circuits import Circuit, CircuitOpenError, CircuitRules
from macaron_django.attempts.pauses import Pause

__all__ = ["Circuit", "CircuitOpenError", "CircuitRules", "Pause"]
