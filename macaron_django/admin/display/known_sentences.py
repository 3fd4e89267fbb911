"""Lists the English sentences that the admin translates. They come from code outside the admin, such as validation.

``local_texts`` recognises these sentences in a text.

If a placeholder's name ends in ``_text``, such as ``%(place_text)s``, its value is itself a sentence of this list and
is also translated. The values of other placeholders aren't translated.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

__all__ = ["SENTENCES"]

SENTENCES: Final = (
    # Violations of a schema.
    _("is required"),
    _("is not valid"),
    _("is not allowed here"),
    _("is not a known property"),
    _("is nested too deeply"),
    _("is not a finite number"),
    _("has more errors than are listed here"),
    _("takes too long to compare with the pattern"),
    _("must not be empty"),
    _("must be one of %(values)s"),
    _("must be %(wanted_text)s, not %(found_text)s"),
    _("must be %(wanted_text)s"),
    _("in the format %(format)s"),
    _("must be at most %(limit)s"),
    _("must be at least %(limit)s"),
    _("must be less than %(limit)s"),
    _("must be more than %(limit)s"),
    _("must be a multiple of %(factor)s"),
    _("must have at least %(limit)s characters"),
    _("must not be longer than 1 character"),
    _("must not be longer than %(limit)s characters"),
    _("must have at least 1 item"),
    _("must have at least %(limit)s items"),
    _("must not have more than 1 item"),
    _("must not have more than %(limit)s items"),
    _("must have at least 1 property"),
    _("must have at least %(limit)s properties"),
    _("must not have more than 1 property"),
    _("must not have more than %(limit)s properties"),
    _("does not match the pattern %(pattern)s"),
    _("must not hold the same item twice"),
    _("matches none of the %(count)s schemas allowed here"),
    _("matches a schema that it must not match"),
    _("lacks a required kind of item"),
    _("has too many items of one kind"),
    _("holds items that are not allowed here"),
    _("%(first_text)s or %(rest_text)s"),
    _("a boolean"),
    _("a number"),
    _("a string"),
    _("an array"),
    _("an integer"),
    _("an object"),
    _("a date"),
    _("a host name"),
    _("a JSON pointer"),
    _("a regular expression"),
    _("a URI"),
    _("a URI or a relative reference"),
    _("an e-mail address"),
    _("an IPv4 address"),
    _("an IPv6 address"),
    _("an IRI"),
    # Values that DynamoDB can't store.
    _("this name can't be an additional property here"),
    _("a key of type %(wanted)s can't hold a value of type %(found)s"),
    _("a key must have a value"),
    _("a key can't be empty"),
    _("a key can't hold a date-time more precise than a microsecond"),
    _("it has %(size)s bytes, more than the %(limit)s allowed in a key"),
    _("nested deeper than DynamoDB's 32 levels"),
    _("nested deeper than DynamoDB's 32 levels, or nested in itself"),
    _("%(value)s isn't an RFC 3339 date-time"),
    _("%(value)s isn't a number that DynamoDB can hold"),
    _("%(count)s digits are more than DynamoDB's limit of %(limit)s"),
    _("outside DynamoDB's range of 1E-130 to 9.99…E+125"),
    _("an integer with over 38 digits needs `type: integer` in its schema"),
    _("a name must be a string, not %(name)s"),
    _("DynamoDB has no type for a %(type)s; pass its JSON form"),
    _("DynamoDB doesn't accept attributes without a name"),
    _("a DynamoDB set holds only strings, only numbers or only bytes"),
    _("a set can't hold the same value twice"),
    _("half of a surrogate pair, which UTF-8 can't encode"),
    _("The item has %(size)s bytes, more than DynamoDB's limit of %(limit)s. The largest attributes: %(names)s."),
    _("The credentials lack the claim %(claim)s (a string or an integer), which %(name)s needs."),
    # Queries and their plans.
    _("No call: nothing can match"),
    _("GetItem from %(table)s"),
    _("BatchGetItem of %(count)s keys from %(table)s"),
    _("Scan of %(target_text)s, at most %(count)s items read"),
    _("Scan of %(target_text)s"),
    _("Query on %(target_text)s"),
    _("%(count)s Queries on %(target_text)s"),
    _("index %(name)s of %(table)s"),
    _("index %(name)s"),
    _("the table"),
    _("key: %(condition)s"),
    _("why: %(reason_text)s"),
    _("order: %(name)s, ascending"),
    _("order: %(name)s, descending"),
    _("filter in DynamoDB, after reading: %(condition)s"),
    _("filter in this process, after DynamoDB's response: %(condition)s"),
    _("then BatchGetItem for the items found, because index %(name)s doesn't have all the required attributes"),
    _("%(place_text)s can't return items in this order"),
    _("the schema doesn't show that a Query on %(place_text)s would read less"),
    _(
        "a Query on %(place_text)s would probably read more, because in that Query, %(there_text)s, whereas in this "
        "Query, %(here_text)s"
    ),
    _("%(name)s has %(count)s values"),
    _("%(name)s identifies an item"),
    _("one %(name)s has several items, each identified by %(range_key)s"),
    _("%(name)s can have any value"),
    _("%(words_text)s, and the filter gives a value for %(name)s"),
    _("%(words_text)s, and the filter limits %(name)s to a range"),
    _("DynamoDB can't order %(place_text)s in %(table)s by %(name)s: %(remedy_text)s."),
    _(
        "DynamoDB can't order %(place_text)s in %(table)s by %(name)s: index %(index)s finds only items that "
        "have %(key)s. If you need only these items, add %(lookup)s or %(call)s."
    ),
    _("a Scan"),
    _("this Query"),
    _("the items of a BatchGetItem"),
    _("already ordered items"),
    _("items that have one of %(count)s values of %(name)s"),
    _("filter by one value of %(ways_text)s"),
    _("%(name)s (in %(place_text)s)"),
    _("give an index the range key %(name)s and filter by its hash key, or sort in Python"),
    _("%(condition)s would read all of table %(table)s: %(advice_text)s"),
    _(
        "DynamoDB finds items by one value of a hash key, but none of these filters gives such a value. Add a "
        "filter that does, or permit the scan with `scan: capped` or `scan: allowed` in x-persist."
    ),
    _("index %(index)s finds only items that have %(key)s. If you need only these items, add %(lookup)s or %(call)s."),
    _("index %(index)s would find the items, but not with a consistent read: leave consistent() out."),
    _(
        "an index would find the items: add `%(index)s` to x-persist, or permit the scan with `scan: capped` or "
        "`scan: allowed` in x-persist."
    ),
    _("Table %(table)s has no index %(name)s; its indexes: %(known)s."),
    _("Reads of the global index %(name)s are always eventually consistent: leave consistent() out."),
    _("DynamoDB can't scan %(table)s backwards: to read backwards, filter by one value of a hash key."),
    _("DynamoDB orders by the range key of a table or an index, not by %(name)s."),
    _("DynamoDB orders by whole properties, not by parts of them (%(name)s)."),
    _(
        "DynamoDB accepts conditions of at most %(limit)s characters, but this one has %(length)s: filter by "
        "fewer values at once, or by key."
    ),
    _("DynamoDB has no lookup %(lookup)s (%(model)s: %(name)s); it has %(known)s."),
    _("Primary keys don't support the lookup %(lookup)s: filter by the hash key and the range key."),
    _("These filters are nested too deeply: flatten them."),
    _(
        "This filter nests Q objects more than %(count)s levels deep, but DynamoDB accepts only 300 operators in "
        "all: flatten the filter."
    ),
    _("Expected a number, not %(value)s."),
    _("Expected true or false, not %(value)s."),
    _("Expected a %(format)s, not %(value)s."),
    _("%(value)s has no time zone, so it can't be compared with items: make it aware."),
    _("This cursor wasn't made by this server."),
    _("This cursor has expired: start again at the first page."),
    _("This cursor was changed or belongs to another list: start again at the first page."),
    _("This cursor belongs to another list: start again at the first page."),
    # Writes, and calls that failed.
    _("%(kind)s with %(key)s"),
    _("There is already a %(item_text)s."),
    _("There is already an %(item_text)s."),
    _("There is no %(item_text)s any more."),
    _("There is no %(item_text)s; nothing was written."),
    _("The %(item_text)s was changed since it was loaded; nothing was written."),
    _("The %(item_text)s was changed or deleted since it was loaded; nothing was written."),
    _("The %(item_text)s doesn't match the query set; nothing was written."),
    _("The %(item_text)s doesn't exist, or doesn't match the query set; nothing was written."),
    _("%(item_text)s already exists and has a version: load it, change it and save it."),
    _("The stored version isn't a number, so it can't be increased: correct the item."),
    _("An item of table %(table)s was changed by another writer in the meantime."),
    _("Another transaction holds an item of table %(table)s; load the item and try again."),
    _("A call on table %(table)s failed: %(error)s"),
    _("A call on table %(table)s wasn't sent to DynamoDB: %(error)s"),
    _("DynamoDB refused a call on table %(table)s: %(error)s"),
    _("DynamoDB refused an item of table %(table)s: %(error)s"),
    _("DynamoDB refused the credentials for table %(table)s: %(error)s"),
    _("DynamoDB failed to handle a call on table %(table)s: %(error)s"),
    _("DynamoDB didn't answer a call on table %(table)s: %(error)s"),
    _("DynamoDB throttled every attempt of a call on table %(table)s: %(error)s"),
    _("%(operation)s on %(table)s: DynamoDB left %(count)s items unprocessed after all retries: %(names)s"),
    _(
        "%(operation)s on %(table)s got no answer: it may have been applied, and sending it again could apply"
        " it twice. Load the item to find out. (%(error)s)"
    ),
    _("Table %(table)s or one of its indexes doesn't exist: run `manage.py synctables`."),
    _(
        "No AWS credentials for table %(table)s: %(error)s. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        'a profile or a role, or pick a local engine with MACARON["DYNAMODB"]["ENGINE"].'
    ),
    _(
        "The %(engine)s engine doesn't answer. Stop it with `manage.py dynamodb --stop`. The engine's output is in "
        "%(file)s."
    ),
    _("The %(engine)s engine belongs to another user (process %(process)s): stop it as that user."),
    _("The %(engine)s engine didn't stop in time: see %(file)s."),
    _(
        "The %(engine)s engine's lock files can't be used: %(error)s. To move them to a writable local "
        "folder, set MACARON['DYNAMODB']['PATH']."
    ),
    _("The %(engine)s can't start: %(error)s"),
    # Files and texts that can't be read.
    _("%(problem_text)s (line %(line)s, column %(column)s)"),
    _("a name occurs twice in one object"),
    _("the name %(name)s occurs twice in one object"),
    _("arrays and objects are nested too deeply"),
    _("arrays and objects are nested more than %(limit)s levels deep"),
    _("a string has half of a surrogate pair, which is not a character"),
    _("the text isn't valid UTF-8 at byte %(place)s: send JSON as UTF-8"),
    _("the text isn't valid %(encoding)s at byte %(place)s"),
    _("the number %(digits)s… has more than %(limit)s digits"),
    _("%(value)s is not JSON (RFC 8259, section 6)"),
    _("Expecting value"),
    _("Expecting property name enclosed in double quotes"),
    _("Expecting %(sign)s delimiter"),
    _("Extra data"),
    _("Illegal trailing comma before end of %(kind_text)s"),
    _("array"),
    _("object"),
    _("Invalid control character at"),
    _("Invalid \\escape"),
    _("Invalid \\uXXXX escape"),
    _("Unterminated string starting at"),
    _("this isn't JSON: %(problem_text)s"),
    _("a line must be a JSON object"),
    _("this is an incremental export: only full exports can be loaded"),
    _("the key is missing"),
    _("must be an object of attributes"),
    _('must be a value in DynamoDB\'s form, such as {"S": "text"}'),
    _("a set can't be empty"),
    _("%(value)s isn't of DynamoDB's type %(type)s"),
    # Differences between a table and its schema.
    _("table %(table)s: %(keys)s"),
    _("table %(table)s has %(keys)s, but its schema says %(wanted)s: this change needs a new table"),
    _("local index %(name)s can only be created together with its table"),
    _("index %(name)s isn't in any schema: left unchanged"),
    _("index %(name)s is %(there)s, but its schema says %(wanted)s: give the index a new name"),
    _("TTL attribute %(name)s"),
    _("the TTL attribute is %(there)s, which isn't the schema's `ttl`: left unchanged"),
    _("the TTL attribute is %(there)s, but the schema says %(wanted)s: disable TTL, wait an hour, sync again"),
    _("billing is %(there)s, but the schema doesn't mention it: left unchanged"),
    _("billing: %(there)s becomes %(wanted)s"),
    _("tags %(tags)s"),
    _("%(subject_text)s: this engine doesn't support it; Amazon DynamoDB does"),
    _("%(subject_text)s: off becomes on"),
    _("%(subject_text)s is on, but the schema says off: it stays on until you turn it off with AWS's tools"),
    _("tags"),
    _("point-in-time recovery"),
    _("deletion protection"),
)
