"""``lossnlp taxonomy``: look at code frames, check them, compare them, map picklists to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossnlp._errors import InputError
from lossnlp.taxonomy import (
    Change,
    Crosswalk,
    CrosswalkEntry,
    Proposal,
    Reason,
    Reengage,
    Taxonomy,
    diff,
    propose_crosswalk,
)

if TYPE_CHECKING:
    from lossnlp.model import LossModel

app = typer.Typer(no_args_is_help=True, add_completion=False)

TaxonomyFile = Annotated[
    Path | None, typer.Option("--taxonomy", help="Taxonomy file (default: the packaged one).")
]


@app.callback()
def _group() -> None:
    """Show, check and compare taxonomies; map a CRM's picklist to codes."""


@app.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(help="Taxonomy file (default: the packaged one).")
    ] = None,
    code: Annotated[str | None, typer.Option(help="Show this code in full.")] = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print it as a file, to start your own from.")
    ] = False,
) -> None:
    """Print a taxonomy: its codes by group, or one code in full.

    Example:

        lossnlp taxonomy show

        lossnlp taxonomy show --code timing

        lossnlp taxonomy show --yaml > mine.yaml
    """
    taxonomy = Taxonomy.read(file) if file else Taxonomy.default()
    if code is not None:
        _print(_in_full(taxonomy.reason(code)))
    elif as_yaml:
        typer.echo(taxonomy.to_yaml(), nl=False)
    else:
        _print(_overview(taxonomy))


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="Taxonomy file.")],
    crosswalk: Annotated[
        Path | None, typer.Option(help="Also check that this crosswalk leads to its codes.")
    ] = None,
) -> None:
    """Check a taxonomy file; the first fault is named with its line and field.

    Example:

        lossnlp taxonomy validate mine.yaml --crosswalk crosswalk.yaml
    """
    taxonomy = Taxonomy.read(file)
    typer.echo(f"{file}: valid. {_headline(taxonomy)}")
    if crosswalk is not None:
        entries = Crosswalk.read(crosswalk, taxonomy).entries
        typer.echo(f"{crosswalk}: valid. {_counted(len(entries), 'value')}")


@app.command("diff")
def compare(
    old: Annotated[str, typer.Argument(help="Taxonomy file, or the word default.")],
    new: Annotated[str, typer.Argument(help="Taxonomy file, or the word default.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the crosswalk from old codes to new ones here.")
    ] = None,
) -> None:
    """Tell which codes were renamed, split, merged, retired, added or changed.

    Example:

        lossnlp taxonomy diff default mine.yaml --out old-to-new.yaml
    """
    result = diff(_named(old), _named(new))
    _print(map(_change_line, result.changes))
    if not result.changes:
        typer.echo("no change of meaning")
    if result.inferred:
        typer.echo(
            "(?) inferred from names or sub-reasons: state it with replaces: in the new file"
        )
    if out is not None:
        result.crosswalk.write(out)
        typer.echo(f"crosswalk: {out}")


@app.command("map")
def map_values(
    data: Annotated[str, typer.Argument(help="Export of deals, or - for standard input.")],
    label: Annotated[
        str | None, typer.Option(help="Column of the loss reason (default: found by its name).")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Bundle that reads what no known wording explains (default: the packaged one)."
        ),
    ] = None,
    taxonomy: TaxonomyFile = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the crosswalk here (default: standard output).")
    ] = None,
    date_order: Annotated[str | None, typer.Option(help="mdy or dmy.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file.")] = None,
) -> None:
    """Propose a crosswalk from the picklist values of an export, and say what is doubtful.

    Example:

        lossnlp taxonomy map closed_lost.csv --label "Closed Lost Reason" --out crosswalk.yaml
    """
    from lossnlp.deals import open_export

    if out is not None and out.exists():
        raise InputError(f"{out} is there already; delete it or name another file with --out")
    columns = {"label": label} if label else None
    export = open_export(
        data, columns=columns, need=("label",), date_order=date_order, encoding=encoding
    )
    values = Counter(value for value in export.deals["label"] if value)
    proposal = _propose(values, taxonomy, model)
    typer.echo(f'label: "{export.columns["label"]}"', err=True)
    if out is None:
        typer.echo(proposal.to_yaml(), nl=False)
    else:
        proposal.write(out)
        _print(_entry_line(entry, proposal) for entry in proposal.crosswalk.entries)
    for doubt in proposal.unsure:
        typer.echo(f"check  {doubt}", err=True)
    if proposal.missing:
        typer.echo(f"no value stands for: {', '.join(proposal.missing)}", err=True)
    if out is not None:
        typer.echo(f"crosswalk: {out}")


def _propose(
    values: Counter[str], taxonomy_file: Path | None, model_folder: Path | None
) -> Proposal:
    """Propose by wordings; load the default model only for values that they leave unread."""
    model = _load(model_folder) if model_folder else None
    if taxonomy_file is not None:
        taxonomy = Taxonomy.read(taxonomy_file)
    else:
        taxonomy = model.taxonomy if model else Taxonomy.default()
    proposal = propose_crosswalk(values, taxonomy, model)
    if model is None and proposal.unread:
        return propose_crosswalk(values, taxonomy, _load())
    return proposal


def _load(folder: Path | None = None) -> LossModel:
    from lossnlp.model import load

    return load(folder)


def _named(name: str) -> Taxonomy:
    return Taxonomy.default() if name == "default" else Taxonomy.read(name)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _headline(taxonomy: Taxonomy) -> str:
    codes = _counted(len(taxonomy.codes), "code")
    subs = _counted(len(taxonomy.sub_reasons), "sub-reason")
    return f"{taxonomy.name} {taxonomy.version}: {codes}, {subs}, digest {taxonomy.digest[:12]}"


def _overview(taxonomy: Taxonomy) -> Iterable[str]:
    yield _headline(taxonomy)
    width = max(map(len, taxonomy.codes)) + 2
    for group, title in taxonomy.groups.items():
        yield f"\n{title}"
        for reason in taxonomy.reasons:
            if reason.group == group:
                yield f"  {reason.code:<{width}}{reason.name} [{_comeback(reason.reengage)}]"


def _in_full(reason: Reason) -> Iterable[str]:
    yield f"{reason.code}: {reason.name} ({reason.group})"
    yield reason.definition
    for sub in reason.sub_reasons:
        yield f"  {sub.code}: {sub.definition}"
    yield f"Ask: {reason.question}"
    yield f"Recyclable: {reason.recyclable.replace('_', ' ')}; {_comeback(reason.reengage)}"
    if reason.administrative:
        yield "Administrative: left out of accuracy and training"


def _comeback(reengage: Reengage) -> str:
    return {
        "days": f"come back after {reengage.days} days",
        "next_fiscal_year": "come back in their next fiscal year",
        "before_renewal": f"come back {reengage.days} days before their renewal",
        "never": "do not come back",
    }[reengage.kind]


def _change_line(change: Change) -> str:
    ends = [", ".join(codes) for codes in (change.old, change.new) if codes]
    codes = " → ".join(dict.fromkeys(ends))
    return f"{change.kind:<8} {codes} ({change.why}){' (?)' if change.inferred else ''}"


def _entry_line(entry: CrosswalkEntry, proposal: Proposal) -> str:
    kind = "" if entry.kind == "reason" else f" [{entry.kind}]"
    inactive = " [inactive]" if entry.inactive else ""
    codes = ", ".join(entry.codes) or "no code"
    return f"{proposal.counts[entry.value]:>6}  {entry.value} → {codes}{kind}{inactive}"
