"""Serves the documentation pages: each API's document as JSON and YAML, Swagger UI, Redoc, and an index of all APIs.

The pages of Swagger UI and Redoc are drf-spectacular's split views with this package's templates. A bar above each page
links to the same page of every other API. Importing this module imports drf-spectacular.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import escape_leading_slashes
from django.utils.module_loading import import_string
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from macaron_django.api.docs.assets import static_url
from macaron_django.api.docs.content_security import content_security_policy
from macaron_django.api.docs.served_documents import MEDIA_TYPES, Documents, document_text, published_below
from macaron_django.conf import settings
from macaron_django.openapi import Document

__all__ = [
    "DocumentView",
    "IndexView",
    "PublishedDocumentView",
    "PublishedPageView",
    "RedocOfFirstView",
    "RedocView",
    "SwaggerOfFirstView",
    "SwaggerView",
]


class _DocsView:
    """The base class of all documentation views: their permissions, authentication, documents and links."""

    documents: Documents = dict
    #: The view's path below the one at which this package's URLs are included.
    own_path = ""
    request: Any
    kwargs: Mapping[str, Any] = {}

    @property
    def mounted_at(self) -> str:
        """The path at which this package's URLs are included, with a trailing slash: ``/service/`` or ``/``.

        Links to other pages begin with this path. ``reverse()`` isn't used, because it needs the namespaces and
        arguments of the project's ``include()``.
        """
        path: str = self.request.path
        return path.removesuffix(self.own_path.format(**self.kwargs))

    def link(self, path: str) -> str:
        """Returns the URL of a path below ``mounted_at``, percent-encoded."""
        return escape_leading_slashes(quote(self.mounted_at + path, safe="/:@!$&'()*+,;=~"))

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
        # DRF's own response would need a template that describes the view.
        return HttpResponse(status=204)

    def document(self, api: str) -> Document:
        try:
            return self.documents()[api]
        except KeyError:
            raise Http404(f"There is no API named {api!r}.") from None


class _PageView(_DocsView):
    """The base class of the HTML pages. Adds the bar above the pages, and the Content-Security-Policy."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, Response) and isinstance(response.data, Mapping):
            response.data = {**self.frame(), **response.data}
            assets = [str(value) for name, value in response.data.items() if name in _ASSET_NAMES]
            policy = content_security_policy(assets, self.documents().get(self.kwargs.get("api", "")))
            response.headers.setdefault("Content-Security-Policy", policy)
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]  # a mixin

    def frame(self) -> dict[str, Any]:
        """Returns the context of the base template: assets, links to this API's pages, and links to the other APIs."""
        api = str(self.kwargs.get("api", "")) if "{api}" in self.own_path else ""
        pages = self.pages_of(api) if api in self.documents() else []
        here = self.link(self.own_path.format(**self.kwargs))
        return {
            "page_css": self.own_asset_url("docs.css"),
            "page_icon": self.own_asset_url("docs.svg"),
            "index_url": self.link("docs/"),
            "pages": [{**page, "is_current": page["url"] == here} for page in pages],
            "choices": [
                {
                    "name": name,
                    "title": document.title or name,
                    "url": self.link(self.own_path.format(api=name)),
                    "is_current": name == api,
                }
                for name, document in (self.documents() if pages else {}).items()
            ],
        }

    def pages_of(self, api: str) -> list[dict[str, str]]:
        """Returns the pages of one API as ``{"name": …, "url": …}``. The links to the pages are shown in this order."""
        return [
            {"name": "Swagger UI", "url": self.link(f"docs/{api}/")},
            {"name": "Redoc", "url": self.link(f"redoc/{api}/")},
            {"name": "JSON", "url": self.link(f"openapi/{api}.json")},
            {"name": "YAML", "url": self.link(f"openapi/{api}.yaml")},
        ]

    def own_asset_url(self, name: str) -> str:
        """Returns the URL of a static file of this package."""
        return static_url("macaron_django", name) or self.link(f"docs/assets/macaron_django/{name}")

    def sidecar_url(self, name: str) -> str:
        """Returns the URL of a static file of the sidecar package."""
        return static_url("drf_spectacular_sidecar", name) or self.link(f"docs/assets/{name}")

    def distributed_url(self, setting: str, folder: str, filename: str) -> str:
        """Returns the URL of a file of Swagger UI or Redoc.

        ``setting`` is the name of the drf-spectacular setting that says where the files are.
        """
        chosen = spectacular_settings.user_settings.get(setting, "SIDECAR")
        return self.sidecar_url(folder + filename) if chosen == "SIDECAR" else f"{chosen}/{filename}"


#: The template variables with the URLs of assets.
_ASSET_NAMES = frozenset(
    {"page_css", "page_icon", "favicon_href", "swagger_ui_css", "swagger_ui_bundle", "redoc_standalone"}
)


class _HTMLRenderer(renderers.TemplateHTMLRenderer):
    """DRF's HTML renderer with this package's error template. DRF's own renderer needs templates in the project."""

    def get_template_names(self, response: Any, view: Any) -> list[str]:
        return [response.template_name or "macaron_django/docs/error.html"]


