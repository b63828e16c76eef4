"""The two column types of the package: slices of pages, and lists of strings."""

from __future__ import annotations

import io
import json
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from graphinvestigate.envelope import read_page
from graphinvestigate.frames import RawArray, StringsArray
from graphinvestigate.frames.raw import as_raw

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=6)
LISTS = st.lists(
    st.none() | st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=3),
    max_size=6,
)


def raw(*texts):
    """A raw column of separate texts."""
    return RawArray._from_sequence(texts)


def strings(*lists):
    """A column of lists."""
    return StringsArray._from_sequence(lists)


MAKERS = [
    pytest.param(raw, ['{"a":1}', None, '{"ü":2}', "", '{"a":1}'], id="raw"),
    pytest.param(strings, [["a", "ü"], None, ["b", None], [], ["a", "ü"]], id="strings"),
]


def frame(make, values):
    """A frame with such a column."""
    return pd.DataFrame({"key": range(len(values)), "value": make(*values)})


@pytest.mark.parametrize(("make", "values"), MAKERS)
class TestLikeAnyColumn:
    """Both types do what pandas asks of a column, and the values stay the same."""

    def test_look_up(self, make, values):
        """Positions, slices, masks and negative positions give the values."""
        array = make(*values)
        assert [array[at] for at in range(len(values))] == list(array) == array.tolist() == values
        assert array[-1] == values[-1]
        assert list(array[1:4]) == values[1:4]
        assert list(array[np.array([True, False, True, False, False])]) == [values[0], values[2]]
        assert list(array[[3, 0]]) == [values[3], values[0]]
        with pytest.raises(IndexError, match="position 5"):
            array[5]

    def test_missing(self, make, values):
        """A missing value is None, and only it."""
        assert make(*values).isna().tolist() == [value is None for value in values]
        assert frame(make, values)["value"].dropna().tolist() == [v for v in values if v is not None]

    def test_take(self, make, values):
        """-1 is the last row, or with allow_fill a missing one, or what it is filled with."""
        array = make(*values)
        assert list(array.take([0, -1])) == [values[0], values[-1]]
        assert list(array.take([0, -1], allow_fill=True)) == [values[0], None]
        assert list(array.take([0, -1], allow_fill=True, fill_value=values[2])) == [values[0], values[2]]
        assert list(make().take([-1, -1], allow_fill=True)) == [None, None]
        for positions, fill in ([9], False), ([9], True), ([-9], False):
            with pytest.raises(IndexError):
                array.take(positions, allow_fill=fill)
        with pytest.raises(ValueError, match="below -1"):
            array.take([-2], allow_fill=True)
        with pytest.raises(IndexError):
            make().take([0])

    def test_filter_sort_reindex(self, make, values):
        """Rows move with their values."""
        made = frame(make, values)
        assert made[made["key"] > 2]["value"].tolist() == values[3:]
        assert made.sort_values("key", ascending=False)["value"].tolist() == values[::-1]
        assert made.reindex([4, 7])["value"].tolist() == [values[4], None]
        ordered = made.sort_values("value", kind="stable")["value"].tolist()
        assert ordered[-1] is None
        assert sorted(map(repr, ordered)) == sorted(map(repr, values))

    def test_concat_and_merge(self, make, values):
        """Joining frames keeps values and dtype, with rows that have no partner missing."""
        made = frame(make, values)
        both = pd.concat([made, made.iloc[:0], made[::-1]])
        assert both["value"].tolist() == values + values[::-1]
        assert both["value"].dtype == made["value"].dtype
        merged = pd.DataFrame({"key": [4, 9, 0]}).merge(made, on="key", how="left")
        assert merged["value"].tolist() == [values[4], None, values[0]]
        assert merged["value"].dtype == made["value"].dtype
        longer = pd.concat([made, pd.DataFrame({"key": [9]})])
        assert longer["value"].tolist() == [*values, None]

    def test_equality(self, make, values):
        """Equal values are equal whatever page they lie in; a missing value equals nothing."""
        array, other = make(*values), make(*values)[::-1][::-1]
        present = [value is not None for value in values]
        assert (array == other).tolist() == present
        assert (array != other).tolist() == [not one for one in present]
        if make is raw:  # pandas takes a list for a column of its own
            assert (frame(make, values)["value"] == values[0]).tolist() == [v == values[0] for v in values]
        assert array.equals(other)
        assert not array.equals(make(*values[:-1], None))
        with pytest.raises(ValueError, match="lengths"):
            array == make(*values[:-1])  # noqa: B015 (the comparison itself is refused)

    def test_duplicates_groups_unique(self, make, values):
        """Duplicates are found and groups formed by value."""
        made = frame(make, values)
        assert made.duplicated("value").tolist() == [False, False, False, False, True]
        assert made.drop_duplicates("value")["value"].tolist() == values[:-1]
        assert made["value"].unique().tolist() == values[:-1]
        assert sorted(made.groupby("value", sort=False)["key"].count().tolist()) == [1, 1, 2]

    def test_assignment_leaves_the_origin_alone(self, make, values):
        """Setting values changes this column only, by position and by mask."""
        made = frame(make, values)
        changed = made.copy()
        changed.loc[0, "value"] = None
        changed.loc[changed["key"] > 2, "value"] = changed["value"].array[[2, 2]]
        assert changed["value"].tolist() == [None, None, values[2], values[2], values[2]]
        assert made["value"].tolist() == values
        array = make(*values)
        array[1] = values[0]
        array[[2, 3]] = make(values[4], None)
        assert list(array) == [values[0], values[0], values[4], None, values[4]]
        with pytest.raises(ValueError, match="cannot set"):
            array[[0, 1, 2]] = make(values[0], values[0])
        made["value"] = made["value"].fillna(values[0]) if make is raw else made["value"]
        assert made["value"].isna().sum() == (make is strings)

    def test_pickle_copy_object(self, make, values):
        """Pickle and copy give the same column; as objects it is plain Python values."""
        made = frame(make, values)
        assert_frame_equal(pickle.loads(pickle.dumps(made)), made)
        assert_frame_equal(pickle.loads(pickle.dumps(made[1:4])), made[1:4])
        assert_frame_equal(made.copy(deep=True), made)
        assert made["value"].astype(object).tolist() == values
        assert_series_equal(made["value"].astype(object).astype(made["value"].dtype), made["value"])
        with pytest.raises(TypeError):
            made["value"].astype("graphinvestigate.other")

    def test_parquet(self, make, values):
        """Parquet gives the same column, also of slices and of no rows."""
        for made in (frame(make, values), frame(make, values)[1:4].reset_index(drop=True), frame(make, [])):
            file = io.BytesIO()
            made.to_parquet(file)
            file.seek(0)
            assert_frame_equal(pd.read_parquet(file), made)

    def test_shown(self, make, values):
        """A table shows long values cut, missing ones empty, and no control character."""
        value = "x\x1b[31m\u202e" * 300
        made = frame(make, [value if make is raw else [value], None])
        for text in (repr(made), made.to_html()):
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert len(text) < 3000
        assert make(*values).nbytes > 0


