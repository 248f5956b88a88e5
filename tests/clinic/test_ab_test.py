from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.clinic.ab_test import check as ab_test
from diagnostics.clinic.ab_test.check import ABTest, Counts, Settings, always_valid, newcombe, rows_for_one_look
from diagnostics.clinic.ab_test.looks import Rule, crossing_probability, limits_of_looks
from diagnostics.clinic.shared.results import decode, encode
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import ab_test as drawing

FIFTHS = [0.2, 0.4, 0.6, 0.8, 1.0]


def run(settings: Settings) -> ABTest:
    return ab_test.profile(Incident(), settings)


def codes(p: ABTest) -> list[str]:
    return [finding.code for finding in sorted(ab_test.judge(p), key=lambda f: f.rank)]


def reading(a: tuple[int, int], b: tuple[int, int], *, looks: int = 1, look: int = 1) -> ABTest:
    return run(Settings(read=True, looks=looks, look=look, counts=Counts(a_rows=a[1], a_hits=a[0], b_rows=b[1], b_hits=b[0])))


def test_limits_are_those_of_the_published_tables() -> None:
    """Two-sided 5%, five equal looks: Lan and DeMets' rules as tabulated by Reboussin et al. 2000."""
    assert limits_of_looks(FIFTHS, 0.05, Rule.OBRIEN) == pytest.approx((4.8769, 3.3569, 2.6803, 2.2898, 2.0310), abs=0.002)
    assert limits_of_looks(FIFTHS, 0.05, Rule.POCOCK) == pytest.approx((2.4380, 2.4268, 2.4101, 2.3966, 2.3859), abs=0.002)
    assert limits_of_looks([1.0], 0.05, Rule.OBRIEN) == pytest.approx((1.95996,), abs=1e-4)


def test_looking_five_times_without_a_rule_is_one_false_alarm_in_seven() -> None:
    """Armitage, McPherson and Rowe 1969: 0.142 for five looks, 0.193 for ten."""
    assert crossing_probability(FIFTHS, [1.96] * 5) == pytest.approx(0.142, abs=0.001)
    assert crossing_probability([n / 10 for n in range(1, 11)], [1.96] * 10) == pytest.approx(0.193, abs=0.001)


def test_rows_are_those_of_the_textbook() -> None:
    assert rows_for_one_look(Settings(base=0.10, effect=0.02)) / 2 == pytest.approx(3841, abs=2)
    assert rows_for_one_look(Settings(means=True, spread=1.0, effect=0.5)) / 2 == pytest.approx(64, abs=0.5)
    uneven = rows_for_one_look(Settings(base=0.10, effect=0.02, b_share=0.1))
    assert uneven > 2 * rows_for_one_look(Settings(base=0.10, effect=0.02))


def test_looks_cost_a_few_rows_with_the_one_rule_and_many_with_the_other() -> None:
    once = run(Settings())
    careful, eager = run(Settings(looks=5)), run(Settings(looks=5, rule=Rule.POCOCK))
    assert once.plan.rows == once.plan.single
    assert 1.01 < careful.plan.rows / once.plan.rows < 1.05
    assert 1.15 < eager.plan.rows / once.plan.rows < 1.3
    assert [look.rows for look in careful.plan.looks][-1] == careful.plan.rows
    assert codes(once) == ["DEP101"]


def test_the_planned_power_is_met_by_simulation(rng: np.random.Generator) -> None:
    plan = run(Settings(base=0.3, effect=0.06, looks=4)).plan
    side = plan.rows // 2
    seen = 0
    for _ in range(600):
        a, b = rng.random(side) < 0.3, rng.random(side) < 0.36
        for look in plan.looks:
            n = look.rows // 2
            both = (a[:n].sum() + b[:n].sum()) / (2 * n)
            if abs(b[:n].mean() - a[:n].mean()) / np.sqrt(both * (1 - both) * 2 / n) >= look.limit:
                seen += 1
                break
    assert seen / 600 == pytest.approx(0.8, abs=0.05)


