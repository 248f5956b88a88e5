import numpy as np
import pandas as pd
import pytest

from diagnostics.measure.samples import as_level, encoder, samples, times
from diagnostics.nouns.refusal import NotApplicable
from tests.factory import incident_of


def frames(n=200):
    reference = pd.DataFrame(
        {
            "amount": np.arange(n, dtype="float64"),
            "kind": np.where(np.arange(n) % 4 == 0, "rare", "common"),
            "at": pd.date_range("2026-01-01", periods=n, freq="h"),
            "y": np.arange(n) % 2,
        }
    )
    return reference, reference.copy()


def test_roles_are_no_features(tmp_path):
    drawn = samples(incident_of(tmp_path, *frames(), target="y", timestamp="at"))
    assert drawn.features == ("amount", "kind")
    assert (drawn.numbers, drawn.categories) == (("amount",), ("kind",))
    assert drawn.whole.current == 200


def test_a_bounded_sample_is_in_file_order_and_the_same_twice(tmp_path):
    incident = incident_of(tmp_path, *frames(), target="y", timestamp="at")
    first, second = samples(incident, rows=50), samples(incident, rows=50)
    assert len(first.reference) == 50
    assert first.reference["amount"].is_monotonic_increasing
    assert first.reference.equals(second.reference)


def test_a_number_that_became_text_is_read_as_far_as_it_goes(tmp_path):
    reference, current = frames()
    current["amount"] = ["n/a" if i == 3 else f"{i}.5" for i in range(200)]
    drawn = samples(incident_of(tmp_path, reference, current, target="y", timestamp="at"))
    assert np.isnan(drawn.current["amount"][3])
    assert drawn.current["amount"][4] == 4.5


def test_a_category_that_became_numbers_and_a_time_that_became_text(tmp_path):
    reference, current = frames()
    reference["code"] = "7"
    current["code"] = 7.0
    current["at"] = current["at"].astype(str)
    drawn = samples(incident_of(tmp_path, reference, current, target="y", timestamp="at"))
    assert set(drawn.current["code"]) == {"7"}
    assert drawn.current["at"].dtype.kind == "M"


def test_nothing_in_common(tmp_path):
    reference, current = frames()
    with pytest.raises(NotApplicable) as raised:
        samples(incident_of(tmp_path, reference, current.rename(columns=lambda c: c + "_new"), target="y", timestamp="at"))
    assert raised.value.needs == "current"


def test_levels_are_told_by_their_meaning():
    assert as_level(pd.Series([1.0, 2.5, np.nan])).tolist() == ["1", "2.5", None]
    assert as_level(pd.Series(["a", None])).tolist() == ["a", None]


def test_times_need_a_time_column():
    frame = pd.DataFrame({"at": ["yesterday"]})
    assert times(frame, "at") is None
    assert times(frame, None) is None
    assert times(frame, "gone") is None


def test_the_encoder_ranks_levels_and_bounds_infinities(tmp_path):
    reference, current = frames()
    current.loc[0, "kind"] = "never seen"
    current.loc[1, "kind"] = None
    current.loc[2, "amount"] = np.inf
    drawn = samples(incident_of(tmp_path, reference, current, target="y", timestamp="at"))
    matrix = encoder(drawn).matrix(drawn.current)
    assert matrix.shape == (200, 2)
    assert matrix[0, 1] == 100
    assert np.isnan(matrix[1, 1])
    assert np.isfinite(matrix[2, 0])
    assert matrix[4, 1] == 1  # "rare" is the second commonest.
