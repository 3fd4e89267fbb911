"""The commands of ``manage.py``. Each command has its own module, and Django finds the command by the module's name."""
