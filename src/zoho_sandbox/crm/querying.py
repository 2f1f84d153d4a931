"""COQL."""

from zoho_sandbox.crm.visit import Visit
from zoho_sandbox.wire import Answer


def query(visit: Visit) -> Answer:
    return Answer(204)
