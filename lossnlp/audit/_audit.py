"""The audit: from a table of deals to findings, estimates and a plan for review."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from lossnlp._errors import InputError
from lossnlp.audit._decisions import Decisions, match, read_csv, read_decisions
from lossnlp.audit._estimates import Estimates
from lossnlp.audit._findings import Case
from lossnlp.audit._labels import Labels, read_labels
from lossnlp.audit._mix import CATCH_ALL, quarter_of
from lossnlp.audit._read import Reading, read
from lossnlp.audit._result import AuditResult
from lossnlp.audit._sampling import plan
from lossnlp.audit._statistics import Floats, Ints
from lossnlp.audit._summary import summarise
from lossnlp.audit._tables import deals_table, findings_table, reengage_table, sample_table
from lossnlp.audit._trend import read_baseline
from lossnlp.audit._tuned import FLAG_AT
from lossnlp.audit._witness import Weighed, weigh
from lossnlp.deals import deals_of
from lossnlp.taxonomy import INSUFFICIENT, Crosswalk

if TYPE_CHECKING:
    from lossnlp.deals import Deal
    from lossnlp.model import LossModel

Order = Literal["impact", "certainty", "amount", "id"]

#: What the deals can be cut by; quarter is that of the close date.
DIMENSIONS = ("segment", "stage", "owner", "industry", "quarter")
_DEFAULT_BY = ("segment", "stage", "owner", "quarter")
_DEFAULT_SAMPLE = 100


def audit(
    deals: pd.DataFrame,
    model: LossModel | None = None,
    *,
    crosswalk: Crosswalk | None = None,
    by: Sequence[str] | None = None,
    decisions: str | Path | None = None,
    drawn: str | Path | None = None,
    sample: int = _DEFAULT_SAMPLE,
    baseline: str | Path | None = None,
    order: Order = "impact",
    redact: bool = False,
    names: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AuditResult:
    """Find the labels that the text does not support, and estimate how many there are.

    Parameters
    ----------
    deals
        One row a deal, with ``note`` and ``label`` and any other of ``DEAL_COLUMNS``.
    model
        The reference model; the default bundle when not given.
    crosswalk
        What the labels mean; one is proposed when not given.
    by
        Which of segment, stage, owner, industry and quarter to cut the deals by.
    decisions
        A CSV of reviewers' decisions: ``id``, ``reason``, and ``reviewer`` and ``decided_at``.
    drawn
        The ``sample.csv`` that the decisions were drawn by; the plan is made anew when not given.
    sample
        How many deals the sampling plan draws for review.
    baseline
        The folder of an earlier audit, to compare with.
    order
        What the findings are ordered by; ``impact`` is certainty times amount.
    redact
        Whether names, addresses and numbers of people are taken out of every text.
    names
        The export's own column names of ``id`` and ``label``, for the load-back files.
    progress
        Called with the deals read so far and the deals in all.

    Raises
    ------
    InputError
        When the table, the crosswalk, the decisions or an option cannot be used.
    """
    if "label" not in deals:
        raise InputError("there is no label column; name it with --label")
    if sample < 0:
        raise InputError(f"sample is {sample}; it is a number of deals")
    objects = deals_of(deals)
    cuts = _cuts(objects, by)
    if model is None:
        from lossnlp.model import load

        model = load()
    labels = read_labels(objects, crosswalk, model)
    before = read_baseline(baseline) if baseline is not None else None
    decided = _decided_frame(decisions, labels, model)
    reading = read(objects, model, progress)
    weighed = _weighed(objects, labels, reading)
    ids = pd.Series([objects[row].id for row in labels.rows], dtype=object)
    planned, draws = _plan(ids, labels, weighed, sample, decided, drawn)
    matched = None if decided is None else match(decided, ids, draws)
    cases = _cases(objects, labels, reading, weighed, matched)
    table = deals_table(objects, reading, labels, cases, model.taxonomy, redact=redact)
    findings = findings_table(table, cases, labels, model.taxonomy, order=order, redact=redact)
    estimates = _estimates(objects, labels, weighed, model.taxonomy.codes, matched)
    summary = summarise(
        table=table,
        labels=labels,
        entered=_entered(labels),
        estimates=estimates,
        cuts={
            name: values.iloc[labels.rows].reset_index(drop=True) for name, values in cuts.items()
        },
        model=model,
        decisions=matched,
        planned=planned,
        baseline=before,
    )
    return AuditResult(
        findings=findings,
        deals=table,
        summary=summary,
        sample=sample_table(planned, table.iloc[labels.rows], decided),
        reengage=reengage_table(objects, reading, model, redact=redact),
        proposal=labels.proposal,
        taxonomy=model.taxonomy,
        names=dict(names or {}),
    )


def _cuts(deals: Sequence[Deal], by: Sequence[str] | None) -> dict[str, pd.Series]:
    """Return the values by which the deals are cut, for the dimensions that are there."""
    for name in by or ():
        if name not in DIMENSIONS:
            raise InputError(f"--by {name}: choose from {', '.join(DIMENSIONS)}")
    columns = {
        name: pd.Series(
            [
                quarter_of(deal.close_date) if name == "quarter" else getattr(deal, name) or ""
                for deal in deals
            ],
            dtype=object,
        )
        for name in (by if by is not None else _DEFAULT_BY)
    }
    absent = [name for name, values in columns.items() if not (values != "").any()]
    if by is not None and absent:
        raise InputError(f"--by {absent[0]}: no deal has one; leave it away or name its column")
    return {name: values for name, values in columns.items() if name not in absent}


def _weighed(deals: Sequence[Deal], labels: Labels, reading: Reading) -> Weighed:
    codes = reading.codes
    text = reading.primary[labels.rows]
    owners = pd.factorize(pd.Series([deals[row].owner or "" for row in labels.rows], dtype=object))
    return weigh(text, labels.picked, labels.supports(codes), owners[0].astype(np.int64))


def _decided_frame(
    path: str | Path | None, labels: Labels, model: LossModel
) -> pd.DataFrame | None:
    if path is None:
        return None
    return read_decisions(path, model.taxonomy, labels.crosswalk)


def _plan(
    ids: pd.Series,
    labels: Labels,
    weighed: Weighed,
    sample: int,
    decided: pd.DataFrame | None,
    drawn: str | Path | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the plan to write, and the draws by which decisions are weighted."""
    columns = ["id", "stratum", "draw_probability"]
    values = np.array([labels.entries[k].value for k in labels.picked], dtype=object)
    planned = plan(ids.to_numpy(dtype=object), weighed.certainty, values, sample)
    planned.insert(0, "id", ids.to_numpy()[planned["row"]])
    if decided is None:
        return planned, planned[columns]
    if {"stratum", "draw_probability"} <= set(decided.columns):
        return planned, decided[columns]
    if drawn is not None:
        return planned, read_csv(drawn, tuple(columns))[columns]
    return planned, planned[columns]


