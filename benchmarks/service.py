"""How fast the service answers, how it behaves when there is too much, what it keeps in memory.

    python benchmarks/service.py                                  # some 15 minutes
    python benchmarks/service.py --seconds 1 --requests 500       # a glance

The service and, beside it, the ten lines that one would write first run in processes of their
own; this process is the load, over keep-alive connections on loopback, with the notes of the
example export. Latency is from the first byte sent to the last byte read. Each line of the first
table is one run of ``--seconds``; with ``--repeat 3`` the spread is seen.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lossnlp import read_deals

EXAMPLE = Path(__file__).parents[1] / "examples" / "closed_lost_fy26_salesforce.csv"
CLIENTS = (1, 8, 32)
WARM_UP = 200  # requests before the clock runs

TEN_LINES = """
import sys, uvicorn, lossnlp
from fastapi import FastAPI
from pydantic import BaseModel
class Deal(BaseModel):
    note: str
app, model = FastAPI(), lossnlp.load(sys.argv[2] if len(sys.argv) > 2 else None)
@app.post("/v1/suggest")
def suggest(deal: Deal):
    return model.suggest(deal.note).to_dict()
@app.get("/livez")
async def livez(): return {}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""


@dataclass
class Answers:
    """What came back: statuses, and the seconds of each answer by status."""

    seconds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        """Count one answer."""
        self.seconds.setdefault(status, []).append(seconds)

    @property
    def statuses(self) -> Counter[int]:
        """The number of answers with each status."""
        return Counter({status: len(found) for status, found in self.seconds.items()})

    def quantiles(self, status: int = 200) -> str:
        """Return p50, p95, p99 and the longest, in milliseconds."""
        found = 1000 * np.array(self.seconds.get(status, [np.nan]))
        marks = [*np.quantile(found, [0.5, 0.95, 0.99]), found.max()]
        return "  ".join(f"{mark:8.1f}" for mark in marks)


class Connection:
    """One keep-alive connection, as thin as can be, so that the load costs little."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> int:
        """Send a request, read the whole answer and return its status."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._reader is not None
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await self._reader.readexactly(length)
        return int(head[9:12])

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            await self._writer.wait_closed()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, content: object) -> bytes:
    body = json.dumps(content).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


# --- servers -------------------------------------------------------------------------------------


@contextmanager
def process(command: list[str], folder: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a folder of its own; its log goes to a file there."""
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stderr=log, env={**os.environ, **settings})
        try:
            yield server
        finally:
            server.kill()
            server.wait()


@contextmanager
def our_service(model: str | None) -> Iterator[tuple[int, int]]:
    """Yield port and process id of ``lossnlp serve`` with its default settings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "lossnlp", "serve", "--port", "0"]
        command += ["--model", str(Path(model).resolve())] if model else []
        with process(command, folder) as server:
            yield wait_for_port(folder / "log", server), server.pid


def wait_for_port(log: Path, server: subprocess.Popen[bytes]) -> int:
    """Return the port, once the log says that the model is in use."""
    while server.poll() is None:
        events = {e["event"]: e for e in map(json.loads, log.read_text().splitlines())}
        if "model in use" in events:
            return int(events["listening"]["port"])
        time.sleep(0.05)
    sys.exit(f"the service did not start: {log.read_text()}")


@contextmanager
def ten_lines(model: str | None) -> Iterator[tuple[int, int]]:
    """Yield port and process id of the ten-line service."""
    port = 18_765
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-c", TEN_LINES, str(port)]
        command += [str(Path(model).resolve())] if model else []
        with process(command, folder) as server:
            while asyncio.run(is_closed(port)):
                if server.poll() is not None:
                    sys.exit(f"the ten lines did not start: {(folder / 'log').read_text()}")
                time.sleep(0.05)
            yield port, server.pid


async def is_closed(port: int) -> bool:
    connection = Connection(port)
    try:
        await connection.ask(get("/livez"))
    except OSError:
        return True
    await connection.close()
    return False


# --- loads ---------------------------------------------------------------------------------------


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    opened = [Connection(port) for _ in range(count)]
    yield opened
    await asyncio.gather(*(connection.close() for connection in opened))


async def closed_load(port: int, requests: list[bytes], clients: int, stop: float) -> Answers:
    """Let each client send its next request when its last one is answered."""
    answers = Answers()
    todo = itertools.cycle(requests)

    async def client(connection: Connection) -> None:
        while (started := time.perf_counter()) < stop:
            status = await connection.ask(next(todo))
            answers.add(status, time.perf_counter() - started)

    async with connections(port, clients) as opened:
        await asyncio.gather(*map(client, opened))
    return answers


async def counted_load(port: int, requests: list[bytes], clients: int, count: int) -> None:
    todo = itertools.islice(itertools.cycle(requests), count)

    async def client(connection: Connection) -> None:
        for request in todo:
            await connection.ask(request)

    async with connections(port, clients) as opened:
        await asyncio.gather(*map(client, opened))