@given(TEXTS, TEXTS, st.data())
def test_raw_is_a_list_of_texts(one, two, data):
    """Joining, picking, pickling and Parquet agree with plain lists, whatever the texts."""
    both = pd.concat([pd.Series(raw(*one)), pd.Series(raw(*two))]).array
    expected = one + two
    assert list(both) == expected
    positions = data.draw(st.lists(st.integers(-1, len(expected) - 1), max_size=5))
    taken = both.take(positions, allow_fill=True)
    assert list(taken) == [None if at < 0 else expected[at] for at in positions]
    assert list(pickle.loads(pickle.dumps(taken))) == list(taken)
    assert list(type(taken.dtype)().__from_arrow__(taken.__arrow_array__())) == list(taken)


@pytest.mark.parametrize(
    "ask",
    [
        lambda text: text.str.contains("alice", na=False),
        lambda text: text.str.contains("ALICE", case=False, regex=False, na=False),
        lambda text: text.str.len(),
        lambda text: text.str.upper(),
        lambda text: text.str[1:4],
        lambda text: text.str.extract(r'"id":"(\w+)"'),
        lambda text: text.str.extractall("([a-z])"),
        lambda text: text.str.findall("id"),
        lambda text: text.str.split(","),
        lambda text: text.str.replace("id", "ID"),
        lambda text: text.str.startswith("{"),
        lambda text: text.str.count("a"),
    ],
)
def test_raw_is_searched_like_any_text(ask) -> None:
    """`alerts["raw"].str.…`, the first thing that a hunter tries, gives what it gives for plain texts."""
    texts = ['{"id":"a1","who":"alice"}', None, '{"id":"b2"}', '{"ü":"Alice"}']
    found, expected = ask(pd.Series(raw(*texts))), ask(pd.Series(texts, dtype="str"))
    assert found.equals(expected) or found.astype(object).equals(expected.astype(object))


