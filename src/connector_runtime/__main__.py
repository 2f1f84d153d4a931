"""`python -m connector_runtime --component FOLDER` works on any component."""

import sys

try:
    from connector_cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)  # before the command line was there to catch it
