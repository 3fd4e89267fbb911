import contextlib
import gc
import json
import os
import subprocess
import sys

import pytest
import yaml

from macaron_django.openapi import Limits, SpecError, check, load, quick_check
from macaron_django.openapi.reading import yaml_events

HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n"


def refusal(source, **options):
    with pytest.raises(SpecError) as caught:
        load(source, **options)
    return caught.value.findings[0]


def test_yaml_is_read_by_the_1_2_core_schema(write):
    document = load(
        write(HEAD + "x-a: {no: no, on: on, when: 2020-01-01, 200: x, t: 12:30, o: 0o17, z: 017, y: 1_000}\n")
    )
    assert document.json["x-a"] == {
        "no": "no", "on": "on", "when": "2020-01-01", "200": "x", "t": "12:30", "o": 15, "z": "017", "y": "1_000",
    }  # fmt: skip


def test_keys_keep_the_spelling_that_a_number_would_lose(write):
    document = load(write(HEAD + "x-a: {1.10: ten, true: t, null: n, 0755: o}\n"))
    assert list(document.json["x-a"]) == ["1.10", "true", "null", "0755"]


def test_status_codes_that_are_integers_are_strings_whatever_stands_beside_them(write):
    paths = "paths:\n  /a:\n    get: {responses: {200: {}, default: {}, 4XX: {}, x-1: {7: seven}}}\n"
    document = load(write(HEAD.replace("paths: {}\n", paths) + "x-a: {1.10: ten, 5: five}\n"))
    (operation,) = document.operations
    assert list(operation.responses) == ["200", "default", "4XX"]
    assert operation.json["responses"]["x-1"] == {"7": "seven"}
    assert document.json["x-a"] == {"1.10": "ten", "5": "five"}
    document = load(write(HEAD.replace("paths: {}\n", paths.replace(", x-1: {7: seven}", ""))))
    assert list(document.json["paths"]["/a"]["get"]["responses"]) == ["200", "default", "4XX"]


def test_a_file_that_tells_no_size_is_read_whole():
    with pytest.raises(SpecError) as caught:
        load("/proc/self/status")  # regular, and of 0 bytes until it is read
    assert caught.value.findings[0].id in ("E004", "E006")
    with pytest.raises(SpecError) as caught:
        load("/proc/self/status", limits=Limits(max_bytes=100))
    assert caught.value.findings[0].id == "E002"


def test_integers_of_any_length_stay_exact_in_yaml_and_json(write):
    big = 123456789012345678901234567890
    assert load(write(HEAD + f"x-a: {big}\n")).json["x-a"] == big
    text = f'{{"openapi": "3.1.0", "info": {{"title": "T"}}, "paths": {{}}, "x-a": {big}}}'
    assert load(write(text, "api.json")).json["x-a"] == big


def test_a_long_number_in_a_string_is_no_reason_to_read_json_slowly(write):
    text = '{"openapi": "3.1.0", "info": {"title": "12345678901234567890"}, "paths": {}}'
    assert load(write(text, "api.json")).title == "12345678901234567890"


def test_json_with_control_characters_is_read_and_reported(write):
    document = load(write('{"openapi": "3.1.0", "info": {"title": "a\x01b"}, "paths": {}}', "api.json"))
    assert document.title == "a\x01b"
    assert [found.id for found in quick_check(document)] == ["W002"]


def test_yaml_that_begins_like_json_is_read(write):
    assert load(write("{openapi: 3.1.0, info: {title: T}, paths: {}} # so\n")).title == "T"


def test_a_byte_order_mark_is_no_obstacle(write):
    assert load(write(HEAD.encode("utf-16"))).title == "T"
    assert load(write(b"\xef\xbb\xbf" + HEAD.encode())).title == "T"


def test_merge_keys_are_merged_and_reported(write):
    document = load(write(HEAD + "x-a: &a {p: 1, q: 2}\nx-b: {<<: *a, q: 3}\n"))
    assert document.json["x-b"] == {"p": 1, "q": 3}
    assert [found.id for found in quick_check(document)] == ["W001"]


