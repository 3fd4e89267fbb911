"""The app of the profile that Django's ORM keeps, for the stacks that are compared on SQLite."""
