import re

from hypothesis import given
from hypothesis import strategies as st

from macaron_django.openapi import check, json_pointers, load


@given(st.lists(st.text(st.characters() | st.sampled_from("~/01#"))))
def test_a_pointer_splits_into_the_keys_that_it_was_joined_from(keys):
    pointer = json_pointers.join(keys)
    assert json_pointers.split(pointer) == json_pointers.split("#" + pointer) == keys
    assert pointer == "".join(json_pointers.child("", key) for key in keys)
    assert not re.search("~(?![01])", pointer)


def test_the_place_of_a_number_that_json_lacks_is_one_that_other_tools_read(write):
    path = write("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\nx-a:\n  b/c~d: .inf\n")
    (found,) = check(load(path))
    assert (found.id, found.location.pointer, found.location.line) == ("W004", "#/x-a/b~1c~0d", 5)
