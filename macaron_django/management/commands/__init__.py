"""The commands of ``manage.py``. Each has its own module, and Django finds a command by its module's name."""
