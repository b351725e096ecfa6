"""How soon is it there? Import, first suggestion, one note at a time, many at once, memory.

    python benchmarks/startup.py

Each start is a process of its own; medians with the lowest and highest of the runs.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

RUNS = 5
NOTE = "went w/ Workday, half the price, call me in March"


def main() -> None:
    print("| what | median | lowest | highest |")
    print("|---|---|---|---|")
    starts = {
        "python starts": "pass",
        "import lossnlp": "import lossnlp",
        "import lossnlp, load the bundle": "import lossnlp; lossnlp.load()",
        "lossnlp suggest, one note": f"from lossnlp.cli import main; main(['suggest', {NOTE!r}])",
    }
    for name, code in starts.items():
        print(row(name, [started(code) for _ in range(RUNS)], "s"))
    loaded = "import sys, lossnlp; lossnlp.load().suggest('x'); print('sklearn' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    reading()
    print(f"\nscikit-learn loaded by a suggestion: {found.stdout.strip()}")


def started(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def reading() -> None:
    import lossnlp
    from lossnlp.training import starter_deals

    deals = [labelled.deal for labelled in starter_deals()][::10]
    model = lossnlp.load()
    model.suggest(NOTE)
    one = [1e3 * timed(lambda deal=deal: model.read([deal])) for deal in deals]
    print(row("one deal, everything", one, "ms"))
    alone = [1e3 * timed(lambda deal=deal: model.probabilities([deal])) for deal in deals]
    print(row("one deal, probabilities", alone, "ms"))
    many = [len(deals) / timed(lambda: model.read(deals)) for _ in range(3)]
    print(row(f"{len(deals)} deals at once, everything", many, "a second"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| memory at most, starter corpus included | {peak:.0f} MiB | | |")


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def row(name: str, values: list[float], unit: str) -> str:
    numbers = (statistics.median(values), min(values), max(values))
    return f"| {name} | " + " | ".join(f"{value:.2f} {unit}" for value in numbers) + " |"


if __name__ == "__main__":
    main()
