"""`python -m zoho_component` is the command `zoho-component`."""

from zoho_component import main

main()
