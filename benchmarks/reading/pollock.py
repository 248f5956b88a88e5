"""How well polluted CSV files are read: cell precision, recall and F1 against the clean file, and the csv-spectrum.

    python -m benchmarks.reading.pollock [FOLDER]

FOLDER (or the environment variable MODEL_CLINIC_DATA) holds pollock_sample.tar.xz and spectrum/ (or csv/ with them). The
measure is that of Vitagliano et al. 2023 (Pollock: a data loading benchmark, doi:10.14778/3594512.3594518), on cells.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

from diagnostics.nouns.refusal import BadInput
from diagnostics.read.caps import Options
from diagnostics.read.record import write_clean

csv.field_size_limit(2**27)


def cells(file: Path) -> tuple[Counter[tuple[int, str]], Counter[tuple[str, ...]]]:
    """(column, text) of every cell, header too, and every record, both counted; line ends inside cells made equal."""
    counted: Counter[tuple[int, str]] = Counter()
    records: Counter[tuple[str, ...]] = Counter()
    with file.open(encoding="utf-8", errors="replace", newline="") as stream:
        for row in csv.reader(stream):
            same = [cell.replace("\r\n", "\n") for cell in row]
            counted.update(enumerate(same))
            records[tuple(same)] += 1
    return counted, records


def scores(read: Counter[object], clean: Counter[object]) -> tuple[float, float, float]:
    """Precision, recall and F1; all 1 when there is nothing to read and nothing was read."""
    hit = sum((read & clean).values())
    precision = hit / sum(read.values()) if read else float(not clean)
    recall = hit / sum(clean.values()) if clean else float(not read)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def read_as_csv(source: Path, out: Path) -> None:
    try:
        write_clean(source, out, options=Options(allow_empty=True))
    except BadInput:
        out.write_bytes(b"")


def pollock(folder: Path, *, verbose: bool = True) -> tuple[float, float]:
    """Mean F1 over the files, by cells and by whole records."""
    by_cell, by_record = [], []
    for source in sorted((folder / "csv").iterdir()):
        out = folder / "read.csv"
        read_as_csv(source, out)
        (read, read_records), (clean, clean_records) = cells(out), cells(folder / "clean" / source.name)
        precision, recall, f1 = scores(Counter(read), Counter(clean))
        _, _, record_f1 = scores(Counter(read_records), Counter(clean_records))
        by_cell.append(f1)
        by_record.append(record_f1)
        if verbose and record_f1 < 1:
            print(f"{source.name:48} precision {precision:.4f} recall {recall:.4f} F1 {f1:.4f} records {record_f1:.4f}")
    return sum(by_cell) / len(by_cell), sum(by_record) / len(by_record)


def spectrum(folder: Path) -> tuple[int, int]:
    """Files that are read exactly, and files."""
    right = files = 0
    with tempfile.TemporaryDirectory() as scratch:
        for source in sorted(folder.glob("*.csv")):
            files += 1
            out = Path(scratch) / "read.csv"
            read_as_csv(source, out)
            with out.open(encoding="utf-8", newline="") as stream:
                read = [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in csv.DictReader(stream)]
            meant = json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))
            same = read == [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in meant]
            right += same
            if not same:
                print(f"{source.name}: read {read}, meant {meant}")
    return right, files


def main() -> int:
    stated = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MODEL_CLINIC_DATA", "")
    folders = [Path(stated), Path(stated) / "csv"] if stated else []
    found = [folder for folder in folders if (folder / "pollock_sample.tar.xz").is_file() or (folder / "spectrum").is_dir()]
    if not found:
        print("skipped: give a folder with pollock_sample.tar.xz and spectrum/ (or set MODEL_CLINIC_DATA)")
        return 0
    archive = found[0] / "pollock_sample.tar.xz"
    if archive.is_file():
        with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
            roots = [folder for folder in [Path(scratch), *Path(scratch).iterdir()] if (folder / "clean").is_dir()]
            by_cell, by_record = pollock(roots[0])
        print(f"Pollock: mean F1 of cells {by_cell:.4f}, of whole records {by_record:.4f}")
    if (found[0] / "spectrum").is_dir():
        right, files = spectrum(found[0] / "spectrum")
        print(f"csv-spectrum: {right}/{files}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
