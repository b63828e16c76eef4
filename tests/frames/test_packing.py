"""Packed columns: to pandas they are texts like any others, and they take a fraction of the memory."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from graphinvestigate.frames import RawArray, texts
from graphinvestigate.frames.columns import ARROW, constant, give_back, repeated
from graphinvestigate.frames.packing import Packer, Packing
from graphinvestigate.frames.texts import PackedStringArray, texts_of
from graphinvestigate.scale.bench.decode import IDENTIFYING, frames_of
from graphinvestigate.scale.bench.synthetic import alert_pages

STR = pd.StringDtype(na_value=np.nan)
TEXT = st.sampled_from(["", "a", "b", "A", "ü\U0001f600", "\x1f", "nan"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=3
)
VALUES = st.lists(st.none() | TEXT, max_size=30) | st.lists(st.none() | st.sampled_from(["x", "y"]), max_size=30)


def packed(values, pieces=1):
    """A packed column of texts, read in so many pieces."""
    packer, size = Packer(), max(1, -(-len(values) // pieces))
    parts = [values[at : at + size] for at in range(0, len(values), size)]
    made = []
    for part in parts:
        array = pa.array(part, ARROW["string"])
        made.append(len(part) if array.null_count == len(part) else packer.piece("x", array, {}))
    return texts_of(packer.together(made, ARROW["string"]))


def plain(values):
    """The same as pandas keeps it."""
    return pd.array(values, dtype=STR)


def same(one, two):
    """Columns are equal, values and type."""
    assert_series_equal(pd.Series(one), pd.Series(two))


@given(VALUES, st.integers(1, 4))
def test_values_stay_what_they_are(values, pieces):
    """Whatever the texts and in how many pieces they were read, packing them gives back exactly them."""
    array = packed(values, pieces)
    assert isinstance(array, PackedStringArray)
    same(array, plain(values))
    assert [None if pd.isna(value) else value for value in array] == values
    assert [None if pd.isna(array[at]) else array[at] for at in range(len(values))] == values
    assert array.isna().tolist() == [value is None for value in values]
    assert array.count() == len([value for value in values if value is not None])
    assert pa.array(array).to_pylist() == values
    assert list(array.to_numpy(object, na_value="missing")) == [v if v is not None else "missing" for v in values]


@settings(max_examples=30)  # each asks pandas for some forty things
@given(VALUES, st.integers(1, 3), st.data())
def test_pandas_does_with_them_what_it_does_with_texts(values, pieces, data):
    """Comparing, picking, sorting, grouping, searching, replacing and joining give what pandas' own texts give."""
    one, two = pd.Series(packed(values, pieces)), pd.Series(plain(values))
    assert one.dtype == two.dtype == STR
    text = data.draw(TEXT)
    for op in (operator.eq, operator.ne, operator.lt, operator.ge):
        assert_series_equal(op(one, text), op(two, text))
        assert_series_equal(op(one, two), op(two, two))
    assert_series_equal(one.isin([text, "a", None]), two.isin([text, "a", None]))
    assert_series_equal(one.isin([]), two.isin([]))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))), bool)
    for pick in (mask, slice(1, None, 2), slice(None, None, -1)):
        same(one.array[pick], two.array[pick])
    positions = np.array(data.draw(st.lists(st.integers(-1, len(values) - 1), max_size=80)), np.int64)
    same(one.array.take(positions, allow_fill=True), two.array.take(positions, allow_fill=True))
    if values:
        same(one.array.take(positions), two.array.take(positions))
        filled = {"allow_fill": True, "fill_value": text}
        same(one.array.take(positions, **filled), two.array.take(positions, **filled))
    assert_series_equal(one.sort_values(), two.sort_values())
    assert_series_equal(one.value_counts(dropna=False), two.value_counts(dropna=False))
    assert_series_equal(one.duplicated(), two.duplicated())
    same(one.unique(), two.unique())
    for sentinel in (True, False):
        (codes, found), (others, theirs) = (pd.factorize(s, use_na_sentinel=sentinel) for s in (one, two))
        assert codes.tolist() == others.tolist()
        assert list(map(str, found)) == list(map(str, theirs))
    numbers = pd.Series(range(len(values)), dtype="int64")
    assert_series_equal(numbers.groupby(one).sum(), numbers.groupby(two).sum())
    left = pd.DataFrame({"k": one, "n": numbers})
    right = pd.DataFrame({"k": two, "n": numbers})
    assert_frame_equal(left.merge(right, on="k"), right.merge(right, on="k"))
    assert_series_equal(one.str.upper() + "!", two.str.upper() + "!")
    assert_series_equal(one.str.contains("a", regex=False), two.str.contains("a", regex=False))
    assert_series_equal(one.fillna("none"), two.fillna("none"))
    assert_series_equal(one.where(~mask, "z"), two.where(~mask, "z"))
    assert_series_equal(one.astype("category"), two.astype("category"))
    assert one.equals(two)