async def open_load(
    port: int, requests: list[bytes], rate: float, seconds: float
) -> tuple[Answers, Answers]:
    """Send requests at a fixed rate, answered or not, and ask for health ten times a second."""
    answers, health = Answers(), Answers()
    idle: list[Connection] = []
    todo = itertools.cycle(requests)

    async def one() -> None:
        connection = idle.pop() if idle else Connection(port)
        started = time.perf_counter()
        status = await connection.ask(next(todo))
        answers.add(status, time.perf_counter() - started)
        idle.append(connection)

    async def watch(connection: Connection) -> None:
        while True:
            started = time.perf_counter()
            status = await connection.ask(get("/livez"))
            health.add(status, time.perf_counter() - started)
            await asyncio.sleep(0.1)

    async with connections(port, 1) as (watching,):
        watcher = asyncio.create_task(watch(watching))
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                group.create_task(one())
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    await asyncio.gather(*(connection.close() for connection in idle))
    return answers, health


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


# --- tables --------------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in user and in system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latency_table(
    name: str, server: tuple[int, int], requests: list[bytes], args: argparse.Namespace
) -> float:
    """Print latency at each number of clients; return the best throughput."""
    port, pid = server
    asyncio.run(counted_load(port, requests, 2, WARM_UP))
    best = 0.0
    for clients, _ in itertools.product(CLIENTS, range(args.repeat)):
        stop, used = time.perf_counter() + args.seconds, cpu_seconds(pid)
        answers = asyncio.run(closed_load(port, requests, clients, stop))
        statuses = answers.statuses
        good = statuses.pop(200)
        rate, cpu = good / args.seconds, 1000 * (cpu_seconds(pid) - used) / good
        best = max(best, rate)
        row = f"{name:<10} {clients:>7}  {answers.quantiles()}  {rate:9.0f}  {cpu:8.1f}"
        print(row, dict(statuses) or "", flush=True)
    return best


def overload_table(port: int, requests: list[bytes], rate: float, seconds: float) -> None:
    answers, health = asyncio.run(open_load(port, requests, rate, seconds))
    print(f"\nTwice the capacity: {rate:.0f} requests a second for {seconds:g} s")
    print(f"{'':<22}{'count':>8}  {'p50':>8}  {'p95':>8}  {'p99':>8}  {'max':>8}  ms")
    for status, count in sorted(answers.statuses.items()):
        print(f"suggest, status {status:<6}{count:>8}  {answers.quantiles(status)}")
    for status, count in sorted(health.statuses.items()):
        print(f"livez,   status {status:<6}{count:>8}  {health.quantiles(status)}", flush=True)


def batch_table(port: int, requests: list[bytes], notes: list[str], seconds: float) -> None:
    """Print the latency of one typing rep while batches of 256 deals are read."""
    batch = post("/v1/score", {"deals": [{"note": note} for note in notes[:256]]})

    async def both() -> tuple[Answers, Answers]:
        stop = time.perf_counter() + seconds
        single = closed_load(port, requests, 1, stop)
        return await asyncio.gather(single, closed_load(port, [batch], 1, stop))

    single, batches = asyncio.run(both())
    print("\nOne client beside one that sends batches of 256 deals without pause")
    print(f"{'':<22}{'count':>8}  {'p50':>8}  {'p95':>8}  {'p99':>8}  {'max':>8}  ms")
    print(f"{'suggest':<22}{single.statuses[200]:>8}  {single.quantiles()}")
    print(f"{'score, 256 deals':<22}{batches.statuses[200]:>8}  {batches.quantiles()}", flush=True)


def memory_table(port: int, pid: int, requests: list[bytes], count: int) -> None:
    print(f"\nMemory of the service during {count} further requests, 8 clients")
    print(f"{'requests':>10}  {'MiB':>6}")
    done = 0
    print(f"{done:>10}  {resident_mib(pid):6.0f}", flush=True)
    for part in (0.05, 0.1, 0.25, 0.5, 0.75, 1.0):
        asyncio.run(counted_load(port, requests, 8, int(count * part) - done))
        done = int(count * part)
        print(f"{done:>10}  {resident_mib(pid):6.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="length of each run")
    parser.add_argument("--repeat", type=int, default=3, help="runs at each number of clients")
    parser.add_argument("--requests", type=int, default=100_000, help="requests for memory")
    parser.add_argument("--model", help="folder of the bundle")
    args = parser.parse_args()
    notes = read_deals(EXAMPLE)["note"].tolist()
    requests = [post("/v1/suggest", {"note": note}) for note in notes]
    cores = len(os.sched_getaffinity(0))
    print(f"{len(notes)} notes, {cores} cores, load before the start {os.getloadavg()[0]:.2f}")
    print(
        f"{'service':<10} {'clients':>7}  {'p50':>8}  {'p95':>8}  {'p99':>8}  {'max':>8}"
        f"  {'answers/s':>9}  {'CPU':>8}  other statuses    (times in milliseconds)"
    )
    with ten_lines(args.model) as server:
        latency_table("ten lines", server, requests, args)
    with our_service(args.model) as server:
        port, pid = server
        capacity = latency_table("lossnlp", server, requests, args)
        overload_table(port, requests, 2 * capacity, args.seconds)
        batch_table(port, requests, notes, args.seconds)
        memory_table(port, pid, requests, args.requests)


if __name__ == "__main__":
    main()
