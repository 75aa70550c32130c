"""The languages that the words of the site itself can be shown in. Records may be in any language.

A further one is a line here and a catalogue: docs/translating.md.
"""

SOURCE = "en"  # what the program is written in: it needs no catalogue
OWN_NAMES = {"en": "English", "cy": "Cymraeg", "so": "Soomaali", "ar": "العربية", "ur": "اردو", "pl": "Polski"}
