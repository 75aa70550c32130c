"""The rows of a history in `site.db`: what readers may see of each change, and what stood there before. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from cop import changes, erasing
from cop.fields import TYPES, may_be_public
from cop.merge import History
from cop.model import RecordId, iso_time
from cop.origin import Origin

Row = dict[str, Any]
as_json = json.JSONEncoder(ensure_ascii=False).encode


def rows(record_id: RecordId, history: History, origin: Origin) -> Iterator[Row]:
    """One row a readable public change, earlier ones first."""
    position = 0
    for position, step in enumerate(changes.steps(history), 1):
        revision = step.revision
        patch, before = _shown_patch(step)
        yield {
            "record_id": record_id,
            "position": position,
            "entry_id": revision.entry_id.hex(),
            "organisation": origin.name(revision),
            "kind": revision.kind,
            "claimed": iso_time(revision.claimed_time),
            "seen": iso_time(revision.received_time),
            "patch": as_json(patch),
            "before": as_json(before),
            "beside": as_json([name for name in step.beside if name in patch]),
            "why": revision.patch.why if revision.patch else "",
            "person": revision.patch.person if revision.patch else "",
            "took_part": revision.patch.took_part if revision.patch else "",
        }
    yield from _erasure_rows(record_id, history, position, origin)


def _erasure_rows(record_id: RecordId, history: History, position: int, origin: Origin) -> Iterator[Row]:
    """One row an erasure, behind all changes: what was taken out, and from which of them, nobody is told."""
    found = {one.entry_id: one for revision in history.revisions for one in revision.erased}
    ordered = sorted(found.values(), key=lambda one: (one.claimed_time, one.entry_id))
    for at, one in enumerate(ordered, position + 1):
        yield {
            "record_id": record_id,
            "position": at,
            "entry_id": one.entry_id.hex(),
            "organisation": origin.names.get(origin.network.writers.get(one.writer, b""), ""),
            "kind": erasing.KIND,
            "claimed": iso_time(one.claimed_time),
            "seen": iso_time(one.received_time),
            "patch": "{}",
            "before": "{}",
            "beside": "[]",
            "why": "",
            "person": "",
            "took_part": "",
        }


def _shown_patch(step: changes.Step) -> tuple[dict[str, object], dict[str, object]]:
    """The fields of a change that readers may see, by name: their new values, and what stood there before."""
    patch = step.revision.patch
    if patch is None:
        return {}, {}
    shown: dict[str, object] = {}
    before: dict[str, object] = {}
    for name, value in patch.fields.items():
        if _field_may_show(patch.type, name):
            old = step.before.get(name, [])
            if len(old) == 1:
                cut, shown[name] = changes.both_cut(old[0], value)
                before[name] = [cut]
            else:
                shown[name] = changes.cut(value)
                before |= {name: [changes.cut(one) for one in old]} if old else {}
    for name in {name for name in (*patch.added, *patch.removed) if _field_may_show(patch.type, name)}:
        shown[name] = {"added": list(patch.added.get(name, ())), "removed": list(patch.removed.get(name, ()))}
    return dict(sorted(shown.items())), dict(sorted(before.items()))


def _field_may_show(type_name: str, name: str) -> bool:
    return type_name in TYPES and may_be_public(type_name, name)
