"""`python -m cop`: the same as `cop`."""

from cop.cli import main

if __name__ == "__main__":
    main()
