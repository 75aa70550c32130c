"""The rules by which search takes words as the same. Tables only; `words.py` applies them.

All are plain strings and regular expressions without look-behind, so that a copy without a server can use the same
tables in a browser. docs/decisions/search.md says why these.
"""

Rules = tuple[tuple[str, str], ...]  # pattern and what stands there instead; of each group the first that fits is used

# Points and accents of Latin, Greek, Cyrillic, Hebrew and Arabic; in other scripts such signs are vowels, and stay.
MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
VOWEL_SIGNS = "\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"  # from Hindi to Sinhala, and Thai
INVISIBLE = "\u00ad\u0640\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # tatweel (which only stretches) among them
APOSTROPHES = "'’‘ʼʻ`´ʾʿ"
HYPHENS = "-\u2010\u2011"
UNSPACED = "\u3040-\u30ff\u3400-\u9fff"  # Chinese and Japanese: each sign counts as a word
LETTERS = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "n",
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ے": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ھ": "ه", "ۀ": "ه", "ە": "ه",
}  # fmt: skip

# One word, written in two ways that no rule covers. Somali names stand beside how they are often written in English.
SAME = {
    "ageing": "aging", "grey": "gray", "judgement": "judgment", "learnt": "learned", "whilst": "while", "tyre": "tire",
    "artefact": "artifact", "sceptic": "skeptic", "enquiry": "inquiry", "enquiries": "inquiries", "skilful": "skillful",
    "orientated": "oriented", "jewellery": "jewelry", "counsellor": "counselor", "counsellors": "counselors",
    "children": "child", "women": "woman", "men": "man", "paid": "pay", "payment": "pay", "payments": "pay",
    "news": "newz", "evening": "evenin", "evenings": "evenin",  # not new, not even
    "maxamed": "mohamed", "maxamuud": "mohamud", "mahamud": "mohamud", "mohammed": "mohamed", "muhammad": "mohamed",
    "cali": "ali", "xasan": "hassan", "hasan": "hassan", "xuseen": "hussein", "husein": "hussein", "axmed": "ahmed",
    "ahmad": "ahmed", "cabdi": "abdi", "cumar": "omar", "umar": "omar", "caasha": "asha", "aisha": "asha",
    "faadumo": "fadumo", "xaliimo": "halima", "khadiija": "khadija", "yuusuf": "yusuf", "ibraahim": "ibrahim",
    "cismaan": "osman", "cabdullaahi": "abdullahi", "soomaali": "somali", "soomaaliya": "somalia",
}  # fmt: skip

# Beginnings that are no words alone: co-production, co production and coproduction are one word.
PREFIXES = frozenset({"anti", "co", "cyber", "micro", "multi", "non", "pre", "semi"})
_PAIRS = """
    care-giver child-care data-base e-book e-learning e-mail easy-read face-book feed-back field-work fund-raising
    grass-roots guide-book guide-line guide-lines hand-book hand-out health-care help-line home-page life-long
    news-letter note-book off-line on-going on-line out-reach round-table self-advocacy self-care self-help
    self-reflection self-reflective smart-phone story-telling team-work time-line time-scale time-table tool-box
    tool-kit tool-kits video-conference web-page web-site web-sites well-being wheel-chair white-board work-book
    work-place work-sheet work-shop work-shops world-wide you-tube youth-work
"""
PAIRS = frozenset((one, other) for one, other in (pair.split("-") for pair in _PAIRS.split()))  # likewise, of two words

