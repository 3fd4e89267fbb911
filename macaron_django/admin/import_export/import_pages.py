"""The pages that import a file of items: the upload, a preview of the changes, and the import itself.

The preview's form contains the file, compressed and signed. So the server doesn't store the file, and imports exactly
the items that the preview showed.
"""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from itertools import islice
from typing import Any, Final, cast, get_args

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from macaron_django.admin.admin_bases import ItemAdminBase, ObjectTool
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.forms.edits import shown_json
from macaron_django.admin.forms.log_entries import change_message
from macaron_django.admin.import_export.import_outcomes import ImportOutcome, outcomes, write
from macaron_django.admin.import_export.item_files import FileForm, form_of, read_items
from macaron_django.admin.lists.search_results import persistence_of
from macaron_django.admin.page_urls import address, admin_page, admin_path
from macaron_django.conf import settings
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.validation.violation_search import searches_share_time

__all__ = ["ImportMixin"]

#: The most items of an import, and the most outcomes of each kind that the page lists. loaditems has no limit.
MOST: Final = 5000
NAMED: Final = 100

KINDS: Final = {
    "refused": gettext_lazy("Refused"),
    "changed": gettext_lazy("Changed"),
    "created": gettext_lazy("New"),
    "unchanged": gettext_lazy("Unchanged"),
}


