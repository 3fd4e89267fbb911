"""Decides when calls to something outside of this process are made, for DynamoDB and for other services alike.

Open ``circuits`` for when calls stop because nothing answers, and how they begin again. Open ``pauses`` for how a step
waits between two attempts.
"""

from macaron_django.attempts.circuits import Circuit, CircuitOpenError, CircuitRules
from macaron_django.attempts.pauses import Pause

__all__ = ["Circuit", "CircuitOpenError", "CircuitRules", "Pause"]
