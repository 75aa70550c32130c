"""The site as one ZIM file, for the reader Kiwix."""
