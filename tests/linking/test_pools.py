"""Values kept once and spoken of by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from graphinvestigate.linking import pools
from graphinvestigate.linking.pools import Pool, Values, distinct, ints


@pytest.mark.parametrize("few", [0, 2**16])
@given(codes=st.lists(st.integers(0, 300) | st.integers(0, 2**40), max_size=40))
def test_distinct_codes_are_those_of_sorting(few, codes):
    """By a table or by sorting: the same distinct codes, and the same place of each."""
    known = pools._FEW
    pools._FEW = few
    try:
        values, places = distinct(ints(codes))
    finally:
        pools._FEW = known
    assert values.tolist() == sorted(set(codes))
    assert values[places].tolist() == codes
    assert not len(codes) or np.array_equal(values, np.unique(ints(codes)))


def test_a_pool_keeps_each_value_once():
    """Values have the codes of their first places, taken in one by one or many at once."""
    pool = Pool("ab")
    assert pool.codes(["b", "c", "c", "a"]).tolist() == [1, 2, 2, 0]
    assert pool.code("c") == 2
    assert pool.values == ["a", "b", "c"]


def test_values_of_different_types_are_different():
    """1, 1.0, true and "1" are four values; one that is only taken in is not looked up."""
    values = Values()
    assert [values.code(one) for one in (1, 1.0, True, "1", 1, None, [1], [True])] == [0, 1, 2, 3, 0, 4, 5, 6]
    values.take("1")
    assert (len(values), values.values[7]) == (8, "1")
    assert values.values[7] == "1"
    assert values.code("1") == 3
