"""Documents → documentation pages: each API's document as JSON and YAML, Swagger UI, Redoc, and an index of all.

Swagger UI and Redoc show one API at a time; the bar above them leads to the same page of each other API. That is plain
HTML, so that it works the same for both programs, and before, or without, their scripts.

The document served is the document read, as ``Document.bundled()`` gives it; nothing is generated from
serializers. Pages are drf-spectacular's split views with templates of our own: assets come from the sidecar
package, scripts from URLs. Each page carries a Content-Security-Policy (``content_security``) by which the browser
asks nothing of other hosts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
import yaml
from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.static import serve
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from macaron_django.api.content_security import content_security_policy
from macaron_django.api.docs_urls import MEDIA_TYPES, NAMESPACE, Documents
from macaron_django.conf import settings
from macaron_django.schemas.json_text import dump_json
from macaron_django.spec import Document

__all__ = ["DocumentView", "FirstPageView", "IndexView", "RedocView", "SwaggerView", "asset", "document_text"]

OWN = Path(__file__).parent.parent / "static"
SIDECAR = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar"
_YamlDumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Docs:
    """What all documentation views share: their permissions, and the documents there are."""

    documents: Documents = dict

    def get_permissions(self) -> list[Any]:
        chosen = settings.DOCS_PERMISSION_CLASSES
        if chosen is None:
            classes: list[Any] = list(spectacular_settings.SERVE_PERMISSIONS)
            return [permission() for permission in classes]
        return [import_string(dotted)() for dotted in chosen]

    def get_authenticators(self) -> list[Any]:
        chosen = spectacular_settings.SERVE_AUTHENTICATION
        classes: list[Any] = list(api_settings.DEFAULT_AUTHENTICATION_CLASSES if chosen is None else chosen)
        return [authenticator() for authenticator in classes]

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        # DRF would describe the view, in a template that pages don't have.
        return HttpResponse(status=204)

    def document(self, api: str) -> Document:
        try:
            return self.documents()[api]
        except KeyError:
            raise Http404(f"There is no API named {api!r}.") from None


class _Page(_Docs):
    """What the HTML pages share: the bar above them, and the policy under which a browser shows them."""

    #: The path parameter that names the API; the index has none.
    kwargs: Mapping[str, Any] = {}
    #: The URL name of this page, which the other APIs have, too; the index has none.
    url_name = ""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, Response) and isinstance(response.data, Mapping):
            response.data = {**self.frame(), **response.data}
            assets = [str(value) for name, value in response.data.items() if name in _ASSET_NAMES]
            policy = content_security_policy(assets, self.documents().get(self.kwargs.get("api", "")))
            response.headers.setdefault("Content-Security-Policy", policy)
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]  # a mixin

    def frame(self) -> dict[str, Any]:
        """What the base template shows around a page."""
        api = str(self.kwargs.get("api", ""))
        pages = pages_of(api) if api in self.documents() else []
        here = self.request.path  # type: ignore[attr-defined]
        others = self.documents() if pages and self.url_name else {}
        return {
            "page_css": _own_asset("docs.css"),
            "page_icon": _own_asset("docs.svg"),
            "index_url": reverse(f"{NAMESPACE}:docs"),
            "pages": [{**page, "is_current": page["url"] == here} for page in pages],
            "choices": [
                {
                    "name": name,
                    "title": document.title or name,
                    "url": reverse(f"{NAMESPACE}:{self.url_name}", kwargs={"api": name}),
                    "is_current": name == api,
                }
                for name, document in others.items()
            ],
        }


#: What the templates call the files that they load.
_ASSET_NAMES = frozenset(
    {"page_css", "page_icon", "favicon_href", "swagger_ui_css", "swagger_ui_bundle", "redoc_standalone"}
)


def pages_of(api: str) -> list[dict[str, str]]:
    """The pages about one API, by the name that links to them show."""
    return [
        {"name": "Swagger UI", "url": reverse(f"{NAMESPACE}:swagger", kwargs={"api": api})},
        {"name": "Redoc", "url": reverse(f"{NAMESPACE}:redoc", kwargs={"api": api})},
        {"name": "JSON", "url": reverse(f"{NAMESPACE}:document", kwargs={"api": api, "suffix": "json"})},
        {"name": "YAML", "url": reverse(f"{NAMESPACE}:document", kwargs={"api": api, "suffix": "yaml"})},
    ]


class _HTMLRenderer(renderers.TemplateHTMLRenderer):
    """DRF's, without its own handling of errors, which wants templates that projects don't have."""

    def get_template_names(self, response: Any, view: Any) -> list[str]:
        return [response.template_name or "macaron_django/docs/error.html"]


class DocumentView(_Docs, APIView):
    """The document of one API."""

    schema = None
    renderer_classes = [renderers.JSONRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # The suffix says what is asked for. A browser that opens the URL accepts HTML and wants the file.
        renderer = renderers.JSONRenderer()
        return renderer, renderer.media_type

    def get(self, request: Request, api: str, suffix: str) -> HttpResponseBase:
        base_path = mounted_at(request, f"openapi/{api}.{suffix}") + self.document(api).base_path
        text = document_text(self.document(api), base_path, settings.KEEP_SERVER_EXTENSIONS, suffix)
        return HttpResponse(text, content_type=MEDIA_TYPES[suffix])


@lru_cache(maxsize=64)
def document_text(document: Document, base_path: str, keep_server_extensions: bool, suffix: str) -> bytes:
    """The text of a document, one file, with ``servers`` or ``basePath`` as mounted."""
    bundled = document.bundled(keep_server_extensions=keep_server_extensions, base_path=base_path)
    if suffix == "json":
        return dump_json(bundled)
    text = yaml.dump(bundled, Dumper=_YamlDumper, sort_keys=False, allow_unicode=True, width=120)
    return str(text).encode()


def mounted_at(request: HttpRequest | Request, own: str) -> str:
    """Where this package's URLs are included, without a trailing slash: ``/service`` or nothing."""
    return request.path.removesuffix(own).rstrip("/")


