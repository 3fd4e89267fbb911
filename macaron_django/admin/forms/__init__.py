"""The pages that add, change and delete items.

The pages save the values that a user typed or selected. If a value can't be saved, the page shows the reason. The
modules:

- ``item_form``: the form of one item, and its widget
- ``form_descriptions``: the controls that edit a schema's properties
- ``edits``: how the user's input is checked
- ``conflicts``: what happens when several users change the same item
- ``change_views``: the pages that add, change, duplicate and delete one item
- ``bulk_deletion``: the page that deletes many items
- ``log_entries``: the messages in an item's history
"""