@given(VALUES, VALUES, st.integers(1, 3))
def test_columns_are_put_together(one, two, pieces):
    """Joined columns, packed or not, of the same texts or others, have all rows."""
    first, second = packed(one, pieces), packed(two, pieces)
    for parts in ([first, second], [first, plain(two)], [plain(one), second]):
        joined = pd.concat([pd.Series(part) for part in parts], ignore_index=True)
        assert_series_equal(joined, pd.Series(plain(one + two)))
    assert_series_equal(
        pd.concat([pd.Series(first[::-1]), pd.Series(first)], ignore_index=True), pd.Series(plain(one[::-1] + one))
    )


@settings(max_examples=40)
@given(VALUES, st.integers(1, 3))
def test_copies_are_columns_of_their_own(values, pieces):
    """Copies, views and pickles are equal; a value set in one is set in no other."""
    array = packed(values, pieces)
    copies = [array.copy(), copy.deepcopy(array), pickle.loads(pickle.dumps(array))]
    for made in copies:
        same(made, plain(values))
    if values:
        copies[0][0] = "set"
        copies[1][:] = "all"
        assert copies[0].tolist()[1:] == plain(values).tolist()[1:]
        assert copies[0][0] == "set"
        assert set(copies[1]) == {"all"}
        same(pickle.loads(pickle.dumps(copies[0])), copies[0])
        frame = pd.DataFrame({"x": array})
        other = frame.copy()
        other.loc[0, "x"] = "other"
        same(frame["x"].array, plain(values))
    same(array, plain(values))


def test_positions_outside_are_refused():
    """A row that is not there is an IndexError, a position below -1 with allow_fill a ValueError."""
    array = packed(["a", None] * 10)
    for wrong in (20, -21):
        with pytest.raises(IndexError):
            array[wrong]
        with pytest.raises(IndexError):
            array.take([wrong])
    with pytest.raises(IndexError):
        array.take([20], allow_fill=True)
    with pytest.raises(ValueError, match="-1"):
        array.take([-2], allow_fill=True)
    with pytest.raises(IndexError):
        packed([]).take([0])
    array._readonly = True
    for shared in (array, array.view(), array[2:]):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = "x"


