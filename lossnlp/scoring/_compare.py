"""What changed: how the reasons of a run differ from those of an earlier one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lossnlp._errors import InputError
from lossnlp.scoring._open import open_source
from lossnlp.scoring._sources import FORMATS

_Z = 1.959964  # 95 %
_SHOWN = 12


@dataclass(frozen=True)
class CodeChange:
    """How one code fared.

    ``before`` and ``after`` count its deals, ``left`` and ``joined`` those that moved out of it
    and into it. ``change`` is the change of its share of all deals, ``low`` and ``high`` its 95 %
    interval, as shares from -1 to 1.
    """

    code: str
    before: int
    after: int
    left: int
    joined: int
    change: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """How the reasons of the same deals differ between two runs.

    Attributes
    ----------
    deals
        How many deals are in both.
    moved
        How many of them have another reason now, with ``low`` and ``high``, the Wilson 95 %
        interval of their share.
    codes
        The change of each code, the largest first.
    moves
        (code before, code after) → deals that moved.
    only_before, only_after
        How many deals are in one of the two only.
    """

    deals: int
    moved: int
    low: float
    high: float
    codes: tuple[CodeChange, ...]
    moves: dict[tuple[str, str], int]
    only_before: int = 0
    only_after: int = 0

    def to_text(self) -> str:
        """Return the tables as plain text."""
        share = self.moved / self.deals
        lines = [
            f"{self.moved:,} of {self.deals:,} deals have another reason than before: "
            f"{share:.1%} (95 % {self.low:.1%} to {self.high:.1%})",
        ]
        if self.only_before or self.only_after:
            lines.append(
                f"not compared: {self.only_before:,} deals only before, "
                f"{self.only_after:,} only now"
            )
        lines += [
            "",
            f"{'reason':24}{'before':>9}{'after':>9}{'left':>8}{'joined':>8}  change of share",
        ]
        lines += [
            f"{c.code:24}{c.before:>9,}{c.after:>9,}{c.left:>8,}{c.joined:>8,}  "
            f"{c.change:+.2%} ({c.low:+.2%} to {c.high:+.2%})"
            for c in self.codes
        ]
        if self.moves:
            lines += ["", "most frequent moves"]
            ranked = sorted(self.moves.items(), key=lambda item: (-item[1], item[0]))
            lines += [f"{n:>8,}  {old} → {new}" for (old, new), n in ranked[:_SHOWN]]
        return "\n".join(lines)


def compare(
    scored: str | Path, earlier: str | Path, *, prefix: str = "", id_column: str | None = None
) -> Comparison:
    """Compare a scored file with an earlier result.

    Parameters
    ----------
    scored
        A file or folder that ``score`` wrote.
    earlier
        A column of it that holds the earlier reasons, or a file that was scored before.
    prefix
        The prefix of the added columns.
    id_column
        The column that tells which deals of two files are the same; without one, the files must
        hold the same deals in the same order.

    Raises
    ------
    InputError
        If the column or file is not there, or if the files' deals cannot be matched.
    """
    reason = prefix + "reason"
    if _is_file(str(earlier)):
        return _of_files(str(scored), str(earlier), reason, id_column)
    pairs = Counter(_columns(str(scored), [str(earlier), reason]))
    return _comparison(pairs)


def refuse_incomparable(source: str, target: str, earlier: str, prefix: str = "") -> None:
    """Raise InputError if what is to be compared with is not there, before anything is scored."""
    if Path(earlier).resolve() == Path(target).resolve():
        raise InputError(f"{target}: would be replaced before it is compared; name another OUT")
    if _is_file(earlier):
        first, name = open_source(earlier), _reason_of(earlier, prefix + "reason")
    elif source == "-":  # can be read only once
        return
    else:
        first, name = open_source(source), earlier
    head = first.head()
    if head is not None and name not in head.names:
        raise InputError(f"{first.label}: has no column {name!r} to compare with")


def _of_files(scored: str, earlier: str, reason: str, id_column: str | None) -> Comparison:
    if id_column is None:
        return _in_order(scored, earlier, reason)
    names = [id_column, _reason_of(earlier, reason)]
    before = {key: code for key, code in _columns(earlier, names)}  # noqa: C416 - pairs, to mypy
    known = len(before)
    pairs: Counter[tuple[str, ...]] = Counter()
    new = 0
    for key, code in _columns(scored, [id_column, reason]):
        if key in before:
            pairs[before.pop(key), code] += 1
        else:
            new += 1
    if not pairs:
        raise InputError(f"{earlier}: none of its {known:,} deals is in {scored}, by {id_column!r}")
    return _comparison(pairs, len(before), new)


def _in_order(scored: str, earlier: str, reason: str) -> Comparison:
    pairs: Counter[tuple[str, ...]] = Counter()
    old = (code for (code,) in _columns(earlier, [_reason_of(earlier, reason)]))
    new = (code for (code,) in _columns(scored, [reason]))
    try:
        pairs.update(zip(old, new, strict=True))
    except ValueError:
        raise InputError(
            f"{earlier}: holds another number of rows than {scored}, and there is no id column to "
            "match them by; compare a file of the same rows"
        ) from None
    return _comparison(pairs)


def _comparison(
    pairs: Counter[tuple[str, ...]], only_before: int = 0, only_after: int = 0
) -> Comparison:
    from scipy.stats import binomtest

    deals = sum(pairs.values())
    if not deals:
        raise InputError("there are no deals to compare")
    moves = {(old, new): n for (old, new), n in pairs.items() if old != new}
    moved = sum(moves.values())
    interval = binomtest(moved, deals).proportion_ci(method="wilson")
    codes = sorted({code for pair in pairs for code in pair})
    changes = [_change(code, pairs, deals) for code in codes]
    changes.sort(key=lambda c: (-abs(c.change), c.code))
    return Comparison(
        deals, moved, float(interval.low), float(interval.high), tuple(changes), moves,
        only_before, only_after,
    )  # fmt: skip


def _change(code: str, pairs: Counter[tuple[str, ...]], deals: int) -> CodeChange:
    """Return the change of a code with the interval of Agresti and Min (2005) for paired shares.

    It is the Wald interval of the difference after half a deal was added to each of the four
    cells of the table of before and after.
    """
    before = sum(n for (old, _), n in pairs.items() if old == code)
    after = sum(n for (_, new), n in pairs.items() if new == code)
    stayed = pairs[code, code]
    left, joined = before - stayed, after - stayed
    n, out, back = deals + 2, left + 0.5, joined + 0.5
    middle = (back - out) / n
    half = _Z * math.sqrt(out + back - (back - out) ** 2 / n) / n
    change = (after - before) / deals
    return CodeChange(code, before, after, left, joined, change, middle - half, middle + half)


def _columns(spec: str, names: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the values of some columns row by row, as text."""
    for block in open_source(spec).blocks():
        for name in names:
            if name not in block.names:
                raise InputError(f"{spec}: has no column {name!r}")
        for row in zip(*(block.values(name) for name in names), strict=True):
            yield tuple("" if value is None else str(value) for value in row)


def _reason_of(spec: str, reason: str) -> str:
    """Return the column of the earlier file that holds its reasons, prefixed like ours or not."""
    head = open_source(spec).head()
    return reason if head is not None and reason in head.names else "reason"


def _is_file(earlier: str) -> bool:
    path = Path(earlier)
    return path.suffix.lower() in FORMATS or path.is_dir()
