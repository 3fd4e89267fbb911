"""Viewsets for hook_stack.py. Each viewset overrides one method or attribute, as docs/how-to/viewsets.md shows."""

from collections import Counter

from rest_framework.permissions import BasePermission
from rest_framework.throttling import UserRateThrottle

from macaron_django import viewsets

#: Hook → how often it was called. A hook that isn't called must not be measured.
called = Counter()


class Allowed(BasePermission):
    def has_permission(self, request, view):
        called["permission"] += 1
        return "HTTP_X_REFUSED" not in request.META


class Generous(UserRateThrottle):
    rate = "100000/second"

    def allow_request(self, request, view):
        called["throttled"] += 1
        return super().allow_request(request, view)


class Permission(viewsets.permission.Profiles):
    permission_classes = [Allowed]


class Queryset(viewsets.queryset.Profiles):
    def get_queryset(self):
        called["queryset"] += 1
        return super().get_queryset()


class Creating(viewsets.creating.Profiles):
    def perform_create(self, serializer):
        called["creating"] += 1
        serializer.save(email="set@example.com")


class Updating(viewsets.updating.Profiles):
    def perform_update(self, serializer):
        called["updating"] += 1
        serializer.save(email="set@example.com")


class Throttled(viewsets.throttled.Profiles):
    throttle_classes = [Generous]