@given(LISTS, LISTS, st.data())
def test_strings_is_a_list_of_lists(one, two, data):
    """Joining, picking and pickling agree with plain lists, whatever the strings."""
    both = pd.concat([pd.Series(strings(*one)), pd.Series(strings(*two))]).array
    expected = one + two
    assert list(both) == expected
    positions = data.draw(st.lists(st.integers(-1, len(expected) - 1), max_size=5))
    taken = both.take(positions, allow_fill=True)
    assert list(taken) == [None if at < 0 else expected[at] for at in positions]
    assert list(pickle.loads(pickle.dumps(taken))) == list(taken)


def test_a_value_looked_up_can_be_changed_without_harm():
    """A list given out is the caller's own: changing it changes no column."""
    array = strings(["a"])
    array[0].append("b")
    assert array[0] == ["a"]


def test_pages_are_shared_not_copied():
    """Concatenating and filtering keep one reference per page; pickling takes only the rows' own bytes."""
    body = b'{"value":[' + b",".join(b'{"id":"%d"}' % n for n in range(1000)) + b"]}"
    array = RawArray.from_pages([read_page(body, source="x")])
    both = RawArray._concat_same_type([array[:3], array[5:9]])
    assert [page.whole() is body for page in both._pages] == [True]
    assert len(pickle.dumps(array[:3])) < 1000


def test_inner_slices():
    """A slice of a slice counts from its row; -1 is a missing value; no row gives none."""
    array = raw("abc", None, "defg")
    made = array.inner(np.array([2, 0, -1]), np.array([1, 0, 0]), np.array([2, 3, 0]))
    assert list(made) == ["ef", "abc", None]
    assert list(raw().inner(np.array([-1]), np.array([0]), np.array([0]))) == [None]


def test_as_raw_takes_texts_too():
    """A column that became plain text on its way is made into slices again."""
    assert list(as_raw(pd.Series(["{}", None], dtype="str"))) == ["{}", None]
    array = raw("{}")
    assert as_raw(pd.Series(array)).slices is not None
    assert as_raw(pd.Series(array, copy=False))._pages[0] is array._pages[0]


@pytest.mark.parametrize(("make", "values"), MAKERS)
def test_part_of_an_arrow_column(make, values):
    """A part of an Arrow column, and one of several pieces, give exactly their rows."""
    whole = make(*values).__arrow_array__()
    dtype = make().dtype
    assert list(dtype.__from_arrow__(whole.slice(2, 2))) == values[2:4]
    assert list(dtype.__from_arrow__(pa.chunked_array([whole.slice(2), whole.slice(0, 1)]))) == [*values[2:], values[0]]
    assert list(dtype.__from_arrow__(pa.chunked_array([], whole.type))) == []


@pytest.mark.parametrize(
    ("make", "values", "ask"),
    [
        (raw, ['{"a":1}', None], lambda text: text is not None and "a" in text),
        (raw, ['{"a":1}', None], lambda text: len(text or "")),
        (raw, ['{"a":1}', '{"a":[]}'], json.loads),
        (strings, [["a", "b"], []], ", ".join),
        (strings, [["ab"], []], lambda items: items[0] if items else ""),
        (strings, [["a"], []], tuple),
    ],
)
def test_what_a_function_makes_of_each_value_is_what_it_made(make, values, ask):
    """`alerts["raw"].map(json.loads)`: what comes back is no text of it, nor the letters of a text as a list."""
    assert pd.Series(make(*values)).map(ask).tolist() == [ask(value) for value in values]


def test_lists_are_taken_apart_as_pandas_does():
    """`alerts.explode("mitre_techniques")` has a row per text, and one for an empty or a missing list."""
    lists = [["a", "b"], None, [], ["c"]]
    own = pd.DataFrame({"key": range(4), "value": strings(*lists)}).explode("value")
    plain = pd.DataFrame({"key": range(4), "value": lists}).explode("value")
    assert own["key"].tolist() == plain["key"].tolist()
    assert [None if pd.isna(v) else v for v in own["value"]] == ["a", "b", None, None, "c"]
    assert own["value"].value_counts().to_dict() == {"a": 1, "b": 1, "c": 1}