def test_what_repeats_is_kept_once():
    """A constant costs nothing, few texts a byte a row, an absent column nothing; distinct texts cost no numbers."""
    rows = 100_000
    assert constant("tenant", rows).nbytes < 100
    assert constant(None, rows).nbytes < 100
    assert constant(None, rows).isna().all()
    assert packed(["low", "high"] * (rows // 2), 10).nbytes < rows * 1.1
    assert packed([None] * (rows - 1) + ["once"], 10).nbytes < 1000
    ids = [f"{number:032x}" for number in range(rows)]
    assert packed(ids, 10).nbytes < rows * 37
    # Users that hardly repeat within a piece, and much over all of them.
    users = [f"user-{number % 20_000:027d}" for number in range(rows)]
    assert packed(users, 10).nbytes < rows * 13
    taken = packed(ids, 10).take(np.arange(rows)[::-1])
    assert taken.nbytes < rows * 41
    assert packed(ids, 10).take(np.arange(10)).nbytes < 2000  # a few rows do not hold on to all
    alike = repeated(constant("t", 5), np.zeros(rows, np.int64))
    assert alike.nbytes < 100
    assert set(alike) == {"t"}
    assert repeated(plain(["t", "t"]), np.zeros(rows, np.int64)).nbytes < 100


def test_rows_of_columns_that_agree_are_kept_once():
    """Columns with values in the same rows share which rows those are, within a piece and over all."""
    packer, pieces = Packer(), {"x": [], "y": [], "z": []}
    for part in range(4):
        seen: dict[bytes, np.ndarray] = {}
        for name in pieces:
            lacks = 1 if name == "z" else 0
            texts = [f"{name}{part}" if row % 10 == lacks else None for row in range(500)]
            pieces[name].append(packer.piece(name, pa.array(texts, ARROW["string"]), seen))
    x, y, z = (packer.together(pieces[name], ARROW["string"]) for name in pieces)
    assert x.rows is y.rows
    assert x.rows.tolist() == list(range(0, 2000, 10))
    assert z.rows.tolist() == list(range(1, 2000, 10))


@given(st.lists(st.tuples(st.integers(0, 2), st.none() | TEXT), max_size=40))
def test_rows_read_apart_come_back_in_order(values):
    """Rows that were read in parts, each kind for itself, have their own values again, missing ones too."""
    parts = []
    for kind in range(3):
        rows = np.array([at for at, (own, _) in enumerate(values) if own == kind], np.int64)
        if len(rows):
            parts.append((rows, pa.array([values[at][1] for at in rows], ARROW["string"])))
    if not parts:
        return
    packer, seen = Packer(), {}
    for chosen in (parts, parts[:1], parts):  # columns of the same rows, and of fewer
        packing = packer.scattered("x", chosen, len(values), seen)
        there = {int(at) for rows, _ in chosen for at in rows}
        expected = [text if at in there else None for at, (_, text) in enumerate(values)]
        same(texts_of(packing), plain(expected))


def test_wide_numbers_where_they_are_needed():
    """More texts than a byte counts get wider numbers."""
    for count, kind in ((100, np.int8), (200, np.int16), (40_000, np.int32)):
        values = [f"{number % count:06}" for number in range(count * 2)]
        packing = packed(values)._packing
        assert isinstance(packing, Packing)
        assert packing.codes.dtype == kind
        assert texts_of(packing).tolist() == values


def test_alerts_and_their_evidence_take_little_memory():
    """Both frames of an alert of 4.4 kB take less than 2 kB of memory, pages and what is shared not counted twice."""
    alerts, items = frames_of(list(alert_pages(3000)), columns=IDENTIFYING)
    taken = 0
    for frame in (alerts, items):
        for name in frame.columns:
            array = frame[name].array
            pages = sum(page.held for page in array.pages) if isinstance(array, RawArray) else 0
            taken += array.nbytes - pages
    assert 300 < taken / len(alerts) < 2000


def test_memory_that_reading_needed_is_given_back():
    """Giving memory back is done after many rows, is harmless where the system has no way to, and changes no frame."""
    (alerts, _), again = frames_of(list(alert_pages(50, page=50))), frames_of(list(alert_pages(50, page=50)))[0]
    for rows in (0, 1_000_000):
        give_back(rows)
    assert_frame_equal(alerts, again)


def test_a_pandas_of_other_insides_gets_plain_texts(monkeypatch):
    """Packing rests on names within pandas: without them the frames hold the same values in pandas' own arrays."""
    pages = list(alert_pages(50))
    packed_frames = frames_of(pages)
    monkeypatch.setattr(texts, "FITS", False)
    for packed_frame, plain in zip(packed_frames, frames_of(pages), strict=True):
        assert any(isinstance(packed_frame[name].array, PackedStringArray) for name in packed_frame)
        assert not any(isinstance(plain[name].array, PackedStringArray) for name in plain)
        assert_frame_equal(packed_frame, plain)
