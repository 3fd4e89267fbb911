"""The document is served as read; its pages ask nothing of other hosts and run no script of their own."""

from __future__ import annotations

import json
import re
from contextlib import closing

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from drf_spectacular.settings import spectacular_settings
from rest_framework.permissions import IsAuthenticated

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, viewsets
from macaron_django.api.builtin import ping, version
from macaron_django.api.docs.assets import SIDECAR
from macaron_django.api.docs.pages import SwaggerView
from macaron_django.api.docs.urls import docs_patterns
from macaron_django.auth import JWTAuthentication, generate_token
from macaron_django.discovery import BUILTIN
from macaron_django.schemas import Classes

SHOP = {
    "openapi": "3.1.0",
    "info": {"title": "Shop <b>", "version": "2.5", "description": "Sells things."},
    "servers": [{"url": "https://example.org/v1"}],
    "paths": {"/x": {"get": {"operationId": "x", "x-bind-server": "secret.handler", "responses": {}}}},
}
OLD = {"swagger": "2.0", "info": {"title": "Old", "version": "1"}, "basePath": "/old", "paths": {}}


@pytest.fixture
def client():
    documents = {"shop": spec.load(SHOP), "old": spec.load(OLD)}
    patterns = docs_patterns(lambda: documents)
    mounted = [path("service/", include(patterns))]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": mounted})):
        yield Client()


def test_the_document_is_served_as_read_where_it_is_mounted(client):
    response = client.get("/service/openapi/shop.json")
    assert response["Content-Type"] == "application/json"
    served = response.json()
    assert served["openapi"] == "3.1.0"
    assert served["info"] == SHOP["info"]
    assert [server["url"] for server in served["servers"]] == ["/service/v1"]
    assert "secret" not in response.content.decode()


def test_yaml_says_the_same(client):
    response = client.get("/service/openapi/shop.yaml", headers={"accept": "text/html"})
    assert response["Content-Type"] == "application/yaml"
    assert yaml.safe_load(response.content) == client.get("/service/openapi/shop.json").json()


def test_a_swagger_2_document_stays_one(client):
    served = client.get("/service/openapi/old.json").json()
    assert (served["swagger"], served["basePath"]) == ("2.0", "/service/old")


def test_server_extensions_are_kept_where_settings_say_so(client):
    with override_settings(MACARON={"KEEP_SERVER_EXTENSIONS": True}):
        assert "secret.handler" in client.get("/service/openapi/shop.json").content.decode()


@pytest.mark.parametrize("url", ["docs/shop/", "redoc/shop/"])
def test_pages_ask_nothing_of_other_hosts_and_run_scripts_from_urls_alone(client, url):
    page = client.get(f"/service/{url}")
    html = page.content.decode()
    assert page.status_code == 200
    assert "<title>Shop &lt;b&gt;</title>" in html
    assert not re.search(r"(src|href)=\"(https?:)?//", html)
    assert "<style" not in html
    assert "style=" not in html
    for script in re.findall(r"<script\b([^>]*)>(.*?)</script>", html, re.DOTALL):
        assert "src=" in script[0]
        assert script[1] == ""


@pytest.mark.parametrize("url", ["docs/shop/", "redoc/shop/"])
@pytest.mark.django_db  # closing a response makes Django look after its connections
def test_every_asset_of_a_page_is_there(client, url):
    html = client.get(f"/service/{url}").content.decode()
    links = [link.replace("&amp;", "&") for link in re.findall(r'(?:src|href)="([^"]+)"', html)]
    assert len(links) >= 2
    for link in links:
        if link.startswith("/static/"):
            assert finders.find(link.removeprefix("/static/")), link
            continue
        with closing(client.get(link)) as response:
            assert response.status_code == 200, link
            if "script=" in link:
                assert response["Content-Type"].startswith("application/javascript")
                assert "/service/openapi/shop.json" in response.content.decode().replace("\\u002D", "-")


def test_static_files_are_djangos_where_the_sidecar_is_an_app(client, settings):
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "drf_spectacular_sidecar"]):
        html = client.get("/service/docs/shop/").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in html


def test_assets_are_the_sidecars_alone(client):
    assert client.get("/service/docs/assets/../../../conf.py").status_code == 400
    assert client.get("/service/docs/assets/%2e%2e/%2e%2e/apps.py").status_code == 400
    assert (SIDECAR / "redoc/bundles/redoc.standalone.js").is_file()


