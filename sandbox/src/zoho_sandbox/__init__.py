"""A local imitation of Zoho's accounts server, CRM v2 to v8 and Books v3.

It keeps its state in SQLite, binds to loopback only, and refuses tokens that look real.
"""

from zoho_sandbox.sandbox import Sandbox
from zoho_sandbox.service import serve

__all__ = ["Sandbox", "serve"]
