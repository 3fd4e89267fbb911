"""The Django app with the model of profiles, for the stacks that are compared on SQLite."""
