"""`python -m project.dev`, which bin/dev becomes once the environment is there."""

import sys

from project.dev.supervisor import main

if __name__ == "__main__":
    sys.exit(main())
