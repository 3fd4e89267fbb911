"""The commands of ``manage.py``, one module for each. Django finds a command by the name of its module."""
