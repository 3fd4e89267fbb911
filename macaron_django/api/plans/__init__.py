"""Determines, once for each operation, which checks run for the operation's requests.

An ``OperationPlan`` is created for an operation of a viewset class. It lists the checks that run before the
action, in DRF's order. It also says whether the action can use the store directly, without a serializer. The module
``request_checks`` has the checks. ``operation_plans`` chooses a plan's checks, and chooses again if settings change.
``served_operations`` has the objects that serve an operation, such as the reader of its parameters.

``operation_handlers`` calls the functions that ``x-bind-server`` names, and ``form_arguments`` passes form fields to
them by name. ``observed_operations`` sends events to subscribers. ``item_accesses`` determines which accesses to tables
an operation needs. ``macaron_django.overrides`` decides whether a project overrides an attribute.
"""

from macaron_django.api.plans.operation_plans import OperationPlan, OperationPlans

__all__ = ["OperationPlan", "OperationPlans"]
