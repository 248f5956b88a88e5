import numpy as np
import pandas as pd
import pytest

from diagnostics.checks.reproduce.online_offline import check as online_offline
from diagnostics.checks.reproduce.online_offline.relation import RelationKind, relate_levels, relate_numbers
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words
from diagnostics.pictures import reproduce as drawing
from tests.checks.model_rows import rows
from tests.factory import incident_of


def tables(rng, n=600):
    offline = rows(rng, n).assign(id=np.arange(n) + 10_000)
    return offline, offline.sample(frac=0.8, random_state=1).sort_values("at").reset_index(drop=True)


def found(folder, offline, online, **roles):
    roles = {"target": "y", "prediction": "p", "timestamp": "at", "id": "id"} | roles
    profiled = online_offline.profile(incident_of(folder, offline, online, **roles))
    return profiled, online_offline.judge(profiled)


def test_equal_features_are_silent(tmp_path, rng):
    offline, online = tables(rng)
    profiled, findings = found(tmp_path, offline, online)
    assert findings == []
    assert profiled.pairs == 480
    assert drawing.online_offline(profiled, None, Words()) is None


def test_a_unit_since_a_day(tmp_path, rng):
    offline, online = tables(rng)
    online.loc[online["at"] >= "2026-03-03", "income"] *= 1000
    profiled, (finding,) = found(tmp_path, offline, online)
    assert (finding.code, finding.columns) == ("REP010", ("income",))
    assert finding.evidence["slope"] == pytest.approx(1000)
    assert finding.evidence["cause"] == "unit_change"
    assert abs(finding.since - pd.Timestamp("2026-03-03")) < pd.Timedelta("2h")
    assert "1,000 times the offline value" in finding.statement(Words())
    assert drawing.online_offline(profiled, finding, Words()) is not None


def test_a_scaler_fitted_again(tmp_path, rng):
    offline, online = tables(rng)
    for name in ("income", "age", "noise"):
        online[name] = (online[name] - online[name].mean()) / online[name].std()
    profiled, findings = found(tmp_path, offline, online)
    assert [f.code for f in findings] == ["REP011"]
    assert set(findings[0].columns) == {"income", "age", "noise"}
    assert drawing.online_offline(profiled, findings[0], Words()) is not None


@pytest.mark.parametrize(
    ("name", "change", "relation"),
    [
        ("noise", lambda v, rng: rng.permutation(v), "permuted"),
        ("noise", lambda v, rng: np.round(v, 1), "rounded"),
        ("noise", lambda v, rng: np.where(rng.random(v.size) < 0.4, np.nan, v), "missing"),
        ("city", lambda v, rng: pd.Series(v).str.upper() + "!", "recoded"),
        ("city", lambda v, rng: rng.permutation(v), "permuted"),
        ("noise", lambda v, rng: v + rng.normal(0, 2, v.size), "other"),
    ],
)
def test_each_relation_is_named(tmp_path, rng, name, change, relation):
    offline, online = tables(rng)
    online[name] = change(online[name].to_numpy(), rng)
    profiled, findings = found(tmp_path, offline, online)
    assert [(f.columns, f.evidence["relation"]) for f in findings] == [((name,), relation)]
    assert drawing.online_offline(profiled, findings[0], Words()) is not None


def test_a_column_with_many_zeros_is_scaled_all_the_same(rng):
    values = np.where(rng.random(500) < 0.9, 0.0, rng.integers(1, 5000, 500))
    related = relate_numbers("gain", values, (values - 70) / 7)
    assert related.kind is RelationKind.AFFINE
    assert (related.slope, related.offset) == (pytest.approx(1 / 7), pytest.approx(-10))


def test_levels_without_anything_in_common(rng):
    nothing = pd.Series([None] * 30, dtype=object)
    assert relate_levels("x", nothing, nothing).kind is RelationKind.EQUAL


def test_values_of_another_day_are_only_noted(tmp_path, rng):
    offline, online = tables(rng)
    online["income"] += rng.normal(0, 9000, len(online))
    online["at"] += pd.Timedelta("30D")
    _, (finding,) = found(tmp_path, offline, online)
    assert finding.severity is Severity.INFO


def test_row_numbers_are_no_ids(tmp_path, rng):
    offline, online = rows(rng, 400).assign(id=np.arange(400)), rows(rng, 400).assign(id=np.arange(400))
    with pytest.raises(NotApplicable, match="nothing in common") as raised:
        found(tmp_path, offline, online)
    assert raised.value.needs == "id"


def test_ids_that_repeat_are_joined_with_their_time(tmp_path, rng):
    offline, online = tables(rng)
    offline["id"] %= 5
    online["id"] %= 5
    profiled, findings = found(tmp_path, offline, online)
    assert profiled.pairs == 480
    assert findings == []


def test_no_common_ids(tmp_path, rng):
    offline, online = tables(rng)
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, offline, online.assign(id=online["id"] + 5000))
    assert raised.value.needs == "id"


def test_text_ids_meet_numbers(tmp_path, rng):
    offline, online = tables(rng)
    profiled, findings = found(tmp_path, offline, online.assign(id=online["id"].astype(str)))
    assert profiled.pairs == 480
    assert findings == []


def test_an_id_that_only_one_table_has(tmp_path, rng):
    offline, online = tables(rng)
    with pytest.raises(NotApplicable) as raised:
        found(tmp_path, offline, online.drop(columns="id"))
    assert raised.value.needs == "id"
