"""The profiles of Django's ORM, served by a hand-written ModelSerializer and ModelViewSet of Django REST framework."""

from django.db import IntegrityError
from django.urls import path
from environment import ID, ZIP
from orm_profile.models import Profile, new_id
from rest_framework import serializers, viewsets
from rest_framework.exceptions import APIException
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class Taken(APIException):
    status_code = 409
    default_detail = "taken"


class Strict:
    def to_internal_value(self, data):
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            raise serializers.ValidationError(dict.fromkeys(unknown, "Not a property."))
        return super().to_internal_value(data)

    def to_representation(self, instance):
        return {name: value for name, value in super().to_representation(instance).items() if value is not None}


class AddressSerializer(Strict, serializers.Serializer):
    street = serializers.CharField(required=False)
    city = serializers.CharField(required=False)
    zip = serializers.RegexField(ZIP, required=False)


class ProfileSerializer(Strict, serializers.ModelSerializer):
    # Declared, so that it has no UniqueValidator. A validator would need another query, and the insert also finds
    # duplicates.
    profile_id = serializers.RegexField(ID, required=False)
    tags = serializers.ListField(child=serializers.CharField(), max_length=50, required=False)
    address = AddressSerializer(required=False)
    notes = serializers.ListField(child=serializers.CharField(), max_length=10_000, required=False)
    age = serializers.IntegerField(min_value=0, max_value=150, required=False)

    class Meta:
        model = Profile
        fields = ["profile_id", "name", "email", "age", "tags", "address", "notes", "view_count", "created"]

    def create(self, validated_data):
        validated_data.setdefault("profile_id", new_id())
        try:
            return Profile.objects.create(**validated_data)
        except IntegrityError as error:
            raise Taken from error

    def update(self, instance, validated_data):
        for name in ("name", "email", "age", "tags", "address", "notes"):
            setattr(instance, name, validated_data.get(name))
        instance.view_count = validated_data.get("view_count", 0)
        instance.save(force_update=True)
        return instance


class LinkPagination(CursorPagination):
    ordering = "profile_id"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000

    def get_paginated_response(self, data):
        following = self.get_next_link()
        return Response(data, headers={"Link": f'<{following}>; rel="next"'} if following else None)


class ProfileViewSet(viewsets.ModelViewSet):
    queryset = Profile.objects.all()
    serializer_class = ProfileSerializer
    pagination_class = LinkPagination


urlpatterns = [
    path("profiles", ProfileViewSet.as_view({"get": "list", "post": "create"})),
    path("profiles/<str:pk>", ProfileViewSet.as_view({"get": "retrieve", "put": "update"})),
]
