"""The pages that add, change and delete items.

The pages write the values that a user typed or selected. If a value can't be written, they show the reason. Open
``item_form`` to change the form and its widget, and ``form_descriptions`` for the controls of a schema. Open ``edits``
for the checks of an edit, and ``conflicts`` for edits by several users. Open ``change_views`` and ``bulk_deletion`` for
the pages, and ``log_entries`` for the history.
"""