def test_a_duplicate_key_is_an_error_with_its_line(write):
    for text, name in (
        (HEAD + "x-a: 1\nx-a: 2\n", "api.yaml"),
        ('{"openapi": "3.1.0",\n"info": {"title": "T"},\n"paths": {},\n"x-a": 1,\n"x-a": 2}', "api.json"),
    ):
        path = write(text, name)
        found = [found for found in check(load(path)) if found.id == "E031"]
        assert str(found[0]).startswith(f"{path}:5:1: E031 The key 'x-a'")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!python/object/apply:os.system [exit 1]", ["exit 1"]),
        ("!!timestamp 2020-01-01", "2020-01-01"),
        ("!!set {a, b}", {"a": None, "b": None}),
        ("!Mine {a: 1}", {"a": 1}),
        ("!mine text", "text"),
        ("{200: !mine {b: 1}}", {"200": {"b": 1}}),
    ],
)
def test_tags_build_nothing_and_are_reported(write, text, value):
    path = write(HEAD + f"x-a: {text}\n")
    document = load(path)
    assert document.json["x-a"] == value
    (found,) = check(document)
    assert str(found).startswith(f"{path}:4:{6 + text.index('!')}: W005 The YAML tag ")


def test_a_tag_of_jsons_own_types_is_no_finding(write):
    assert check(load(write(HEAD + "x-a: !!str 3\n"))) == ()


@pytest.mark.parametrize("number", [".nan", ".inf", "-.INF"])
def test_numbers_that_json_lacks_are_reported(write, number):
    assert "W004" in [found.id for found in check(load(write(HEAD + f"x-a: {number}\n")))]


@pytest.mark.parametrize(
    ("text", "id_", "place"),
    [
        ("a: [1, 2\nb: 3\n", "E004", ":2:2"),
        ('{"openapi": "3.1.0",\n "info": ]', "E004", ":2:10"),
        ("a: b: c", "E004", ":1:5"),
        ("", "E006", ":1:1"),
        ("- openapi\n", "E006", ":1:1"),
        ("openapi: 4.0.0\n", "E007", ":1:1"),
        ("swagger: '1.2'\n", "E007", ":1:1"),
        (b"openapi: 3.1.0\ninfo: \xff\n", "E003", ":2:7"),
        ("--- {}\n--- {}\n", "E004", ""),
    ],
)
def test_what_cannot_be_read_says_where_and_why(write, text, id_, place):
    path = write(text)
    found = refusal(path)
    assert found.id == id_
    assert str(found.location) == f"{path}{place}"
    assert found.hint


def test_missing_files_folders_and_pipes_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("missing.yaml", ".", "pipe.yaml", "a\0b"):
        assert refusal(f"{tmp_path}/{name}").id == "E001"


def test_a_file_over_the_limit_is_refused_unread(write):
    assert refusal(write(HEAD), limits=Limits(max_bytes=10)).id == "E002"


def test_ten_thousand_levels_are_refused_in_every_syntax(write):
    """Whichever reader sees them first: each has a limit of its own, and says so in its own words."""
    depth = 10_000
    for text in (
        HEAD + "x-a: " + "[" * depth + "]" * depth,
        HEAD + "x-a: " + "{a: " * depth + "}" * depth,
        HEAD + "x-0: &a {}\nx-1: *a\nx-a: " + "[" * depth + "]" * depth,
        HEAD + "x-0: &a {}\nx-1: *a\nx-a: " + "{a: " * depth + "}" * depth,
        HEAD + "x-0: &a {}\nx-1: *a\nx-a:\n  " + "- " * depth + "1",
        '{"openapi": "3.1.0", "x-a": ' + "[" * depth + "]" * depth + "}",
        '{"openapi": "3.1.0", "x-b": "\x01", "x-a": ' + "[" * depth + "]" * depth + "}",
        '{"openapi": "3.1.0", "x-a": ' + "[" * 500 + "]" * 500 + "}",
    ):
        assert refusal(write(text)).id == "E005"


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_both_of_pyyamls_parsers_refuse_ten_thousand_levels(write, monkeypatch, loader):
    monkeypatch.setattr(yaml_events, "_Loader", getattr(yaml, loader))
    found = refusal(write(HEAD + "x-0: &a {}\nx-1: *a\nx-a: " + "[" * 10_000 + "]" * 10_000))
    assert found.id == "E005"
    assert "nested more than 128 levels" in found.message


