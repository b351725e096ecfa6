"""How long an audit of many deals takes, and how much memory: `python benchmarks/audit_size.py`.

    python benchmarks/audit_size.py [--deals 10000] [--repeats 3]

The rows of the HubSpot example are drawn with replacement and get ids and notes of their own: the
notes are recombined from the sentences of the starter corpus and perturbed, so that nearly no two
are equal. Each run is `lossnlp audit` in a process of its own, start and report included; memory is
the highest resident size of that process.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from lossnlp.training import starter_deals
from lossnlp.training._recombine import recombined

EXAMPLE = Path(__file__).parents[1] / "examples" / "closed_lost_fy26_hubspot.csv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deals", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        export = Path(scratch) / "export.csv"
        enlarged(options.deals).to_csv(export, index=False)
        runs = [audited(export, Path(scratch) / f"audit{run}") for run in range(options.repeats)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{options.deals:,} deals: {statistics.median(runs):.0f} s"
        f" ({min(runs):.0f} to {max(runs):.0f} in {len(runs)} runs), {peak:.0f} MiB"
    )


def enlarged(deals: int) -> pd.DataFrame:
    """Return an export of so many deals."""
    export = pd.read_csv(EXAMPLE, dtype=str)
    export = export.sample(deals, replace=True, random_state=0).reset_index(drop=True)
    made = recombined([labelled.deal for labelled in starter_deals()], deals)
    export["Record ID"] = [f"R{row:08d}" for row in range(deals)]
    export["Closed Lost Notes"] = [deal.note for deal in made]
    return export


def audited(export: Path, out: Path) -> float:
    """Audit an export and return the seconds that it took."""
    command = [sys.executable, "-m", "lossnlp", "audit", str(export), "--out", str(out)]
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