def test_a_clear_difference_and_none_are_told_apart() -> None:
    assert codes(reading((1000, 10000), (1200, 10000))) == ["DEP102"]
    same = reading((1000, 10000), (1010, 10000))
    assert codes(same) == ["DEP103"]
    assert same.reading is not None
    assert same.reading.difference.low < 0 < same.reading.difference.high


def test_the_interval_is_newcombes() -> None:
    """His example (a): 56/70 less 48/80 is 0.2 (0.0524 to 0.3339)."""
    found = newcombe(Counts(a_rows=80, a_hits=48, b_rows=70, b_hits=56), 1.959964)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_an_early_look_needs_more_than_two_standard_errors() -> None:
    early = reading((1000, 10000), (1090, 10000), looks=5, look=2)
    assert codes(early) == ["DEP105", "DEP103"]
    assert codes(reading((1000, 10000), (1090, 10000))) == ["DEP102"]


def test_lost_rows_of_one_side_stop_the_reading() -> None:
    assert codes(reading((1000, 10000), (1000, 9000)))[0] == "DEP104"
    assert "DEP104" not in codes(reading((1000, 10000), (1000, 9900)))


def test_the_interval_for_any_time_holds_at_every_look(rng: np.random.Generator) -> None:
    wrong = 0
    for _ in range(300):
        values = rng.normal(size=(2, 2000)).cumsum(axis=1)
        sizes = np.arange(20, 2001, 20)
        for n in sizes:
            difference = float(values[1, n - 1] - values[0, n - 1]) / n
            found = always_valid(difference, 2 / n, 0.1, 0.05)
            if not found.low <= 0 <= found.high:
                wrong += 1
                break
    assert wrong / 300 <= 0.07


def test_means_are_read_too() -> None:
    counts = Counts(a_rows=200, b_rows=200, a_mean=10.0, b_mean=11.0, a_spread=2.0, b_spread=2.5)
    p = run(Settings(means=True, base=10.0, spread=2.0, effect=0.5, read=True, counts=counts))
    assert codes(p) == ["DEP102"]
    assert p.reading is not None
    assert p.reading.difference.low == pytest.approx(0.555, abs=0.01)


@pytest.mark.parametrize("means", [True, False])
def test_it_comes_back_from_json_and_every_picture_can_be_drawn(means: bool) -> None:
    counts = Counts(a_rows=500, a_hits=50, b_rows=510, b_hits=80, a_mean=1.0, a_spread=1.0, b_mean=1.2, b_spread=1.0)
    for settings in (Settings(means=means, looks=3), Settings(means=means, read=True, looks=3, look=2, counts=counts)):
        p = run(settings)
        assert decode(encode(p), ABTest) == p
        for finding in (None, *ab_test.judge(p)):
            assert drawing.draw(p, finding, Words()) is not None
            if finding:
                assert finding.statement(Words()).endswith(".")
        assert drawing.draw_looks(p, Words()) is not None


@pytest.mark.parametrize(
    "odd",
    [
        {"base": 0.0},
        {"base": 0.99, "effect": 0.05},
        {"effect": 0.0},
        {"effect": 1e-9},
        {"means": True, "spread": 0.0},
        {"power": 1.0},
        {"alpha": 0.0},
        {"b_share": 0.0},
        {"looks": 100},
        {"looks": 2, "look": 3},
        {"read": True},
        {"read": True, "counts": Counts(a_rows=10, a_hits=11, b_rows=10, b_hits=1)},
        {"read": True, "means": True, "counts": Counts(a_rows=10, a_hits=0, b_rows=10, b_hits=0, a_spread=0.0)},
    ],
)
def test_a_test_that_cannot_be_is_one_plain_sentence(odd: dict[str, object]) -> None:
    with pytest.raises(NotApplicable) as refused:
        run(replace(Settings(), **odd))  # type: ignore[arg-type]
    assert refused.value.statement(Words()).endswith(".")


def test_sides_without_a_success_are_read() -> None:
    p = reading((0, 100), (0, 100))
    assert codes(p) == ["DEP103"]
    assert p.reading is not None
    assert p.reading.always.low < 0 < p.reading.always.high
