"""``python -m rnas`` is the command ``rnas``."""

from rnas.cli import main

if __name__ == "__main__":
    main()