@pytest.mark.django_db  # closing a response makes Django look after its connections
def test_the_packages_own_assets_are_served_where_they_are_not_static_files(client):
    with closing(client.get("/service/docs/assets/macaron_django/docs.css")) as response:
        assert response.status_code == 200


def test_a_name_that_no_file_can_have_is_404(client):
    assert client.get(f"/service/docs/assets/{'a' * 5000}").status_code == 404


@pytest.mark.parametrize("url", ["docs/", "redoc/", "docs/shop/", "redoc/shop/", "openapi/shop.json"])
def test_options_are_answered(client, url):
    response = client.options(f"/service/{url}")
    assert (response.status_code, response["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_the_index_lists_every_api(client):
    html = client.get("/service/docs/").content.decode()
    for text in ("Shop &lt;b&gt;", "2.5", "Sells things.", "/service/docs/shop/", "/service/redoc/old/"):
        assert text in html
    assert "https://" not in html


@pytest.mark.parametrize(("url", "kind"), [("swagger/", "docs"), ("redoc/", "redoc")])
def test_a_page_over_all_apis_leads_to_the_same_page_of_each(client, url, kind):
    assert f'href="/service/{url}"' in client.get("/service/docs/").content.decode()
    opened = client.get(f"/service/{url}")
    assert (opened.status_code, opened["Location"]) == (302, f"/service/{kind}/shop/")
    html = client.get(opened["Location"]).content.decode()
    choices = re.findall(r'<li><a href="([^"]+)"([^>]*)>([^<]+)', html)
    assert [(href, text.strip()) for href, _, text in choices] == [
        (f"/service/{kind}/shop/", "Shop &lt;b&gt;"),
        (f"/service/{kind}/old/", "Old"),
    ]
    assert [bool(current.strip()) for _, current, _ in choices] == [True, False]


@pytest.mark.parametrize("url", ["swagger/", "redoc/"])
def test_a_page_over_all_of_no_apis_is_the_index(url):
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": docs_patterns(dict)})):
        response = Client().get(f"/{url}", follow=True)
    assert response.redirect_chain == [("/docs/", 302)]
    assert "There is no API yet" in response.content.decode()


@pytest.mark.parametrize("url", ["docs/none/", "redoc/none/", "openapi/none.json", "openapi/none.yaml"])
def test_an_unknown_api_is_404(client, url):
    assert client.get(f"/service/{url}").status_code == 404


@pytest.mark.parametrize("url", ["docs/", "swagger/", "redoc/", "docs/shop/", "redoc/shop/", "openapi/shop.json"])
def test_permissions_come_from_settings(client, url):
    with override_settings(MACARON={"DOCS_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"]}):
        assert client.get(f"/service/{url}").status_code in {401, 403}


@pytest.mark.parametrize("url", ["docs/", "docs/shop/", "redoc/shop/", "openapi/shop.json", "openapi/shop.yaml"])
def test_drf_spectaculars_own_settings_say_who_may_look_and_how_they_are_known(client, url, monkeypatch):
    monkeypatch.setattr(spectacular_settings, "SERVE_PERMISSIONS", [IsAuthenticated])
    monkeypatch.setattr(spectacular_settings, "SERVE_AUTHENTICATION", [JWTAuthentication])
    with override_settings(MACARON={"JWT": {"SECRET": "s" * 64}}):
        assert client.get(f"/service/{url}").status_code == 401
        token = generate_token("ada")
        assert client.get(f"/service/{url}", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert client.get(f"/service/{url}", headers={"Authorization": f"Bearer {token}x"}).status_code == 401


def test_there_are_no_pages_where_docs_is_off():
    with override_settings(MACARON={"DOCS": False}):
        assert docs_patterns(dict) == []


def test_the_built_in_document_is_served_by_its_handlers(serve):
    client = serve(spec.load(BUILTIN), "ping", MACARON={"JWT": {"SECRET": "s" * 64}, "RESPONSE_VALIDATION": "raise"})
    assert client.viewsets.findings() == []
    assert (client.get("/ping").status_code, client.get("/ping").content) == (200, b"{}")
    assert client.get("/version").json() == json.loads(json.dumps(version()))
    assert client.get("/auth/version").status_code == 401
    assert ping() == {}


def test_who_may_call_a_built_in_endpoint_is_said_by_a_viewset_in_its_place(serve, monkeypatch):
    own = {"authentication_classes": [JWTAuthentication], "permission_classes": [IsAuthenticated]}
    with override_settings(MACARON={"VIEWSETS": ["macaron_django.api.viewsets.Own"], "JWT": {"SECRET": "s" * 64}}):
        generated = build_viewsets("ping", document := spec.load(BUILTIN), Classes("ping", document))["Version"]
        monkeypatch.setattr(viewsets, "Own", type("Version", (generated,), own), raising=False)
        view = viewsets.in_use(generated).as_view({"get": "version"}, served=generated.routes["/version"])
        assert view(RequestFactory().get("/version")).status_code == 401
        token = {"Authorization": f"Bearer {generate_token('ada')}"}
        assert view(RequestFactory().get("/version", headers=token)).status_code == 200


# Below namespaces and parameters


def included(*prefixes):
    """The pages as a project may include them: below each prefix, which may have a namespace."""
    documents = {"shop": spec.load(SHOP), "old": spec.load(OLD)}
    patterns = docs_patterns(lambda: documents)
    for prefix, namespace in reversed(prefixes):
        patterns = [path(prefix, include((patterns, namespace)) if namespace else include(patterns))]
    return override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": patterns}))


MOUNTS = [
    ([("v1/", "first")], "/v1/"),
    ([("v1/", "first"), ("<slug:tenant>/", "second")], "/v1/blue/"),
    ([("<str:api>/", "")], "/r%C3%A9d%20one/"),
]


@pytest.mark.django_db  # closing a response makes Django look after its connections
@pytest.mark.parametrize(("prefixes", "base"), MOUNTS)
def test_pages_and_documents_are_where_they_are_included(prefixes, base):
    with included(*prefixes):
        client = Client()
        for page in ("docs/", "docs/shop/", "redoc/shop/"):
            response = client.get(base + page)
            assert response.status_code == 200, response.content
            links = re.findall(r'(?:href|src)="(/[^"]*)"', response.content.decode())
            assert links
            assert {link for link in links if not link.startswith((base, "/static/"))} == set()
            own = [link.replace("&amp;", "&") for link in links if link.startswith(base)]
            assert {link: status_of(client, link) for link in own} == dict.fromkeys(own, 200)
        for page in ("swagger/", "redoc/"):
            assert client.get(base + page, follow=True).status_code == 200
        served = client.get(f"{base}openapi/shop.json").json()["servers"]
        assert [server["url"] for server in served] == [f"{base}v1"]
        assert status_of(client, f"{base}docs/assets/macaron_django/docs.css") == 200


def status_of(client, link):
    with closing(client.get(link, follow=True)) as response:
        return response.status_code


def test_links_stay_on_this_host():
    view = SwaggerView()
    view.request, view.kwargs = RequestFactory().get("/docs/shop/"), {"api": "shop"}
    view.request.path = "//example.org/docs/shop/"
    assert view.link("docs/") == "/%2Fexample.org/docs/"


def test_documents_are_published_for_pages_of_other_origins_where_a_setting_says_so(settings):
    documents = {"shop": spec.load(SHOP), "old": spec.load(OLD)}
    settings.MACARON = {"PUBLISH_PATH": "/public/doc/", "PUBLISH_TOC": "- [Things](#things)"}
    patterns = [path("service/", include(docs_patterns(lambda: documents)))]
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})
    client = Client()
    answer = client.get("/service/public/doc/shop.yaml")
    assert (answer["Content-Type"], answer["Access-Control-Allow-Origin"]) == ("text/plain", "*")
    served = yaml.safe_load(answer.content)
    assert served["info"]["description"] == "- [Things](#things)\n\nSells things."
    assert [server["url"] for server in served["servers"]] == ["/service/v1"]
    assert "secret" not in answer.content.decode()
    assert client.get("/service/public/doc/shop")["Location"] == "/service/docs/shop/"
    assert client.get("/service/public/doc/nowhere.yaml").status_code == 404
    settings.MACARON = {"PUBLISH_PATH": "doc", "DOCS_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"]}
    patterns = docs_patterns(lambda: documents)
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})
    assert client.get("/doc/shop.yaml").status_code == 403