def test_an_alias_that_is_called_nesting_is_no_matter_of_depth(write):
    found = refusal(write(HEAD + "x-0: &nesting {}\nx-1: *nesting\nx-a: *nesting-depth\n"))
    assert (found.id, found.location.line) == ("E004", 6)


def test_brackets_in_strings_neither_hide_depth_nor_make_it(write):
    def text(string, depth):
        return f'{{"openapi": "3.1.0", "info": {{"title": "{string * 3000}"}}, "x-a": {"[" * depth}{"]" * depth}}}'

    assert refusal(write(text("}", 200))).id == "E005"
    assert load(write(text("{", 100))).title == "{" * 3000
    assert refusal(write(text('\\\\\\"]', 200))).id == "E005"
    assert load(write(text('\\\\\\"[', 100))).title == '\\"[' * 3000


def test_depth_is_counted_alike_in_short_and_long_texts(write):
    for title in ("short", "long" * 30_000):
        text = '{"openapi": "3.1.0", "info": {"title": "%s"}, "x-a": %s%s}'
        assert refusal(write(text % (title, "[" * 128, "]" * 128))).id == "E005"
        assert load(write(text % (title, "[" * 127, "]" * 127))).title == title


def test_a_lower_limit_of_depth_holds_in_yaml_and_json(write):
    limits = Limits(max_depth=20)
    for text in (HEAD + "x-a: " + "[" * 25 + "]" * 25, '{"openapi": "3.1.0", "x-a": ' + "[" * 25 + "]" * 25 + "}"):
        assert refusal(write(text), limits=limits).id == "E005"


def test_json_that_is_no_yaml_is_read(write):
    text = '{\t"openapi": "3.1.0",\n\t"info": {"title": "\\/\\ud83d\\ude00"},\t"paths": {}, "x-a": NaN}'
    document = load(write(text, "api.json"))
    assert document.title == "/😀"
    assert "W004" in [found.id for found in check(document)]


def test_long_digits_in_strings_and_in_numbers_are_told_apart(write):
    values = '["9223372036854775808", 18446744073709551615, -9223372036854775808, 0.12345678901234567890, 1e30]'
    more = "[18446744073709551616, -9223372036854775809]"
    text = f'{{"openapi": "3.1.0", "info": {{"title": "T"}}, "paths": {{}}, "x-a": {values}, "x-b": %s}}'
    document = load(write(text % more, "api.json"))
    assert document.json["x-b"] == [2**64, -(2**63) - 1]
    assert load(write(text % "[]", "api.json")).json["x-a"] == document.json["x-a"]
    assert document.json["x-a"][1:3] == [2**64 - 1, -(2**63)]


def test_long_integers_are_found_wherever_they_stand(write):
    for length in (12, 13, 18, 19, 20, 21, 70):
        for before in range(13):
            for number in ("1" * length, f"-{'9' * length}", f"0.{'9' * length}"):
                values = f'["{"9" * 23}", {" " * (before * 7)}{number}]'
                title = "t" * before
                text = f'{{"openapi": "3.1.0", "info": {{"title": "{title}"}}, "paths": {{}}, "x-a": {values}}}'
                assert load(write(text, "api.json")).json == json.loads(text)


def test_the_collector_runs_again_after_reading(write):
    for text in (HEAD, "a: ["):
        with contextlib.suppress(SpecError):
            load(write(text))
        assert gc.isenabled()


def test_a_mapping_that_holds_itself_is_refused():
    tree = {"openapi": "3.1.0", "paths": {}}
    tree["x-self"] = tree
    assert refusal(tree).id == "E005"


def test_an_alias_bomb_is_refused(write):
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert refusal(write(HEAD + "\n".join(lines))).id == "E005"  # before 9^12 elements are made of it


def test_a_wide_alias_bomb_is_refused_too(write):
    text = HEAD + "x-a: &a [" + "x, " * 20_000 + "x]\nx-b: [" + "*a, " * 2_000 + "*a]\n"
    assert refusal(write(text)).id == "E005"


def test_a_long_text_that_is_repeated_is_refused(write):
    text = HEAD + "x-a: &a " + "x" * 1_000_000 + "\nx-b: [" + "*a, " * 10_000 + "*a]\n"
    assert refusal(write(text)).id == "E005"


