"""Who stands behind a change: the organisations of the network, and the day and the rules by which readers see it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cop import terms
from cop.model import Members, OrganisationId, Revision


@dataclass(frozen=True)
class Origin:
    """What it takes to say who made a change, and on which day."""

    network: Members
    names: Mapping[OrganisationId, str]
    kinds: Mapping[OrganisationId, str]
    today: date  # after which an end date that people wrote is over
    zone: str = ""  # time zone: phone numbers of its country need no country code
    rules: tuple[terms.Rule, ...] = ()  # what must be looked at before it counts as published
    voters: terms.Voters = terms.NOBODY  # who may sign an agreement

    def name(self, revision: Revision) -> str:
        """The organisation that stands behind a revision."""
        return self.names.get(self.network.writers.get(revision.writer, b""), "")

    def kind(self, revision: Revision) -> str:
        """The kind of that organisation."""
        return self.kinds.get(self.network.writers.get(revision.writer, b""), "")
