"""Determines once for each operation the checks that the operation's requests go through.

An ``OperationPlan`` is created from a viewset's class and an operation. It has the checks before the action, in DRF's
order, and says whether the action may use the store directly, without a serializer. ``request_checks`` has the checks.
``operation_plans`` chooses the checks of a plan, and rebuilds plans. ``served_operations`` has the objects that are
created once for each operation.

``operation_handlers`` calls the functions that ``x-bind-server`` names, and ``form_arguments`` passes form fields to
them by name. ``observed_operations`` sends events to subscribers. ``item_accesses`` determines the rights to tables
that an operation needs. ``macaron_django.overrides`` decides what counts as an override.
"""

from macaron_django.api.plans.operation_plans import OperationPlan, OperationPlans

__all__ = ["OperationPlan", "OperationPlans"]
