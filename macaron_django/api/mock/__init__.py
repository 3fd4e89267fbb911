"""Creates responses from examples, if no code serves an operation and the setting ``MOCK`` is on.

``example_answer`` returns a value and a status for an operation. The value is the spec's own example, or is valid for
the response's schema. ``mock_answers`` chooses the example, ``samples`` builds values, and ``pattern_samples`` writes
texts that match a ``pattern``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.mock.mock_answers import NoExample, example_answer

__all__ = ["NoExample", "example_answer"]

__getattr__ = lazy_exports(__name__, {"mock_answers": ("NoExample", "example_answer")})
