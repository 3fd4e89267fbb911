"""Makes up answers for operations that nothing is bound to, if the setting ``MOCK`` is on.

``example_answer`` takes an operation and returns a value and a status: the spec's own example, or a value that is valid
for the answer's schema. Open ``mock_answers`` to change which example is taken, ``samples`` for how values are built,
and ``pattern_samples`` for texts that match a ``pattern``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.mock.mock_answers import NoExample, example_answer

__all__ = ["NoExample", "example_answer"]

__getattr__ = lazy_exports(__name__, {"mock_answers": ("NoExample", "example_answer")})
