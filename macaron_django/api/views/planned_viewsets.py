"""Defines the base class of all generated viewsets. It finds a request's operation, plan and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from inspect import getattr_static
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import classonlymethod
from django.views.generic import View
from rest_framework.exceptions import ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.viewsets import ViewSetMixin

from macaron_django.api.plans.operation_plans import OperationPlan, OperationPlans
from macaron_django.api.plans.served_operations import Served
from macaron_django.api.requests.parameters import ParameterValues
from macaron_django.auth.security_requirements import SecurityPermission, SecurityPolicy
from macaron_django.events import OPERATIONS
from macaron_django.exceptions import RequestInvalid
from macaron_django.openapi import Operation
from macaron_django.overrides import Hooks, Watched, overrides

__all__ = ["FILTERING", "METHODS", "PlannedViewSet"]

#: The names of the methods that views have for HTTP methods.
METHODS = frozenset({*View.http_method_names, "query"} - {"options"})


class _ActionOfMethod:
    """A view's method for an HTTP method: the action that ``as_view()`` maps to it.

    DRF's views get these methods as attributes, which refer to the view. Such a reference cycle would keep the view
    alive until the garbage collector runs.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, view: Any, owner: type) -> Any:
        action = None if view is None else (view.__dict__.get("action_map") or {}).get(self.name)
        if action is not None and action != self.name:
            return getattr(view, action)
        # A class after this one in the method resolution order may have such an attribute.
        return getattr(super(PlannedViewSet, owner if view is None else view), self.name)


