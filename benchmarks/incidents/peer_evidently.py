"""What Evidently's default drift report says about the same incidents: ``python benchmarks/incidents/peer_evidently.py FOLDER``

FOLDER is what `run.py --keep FOLDER` left. Evidently 0.7 needs pandas below 3, so it runs in an environment of its own:

    uv venv peer && uv pip install --python peer/bin/python "evidently==0.7.23" "pandas<3" "scikit-learn<1.8" pyyaml
    peer/bin/python benchmarks/incidents/peer_evidently.py FOLDER

It names no cause, so what can be compared is whether some column was flagged, and whether the column that it rates worst is
one at fault; beside it stands how often a healthy pair was flagged.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import pandas as pd
import yaml
from evidently import Report
from evidently.presets import DataDriftPreset


def flagged(folder: Path) -> list[str]:
    """Columns that the report flags, worst first: the smallest p-values, then the largest distances over their threshold."""
    stated = yaml.safe_load((folder / "incident.yaml").read_text(encoding="utf-8"))
    skipped = {stated.get("timestamp"), stated.get("id")}
    reference, current = (pd.read_csv(folder / f"{side}.csv") for side in ("reference", "current"))
    shared = [name for name in reference if name in current and name not in skipped]
    told = Report([DataDriftPreset()]).run(current[shared], reference[shared]).dict()
    rated = []
    for metric in told["metrics"]:
        config = metric["config"]
        if not config["type"].endswith("ValueDrift"):
            continue
        value, threshold = float(metric["value"]), float(config["threshold"])
        by_test = "p_value" in config["method"]
        if (value < threshold) if by_test else (value >= threshold):
            rated.append((value / threshold if by_test else threshold / max(value, 1e-12), config["column"]))
    return [name for _, name in sorted(rated)]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    some: dict[str, list[bool]] = defaultdict(list)
    right: dict[str, list[bool]] = defaultdict(list)
    failed = 0
    for file in sorted(Path(sys.argv[1]).glob("*/truth.json")):
        truth = json.loads(file.read_text(encoding="utf-8"))
        try:
            found = flagged(file.parent)
        except (ValueError, TypeError, KeyError) as error:
            # Retyped columns and empty ones end its report; that is a result as well.
            print(f"{file.parent.name}: {type(error).__name__}", file=sys.stderr)
            found, failed = [], failed + 1
        some[truth["code"]].append(bool(found))
        wanted = {name for answer in truth["columns"] for name in answer}
        if not truth["control"]:
            right[truth["code"]].append(bool(found) and found[0] in wanted)
    print(f"{'fault or control':24}{'cases':>7}{'some column flagged':>21}{'right column first':>20}")
    for code in sorted(some):
        first = f"{_share(right[code]):>20}" if code in right else f"{'-':>20}"
        print(f"{code:24}{len(some[code]):7}{_share(some[code]):>21}{first}")
    faults = [hit for code in right for hit in some[code]]
    print(f"{'all faults':24}{len(faults):7}{_share(faults):>21}{_share([hit for hits in right.values() for hit in hits]):>20}")
    print(f"a cause named: 0; reports that failed: {failed}")
    return 0


def _share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.0%}" if hits else "-"


if __name__ == "__main__":
    sys.exit(main())
