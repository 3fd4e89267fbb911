"""Works out once which steps each operation's requests go through.

From a viewset's class and an operation it makes an ``OperationPlan``: the checks before the action, in DRF's order, and
whether the action may answer from the store. Open ``request_checks`` for a check, ``operation_plans`` for which checks
a plan has and when it is rebuilt, ``served_operations`` for what is made once for each operation,
``operation_handlers`` for the functions that ``x-bind-server`` names, ``form_arguments`` for the fields of forms that
they take by name, ``observed_operations`` for the events that subscribers get, and ``item_accesses`` for the rights to
tables that an operation needs. What counts as an override is in ``macaron_django.overrides``.
"""

from macaron_django.api.plans.operation_plans import OperationPlan, OperationPlans

__all__ = ["OperationPlan", "OperationPlans"]
