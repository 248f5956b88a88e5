"""Plan an A/B test, or read one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diagnostics.clinic.ab_test.check import ABTest, Counts, Settings
from diagnostics.clinic.ab_test.looks import Rule
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import ab_test as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.text import plain

RULES = {
    Rule.OBRIEN: N_("strict at first (O'Brien-Fleming)"),
    Rule.POCOCK: N_("nearly the same each time (Pocock)"),
}


def settings(opened: Opened, last: Settings) -> Settings:
    """The plan, and the result if there is one."""
    words = opened.words
    left, right = st.columns(2)
    with left:
        kinds = (False, True)
        means = st.segmented_control(
            words(N_("What is counted")),
            kinds,
            default=last.means,
            required=True,
            format_func=lambda m: words(N_("a mean value")) if m else words(N_("a share of successes")),
            key="ab-means",
        )
    with right:
        read = st.segmented_control(
            words(N_("What to do")),
            kinds,
            default=last.read,
            required=True,
            format_func=lambda r: words(N_("read a result")) if r else words(N_("plan a test")),
            key="ab-read",
        )
    means, read = bool(means), bool(read)
    fresh = Settings(means=True, base=10.0, effect=0.5, spread=3.0) if means else Settings()
    start = last if last.means == means else fresh
    base, spread, effect = _wanted(opened, start, means)
    a, b, c, d = st.columns(4)
    with a:
        power = st.number_input(words(N_("Chance to see it, %")), 50.0, 99.9, 100 * start.power, 1.0, key="ab-power")
    with b:
        alpha = st.number_input(words(N_("Error allowed, %")), 0.01, 30.0, 100 * start.alpha, 1.0, key="ab-alpha")
    with c:
        daily = st.number_input(words(N_("Rows a day, both sides")), 1, 10**9, start.daily, key="ab-daily")
    with d:
        b_share = st.number_input(words(N_("Share of B, %")), 1.0, 99.0, 100 * start.b_share, 1.0, key="ab-share")
    a, b, c = st.columns(3)
    with a:
        looks = st.number_input(words(N_("Looks in all")), 1, 30, start.looks, key="ab-looks")
    with b:
        names = list(RULES)
        rule = st.selectbox(
            words(N_("Rule for looks before the end")),
            names,
            index=names.index(start.rule),
            format_func=lambda name: words(RULES[name]),
            key="ab-rule",
        )
    look, counts = 1, start.counts
    if read:
        with c:
            look = st.number_input(words(N_("This is look number")), 1, int(looks), min(start.look, int(looks)), key="ab-look")
        counts = _counts(opened, start.counts, means)
    return Settings(
        means=means,
        base=base,
        spread=spread,
        effect=effect,
        power=float(power) / 100,
        alpha=float(alpha) / 100,
        b_share=float(b_share) / 100,
        daily=int(daily),
        looks=int(looks),
        rule=rule,
        read=read,
        look=int(look),
        counts=counts,
    )


def _wanted(opened: Opened, start: Settings, means: bool) -> tuple[float, float, float]:
    """Base, spread and least difference."""
    words = opened.words
    a, b, c = st.columns(3)
    if means:
        with a:
            base = st.number_input(words(N_("Mean of A")), value=start.base, key="ab-base-mean")
        with b:
            effect = st.number_input(words(N_("Least difference worth finding")), value=start.effect, key="ab-effect-mean")
        with c:
            spread = st.number_input(words(N_("Standard deviation")), value=start.spread, key="ab-spread")
        return float(base), float(spread), float(effect)
    with a:
        base = st.number_input(words(N_("Share of A, successes in %")), value=100 * start.base, key="ab-base")
    with b:
        effect = st.number_input(
            words(N_("Least difference worth finding, points")), value=100 * start.effect, key="ab-effect", format="%.3f"
        )
    return float(base) / 100, start.spread, float(effect) / 100


def _counts(opened: Opened, start: Counts, means: bool) -> Counts:
    words = opened.words
    given: dict[str, float] = {}
    for side in ("a", "b"):
        fields = [("rows", N_("{side}: rows"))]
        fields += (
            [("mean", N_("{side}: mean")), ("spread", N_("{side}: standard deviation"))]
            if means
            else [("hits", N_("{side}: successes"))]
        )
        for (name, title), place in zip(fields, st.columns(3), strict=False):
            first = getattr(start, f"{side}_{name}")
            with place:
                value = st.number_input(words(title, side=side.upper()), value=first, key=f"ab-{side}-{name}")
            given[f"{side}_{name}"] = value
    whole = {name: int(value) if name.endswith(("rows", "hits")) else float(value) for name, value in given.items()}
    return Counts(**whole)  # type: ignore[arg-type]


def below(p: ABTest, opened: Opened) -> None:
    """The looks, and for a result what each way of looking says."""
    words, plan = opened.words, p.plan
    if p.reading is not None:
        said = N_("For one look only: p = {p:number}. At this look of the plan z is {z:number} and the limit {limit:number}.")
        st.markdown(plain(words(said, p=p.reading.p, z=p.reading.z, limit=p.reading.limit)))
        due, got = plan.looks[p.settings.look - 1].rows, p.settings.counts.a_rows + p.settings.counts.b_rows
        # A tenth more or less is how days fall; beyond, the limit of another look is the right one.
        if abs(got - due) > 0.1 * due:
            said = N_(
                "Look {look:count} of {looks:count} was planned after {due:count} rows; there are {got:count}. Give the look "
                "that fits these rows best: the limit depends on it."
            )
            st.info(plain(words(said, look=p.settings.look, looks=p.settings.looks, due=due, got=got)))
    st.subheader(words(N_("When may one look?")), anchor=False)
    if len(plan.looks) == 1:
        said = N_("Once, at the end, after {rows:count} rows. To look in between, give the number of looks below.")
        st.markdown(plain(words(said, rows=plan.rows)))
        return
    said = N_(
        "{looks:count} looks cost {more:percent} more rows than one. Looking as often at 1.96 would be a false alarm in "
        "{careless:percent} of the tests without a difference; with these limits it is {alpha:percent}."
    )
    text = words(said, looks=len(plan.looks), more=plan.rows / plan.single - 1, careless=plan.careless, alpha=p.settings.alpha)
    st.markdown(plain(text))
    plot(drawing.draw_looks(p, words), opened.visit, alt=text, key="ab-looks-chart")
    rows = [
        {
            words(N_("look")): number,
            words(N_("rows, both sides")): look.rows,
            words(N_("day")): round(look.day, 1),
            words(N_("end if z is beyond")): round(look.limit, 3),
        }
        for number, look in enumerate(plan.looks, start=1)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=words(N_("Rows and limit of each look")))


clinic_page(
    "ab_test",
    N_("How many rows does an A/B test take, when may one look, and what does a result say?"),
    settings=settings,
    below=below,
    table=False,
    button=N_("Reckon"),
)
