"""What became of each code between two versions of a taxonomy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from lossnlp._errors import TaxonomyError
from lossnlp.taxonomy._crosswalk import Crosswalk, CrosswalkEntry, codes_without_value
from lossnlp.taxonomy._labels import label_key
from lossnlp.taxonomy._places import did_you_mean, short
from lossnlp.taxonomy._taxonomy import INSUFFICIENT, Reason, Taxonomy

ChangeKind = Literal["renamed", "split", "merged", "retired", "added", "changed"]

_KINDS = get_args(ChangeKind)
_POLICY = ("definition", "group", "recyclable", "reengage", "administrative", "question")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the old codes and the new ones that it concerns, and what tells it.

    ``inferred`` changes rest on equal names or sub-reasons; the others on equal codes or on the
    new taxonomy's ``replaces``.
    """

    kind: ChangeKind
    old: tuple[str, ...]
    new: tuple[str, ...]
    why: str
    inferred: bool = False


@dataclass(frozen=True)
class TaxonomyDiff:
    """All changes from one taxonomy to another.

    Attributes
    ----------
    changes
        By kind: renamed, split, merged, retired, added, changed (the same code with another
        definition, policy or sub-reasons).
    crosswalk
        From each old code to the new codes that continue it. A retired code is an inactive
        catch-all for the codes that continue no other, so its deals are read anew.
    """

    changes: tuple[Change, ...]
    crosswalk: Crosswalk

    @property
    def inferred(self) -> tuple[Change, ...]:
        """The changes that a person should check, or state with ``replaces``."""
        return tuple(change for change in self.changes if change.inferred)


@dataclass(frozen=True, slots=True)
class _Link:
    old: str
    new: str
    why: str
    inferred: bool = False


def diff(old: Taxonomy, new: Taxonomy) -> TaxonomyDiff:
    """Compare two versions of a taxonomy.

    A code continues the old code of the same spelling and those that its ``replaces`` lists.
    Only for new codes without ``replaces``, and for codes that vanish, equal names and sub-reasons
    that moved are followed; such changes are marked as inferred.

    Raises
    ------
    TaxonomyError
        When ``replaces`` names a code that the old taxonomy does not have.
    """
    links = [*_stated(old, new)]
    links += _by_name(old, new, links)
    links += _by_sub_reasons(old, new, links)
    changes = [*_linked_changes(old, new, links), *_policy_changes(old, new)]
    changes.sort(key=lambda change: _KINDS.index(change.kind))
    return TaxonomyDiff(tuple(changes), _crosswalk(old, new, links))


def _stated(old: Taxonomy, new: Taxonomy) -> Iterator[_Link]:
    for reason in new.reasons:
        if reason.code in old.codes:
            yield _Link(reason.code, reason.code, "the same code")
        for code in reason.replaces:
            if code not in old.codes:
                raise TaxonomyError(
                    f"taxonomy {new.name} {new.version}, reason {reason.code}, field replaces: "
                    f"no code {short(code)} in {old.name} {old.version}"
                    f"{did_you_mean(code, old.codes)}"
                )
            if code != reason.code:
                yield _Link(code, reason.code, f"{reason.code} replaces {code}")


def _unlinked(old: Taxonomy, new: Taxonomy, links: list[_Link]) -> tuple[set[str], set[str]]:
    """Return the old codes that nothing continues yet, and the new ones that continue nothing."""
    return (
        set(old.codes) - {link.old for link in links},
        set(new.codes) - {link.new for link in links},
    )


def _by_name(old: Taxonomy, new: Taxonomy, links: list[_Link]) -> list[_Link]:
    vanished, fresh = _unlinked(old, new, links)
    names = {label_key(old.reason(code).name): code for code in vanished}
    return [
        _Link(names[key], reason.code, f"both are named {short(reason.name)}", inferred=True)
        for reason in new.reasons
        if reason.code in fresh and (key := label_key(reason.name)) in names
    ]


def _by_sub_reasons(old: Taxonomy, new: Taxonomy, links: list[_Link]) -> list[_Link]:
    """Follow sub-reasons that left a code, to a new code or out of a code that vanished."""
    vanished, fresh = _unlinked(old, new, links)
    homes = _sole_homes(new)
    moved: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for sub, origin in _sole_homes(old).items():
        home = homes.get(sub, origin)
        if home != origin and (origin in vanished or home in fresh):
            moved[origin, home].append(sub)
    return [
        _Link(origin, home, f"sub-reasons moved: {', '.join(subs)}", inferred=True)
        for (origin, home), subs in moved.items()
    ]


def _sole_homes(taxonomy: Taxonomy) -> dict[str, str]:
    """Return the code of each sub-reason that only one code has."""
    homes = Counter(sub for _, sub in taxonomy.sub_reasons)
    return {sub: code for code, sub in taxonomy.sub_reasons if homes[sub] == 1}


def _linked_changes(old: Taxonomy, new: Taxonomy, links: list[_Link]) -> Iterator[Change]:
    for code in old.codes:
        onward = [link for link in links if link.old == code]
        if not onward:
            yield Change("retired", (code,), (), "nothing continues it")
        elif len(onward) > 1:
            yield _change("split", onward)
    for code in new.codes:
        back = [link for link in links if link.new == code]
        if not back:
            yield Change("added", (), (code,), "it continues nothing")
        elif len(back) > 1:
            yield _change("merged", back)
        elif sum(link.old == back[0].old for link in links) == 1:
            yield from _renamed(back[0], old, new)


def _change(kind: ChangeKind, links: list[_Link]) -> Change:
    return Change(
        kind,
        tuple(dict.fromkeys(link.old for link in links)),
        tuple(dict.fromkeys(link.new for link in links)),
        "; ".join(dict.fromkeys(link.why for link in links)),
        any(link.inferred for link in links),
    )


def _renamed(link: _Link, old: Taxonomy, new: Taxonomy) -> Iterator[Change]:
    before, after = old.reason(link.old), new.reason(link.new)
    if link.old != link.new:
        yield _change("renamed", [link])
    elif before.name != after.name:
        why = f"{short(before.name)} is now {short(after.name)}"
        yield Change("renamed", (link.old,), (link.new,), why)


def _policy_changes(old: Taxonomy, new: Taxonomy) -> Iterator[Change]:
    for code in new.codes:
        if code in old.codes:
            before, after = old.reason(code), new.reason(code)
            differing = [*_differing(before, after)]
            if differing:
                yield Change("changed", (code,), (code,), ", ".join(differing))


def _differing(before: Reason, after: Reason) -> Iterator[str]:
    for name in _POLICY:
        if getattr(before, name) != getattr(after, name):
            yield name
    subs_before = {sub.code for sub in before.sub_reasons}
    subs_after = {sub.code for sub in after.sub_reasons}
    if gone := sorted(subs_before - subs_after):
        yield f"without sub-reason {', '.join(gone)}"
    if come := sorted(subs_after - subs_before):
        yield f"with sub-reason {', '.join(come)}"


def _crosswalk(old: Taxonomy, new: Taxonomy, links: list[_Link]) -> Crosswalk:
    entries = [
        CrosswalkEntry(code, tuple(dict.fromkeys(link.new for link in links if link.old == code)))
        for code in old.codes
        if any(link.old == code for link in links)
    ]
    rest = codes_without_value(new, entries) or (INSUFFICIENT,)
    known = {entry.value for entry in entries}
    entries += [
        CrosswalkEntry(code, rest, "catch_all", inactive=True)
        for code in old.codes
        if code not in known
    ]
    return Crosswalk(new, tuple(entries))
