"""How long it takes to read an export, and how much memory, by format and number of deals.

    python benchmarks/reading.py [--deals 10000 100000] [--repeats 3]

The deals of the Salesforce example are repeated with new ids. Each reading runs in a process of
its own; memory is the highest resident size of that process, which starts at some 80 MB with
pandas loaded. The doctor reads the file anew. Times are processor seconds: the median, and the
range, of the repeats.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from lossnlp.deals import open_export

EXAMPLE = Path(__file__).parents[1] / "examples/closed_lost_fy26_salesforce.csv"
FORMATS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}
READ = """
import json, resource, sys, time
from lossnlp.deals import deals_of, diagnose, open_export
started = time.process_time()
export = open_export(sys.argv[1])
read = time.process_time()
deals = deals_of(export.deals)
made = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
diagnose(sys.argv[1])
seconds = read - started, made - read, time.process_time() - made
print(json.dumps({"deals": len(deals), "seconds": seconds, "mb": peak}))
"""


def repeated(n: int) -> pd.DataFrame:
    """Return ``n`` rows of the example export, each with its own id."""
    source = open_export(EXAMPLE).source
    frame = pd.concat([source] * (n // len(source) + 1), ignore_index=True).head(n)
    return frame.assign(**{"Opportunity ID": [f"006{i:015d}" for i in range(n)]})


def measure(path: Path, repeats: int) -> tuple[str, str, str, float]:
    """Return the seconds of reading, of making deals and of the doctor, and the peak in MB."""
    command = [sys.executable, "-c", READ, str(path)]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        for _ in range(repeats)
    ]
    read, made, doctor = (
        spread(times) for times in zip(*(r["seconds"] for r in runs), strict=True)
    )
    return read, made, doctor, max(run["mb"] for run in runs)


def spread(times: tuple[float, ...]) -> str:
    """Return the median and the range of some seconds."""
    return f"{statistics.median(times):.2f} ({min(times):.2f}-{max(times):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    columns = "".join(f" {name + ', s':>18}" for name in ("read", "deals_of", "doctor"))
    print(f"{'deals':>8} {'format':8}{columns} {'peak, MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for n in options.deals:
            frame = repeated(n)
            for name, write in FORMATS.items():
                path = Path(folder) / f"deals.{name}"
                write(frame, path)
                read, made, doctor, peak = measure(path, options.repeats)
                print(f"{n:8,} {name:8} {read:>18} {made:>18} {doctor:>18} {peak:9.0f}")


if __name__ == "__main__":
    main()
