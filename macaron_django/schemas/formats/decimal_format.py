"""The format ``decimal``: strings that contain numbers of any length. In Python, they are Decimals."""

from __future__ import annotations

import re
from decimal import Decimal

from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.verbatim_values import VerbatimDecimal, remembered_text, with_text

__all__ = ["DecimalFormat"]

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)


class DecimalFormat(StringFormat):
    """Decimals as strings. Without this format, Decimals are written as JSON numbers."""

    name = "decimal"
    python_types = (Decimal,)
    is_checked_natively = False
    serializer_field_class = "DecimalField"
    serializer_options = {"max_digits": None, "decimal_places": None}
    model_field_class = "DecimalField"

    def read(self, text: str) -> Decimal | str:
        if not _DECIMAL.fullmatch(text):
            return text
        value = Decimal(text)
        return value if str(value) == text else with_text(VerbatimDecimal(text), text)

    def write(self, value: Decimal) -> str:
        return remembered_text(value) or str(value)