def test_an_alias_within_its_own_anchor_is_refused(write):
    assert refusal(write(HEAD + "x-a: &a [*a]\n")).id == "E004"


def test_markdown_emphasis_and_ampersands_are_no_aliases(write):
    document = load(write(HEAD + "x-a: |\n  R&D is *bold* &amp; more\nx-b: &x 1\n"))
    assert document.json["x-a"] == "R&D is *bold* &amp; more\n"


def test_lone_surrogates_do_not_survive(write):
    document = load(write('{"openapi": "3.1.0", "info": {"title": "a\\ud800b"}, "paths": {}}', "api.json"))
    assert document.title == "a\ufffdb"


@pytest.mark.parametrize(
    ("text", "told"),
    [("1" * 400, True), ("-1e400", True), ("0x" + "f" * 40, True), ("1" * 30, False), (f"'{'1' * 400}'", False)],
)
def test_a_number_that_is_too_large_to_be_read_is_told(tmp_path, text, told):
    path = tmp_path / "a.yaml"
    path.write_text(f"openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\nx-number: {text}\npaths: {{}}\n", "utf-8")
    found = [found for found in check(load(path)) if found.id == "W006"]
    assert [str(found).startswith(f"{path}:3:11: W006 ") for found in found] == [True] * told


def test_reading_json_draws_in_neither_a_network_nor_a_second_yaml_parser(write):
    path = write('{"openapi": "3.1.0", "info": {"title": "T"}, "paths": {}}', "api.json")
    code = (
        "import sys; from macaron_django.openapi import load, quick_check; quick_check(load(sys.argv[1])); "
        "print(*{'yaml', 'urllib.request', 'ssl', 'tempfile', 'django'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("rest", [',{"b":2}', "],[{}", ", 5", "]]]]],[[[[[{}"])
@pytest.mark.parametrize("size", [0, 70_000])
def test_a_text_of_two_values_is_no_json(tmp_path, rest, size):
    path = tmp_path / "api.json"
    path.write_text('{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}' + rest + " " * size)
    with pytest.raises(SpecError) as refused:
        load(path)
    assert refused.value.findings[0].id == "E004"


def test_a_key_keeps_its_spelling(tmp_path):
    path = tmp_path / "api.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n"
        "  schemas:\n    A:\n      properties:\n"
        "        +1: {}\n        -1: {}\n        0x1F: {}\n        007: {}\n        12: {}\n"
    )
    assert list(load(path).schemas["A"].properties) == ["+1", "-1", "0x1F", "007", "12"]


@pytest.mark.parametrize("key", ["+1", "+0", "-0", "-00", "0x1F", "-0x1F", "007", "0o17", "0b1", "00"])
@pytest.mark.parametrize("written", ["      {}: {{description: x}}", "      {} : {{description: x}}"])
def test_a_status_code_keeps_its_spelling(tmp_path, key, written):
    path = tmp_path / "api.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n     responses:\n"
        "      200: {description: x}\n" + written.format(key)
    )
    document = load(path)
    assert list(document.json["paths"]["/a"]["get"]["responses"]) == ["200", key]


def test_a_number_and_a_text_that_name_one_member_are_told(tmp_path):
    path = tmp_path / "api.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n"
        "        200: {description: one}\n        '200': {description: two}\n"
    )
    assert "E031" in {finding.id for finding in quick_check(load(path))}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("names", [("$anchor", "x-persist"), ('"\\u0024anchor"', '"x\\u002dpersist"')])
def test_anchors_and_extensions_are_found_however_they_are_written(tmp_path, encoding, names):
    anchor, persist = names
    text = (
        'openapi: 3.1.0\ninfo: {title: P, version: "1"}\npaths: {}\ncomponents:\n  schemas:\n'
        f"    A: {{type: object, {persist}: {{nonsense: 1}}}}\n    B: {{$ref: '#anch'}}\n    C: {{{anchor}: anch}}\n"
    )
    path = tmp_path / "api.yaml"
    path.write_bytes(text.encode(encoding))
    document = load(path)
    assert document.schemas["B"].target == document.schemas["C"]
    assert quick_check(document)
