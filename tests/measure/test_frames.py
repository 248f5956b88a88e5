from __future__ import annotations

import pandas as pd
import pytest

from diagnostics.measure.frames import with_columns


@pytest.mark.parametrize("name", ["self", "frame", "columns", "kwargs", "", "a b", "class"])
def test_a_column_may_have_any_name(name: str) -> None:
    frame = pd.DataFrame({name: [1, 2], "other": [3, 4]})
    changed = with_columns(frame, {name: frame[name] * 10})
    assert changed.to_dict("list") == {name: [10, 20], "other": [3, 4]}
    assert frame.to_dict("list") == {name: [1, 2], "other": [3, 4]}


def test_columns_trade_places_at_once() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert with_columns(frame, {"a": frame["b"], "b": frame["a"]}).to_dict("list") == {"a": [3, 4], "b": [1, 2]}


def test_new_columns_come_last_and_one_value_fills_all_rows() -> None:
    changed = with_columns(pd.DataFrame({"a": [1, 2]}, index=[7, 9]), {"b": "x"})
    assert list(changed) == ["a", "b"]
    assert changed["b"].tolist() == ["x", "x"]
    assert changed.index.tolist() == [7, 9]
