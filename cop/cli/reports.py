"""What an exchange did, in plain words."""

from collections.abc import Callable, Mapping

from cop import amounts
from cop.bundle import Applied
from cop.bundle_frames import Header
from cop.cli.common import NOT_VOUCHED, VOUCH, plural
from cop.report import NOT_RENEWED, RESTORED, PlaceReport, Report, carrier_of, remarks
from cop.standing import Lacking

APART = "{} by those who left, were removed, or whose computer was ended: kept apart, not shown."
LEFT_OUT = "{} left out: cop sync --history all"


def lines(
    report: Report, lacking: Lacking, *, ended_by: tuple[str, ...] = (), texts: bool = True, dry_run: bool = False
) -> list[str]:
    """A report of `cop sync`.

    `lacking` says why the partner may have turned entries away, `ended_by` who ended with us, `texts` whether any record
    reads otherwise since.
    """
    return [
        _moved(report, dry_run=dry_run),
        *_by(report.by, lambda name: carrier_of(report, name)),
        *_ended(ended_by),
        *_gone(report.gone),
        *([f"  {_who(report)} hold the same now."] if report.equal and not dry_run and not ended_by else []),
        *_of_ours(report),
        *_texts(report.texts),
        *(
            [f"  {LEFT_OUT.format(plural(report.left_out, 'older text was', 'older texts were'))}"]
            if report.left_out
            else []
        ),
        *_erasures(report),
        *(f"  {remark}" for remark in remarks(report, dry_run=dry_run)),
        *(_of_those_in_a_place(report) if isinstance(report, PlaceReport) and not dry_run else []),
        *_open_ends(report),
        *_pages(report.pages_waiting),
        *_turned_away(report.refused),
        *_lacks(report, lacking),
        *(
            ["  To bring your content files up to date: cop checkout"]
            if report.received and texts and not dry_run
            else []
        ),
        *(["  Nothing was moved."] if dry_run else []),
    ]


def _who(report: Report) -> str:
    return "All" if isinstance(report, PlaceReport) and len(report.partners) > 1 else "Both"


def _ended(by: tuple[str, ...]) -> list[str]:
    """Whom it goes to, and who shows it nowhere."""
    if not by:
        return []
    have, show = ("have", "do not show") if len(by) > 1 else ("has", "does not show")
    return [f"  {names(by)} {have} ended the exchange with you and {show} what you write since then."]


def _gone(found: list[str]) -> list[str]:
    """Whose newer words are not shown any more, which nobody would notice otherwise."""
    if not found:
        return []
    are, they, them = ("are no members", "they", "them") if len(found) > 1 else ("is no member", "it", "it")
    return [
        f"  {names(tuple(found))} {are} of the network any more: a partner has ended with {them}, or {they} left."
        f" What came of {them} since then is kept apart, not shown."
    ]


def _moved(report: Report, *, dry_run: bool) -> str:
    if not dry_run:
        return f"{report.partner}: {plural(report.received, 'change')} came, {report.sent:,} went."
    coming = f" (about {amounts.size(report.bytes_in)})" if report.received else ""
    going = f" (about {amounts.size(report.bytes_out)})" if report.sent else ""
    come = f"{plural(report.received, 'change')} would come{coming}"
    return f"{report.partner}: {come}, {report.sent:,} would go{going}."


def _by(by: Mapping[str, int], carrier: Callable[[str], str]) -> list[str]:
    """Who made the changes, and who carried them if that was somebody else."""
    found = []
    for name, changes in sorted(by.items()):
        through = f", carried by {carrier(name)}" if carrier(name) else ""
        found.append(f"  {plural(changes, 'change')} by {name}{through}.")
    return found


def _texts(count: int) -> list[str]:
    return [f"  {plural(count, 'text')} of earlier changes came."] if count else []


def _erasures(report: Report | Applied) -> list[str]:
    """What was erased, or is to be."""
    found = []
    if report.erasures:
        found.append(f"  {plural(report.erasures, 'request')} to remove something came: cop erasures")
    if report.erased:
        were = plural(report.erased, "text was", "texts were")
        found.append(
            f"  {were} offered and not taken, because erased here. The other side learns of that with an exchange."
        )
    if report.removals:
        found.append(f"  {plural(report.removals, 'request waits', 'requests wait')} for you: cop erasures")
    return found


def _of_ours(report: Report | Applied) -> list[str]:
    """What an exchange shows about this copy, and about those that we removed."""
    lost = [f"  {RESTORED if report.renewed else NOT_RENEWED}"] if report.restored else []
    return lost + ([f"  {APART.format(plural(report.apart, 'change'))}"] if report.apart else [])