class DocumentView(_DocsView, APIView):
    """Serves the document of one API as JSON or YAML."""

    schema = None
    own_path = "openapi/{api}.{suffix}"
    renderer_classes = [renderers.JSONRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # The URL's suffix decides, not the Accept header: browsers ask for HTML, but must get the file.
        renderer = renderers.JSONRenderer()
        return renderer, renderer.media_type

    def get(self, request: Request, *, api: str, suffix: str, **kwargs: Any) -> HttpResponseBase:
        document = self.document(api)
        base_path = self.link("").rstrip("/") + document.base_path
        text = document_text(document, base_path, settings.KEEP_SERVER_EXTENSIONS, suffix)
        return HttpResponse(text, content_type=MEDIA_TYPES[suffix])


class PublishedDocumentView(DocumentView):
    """Serves an API's document as YAML, as PyMacaron's ``publish_apis`` did. Pages of any origin may read it."""

    @property
    def own_path(self) -> str:  # type: ignore[override]  # the setting decides
        return f"{published_below()}{{api}}.yaml"

    def get(self, request: Request, *, api: str, **kwargs: Any) -> HttpResponseBase:
        document = self.document(api)
        base_path = self.link("").rstrip("/") + document.base_path
        text = document_text(document, base_path, settings.KEEP_SERVER_EXTENSIONS, "yaml", settings.PUBLISH_TOC)
        return HttpResponse(text, content_type="text/plain", headers={"Access-Control-Allow-Origin": "*"})


class PublishedPageView(_DocsView, APIView):
    """Redirects to the Swagger UI page of an API."""

    schema = None
    renderer_classes = [renderers.JSONRenderer]

    @property
    def own_path(self) -> str:  # type: ignore[override]  # the setting decides
        return f"{published_below()}{{api}}"

    def get(self, request: Request, *, api: str, **kwargs: Any) -> HttpResponseBase:
        self.document(api)
        return redirect(self.link(f"docs/{api}/"))


class IndexView(_PageView, APIView):
    """Lists all APIs with links to their pages."""

    schema = None
    own_path = "docs/"
    renderer_classes = [_HTMLRenderer]

    def get(self, request: Request, **kwargs: Any) -> Response:
        rows = [
            {
                "name": name,
                "title": document.title or name,
                "version": document.info.get("version", ""),
                "description": document.description,
                "pages": self.pages_of(name),
            }
            for name, document in self.documents().items()
        ]
        of_all = [{"name": name, "url": self.link(path)} for name, path in _OF_ALL.items()]
        return Response({"apis": rows, "of_all": of_all}, template_name="macaron_django/docs/index.html")


#: The pages for all APIs: the text of the link and the path.
_OF_ALL = {"Swagger UI": "swagger/", "Redoc": "redoc/"}


class _FirstPageView(_DocsView, APIView):
    """Redirects to a page of the first API. The bar on that page links to the other APIs."""

    schema = None
    renderer_classes = [_HTMLRenderer]
    #: The path of the page of one API.
    page_path = ""

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        first = next(iter(self.documents()), None)
        return redirect(self.link("docs/" if first is None else self.page_path.format(api=first)))


class SwaggerOfFirstView(_FirstPageView):
    """Redirects to the Swagger UI page of the first API."""

    own_path, page_path = "swagger/", "docs/{api}/"


class RedocOfFirstView(_FirstPageView):
    """Redirects to the Redoc page of the first API."""

    own_path, page_path = "redoc/", "redoc/{api}/"


class SwaggerView(_PageView, SpectacularSwaggerSplitView):
    """Shows one API in Swagger UI."""

    schema = None
    renderer_classes = [_HTMLRenderer]
    own_path = "docs/{api}/"
    template_name = "macaron_django/docs/swagger.html"
    template_name_js = "macaron_django/docs/swagger.js.html"

    def get(self, request: Request, *args: Any, api: str, **kwargs: Any) -> Response:
        document = self.document(api)
        self.title = document.title or api
        self.url = self.link(f"openapi/{api}.json")
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response.data["oauth2_redirect_url"] = request.build_absolute_uri(
            self.sidecar_url("swagger-ui-dist/oauth2-redirect.html")
        )
        return response

    def _swagger_ui_resource(self, filename: str) -> str:  # type: ignore[override]  # called on the view
        return self.distributed_url("SWAGGER_UI_DIST", "swagger-ui-dist/", filename)

    def _swagger_ui_favicon(self) -> str:  # type: ignore[override]
        chosen = spectacular_settings.user_settings.get("SWAGGER_UI_FAVICON_HREF", "SIDECAR")
        return self.own_asset_url("docs.svg") if chosen == "SIDECAR" else str(chosen)


class RedocView(_PageView, SpectacularRedocView):
    """Shows one API in Redoc. As in drf-spectacular's split Swagger view, a second request loads the script."""

    schema = None
    renderer_classes = [_HTMLRenderer]
    own_path = "redoc/{api}/"
    template_name = "macaron_django/docs/redoc.html"

    def get(self, request: Request, *args: Any, api: str, **kwargs: Any) -> Response:
        document = self.document(api)
        self.title = document.title or api
        self.url = self.link(f"openapi/{api}.json")
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        if request.GET.get("script") is not None:
            response.template_name = "macaron_django/docs/redoc.js.html"
            response.content_type = "application/javascript"
        response.data["script_url"] = f"{self.link(f'redoc/{api}/')}?script="
        response.data["settings"] = response.data["settings"] or "{}"
        return response

    def _redoc_standalone(self) -> str:  # type: ignore[override]
        return self.distributed_url("REDOC_DIST", "redoc/", "bundles/redoc.standalone.js")
