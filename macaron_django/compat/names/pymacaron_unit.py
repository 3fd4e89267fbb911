"""Lists the names in ``pymacaron_unit``, each with its counterpart or the reason why there is no counterpart."""

from __future__ import annotations

from macaron_django.compat.rows import Modules

__all__ = ["MODULES"]

MODULES: Modules = {
    "pymacaron_unit": {},
    "pymacaron_unit.testcase": {
        "PyMacaronTestCase": "macaron_django.testing.MacaronTestCase",
    },
}
