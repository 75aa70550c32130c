"""What is asked of an event, and what counts as not stated."""

from typing import Any

import pytest

from cop import asking, filing, values
from cop.fields import TYPES

EVENT = TYPES["event"]
# of the checklists in the founding documents: what people who plan an event are asked for first
ASK_FIRST = {
    "access_needs_asked", "venue_access", "transport_links", "format", "papers_easy_read", "expenses_and_payment",
    "what_to_expect", "join_methods", "contact_role", "data_and_call_costs", "freephone", "number_privacy",
    "access_provided",
}  # fmt: skip
UNDER_18 = {
    "cyp_guidelines_agreed", "cyp_dbs", "cyp_two_adults", "cyp_under_16_parent", "cyp_second_adult", "cyp_no_show_plan",
}  # fmt: skip


def names(found: list[Any]) -> set[str]:
    return {field.name for field in found}


def test_what_is_asked_first_is_what_the_checklists_ask():
    assert names(asking.missing_first({})) == ASK_FIRST


def test_where_people_meet_decides_what_is_asked():
    online = names(asking.missing_first({"format": "online"}))
    assert "freephone" in online and not online & {"venue_access", "transport_links", "format"}
    in_person = names(asking.missing_first({"format": "in-person"}))
    assert "venue_access" in in_person and not in_person & {"freephone", "number_privacy", "data_and_call_costs"}
    assert {"freephone", "venue_access"} <= names(asking.missing_first({"format": "hybrid"}))


def test_no_is_an_answer_and_a_blank_is_none():
    said = {"freephone": False, "venue_access": "", "access_provided": [], "access_needs_asked": True}
    assert ASK_FIRST - names(asking.missing_first(said)) == {"freephone", "access_needs_asked"}


@pytest.mark.parametrize("kind", asking.NO_GATHERING)
def test_nothing_is_asked_of_what_nobody_comes_to(kind: str):
    assert not asking.missing_first({"kind": kind, "under_18s": True})


@pytest.mark.parametrize(("may_come", "asked"), [(True, UNDER_18), (False, set()), (None, set()), ("yes", set())])
def test_the_checklist_for_under_18s_is_asked_only_if_they_may_come(may_come: object, asked: set[str]):
    assert names(asking.missing_for_under_18s({"under_18s": may_come})) == asked


def test_odd_values_of_partners_do_no_harm():
    assert asking.missing_first({"kind": ["workshop"], "format": {"a": 1}})


# -- what readers narrow the list by


def filed(**fields: Any) -> set[tuple[str, str]]:
    return set(filing.filed("event", fields, "2026-11-22", ""))


def test_what_is_not_stated_is_filed_as_such_and_never_as_no():
    assert {
        (name, filing.NOT_STATED) for name in ("access_provided", "join_methods", "costs_covered", "format")
    } <= filed()
    said = filed(access_provided=["step-free"], join_methods=["phone"], venue_access="Step-free")
    assert ("access_provided", "step-free") in said and ("access_provided", filing.NOT_STATED) not in said
    assert ("access_provided", filing.NOT_STATED) in filed(venue_access="Step-free")  # words are not guessed from


def test_what_nobody_is_asked_is_not_filed_as_missing():
    assert not [value for name, value in filed(kind="publication") if value == filing.NOT_STATED]


# -- money


@pytest.mark.parametrize("text", ["£5", "5 PKR", "free", "5 to 10 euros", "Free for the first 20", "₨500"])
def test_money_that_says_which(text: str):
    assert values.check("event", "cost", text) == text


@pytest.mark.parametrize("value", [5, "5.00", "5 - 10", "٥"])
def test_a_bare_number_is_no_money(value: Any):
    with pytest.raises(values.WrongValue, match="which money"):
        values.check("event", "cost", value)


def test_what_is_provided_is_not_asked_for_again() -> None:
    names = {field.name for field in asking.missing_next({"access_provided": ["childcare", "step-free"]})}
    assert "childcare" not in names and "food" in names
    assert "childcare" in {field.name for field in asking.missing_next({"access_provided": "childcare"})}
