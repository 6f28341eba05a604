"""``python -m flowdsl`` is the command ``flowdsl``."""

import sys

from flowdsl.cli import main

if __name__ == "__main__":
    sys.exit(main())
