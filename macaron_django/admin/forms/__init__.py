"""The pages that add, change and delete items.

The pages save the values that a user typed or selected. If a value can't be saved, the page shows the reason. Open
``item_form`` to change the form and its widget, and ``form_descriptions`` for the controls that edit a schema's
properties. Open ``edits`` for how the user's input is checked, and ``conflicts`` for what happens when several users
change the same item. Open ``change_views`` and ``bulk_deletion`` for the pages, and ``log_entries`` for the history.
"""
