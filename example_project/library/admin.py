"""Books and authors in Django's own admin, for comparison with the items of DynamoDB."""

from django.contrib import admin

from library.models import Author, Book

admin.site.register(Author)


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["isbn", "title", "author", "genre", "published"]
    list_select_related = ["author"]
    search_fields = ["isbn", "title"]
