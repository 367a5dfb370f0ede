"""`python -m dojo` is `dojo`."""

from dojo.cli import main

if __name__ == "__main__":
    main()
