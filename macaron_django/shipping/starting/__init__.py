"""Makes a project or an API from a spec: the files that come out belong to the project from then on.

Open ``project_files`` for a whole project and ``api_files`` for one API, ``spec_edits`` for what is added to a spec,
``handler_stubs`` and ``handler_modules`` for its handlers, ``kept_schemas`` for schemas that look persisted,
``model_sources`` for Django models, ``verifier_stubs`` for who may call, and ``table_specs`` for a spec of existing
DynamoDB tables.
"""
