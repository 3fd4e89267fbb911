"""The pages that add, change and delete items.

The pages write what a user typed or selected, or show why they can't. Open ``item_form`` to change the form and its
widget, and ``form_descriptions`` for the controls of a schema. Open ``edits`` for the checks of an edit, and
``conflicts`` for edits by several users. Open ``change_views`` and ``bulk_deletion`` for the pages, and ``log_entries``
for the history.
"""
