"""`python -m jwtguard` is the `jwtguard` command."""

import sys

from jwtguard.cli import main

sys.exit(main())
