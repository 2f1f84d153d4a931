"""`python -m connector_runtime --component FOLDER` works on any component."""

from connector_runtime.cli import main

main()
