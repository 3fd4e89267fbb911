"""The commands of ``manage.py``, a module each. Django finds a command by the name of its module."""
