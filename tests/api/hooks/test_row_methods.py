"""Rows whose classes have methods of their own are answered alike by the store and by serializers."""

from __future__ import annotations


class Saving:
    """A parent whose rows are saved in a way of their own."""

    def save(self, *args, **kwargs):
        self.n = (self.n or 0) + 100
        super().save(*args, **kwargs)


class Showing:
    """A parent whose rows show something else than they hold."""

    def to_json(self):
        return {**super().to_json(), "n": 7}


class Reading:
    """A parent whose rows are read in a way of their own."""

    @classmethod
    def from_db(cls, *args, **kwargs):
        row = super().from_db(*args, **kwargs)
        row.n = 5
        return row


def test_rows_with_methods_of_their_own_are_answered_alike(both_ways):
    nested = {"t": "A", "ro": "x", "wo": "hidden"}
    stored = {"M": {name: {"S": value} for name, value in nested.items()}}
    seeds = {name: [{"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "b"}}] for name in ("Saved", "Shown", "Read")}
    seeds["Nested"] = [
        {
            "id": {"S": "a"},
            "ends": {"N": "99"},
            "kind": stored,
            "one": stored,
            "many": {"L": [{"M": {"t": {"S": "B"}}}]},
        }
    ]
    both = both_ways("hooks/apis/parents.yaml", seeds)
    asked = [
        (line, body)
        for name in ("saved", "shown", "read")
        for line, body in (
            *((f"GET /{name}{key}", None) for key in ("", "/a", "/b")),
            *((f"POST /{name}", {"id": "c", "n": 2}), (f"GET /{name}/c", None)),
            *((f"PUT /{name}/{key}", {"n": 3}) for key in ("a", "b", "nobody")),
            (f"GET /{name}/a", None),
        )
    ]
    b = {"t": "B", "wo": "s", "at": "2020-01-01T00:00:00+01:00"}
    bodies = (
        {"one": nested},
        {"kind": nested, "many": [b]},
        {"kind": {**b, "more": 1}},
        {"ends": 2**40},
        {},
        {"one": b},
    )
    bodies = (*bodies, {"kind": {"t": "C"}}, {"many": [{**b, "wo": 5}]}, {"ends": -1}, {"ends": 1.5})
    asked += [("GET /nested/a", None), ("GET /nested", None)]
    for n, body in enumerate(bodies):
        asked += [("PUT /nested/a", body), ("GET /nested/a", None), ("POST /nested", {"id": f"n{n}", **body})]
    both.compare(asked, {"GET": 20, "POST": 5, "PUT": 8}, {"read": 5, "create": 5, "replace": 5})
    assert both.statuses() == {"200", "201", "400", "404"}
    assert '"n":102' in str(both.answers)
