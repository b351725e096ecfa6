"""Files that write the corrections back into the CRM, and the file that takes them back."""

from __future__ import annotations

import pandas as pd

#: What the columns are called when the export's own names are not known.
_NAMES = {"id": "Id", "label": "Loss Reason"}


def changes(
    findings: pd.DataFrame, names: dict[str, str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to change and the rows that undo the change.

    Only findings with a value to set are in it, each id once. The columns bear the export's own
    names, so that Data Loader and HubSpot's import match them to the fields they came from; ids
    and picklist values are written exactly as the CRM holds them.
    """
    names = {**_NAMES, **(names or {})}
    to_change = findings[
        findings["suggested_value"].notna()
        & (findings["suggested_value"] != findings["label"])
        & (findings["id"] != "")
    ].drop_duplicates("id")
    new = to_change[["id", "suggested_value"]].set_axis([names["id"], names["label"]], axis=1)
    old = to_change[["id", "label"]].set_axis([names["id"], names["label"]], axis=1)
    return new, old
