"""Creates a project or an API from a spec. From then on, the files belong to the project.

Open ``project_files`` for a whole project, and ``api_files`` for one API. Open ``spec_edits`` for the keys that are
added to a spec. Open ``handler_stubs`` and ``handler_modules`` for the handlers. Open ``kept_schemas`` for schemas that
could be persisted, and ``model_sources`` for Django models. Open ``verifier_stubs`` for the verification of callers,
and ``table_specs`` for a spec of existing DynamoDB tables.
"""