def _cases(
    deals: Sequence[Deal],
    labels: Labels,
    reading: Reading,
    weighed: Weighed,
    decisions: Decisions | None,
) -> dict[int, Case]:
    """Return the case of every labelled deal, by its row; a reviewer's decision overrules."""
    codes = reading.codes
    supports = labels.supports(codes)
    decided = dict(zip(decisions.rows, decisions.codes, strict=True)) if decisions else {}
    cases = {}
    for k, row in enumerate(labels.rows):
        supported = supports[labels.picked[k]]
        outside = np.where(supported, -1.0, weighed.posterior[k])
        certainty, best = float(weighed.certainty[k]), codes[int(outside.argmax())]
        if k in decided:
            best = decided[k]
            certainty = 0.0 if supported[codes.index(best)] else 1.0
        flagged = certainty >= FLAG_AT
        if not flagged:
            inside = np.where(supported, weighed.posterior[k], -1.0)
            best = best if k in decided else codes[int(inside.argmax())]
        cases[int(row)] = reading.case(
            deals[row], row, labels.entries[labels.picked[k]], best, certainty, flagged=flagged
        )
    return cases


def _estimates(
    deals: Sequence[Deal],
    labels: Labels,
    weighed: Weighed,
    codes: tuple[str, ...],
    decisions: Decisions | None,
) -> Estimates:
    administrative = np.array([entry.kind == "administrative" for entry in labels.entries])
    amount: Floats = np.array([deals[row].amount or 0.0 for row in labels.rows])
    return Estimates(
        codes=codes,
        posterior=weighed.posterior,
        supports=labels.supports(codes)[labels.picked],
        counted=~administrative[labels.picked],
        amount=np.nan_to_num(np.maximum(amount, 0.0)),
        decisions=decisions,
    )


def _entered(labels: Labels) -> pd.Series:
    """Return the code that each label stands for: the first of several, or catch_all."""
    meaning = [
        CATCH_ALL if entry.kind == "catch_all" else (*entry.codes, INSUFFICIENT)[0]
        for entry in labels.entries
    ]
    picked: Ints = labels.picked
    return pd.Series([meaning[k] for k in picked], dtype=object)
