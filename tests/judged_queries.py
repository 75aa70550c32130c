"""Questions that people may type, and what of the real content in content/ answers them: 2 exactly, 1 is helpful.

Judged by reading the content. An answer is named by the folder and file of the record.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

GUIDANCE = "resources/nihr-guidance-on-co-producing-a-research-project-2021"
GUIDANCE_2018 = "resources/nihr-involve-guidance-on-co-producing-a-research-project-2018"
CO_PRODUCTION = {
    "topics/co-production-an-introduction": 2, "glossary/term-co-produced-research": 2, "posts/what-is-co-production": 2,
    "resources/involve-co-production-web-page": 1, "resources/ucl-centre-for-co-production": 1, "resources/co-production-collective": 1,
    "resources/co-production-network-wales": 1, "resources/scie-co-production-network": 1, "resources/scie-co-production": 1,
    "resources/facer-enright-2016-chapter-4": 1, "resources/iriss-co-production-blog": 1, "organisations/the-co-production-collective": 1,
    "organisations/scie-co-production-network": 1, "organisations/co-production-network-wales": 1, GUIDANCE: 1,
    "resources/bmj-co-production-of-knowledge-the-future-2021": 1, "glossary/term-co-produced-services": 1,
    "resources/recovery-library-putting-principles-into-practice": 1, "resources/co-production-network-for-wales-knowledge-base": 1,
}  # fmt: skip
SHARING_POWER = {
    "topics/sharing-power": 2, "topics/principle-sharing-of-power": 2, "principles/principle-sharing-of-power": 2,
    "posts/ways-to-share-power-in-the-room": 2, "resources/clahrc-west-sharing-power-project-2018": 2,
    "resources/arc-west-training-and-resources-for-sharing-power": 2, "resources/mcpin-how-to-break-down-power-structures-2019": 1,
    "checklists/check-tackling-power-in-a-team": 1, "events/clahrc-west-workshop-1-2018": 1, "events/clahrc-west-workshop-2-2018": 1,
    "events/five-workshops": 1, "events/clahrc-west-project-page-2018": 1, "resources/clahrc-west-resources-and-toolkit-list": 1,
}  # fmt: skip
USER_CONTROLLED = {
    "glossary/term-user-controlled-research": 2, "topics/user-controlled-research": 2,
    "resources/turner-beresford-2005-user-controlled-research": 2, "resources/faulkner-2004-ethics-of-survivor-research": 1,
    "resources/shaping-our-lives-website": 1,
}  # fmt: skip
ZOOM = {
    "resources/link-age-network-how-to-use-zoom": 2, "resources/co-production-network-wales-zoom": 2,
    "resources/spcr-how-to-use-zoom": 2, "posts/meeting-online-without-leaving-people-behind": 1,
    "topics/instructions-for-online-meeting-platforms": 1, "resources/link-age-network-staying-connected": 1,
}  # fmt: skip
YOUNG = {
    "topics/online-working-with-children-and-young-people": 2, "checklists/check-children-and-young-people": 2,
    "events/online-hangout-working-with-young-people": 1, "resources/online-hangout-on-tools-young-people": 1,
    "resources/youth-work-support-safety-guidelines": 1, "resources/online-youthwork-and-participation": 1,
    "resources/people-dialogue-and-change": 1,
}  # fmt: skip
SYSTEMATIC = {
    "resources/vale-2014-public-involvement-in-systematic-reviews": 2, "resources/pollock-2015-involving-people": 2,
    "resources/cochrane-collaboration": 1, "resources/pollock-2018": 1, "resources/pollock-2019": 1, "resources/merner-2019": 1,
    "resources/jackson-2018": 1, "organisations/cochrane-collaboration": 1,
}  # fmt: skip
MEDIA = {
    "resources/nccpe-social-media-guide": 2, "resources/involve-social-media-guidance": 2, "topics/using-social-media": 2,
}  # fmt: skip
EVALUATION = {
    "resources/kok-2018-evaluating-public-involvement": 2, "checklists/check-evaluating-involvement": 2,
    "events/phwe-evaluating-public-involvement-workshop": 2, "resources/phwe-evaluating-public-involvement-workshop": 2,
    "topics/evaluation-and-reporting": 2, "resources/rcuk-evaluation-practical-guidelines": 1, "resources/piiaf": 1,
}  # fmt: skip
PEER = {
    "glossary/term-peer-researcher": 2, "glossary/term-community-researcher": 1, "topics/peer-and-community-researchers": 2,
    "topics/working-with-community-researchers-or-peer-researchers": 2, "posts/working-with-community-and-peer-researchers": 2,
    "checklists/check-community-and-peer-researchers": 2, "resources/productive-margins-peer-research-training": 1,
}  # fmt: skip
ETHICS = {
    "resources/nccpe-ethics-in-participatory-research": 2, "resources/cbpr-guide-to-ethical-principles-and-practice": 2,
    "resources/durham-community-research-team-2011-cbpr-ethical-challenges": 2, "topics/research-ethics-and-governance": 1,
    "topics/when-do-you-need-ethical-approval": 1, "resources/faulkner-2004-ethics-of-survivor-research": 1,
    "resources/durham-cbpr-toolkits": 1, "resources/hra-ppi-and-research-ethics-committee-review": 1,
}  # fmt: skip
PUBLICATION_2021 = {GUIDANCE: 2, "events/nihr-guidance-2021": 2, "events/guidance-reviewed-2021": 1, GUIDANCE_2018: 1}
DECISIONS = {
    "topics/making-decisions-and-participatory-techniques": 2, "topics/feature-joint-ownership-of-key-decisions": 1,
    "principles/feature-joint-ownership-of-key-decisions": 1, "resources/liberating-structures": 1,
}  # fmt: skip
POWER_DOWN = {"resources/mcpin-how-to-break-down-power-structures-2019": 2, "events/mcpin-blog-2019": 2}
NSUN = {"organisations/national-survivor-user-network": 2, "resources/nsun": 2, "resources/nsun-keeping-in-touch": 1}
AVA = {
    "resources/ava-digital-safeguarding-pack": 2, "organisations/against-violence-and-abuse": 1, "resources/ava-website": 1,
}  # fmt: skip
WELLBEING = {"resources/recovery-library": 1, "resources/recovery-library-putting-principles-into-practice": 2}

JUDGED: dict[str, Mapping[str, int]] = {
    # joined, with a hyphen, apart
    "co-production": CO_PRODUCTION,
    "coproduction": CO_PRODUCTION,
    "co production": CO_PRODUCTION,
    "what is co-production": CO_PRODUCTION,
    "user controlled research": USER_CONTROLLED,
    "user-controlled research": USER_CONTROLLED,
    "decision making": DECISIONS,
    "decisionmaking": DECISIONS,
    "guide book james lind": {"resources/jla-guidebook": 2, "resources/james-lind-alliance": 1, "organisations/james-lind-alliance": 1,
                              "resources/jla-articles-and-publications": 1},
    "tool kit leapfrog": {"resources/leapfrog-toolkit": 2, "organisations/leapfrog": 1},
    "on-line youth work": {
        "resources/online-youthwork-and-participation": 2, "resources/youth-work-support-safety-guidelines": 2,
        "resources/youth-work-support": 1, "topics/online-working-with-children-and-young-people": 1,
        "checklists/check-children-and-young-people": 1,
    },
    "youthwork": {
        "resources/online-youthwork-and-participation": 2, "resources/youth-work-support": 1,
        "resources/youth-work-support-safety-guidelines": 1,
    },
    # misspelled
    "sharng power": SHARING_POWER,
    "zomm": ZOOM,
    "sytematic reveiws": SYSTEMATIC,
    "evalutaion of public involvment": EVALUATION,
    "perr researchers": PEER,
    "power stuctures": POWER_DOWN,
    "brisol": {"organisations/university-of-bristol": 2, "organisations/bristol-mind": 2, "organisations/uwe-bristol": 2},
    "safegarding": AVA,
    "authorshp": {"resources/icmje-authorship-guidance": 2, "organisations/international-committee-of-medical-journal-editors": 1},
    "reciprosity": {"topics/principle-reciprocity": 2, "principles/principle-reciprocity": 2},
    "arndt": {"resources/arendt-1970": 2, "glossary/power-with": 1},
    "dementa videos": {"resources/dementia-communication-training-videos": 2},
    "accomodate": {},  # nothing: no word is put into anyone's mouth
    # British and American
    "community-university partnerships programs": {
        "resources/facer-enright-2016-creating-living-knowledge": 2, "resources/connected-communities": 1,
        "organisations/connected-communities": 1, "resources/rethinking-research-partnerships": 1,
        "topics/developing-research-partnerships-and-tools-for-engagement": 1, "resources/connected-communities-book-series": 1,
    },
    "center for co-production": {
        "resources/ucl-centre-for-co-production": 2, "organisations/university-college-london-centre-for-co-production": 2,
        "resources/mdx-centre-for-co-production-in-mental-health": 2,
        "organisations/middlesex-university-centre-for-co-production-in-mental-health-and-social-care": 2,
    },
    "patient-centred outcomes": {"resources/pcori": 2, "organisations/patient-centered-outcomes-research-institute": 2,
                                 "resources/pcori-engagement-resources": 1},
    "world health organisation": {"organisations/world-health-organization": 2, "resources/who-2015": 2},
    "research prioritization": {"topics/research-prioritisation-processes": 2, "resources/james-lind-alliance": 1,
                                "organisations/james-lind-alliance": 1, "resources/jla-guidebook": 1},
    "analyze power": {"resources/powercube-analyse-power": 2, "resources/powercube-what-is-the-powercube": 1,
                      "resources/powercube": 1},
    # accents and signs
    "dilemmas cafe": {"resources/durham-dilemmas-cafe-guide": 2},
    "who's involved and when": {"topics/whos-involved-and-when-in-a-project": 2, "posts/planning-who-is-involved-and-when": 2,
                                "checklists/check-planning-a-project": 1},
    "There's no such thing as co-production": {"resources/facer-enright-2016-chapter-4": 2},
    # people, years and numbers
    "Arendt 1970": {"resources/arendt-1970": 2, "glossary/power-with": 1},
    "Beresford": {"resources/beresford-2013-beyond-the-usual-suspects": 2, "resources/turner-beresford-2005-user-controlled-research": 2},
    "Facer": {"resources/facer-2018-12-top-tips": 2, "resources/facer-enright-2016-chapter-4": 2,
              "resources/facer-enright-2016-creating-living-knowledge": 2, "resources/facer-pahl-2017": 2},
    "thomas hughes": {"resources/thomas-hughes-2018-critical-conversations": 2, "resources/thomas-hughes-2018-ethical-mess": 2},
    "Thomas-Hughes 2018": {"resources/thomas-hughes-2018-critical-conversations": 2, "resources/thomas-hughes-2018-ethical-mess": 2},
    "rose and kalathil": {"resources/rose-kalathil-2019": 2},
    "guidance on co-producing a research project": {GUIDANCE: 2, GUIDANCE_2018: 2, "events/nihr-guidance-2021": 1,
        "events/pub-involve-guidance-2018": 1, "events/guidance-reviewed-2021": 1, "events/foreword-2018": 1},
    "guidance co-producing 2021": PUBLICATION_2021,
    "4pi": {"resources/4pi-national-involvement-standards": 2, "organisations/national-involvement-partnership": 1},
    "gripp2": {"resources/gripp2-reporting-checklists": 2},
    "gripp 2 checklist": {"resources/gripp2-reporting-checklists": 2},
    "co-production in action number 2": {"resources/nihr-co-production-in-action-2": 2, "resources/nihr-co-production-in-action-1": 1,
                                         "resources/nihr-co-production-in-action-3": 1},
    "NSUN": NSUN,
    "national survivor user network": NSUN,
    # subjects
    "sharing power": SHARING_POWER,
    "how to share power": SHARING_POWER,
    "power with": {"glossary/power-with": 2, "resources/arendt-1970": 1, "resources/hunjan-keophilavong-2010-power-and-making-change-happen": 1,
                   "glossary/power-over": 1, "glossary/power-to": 1},
    "hidden power": {"glossary/power-hidden": 2, "glossary/power-visible": 1, "glossary/power-invisible": 1, "resources/powercube": 1},
    "zoom": ZOOM,
    "microsoft teams": {"resources/spcr-how-to-use-microsoft-teams": 2},
    "childcare": {"checklists/check-before-meetings": 2, "posts/preparing-a-meeting-everyone-can-take-part-in": 2,
                  "resources/scie-accessible-events-and-payment": 2},
    "child care": {"checklists/check-before-meetings": 2, "posts/preparing-a-meeting-everyone-can-take-part-in": 2,
                   "resources/scie-accessible-events-and-payment": 2},
    "paying public contributors": {"resources/scie-accessible-events-and-payment": 2, "glossary/term-public-contributor": 1},
    "young people online": YOUNG,
    "somali autism film": {"resources/film-autism-uk-somali-community": 2, "resources/aabe-2019": 1},
    "theatre": {"resources/barke-2017-alonely": 2},
    "feedback to contributors": {"resources/clahrc-eoe-feedback-guidance": 2},
    "inclusive meetings": {"resources/scie-webinar-inclusive-meetings": 2, "events/scie-webinar-inclusive-meetings": 2,
                           "posts/running-a-meeting-everyone-can-take-part-in": 1, "topics/in-meetings": 1, "checklists/check-in-meetings": 1},
    "before a meeting": {"checklists/check-before-meetings": 2, "posts/preparing-a-meeting-everyone-can-take-part-in": 2,
                         "topics/preparing-for-meetings": 2},
    "ethics in participatory research": ETHICS,
    "ground rules": {"topics/feature-establishing-ground-rules": 2, "principles/feature-establishing-ground-rules": 2},
    "peer researcher": PEER,
    "social media": MEDIA,
    "systematic reviews": SYSTEMATIC,
    "evaluate public involvement": EVALUATION,
    "easy read": {"resources/what-is-doing-research-together-2013": 2, "posts/preparing-a-meeting-everyone-can-take-part-in": 1,
                  "organisations/durham-university-centre-for-social-justice-and-community-action": 1},
    "trust and respect": {"principles/principle-ssah-trust-and-respect": 2, "principles/principle-respecting-and-valuing-knowledge": 1},
    "community of practice": {"glossary/term-community-of-practice": 2, "projects/community-of-practice-project": 2,
                              "resources/arc-west-co-production-community-of-practice": 2},
    "evidence": {"posts/what-evidence-counts": 2},
    "doing research toget": {"resources/what-is-doing-research-together-2013": 2,
                             "organisations/durham-university-centre-for-social-justice-and-community-action": 1},
    "liberat": {"resources/liberating-structures": 2},
}  # fmt: skip


def gain(found: Sequence[str], answers: Mapping[str, int], at: int = 10) -> float:
    """nDCG: 1 if the best answers come first, 0 if none is among the first ten. Where nothing is right, nothing must come."""
    if not answers:
        return float(not found)
    told = _discounted(answers.get(one, 0) for one in found[:at])
    return told / _discounted(sorted(answers.values(), reverse=True)[:at])


def _discounted(grades: Iterable[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, 1))
