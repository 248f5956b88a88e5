"""The bill of materials of what `make run` installs, and the licences: ``python -m benchmarks.gates.bill SBOM.json LICENCES.md``.

CycloneDX 1.6 (ecma-international.org, ECMA-424), from requirements.txt and what the installed packages say of themselves.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.gates.gate import ROOT

_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def components() -> list[dict[str, Any]]:
    """One entry a package of requirements.txt, by name, each with its hashes and its licence where it is installed."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    found = []
    entries = list(_ENTRY.finditer(text))
    for entry, after in zip(entries, [*entries[1:], None], strict=True):
        part = text[entry.end() : after.start() if after else len(text)]
        name, version = entry[1], entry[2]
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": content} for content in re.findall(r"--hash=sha256:([0-9a-f]{64})", part)],
        }
        licence = licence_of(name)
        if licence:
            component["licenses"] = [{"license": {"name": licence}}]
        found.append(component)
    return found


def licence_of(name: str) -> str:
    """What the installed package says of its licence; "" where it is not installed, or silent."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    classified = [line.rsplit(" :: ", 1)[1] for line in told.get_all("Classifier") or [] if line.startswith("License :: OSI")]
    written = [line for key in ("License-Expression", "License") for line in told.get_all(key) or []]
    stated = written[0] if told.get_all("License-Expression") else " or ".join(classified) or "".join(written[:1])
    lines = [line.strip() for line in stated.splitlines() if line.strip()]
    return lines[0][:80] if lines else ""


def bill() -> dict[str, Any]:
    application = {"type": "application", "bom-ref": "model-clinic", "name": "model-clinic"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": application},
        "components": components(),
        "dependencies": [{"ref": "model-clinic", "dependsOn": [component["bom-ref"] for component in components()]}],
    }


def licences() -> str:
    lines = ["| package | version | licence |", "|---|---|---|"]
    for component in components():
        told = component.get("licenses")
        licence = told[0]["license"]["name"] if told else "not installed here, or not stated"
        lines.append(f"| {component['name']} | {component['version']} | {licence} |")
    return "\n".join(lines) + "\n"


def main(sbom: Path, listed: Path) -> None:
    sbom.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    listed.write_text(licences(), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