def _open_ends(report: Report | Applied) -> list[str]:
    found = []
    if report.conflicts:
        found.append(f"  {plural(report.conflicts, 'line has', 'lines have')} more than one answer: cop conflicts")
    found += [f"  {line}" for line in waiting_lines(report.waiting, report.waiting_own)]
    if report.not_understood:
        them = plural(report.not_understood, "item needs", "items need")
        kept = "It is" if report.not_understood == 1 else "They are"
        found.append(f"  {them} a newer cop. {kept} kept and passed on.")
    return found


def waiting_lines(waiting: int, own: int, whose: str = "") -> list[str]:
    """What is announced and not here, apart by where it can come from."""
    found = []
    if others := waiting - own:
        found.append(f"{plural(others, 'change')} not here yet{whose}; more with a later exchange or stick.")
    if own:
        is_, it = ("is", "It comes") if own == 1 else ("are", "They come")
        found.append(f"{plural(own, 'change')} for ourselves only {is_} on another of our computers."
                     f" {it} when that one and this one exchange.")  # fmt: skip
    return found


def _of_those_in_a_place(report: PlaceReport) -> list[str]:
    """What nobody says there, since nobody answers."""
    found = []
    if report.not_written:
        found.append(f"  Not all that we hold could be left there. {report.not_written}"
                     "\n  Is there room, and may you write there? It is safe to run again.")  # fmt: skip
    if report.absent:
        found.append(f"  Nothing of {names(tuple(report.absent))} lies there yet. Is the address the same for all?")
    if report.unread:
        has = "have" if len(report.unread) > 1 else "has"
        found.append(f"  {names(tuple(report.unread))} {has} not read yet what we left there before.")
    if report.yet_to_accept:
        has = "have" if len(report.yet_to_accept) > 1 else "has"
        found.append(
            f"  {names(tuple(report.yet_to_accept))} {has} not accepted you yet, as far as we know. Send them: cop invite"
        )
    return found


def _pages(waiting: int) -> list[str]:
    return (
        [f"  The pages of {plural(waiting, 'record')} are made when you next open them: cop serve"] if waiting else []
    )


def _turned_away(refused: int) -> list[str]:
    if not refused:
        return []
    return [
        f"  {plural(refused, 'entry was', 'entries were')} turned away: we do not know who wrote them."
        "\n  Somebody new? If you know them, accept their invitation: cop join INVITATION"
    ]


def _lacks(report: Report, lacking: Lacking) -> list[str]:
    """What the partner turned away, whose it was as far as we can tell, and what to do."""
    if not report.partner_lacks:
        return []
    entries = plural(report.partner_lacks, "entry", "entries")
    if not lacking.vouched:  # to them this computer is a stranger, whoever else they do not know
        return [f"  They turned away {entries}. {NOT_VOUCHED}\n  {VOUCH}"]
    if not lacking.accepted_us:
        return [
            f"  They turned away {entries}: they do not know who wrote them."
            f"\n  {report.partner} has not accepted you yet, as far as we know. Send them: cop invite"
        ]
    whose = f", probably of {names(lacking.strangers)}" if lacking.strangers else ""
    return [
        f"  They turned away {entries}{whose}: they do not know who wrote them."
        f"\n  {report.partner} can accept their invitation, too. Until then, they do without."
    ]


def names(found: tuple[str, ...]) -> str:
    """Names as a list in words.

    >>> names(("Ann", "Bo", "Cy"))
    'Ann, Bo and Cy'
    """
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


def bundle_content(header: Header) -> str:
    """What is in a bundle, such as: 3 changes, 1 file."""
    return ", ".join([plural(header.changes, "change"), *([plural(header.files, "file")] if header.files else [])])


def _bundle_files(applied: Applied, *, dry_run: bool) -> list[str]:
    found = []
    if applied.files:
        found.append(f"  {plural(applied.files, 'file')} {'in it' if dry_run else 'came'}.")
    if applied.files_left_out:
        found.append(f"  {plural(applied.files_left_out, 'file')} left out; with a sync they may come: cop status")
    if applied.files_wrong:
        found.append(f"  {plural(applied.files_wrong, 'file')} came, but not as named in the record: thrown away.")
    return found


def bundle_lines(applied: Applied, *, dry_run: bool) -> list[str]:
    """A report of `cop bundle apply`."""
    size = f" (about {amounts.size(applied.bytes)})" if dry_run and applied.received else ""
    come = f"{plural(applied.received, 'change')} {'would come' if dry_run else 'came'}{size}"
    return [
        f"{applied.name}: {come}, {plural(applied.known, 'entry was', 'entries were')} here already.",
        *_texts(applied.texts),
        *_erasures(applied),
        *_by(applied.by, lambda name: "" if name == applied.name else applied.name),
        *_of_ours(applied),
        *_bundle_files(applied, dry_run=dry_run),
        *_open_ends(applied),
        *([] if dry_run else _pages(applied.pages_waiting)),
        *_turned_away(applied.refused),
        *(["  Nothing was stored."] if dry_run else []),
    ]