class IndexView(_Page, APIView):
    """All APIs, with links to their pages."""

    schema = None
    renderer_classes = [_HTMLRenderer]

    def get(self, request: Request) -> Response:
        rows = [
            {
                "name": name,
                "title": document.title or name,
                "version": document.info.get("version", ""),
                "description": document.description,
                "pages": pages_of(name),
            }
            for name, document in self.documents().items()
        ]
        of_all = [{"name": name, "url": reverse(f"{NAMESPACE}:{view}")} for name, view in _OF_ALL.items()]
        return Response({"apis": rows, "of_all": of_all}, template_name="macaron_django/docs/index.html")


#: The pages over all APIs, by the name that links to them show, and their URL names.
_OF_ALL = {"Swagger UI": "swagger-all", "Redoc": "redoc-all"}


class FirstPageView(_Docs, APIView):
    """Swagger UI, or Redoc, over all APIs: opens the first one's, whose bar leads to every other."""

    schema = None
    renderer_classes = [_HTMLRenderer]
    url_name = ""

    def get(self, request: Request) -> HttpResponseBase:
        first = next(iter(self.documents()), None)
        if first is None:
            return redirect(f"{NAMESPACE}:docs")
        return redirect(f"{NAMESPACE}:{self.url_name}", api=first)


class SwaggerView(_Page, SpectacularSwaggerSplitView):
    """Swagger UI for one API."""

    schema = None
    renderer_classes = [_HTMLRenderer]
    url_name = "swagger"
    template_name = "macaron_django/docs/swagger.html"
    template_name_js = "macaron_django/docs/swagger.js.html"

    def get(self, request: Request, *args: Any, api: str, **kwargs: Any) -> Response:
        document = self.document(api)
        self.title = document.title or api
        self.url = reverse(f"{NAMESPACE}:document", kwargs={"api": api, "suffix": "json"})
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response.data["oauth2_redirect_url"] = request.build_absolute_uri(
            _asset("swagger-ui-dist/oauth2-redirect.html")
        )
        return response

    @staticmethod
    def _swagger_ui_resource(filename: str) -> str:
        return _distributed("SWAGGER_UI_DIST", "swagger-ui-dist/", filename)

    @staticmethod
    def _swagger_ui_favicon() -> str:
        chosen = spectacular_settings.user_settings.get("SWAGGER_UI_FAVICON_HREF", "SIDECAR")
        return _own_asset("docs.svg") if chosen == "SIDECAR" else str(chosen)


class RedocView(_Page, SpectacularRedocView):
    """Redoc for one API; its script is a second request, as in drf-spectacular's split Swagger view."""

    schema = None
    renderer_classes = [_HTMLRenderer]
    url_name = "redoc"
    template_name = "macaron_django/docs/redoc.html"

    def get(self, request: Request, *args: Any, api: str, **kwargs: Any) -> Response:
        document = self.document(api)
        self.title = document.title or api
        self.url = reverse(f"{NAMESPACE}:document", kwargs={"api": api, "suffix": "json"})
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        if request.GET.get("script") is not None:
            response.template_name = "macaron_django/docs/redoc.js.html"
            response.content_type = "application/javascript"
        response.data["script_url"] = f"{request.path}?script="
        response.data["settings"] = response.data["settings"] or "{}"
        return response

    @staticmethod
    def _redoc_standalone() -> str:
        return _distributed("REDOC_DIST", "redoc/", "bundles/redoc.standalone.js")


def _distributed(setting: str, folder: str, filename: str) -> str:
    """Where an asset is: what the project set in ``SPECTACULAR_SETTINGS``, else the sidecar, never a CDN."""
    chosen = spectacular_settings.user_settings.get(setting, "SIDECAR")
    return _asset(folder + filename) if chosen == "SIDECAR" else f"{chosen}/{filename}"


def _asset(name: str) -> str:
    if apps.is_installed("drf_spectacular_sidecar") and apps.is_installed("django.contrib.staticfiles"):
        return static(f"drf_spectacular_sidecar/{name}")
    return reverse(f"{NAMESPACE}:asset", kwargs={"name": name})


def _own_asset(name: str) -> str:
    if apps.is_installed("macaron_django") and apps.is_installed("django.contrib.staticfiles"):
        return static(f"macaron_django/{name}")
    return reverse(f"{NAMESPACE}:asset", kwargs={"name": f"macaron_django/{name}"})


def asset(request: HttpRequest, name: str) -> HttpResponseBase:
    """The sidecar's files and our own, for projects that haven't installed either as an app."""
    try:
        return serve(request, name, document_root=str(OWN if name.startswith("macaron_django/") else SIDECAR))
    except OSError as error:  # longer than the file system takes
        raise Http404("There is no such file.") from error