SPELLING: tuple[Rules, ...] = (
    ((r"(...)iz(e|ed|er|ers|es|ing|able|ation|ations|ational)$", r"\1is\2"), (r"(..)yz(e|ed|er|ers|es|ing)$", r"\1ys\2")),
    ((r"(..)our", r"\1or"),),  # colour, behaviour, neighbourhood
    ((r"(..)tre(s?)$", r"\1ter\2"), (r"(.)bre(s?)$", r"\1ber\2"), (r"gramme(s?)$", r"gram\1"), (r"(..)ogue(s?)$", r"\1og\2"),
     (r"(..)ense(s?)$", r"\1ence\2"), (r"ctis(e|ed|es|ing)$", r"ctic\1")),
    ((r"(p|orthop)aed", r"\1ed"), (r"haem", "hem"), (r"anaes", "anes"), (r"gynae", "gyne"), (r"foet", "fet"),
     (r"oestr", "estr"), (r"rrhoea", "rrhea"), (r"archaeo", "archeo")),
)  # fmt: skip

ENDINGS: dict[str, tuple[Rules, ...]] = {
    "en": (
        ((r"(ss|x|ch|sh|zz)es$", r"\1"), (r"(..)ies$", r"\1y"), (r"(..[^isu])s$", r"\1")),
        ((r"(..)ied$", r"\1y"),
         (r"^(.*[aeiouy].*)(b|d|g|l|m|n|p|r|t)\2(?:ed|ing)$", r"\1\2"),  # planned, travelling
         (r"^([^aeiouy]*[aeiouy][^aeiouwxy])(?:ed|ing)$", r"\1e"),  # making, noted, used
         (r"^(.*[aeiouy].*[^aeiou])(?:ed|ing)$", r"\1")),
        ((r"uct(?:ion|ive)$", "uc"), (r"us(?:ion|ive)$", "ud"),  # production and produce, inclusive and include
         (r"(..ct)ive$", r"\1"), (r"lement$", "lement"),
         (r"(...)at(?:ion|ional|ive|ively|or|ory)$", r"\1at"), (r"(..[st])ion$", r"\1"), (r"(....)ment$", r"\1"),
         (r"ically$", "ic"), (r"(..)ical$", r"\1ic"), (r"(....)ness$", r"\1"), (r"(....)ly$", r"\1")),
        ((r"(....)e$", r"\1"),),
        ((r"^publicat$", "publicat"), (r"(.....)at$", r"\1"), (r"(.)(b|d|g|l|m|n|p|r|t)\2$", r"\1\2"), (r"([^aeiou])y$", r"\1i")),
    ),
    "pl": (
        ((r"([^aeiouy])ek$", r"\1k"),
         (r"(...)(?:iach|iami|iom|iem|ich|imi|iego|iemu|ach|ami|ych|ymi|ego|emu|om|ow|em|ej|ym|im|ie|ia|iu|io)$", r"\1"),
         (r"(...)[aeiouy]$", r"\1")),
    ),
    "so": (
        ((r"aa+", "a"),), ((r"ee+", "e"),), ((r"ii+", "i"),), ((r"oo+", "o"),), ((r"uu+", "u"),),
        ((r"(...)(?:sha|ka|ga|ha|ta|da|ku|gu|hu|tu|du|ki|gi|ti|di)$", r"\1"),),  # the article stands behind
        ((r"(...)(?:oyin|yin|yo)$", r"\1"), (r"(...)[aeiou]$", r"\1")),
    ),
    "ar": (  # the "light10" list of Larkey, Ballesteros and Connell
        ((r"^و(...)", r"\1"),),
        ((r"^(?:ال|بال|كال|فال|لل)(..)", r"\1"),),
        *(((rf"(..){ending}$", r"\1"),) for ending in ["ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي"]),
    ),
}  # fmt: skip
LANGUAGES = ("en", "pl", "so")  # of the Latin script; what is in none of them is taken as the first
MAX_WORD = 40  # letters of a word that are looked at
MAX_PARTS = 4  # words joined by hyphens, as in face-to-face

# Words that no record must have if there are others in the question.
_SMALL = """
    a an and are as at be by can do does for from how i in is it me my of on or our should that the their there they
    this to us was we what when where which who why will with you your
    i na nie o oraz po sie to w z za ze jest dla jak
    ah iyo ka ku la oo si u uu waa
    في من على عن الى و او ما هو هي
"""
SMALL = frozenset(_SMALL.split())
