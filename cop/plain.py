"""Text from anybody as plain text that fits into any file: no character that a format forbids or that hides others."""

import re

# Control characters, those that turn the direction of what follows, halves of characters, and "not a character":
# XML forbids most of them (section 2.2 of XML 1.0), and readers of other formats break lines at some.
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufffe\uffff]")


def allowed(text: str) -> str:
    """The text without unwanted characters, spaces and lines as they are."""
    return _UNWANTED.sub("", text)


def one_line(text: str) -> str:
    r"""The text on one line, with single spaces.

    >>> one_line("Tea\r\nBEGIN:VEVENT\u2028and\x07 cake ")
    'Tea BEGIN:VEVENT and cake'
    """
    # what splits is a space to all, what is unwanted is nothing; some characters are both
    return " ".join(allowed(" ".join(text.split())).split())


def lines(text: str) -> str:
    r"""The text with its lines, each of them as `one_line`; at most one empty line between others.

    >>> lines("a\x85\r\n\r\n\r\nb  c")
    'a\n\nb c'
    """
    return re.sub(r"\n{3,}", "\n\n", "\n".join(one_line(line) for line in text.splitlines())).strip()


def shortened(text: str, length: int) -> str:
    """At most `length` characters, with "…" where something was left out.

    >>> shortened("Power over tea", 9)
    'Power…'
    """
    if len(text) <= length:
        return text
    return f"{text[: length - 1].rpartition(' ')[0] or text[: length - 1]}…"
