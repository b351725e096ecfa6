"""Exports for tests: a clean one, and one for each fault that the doctor knows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

HEADER = ("Opportunity ID", "Loss Notes", "Closed Lost Reason", "Close Date", "Amount")
REASONS = ("Price", "Timing", "No Budget")
Rows = list[list[str]]


def clean_rows(n: int = 20) -> Rows:
    """Return rows in which the doctor finds nothing."""
    return [
        [
            f"0065f00000AbC{i:02d}",
            f"Buyer {i} said that the return was too slow for them to sign.",
            REASONS[i % 3],
            f"2026-03-{i % 28 + 1:02d}",
            f"{1000 + i}.50",
        ]
        for i in range(n)
    ]


def text_of(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, **dialect: str) -> str:
    """Return rows as separated text, every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n", **dialect)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def write(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    """Write rows as UTF-8 CSV and return the path."""
    path.write_text(text_of(rows, header), encoding="utf-8", newline="")
    return path


def _column(rows: Rows, place: int, values: Sequence[str]) -> Rows:
    """Put values into a column, from the first row on."""
    for row, value in zip(rows, values, strict=False):
        row[place] = value
    return rows


def _cut(rows: Rows) -> Rows:
    return _column(rows, 1, [f"{('They wanted more. ' * 20)[:254]}{i}" for i in range(3)])


def _with_column(name: str, values: Sequence[str]) -> str:
    """Return the clean export with one more column, which starts with the values given."""
    rows = [[*row, ""] for row in clean_rows()]
    return text_of(_column(rows, len(HEADER), values), (*HEADER, name))


def _grouped_text() -> str:
    rows = [["Umar Field" if i % 5 == 0 else "", *row] for i, row in enumerate(clean_rows())]
    for n, name in enumerate(("Umar Field", "Sven Tarr", "Wes Calloway", "Noor Haddon")):
        rows[n * 5][0] = name
    rows.insert(5, ["Subtotal", "", "5", "", "", ""])
    return text_of(rows, ("Opportunity Owner", *HEADER))


def _with(change: Callable[[Rows], Rows]) -> str:
    return text_of(change(clean_rows()))


def broken_exports() -> dict[str, tuple[bytes, tuple[int, ...] | None]]:
    """Return for each kind of fault a file's bytes and the rows at fault (None: the whole file)."""
    ids = [f"{i + 1}.1E+10" for i in range(3)]
    texts: dict[str, tuple[str, tuple[int, ...] | None]] = {
        "cut_texts": (_with(_cut), (2, 3, 4)),
        "exponent_ids": (_with(lambda r: _column(r, 0, ids)), (2, 3, 4)),
        "missing_ids": (_with(lambda r: _column(r, 0, ["", " "])), (2, 3)),
        "duplicate_ids": (_with(lambda r: _column(r, 0, ["A1", "B2", "A1"])), (2, 4)),
        "mojibake": (_with(lambda r: _column(r, 1, ["x", "the cafÃ© wasnâ€™t sure"])), (3,)),
        "empty_notes": (_with(lambda r: _column(r, 1, ["x", "", "  "])), (3, 4)),
        "mixed_dates": (_with(lambda r: _column(r, 3, ["03/31/2026", "31/03/2026"])), (2, 3)),
        "ambiguous_dates": (_with(lambda r: _column(r, 3, ["03/04/2026"])), (2,)),
        "unreadable_dates": (_with(lambda r: _column(r, 3, ["2026-03-01", "soon"])), (3,)),
        "unreadable_amounts": (_with(lambda r: _column(r, 4, ["10", "about 5k"])), (3,)),
        "missing_labels": (_with(lambda r: _column(r, 2, ["", "Price"])), (2,)),
        "free_text_label": (
            _with(lambda r: _column(r, 2, [f"They chose vendor {i} over us" for i in range(20)])),
            None,
        ),
        "footer": (text_of(clean_rows()) + '\n\n"Closed Lost"\n"Confidential"\n', (24, 25)),
        "grouped_report": (
            _grouped_text(),
            (3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22),
        ),
        "ragged_rows": (text_of(clean_rows()) + "006X,no, they said,Price,2026-03-01,5\n", (22,)),
        "duplicate_header": (
            _with_column("Amount", ["x"]),
            None,
        ),
        "wrong_separator": (
            "\n".join(f'"{line}"' for line in ["Id,Loss Notes,Reason", "1,too dear,Price"]),
            None,
        ),
        "no_note_column": (text_of(clean_rows(), (HEADER[0], "A", "Loss Reason", "B", "C")), None),
        "no_label_column": (text_of(clean_rows(), (HEADER[0], HEADER[1], "X", "Y", "Z")), None),
        "no_id_column": (text_of(clean_rows(), ("Key", *HEADER[1:])), None),
        "not_lost": (
            _with_column("Stage", ["Closed Lost", "Closed Won"]),
            (3,),
        ),
        "mixed_currencies": (_with_column("Amount Currency", ["USD", "EUR"]), None),
        "broken_snippets": (
            _with_column("Call Snippets", ['[{"speaker": "buyer", "te']),
            (2,),
        ),
    }  # fmt: skip
    return {kind: (text.encode("utf-8"), rows) for kind, (text, rows) in texts.items()}
