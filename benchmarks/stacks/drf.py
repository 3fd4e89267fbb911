"""Hand-written Django REST framework on PynamoDB, with settings trimmed to what an API needs."""

import uuid

import django
from django.conf import settings
from django_settings import common

settings.configure(**common(), ROOT_URLCONF=__name__)
django.setup()

import pynamodb_profile as profiles  # noqa: E402 - Django has to be set up first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from environment import ID, OPERATIONS, ZIP  # noqa: E402
from rest_framework import serializers, status, viewsets  # noqa: E402
from rest_framework.exceptions import NotFound  # noqa: E402
from rest_framework.response import Response  # noqa: E402


class StrictSerializer(serializers.Serializer):
    def to_internal_value(self, data):
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            raise serializers.ValidationError(dict.fromkeys(unknown, "Not a property."))
        return super().to_internal_value(data)

    def to_representation(self, instance):
        return {name: value for name, value in super().to_representation(instance).items() if value is not None}


class AddressSerializer(StrictSerializer):
    street = serializers.CharField(required=False)
    city = serializers.CharField(required=False)
    zip = serializers.RegexField(ZIP, required=False)


class ProfileSerializer(StrictSerializer):
    profile_id = serializers.RegexField(ID, required=False)
    name = serializers.CharField(max_length=200)
    email = serializers.EmailField(required=False)
    age = serializers.IntegerField(min_value=0, max_value=150, required=False)
    tags = serializers.ListField(child=serializers.CharField(), max_length=50, required=False)
    address = AddressSerializer(required=False)
    notes = serializers.ListField(child=serializers.CharField(), max_length=10_000, required=False)
    view_count = serializers.IntegerField(min_value=0, default=0)
    created = serializers.DateTimeField(read_only=True)


class ParametersSerializer(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    cursor = serializers.RegexField(ID, required=False)


class ProfileViewSet(viewsets.ViewSet):
    def list(self, request):
        parameters = ParametersSerializer(data=request.query_params)
        parameters.is_valid(raise_exception=True)
        found, link = profiles.page(parameters.validated_data["limit"], parameters.validated_data.get("cursor"))
        return Response(ProfileSerializer(found, many=True).data, headers={"Link": link} if link else None)

    def create(self, request):
        serializer = ProfileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.validated_data.setdefault("profile_id", str(uuid.uuid4()))
        try:
            profile = profiles.create(serializer.validated_data)
        except profiles.Taken:
            return Response({"detail": "taken"}, status.HTTP_409_CONFLICT)
        return Response(ProfileSerializer(profile).data, status.HTTP_201_CREATED)

    def retrieve(self, request, profile_id):
        try:
            profile = profiles.find(profile_id)
        except profiles.Profile.DoesNotExist as error:
            raise NotFound from error
        return Response(ProfileSerializer(profile).data)

    def update(self, request, profile_id):
        serializer = ProfileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            profile = profiles.replace(profile_id, serializer.validated_data)
        except profiles.Profile.DoesNotExist as error:
            raise NotFound from error
        return Response(ProfileSerializer(profile).data)


# Two paths of four operations for each further resource, before the profiles.
urlpatterns = [
    pattern
    for number in range(max(0, OPERATIONS - 4) // 4)
    for pattern in (
        path(f"things{number}", ProfileViewSet.as_view({"get": "list", "post": "create"})),
        path(f"things{number}/<str:profile_id>", ProfileViewSet.as_view({"get": "retrieve", "put": "update"})),
    )
]
urlpatterns += [
    path("profiles", ProfileViewSet.as_view({"get": "list", "post": "create"})),
    path("profiles/<str:profile_id>", ProfileViewSet.as_view({"get": "retrieve", "put": "update"})),
]
application = get_wsgi_application()
