"""What the columns of an export are called, for each CRM and in general.

Names are compared after :func:`lossnlp.deals._columns.normal`: lower case, words parted by one
space, without the entity in front (``Deal - ``, ``Opportunity.``) and the suffix of a custom
field (``__c``, ``__dropdown_``). Earlier names win.
"""

from __future__ import annotations

from dataclasses import dataclass

Names = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Preset:
    """The names that one CRM gives to the columns of a deal.

    ``signs`` are headers, as they stand in the file, that only this CRM writes; ``date_order`` is
    known when its exports always write ISO dates.
    """

    title: str
    signs: tuple[str, ...]
    names: Names


PRESETS: dict[str, Preset] = {
    "salesforce": Preset(
        "Salesforce",
        ("opportunity id", "opportunity name", "opportunity owner", "stagename", "isclosed",
         "iswon", "forecastcategory", "stage before lost", "(?:.+)__c"),
        {
            "id": ("opportunity id", "id", "opportunity id 18", "case safe id"),
            "note": ("loss notes", "closed lost notes", "loss reason explained",
                     "loss reason remark", "loss reason details", "closed lost details"),
            "label": ("closed lost reason", "loss reason", "lost reason", "win loss reason",
                      "primary risk lost reason"),
            "owner": ("opportunity owner", "owner name", "owner", "owner id"),
            "account": ("account name", "account", "account id"),
            "stage": ("stage before lost", "stage at loss", "last open stage", "stage name",
                      "stage"),
        },
    ),
    "hubspot": Preset(
        "HubSpot",
        ("deal stage", "dealstage", "dealname", "hs_.+", "hubspot_owner_id", "associated company",
         "closed_lost_reason"),
        {
            "id": ("record id", "hs object id", "deal id"),
            "note": ("closed lost notes", "closed lost details", "closed lost description"),
            "label": ("closed lost reason", "hs closed lost reason"),
            "owner": ("deal owner", "hubspot owner id"),
            "account": ("associated company", "company name", "associated company primary"),
            "stage": ("stage before lost", "deal stage"),
            "close_date": ("close date", "closedate"),
        },
    ),
    "pipedrive": Preset(
        "Pipedrive",
        ("deal - .+",),
        {
            "id": ("id",),
            "note": ("lost reason comment", "lost comment", "loss notes", "notes", "note"),
            "label": ("lost reason",),
            "owner": ("owner", "owner name"),
            "account": ("organization", "organisation", "organization name"),
            "stage": ("stage",),
            "close_date": ("lost time", "deal closed on", "lost date"),
            "amount": ("value",),
        },
    ),
    "dynamics": Preset(
        "Dynamics 365",
        (r"\(do not modify\) .+", "est\\. revenue", "est\\. close date", "actual end",
         "potential customer", "estimatedvalue", "statuscode", "opportunityid"),
        {
            "id": ("do not modify opportunity", "do not modify opportunity close", "opportunity",
                   "opportunityid", "opportunity id"),
            "note": ("description", "closing description", "close description"),
            "label": ("status reason", "statuscode", "loss reason"),
            "owner": ("owner", "ownerid"),
            "account": ("account", "potential customer", "customer", "parentaccountid"),
            "stage": ("pipeline phase", "sales stage", "stepname", "stage name"),
            "close_date": ("actual close date", "actual end", "actualclosedate", "close date"),
            "amount": ("est revenue", "estimatedvalue", "estimated revenue", "actual revenue"),
        },
    ),
    "zoho": Preset(
        "Zoho",
        ("deal_name", "closing_date", "closing date", "reason_for_loss__s", "reason for loss"),
        {
            "id": ("record id", "id", "deal id"),
            "note": ("loss notes", "lost reason details", "description"),
            "label": ("reason for loss", "lost reason"),
            "owner": ("deal owner", "deal owner name", "owner"),
            "account": ("account name",),
            "stage": ("stage before lost", "last stage", "stage"),
            "close_date": ("closing date",),
        },
    ),
}  # fmt: skip

#: Names that any export may use; tried after those of the preset.
GENERAL: Names = {
    "id": ("id", "deal id", "opportunity id", "record id", "opp id", "deal", "hs object id",
           "crm id", "external id"),
    "note": ("note", "notes", "loss notes", "closed lost notes", "closed lost note",
             "lost notes", "lost reason notes", "loss reason notes", "closed lost reason notes",
             "closed lost reason details", "closed lost details", "closed lost comments",
             "loss reason details", "lost reason details", "loss details", "lost details",
             "loss comments", "lost comments", "loss comment", "lost comment",
             "loss reason explained", "loss reason remark", "loss reason comment",
             "lost reason comment", "loss description", "loss explanation", "win loss notes",
             "reason lost notes", "why we lost", "post mortem", "rep notes", "closing note",
             "closing notes", "comment", "comments", "remarks", "description"),
    "snippets": ("snippets", "call snippets", "call snippet", "associated call transcript",
                 "call transcript", "transcript", "call notes", "conversation", "gong snippets",
                 "email snippets", "calls"),
    "label": ("label", "closed lost reason", "hs closed lost reason", "loss reason",
              "lost reason", "reason lost", "reason for loss", "closed lost category",
              "loss category", "primary loss reason", "closed lost primary reason",
              "win loss reason", "reason", "closed reason", "loss reason primary"),
    "stage": ("stage before lost", "stage at loss", "stage before close", "last open stage",
              "previous stage", "last stage", "stage lost at", "lost at stage", "stage",
              "stage name", "deal stage", "pipeline stage"),
    "owner": ("owner", "deal owner", "opportunity owner", "owner name", "deal owner name",
              "sales rep", "rep", "account executive", "salesperson", "owner id"),
    "account": ("account", "account name", "company", "company name", "associated company",
                "customer", "organization", "organisation", "client"),
    "close_date": ("close date", "closed date", "closedate", "closing date", "date closed",
                   "lost date", "lost time", "closed lost date", "actual close date",
                   "closed on", "deal closed on", "closed at"),
    "amount": ("amount converted", "amount in company currency", "amount", "deal value",
               "deal amount", "value", "arr", "acv", "tcv", "annual contract value",
               "annual recurring revenue", "est revenue", "estimated revenue"),
    "segment": ("segment", "market segment", "customer segment", "sales segment",
                "company size", "account segment", "size", "tier"),
    "industry": ("industry", "account industry", "company industry", "sector", "vertical"),
}  # fmt: skip
