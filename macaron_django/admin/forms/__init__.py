"""Adding, changing and deleting items.

It takes what a user typed or selected, and writes rows, or shows why it can't. Open ``item_form`` to
change the form and its widget, ``form_descriptions`` for the controls of a schema, ``edits`` for what is checked,
``conflicts`` for edits by several users, ``change_views`` and ``bulk_deletion`` for the pages, and ``log_entries`` for
the history.
"""
