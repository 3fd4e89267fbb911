"""Creates a project or an API from a spec. From then on, the files belong to the project.

The modules:

- ``project_files``: a whole project
- ``api_files``: one API
- ``spec_edits``: the keys that are added to a spec
- ``handler_stubs`` and ``handler_modules``: the handlers
- ``kept_schemas``: the schemas that could be persisted
- ``model_sources``: Django models
- ``verifier_stubs``: the functions that verify callers
- ``table_specs``: a spec for existing DynamoDB tables
"""
