"""`python -m cop.cli` is the `cop` command."""

from cop.cli import main

main()