class UploadForm(forms.Form):
    """Accepts the file and recognises its format."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV (including CSV from spreadsheets), JSON lines, an array of JSON objects, or DynamoDB JSON; in UTF-8."
        ),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_BODY_SIZE:
            raise forms.ValidationError(
                _("The file has %(size)d bytes, more than MACARON['MAX_BODY_SIZE'] (%(limit)d) allows.")
                % {"size": file.size, "limit": settings.MAX_BODY_SIZE}
            )
        content: bytes = file.read()
        return content


class ImportMixin(ItemAdminBase):
    """Adds the pages that import items. Users need the permission to add items, and to view or change items.

    To replace existing items, a user needs the permission to change items.
    """

    import_template = "admin/macaron_django/import.html"

    def list_tools(self, request: HttpRequest) -> list[ObjectTool]:
        tools = super().list_tools(request)
        return [*tools, ObjectTool(_("Import"), address(self, "import"))] if self.may_import(request) else tools

    def may_import(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_view_or_change_permission(request)

    def get_urls(self) -> list[URLPattern]:
        return [admin_path(self, "import/", self.import_view, "import"), *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.may_import(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._import_page(request, UploadForm())
        if "sealed" in request.POST:
            return self._apply_import(request)
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._import_page(request, form)
        content = form.cleaned_data["file"]
        sealed = self._sealed(request, content)
        limit = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and len(sealed) > limit - 10_000:
            form.add_error(
                "file",
                _(
                    "Even compressed, the file is larger than DATA_UPLOAD_MAX_MEMORY_SIZE allows. Split it, or use the "
                    "command loaditems."
                ),
            )
            return self._import_page(request, form)
        kind = form_of(request.FILES["file"].name or "", content)  # type: ignore[union-attr]
        try:
            with searches_share_time():
                found = list(self._outcomes(request, content, kind))
        except PyMacaronException as error:
            form.add_error("file", local_error(error))
            return self._import_page(request, form)
        if len(found) > MOST:
            form.add_error("file", _("The file has more than %d items. Split it, or use the command loaditems.") % MOST)
            return self._import_page(request, form)
        return self._import_page(request, form, found, sealed=sealed, kind=kind)

    def _outcomes(self, request: HttpRequest, content: bytes, kind: FileForm) -> Any:
        """Yields the outcome of each item of the file.

        Refuses items that this user has no permission to add or change.
        """
        persistence = persistence_of(self.model)
        items = read_items(persistence.schema, content, kind, persistence.key_names)
        for outcome in islice(outcomes(persistence, items), MOST + 1):
            if outcome.kind == "changed" and not self.has_change_permission(
                request, persistence.decode(outcome.stored or {})
            ):
                yield ImportOutcome(
                    outcome.line,
                    "refused",
                    outcome.key,
                    [_("The item already exists, and you don't have permission to change it.")],
                )
            else:
                yield outcome

    def _apply_import(self, request: HttpRequest) -> HttpResponse:
        try:
            content, kind = self._unsealed(request)
        except (signing.BadSignature, ValueError):
            self.message_user(
                request, _("This isn't the file that you previewed: choose the file again."), messages.ERROR
            )
            return HttpResponseRedirect(address(self, "import"))
        replace = request.POST.get("existing") == "replace"
        done: Counter[str] = Counter()
        refused: list[str] = []
        try:
            with searches_share_time():
                for outcome in self._outcomes(request, content, kind):
                    self._take_in(request, outcome, replace, done, refused)
        except PyMacaronException as error:  # items that are already written stay
            self.message_user(
                request, _("The import stopped before the end of the file: %s") % local_error(error), messages.ERROR
            )
        self._tell_imported(request, done, refused)
        return HttpResponseRedirect(address(self, "changelist"))

    def _take_in(
        self, request: HttpRequest, outcome: ImportOutcome, replace: bool, done: Counter[str], refused: list[str]
    ) -> None:
        """Imports one item if ``outcome`` and ``replace`` allow it. Records the result in ``done`` or ``refused``."""
        problem = "; ".join(outcome.problems)
        if outcome.kind == "unchanged" or (outcome.kind == "changed" and not replace):
            done["unchanged" if outcome.kind == "unchanged" else "skipped"] += 1
            return
        if outcome.kind != "refused":
            try:
                self._import_one(request, outcome)
            except PyMacaronException as error:
                problem = local_error(error)
            else:
                done[outcome.kind] += 1
                return
        told = _("Line %(line)d, %(item)s: %(problem)s") if outcome.key else _("Line %(line)d: %(problem)s")
        refused.append(told % {"line": outcome.line, "item": outcome.key, "problem": problem})

    def _import_one(self, request: HttpRequest, outcome: ImportOutcome) -> None:
        persistence = persistence_of(self.model)
        before = None if outcome.stored is None else shown_json(persistence, persistence.decode(outcome.stored))
        row = write(persistence, outcome)
        message = change_message(before, shown_json(persistence, row), adding=before is None)
        (self.log_addition if before is None else self.log_change)(request, row, message)

    def _tell_imported(self, request: HttpRequest, done: Counter[str], refused: list[str]) -> None:
        told = [
            ngettext("%d item created", "%d items created", done["created"]) % done["created"],
            ngettext("%d changed", "%d changed", done["changed"]) % done["changed"],
        ]
        if done["skipped"]:
            told.append(ngettext("%d left as it was", "%d left as they were", done["skipped"]) % done["skipped"])
        if done["unchanged"]:
            told.append(ngettext("%d already the same", "%d already the same", done["unchanged"]) % done["unchanged"])
        self.message_user(request, f"{', '.join(told)}.", messages.SUCCESS)
        for problem in refused[:20]:
            self.message_user(request, problem, messages.ERROR)
        if len(refused) > 20:
            self.message_user(request, _("… and %d more lines were refused.") % (len(refused) - 20), messages.ERROR)

    def _import_page(
        self, request: HttpRequest, form: UploadForm, found: list[ImportOutcome] | None = None, **more: Any
    ) -> HttpResponse:
        groups = [
            (
                kind,
                label,
                [each for each in found or () if each.kind == kind][:NAMED],
                sum(each.kind == kind for each in found or ()),
            )
            for kind, label in KINDS.items()
        ]
        return admin_page(
            self,
            request,
            self.import_template,
            _("Import items"),
            form=form,
            found=found,
            groups=groups,
            writes=sum(each.kind in ("created", "changed") for each in found or ()),
            changes=sum(each.kind == "changed" for each in found or ()),
            most=MOST,
            import_url=address(self, "import"),
            **more,
        )

    # -- the file between the two pages --------------------------------------------------------

    def _signer(self, request: HttpRequest) -> signing.Signer:
        """Returns a signer whose signatures are valid only for this model and this user."""
        return signing.Signer(salt=f"macaron_django.admin.import:{self.opts.label}:{request.user.pk}")

    def _sealed(self, request: HttpRequest, content: bytes) -> str:
        return self._signer(request).sign(base64.b64encode(zlib.compress(content, 9)).decode())

    def _unsealed(self, request: HttpRequest) -> tuple[bytes, FileForm]:
        packed = base64.b64decode(self._signer(request).unsign(request.POST["sealed"]))
        content = zlib.decompress(packed)  # the signature proves that the upload had this size
        kind = request.POST.get("kind", "")
        if kind not in get_args(FileForm):
            raise ValueError(kind)
        return content, cast("FileForm", kind)