class PlannedViewSet(ViewSetMixin, GenericAPIView[Any], metaclass=Watched):
    """The base class of viewsets whose requests are served according to a plan."""

    api: ClassVar[str] = ""
    #: The objects that serve each operation of this view's path, by method. as_view() sets them.
    served: Mapping[str, Served] = {}
    #: The plans of this path's operations. as_view() sets them.
    plans: OperationPlans | None = None
    #: The attributes that a project may override, with the values that DRF and this package define.
    hooks: ClassVar[Hooks]

    http_method_names = [*View.http_method_names, "query"]

    @classonlymethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:  # noqa: N805 (a class)
        """Returns a view function, like DRF's ``as_view()``. Also creates the ``OperationPlans`` of the view's path.

        If a plan is direct, the view function runs the plan's checks and the action. It doesn't call ``dispatch()``.
        """
        plans = OperationPlans(cls, cls.hooks, initkwargs)
        made: Any = super().as_view(actions, plans=plans, **initkwargs)
        if "get" in made.actions:
            made.actions.setdefault("head", made.actions["get"])  # as DRF does at the first request
        given = {**initkwargs, "plans": plans, "action_map": made.actions}

        def prepared(plan: OperationPlan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlannedViewSet:
            self = cls.__new__(cls)
            self.__dict__.update(given, args=args, kwargs=kwargs, _plan=plan, action=plan.action, format_kwarg=None)
            return self

        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            plan = plans.of(request.method or "") if not overrides(cls, ("__init__",), View) else None
            if plan is None or not plan.is_direct_for(request.META.get("HTTP_ACCEPT", "*/*")) or _is_forced(request):
                answer: HttpResponseBase = made(request, *args, **kwargs)
                return answer
            return prepared(plan, args, kwargs)._take_steps(plan, request)

        @wraps(made)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if OPERATIONS.subscribers:
                return plans.observed.answered(answered, request, args, kwargs)
            return answered(request, *args, **kwargs)

        plans.prepared = prepared
        plans.view_function = view
        return view

    @property
    def plan(self) -> OperationPlan:
        """The plan of the request's operation. If code sets a hook on this instance, the instance gets another plan."""
        attributes = self.__dict__
        plan: OperationPlan | None = attributes.get("_plan")
        if plan is not None and plan.is_closed:
            return plan
        names = self.hooks.names
        if plan is None or not (
            names.isdisjoint(attributes) or plan.overridden.issuperset(names.intersection(attributes))
        ):
            plans = self.plans or OperationPlans(type(self), self.hooks, {"served": self.served})
            method = str(getattr(self.request, "method", None) or "OPTIONS")
            plan = attributes["_plan"] = plans.of(method, names.intersection(attributes))
        return plan

    # -------------------------------------------------------------- the operation

    @property
    def current(self) -> Served | None:
        """The objects that serve the request's operation; None for OPTIONS and for methods without an operation."""
        attributes = self.__dict__
        request = attributes.get("request")
        # The result is cached, because it is needed many times. It is cached together with the request, because DRF's
        # metadata and browsable API replace the request of the view.
        known: tuple[Any, Served | None] | None = attributes.get("_current")
        if known is None or known[0] is not request:
            if request is None or not request.method:
                return next(iter(self.served.values()), None)
            method = request.method.lower()
            served = self.served.get(method) or (self.served.get("get") if method == "head" else None)
            known = attributes["_current"] = (request, served)
        return known[1]

    @property
    def served_here(self) -> Served:
        """The objects that serve the request's operation. Raises ``AttributeError`` if the path has no such method."""
        served = self.current
        if served is None:
            raise AttributeError("the path declares no operation for this method")
        return served

    @property
    def operation(self) -> Operation:
        """The operation of the request. Raises ``AttributeError`` if the path has no such method."""
        served = self.current
        return served.operation if served is not None else self.served_here.operation

    @property
    def parameters(self) -> ParameterValues:
        """The parameters in the request, and the defaults of missing parameters.

        Raises ``RequestInvalid`` if a parameter is wrong.
        """
        served = self.current
        if served is None:
            return ParameterValues({}, {})
        # The browsable API also reads the parameters of other operations.
        read: dict[Served, ParameterValues] = self.__dict__.setdefault("_parameters", {})
        if served not in read:
            try:
                read[served] = served.parameters.read(self.request, self.kwargs)
            except RequestInvalid as failure:
                if getattr(self, "action", None) == "metadata":
                    # For OPTIONS, DRF also tries the path's other methods. It handles only its own exceptions.
                    raise ParseError(str(failure)) from failure
                raise
        return read[served]

    # -------------------------------------------------------------- policies

    @property
    def _security(self) -> SecurityPolicy | None:
        """The operation's security policy.

        For OPTIONS and undeclared methods, it is the policy of a public operation of the path, or else of the path's
        first operation.
        """
        served = self.current
        if served is not None:
            return served.security
        policies = [each.security for each in self.served.values()]
        return next((policy for policy in policies if policy.is_public), policies[0] if policies else None)

    def get_authenticators(self) -> list[Any]:
        policy = self._security
        if policy is None or "authentication_classes" in self.plan.overridden:
            return list(super().get_authenticators())
        return [authenticator() for authenticator in policy.authentication_classes]

    def get_permissions(self) -> list[Any]:
        """Returns the permissions that the spec requires, and the viewset's ``permission_classes``.

        If the viewset doesn't set ``permission_classes``, the project's defaults are returned instead.
        """
        policy = self._security
        if policy is None:
            return list(super().get_permissions())
        required: list[Any] = list(policy.permission_classes)
        if "permission_classes" in self.plan.overridden:
            of_spec = [c for c in required if isinstance(c, type) and issubclass(c, SecurityPermission)]
            required = [*of_spec, *self.permission_classes]
        return [permission() for permission in required]

    @classmethod
    def filters_itself(cls) -> bool:
        """Returns whether a subclass overrides the filters. Overridden filters can read any declared parameter."""
        return not cls.hooks.overridden(cls).isdisjoint(FILTERING)

    @classmethod
    def has_own_http_methods(cls) -> bool:
        """Returns whether a subclass defines ``get()``, ``post()`` or another method with the name of an HTTP method.

        DRF's views replace these methods with the actions.
        """
        return any(type(getattr_static(cls, name)) is not _ActionOfMethod for name in METHODS)

    def get_format_suffix(self, **kwargs: Any) -> str | None:
        """Returns None: a path parameter named ``format`` belongs to the operation, and isn't a format suffix."""
        return None

    def _take_steps(self, plan: OperationPlan, http_request: HttpRequest) -> HttpResponseBase:
        """Does what DRF's ``dispatch()`` does, for a direct plan, whose hooks have known results."""
        raise NotImplementedError


for _name in METHODS:
    setattr(PlannedViewSet, _name, _ActionOfMethod(_name))


def _is_forced(request: HttpRequest) -> bool:
    """Returns whether DRF's test client has chosen the user."""
    return (
        getattr(request, "_force_auth_user", None) is not None
        or getattr(request, "_force_auth_token", None) is not None
    )


#: The names of the hooks that filter lists.
FILTERING = frozenset({"filter_backends", "filter_queryset"})
