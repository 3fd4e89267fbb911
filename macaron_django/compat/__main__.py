"""Runs a program that imports PyMacaron's old names: ``python -m macaron_django.compat PROGRAM …``."""

from __future__ import annotations

import os
import sys

from macaron_django.programs import run_program
from macaron_django.programs.made_settings import LAYER

if __name__ == "__main__":
    os.environ[LAYER] = "1"  # for the processes that it starts
    run_program("python -m macaron_django.compat", sys.argv[1:])
