"""The one TLS context of a process, and whom it trusts."""

from __future__ import annotations

import os
import ssl
import threading


def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of the process: it always verifies and reads no environment.

    It trusts whom the system trusts, where OpenSSL has a directory of certificates and
    looks up the few it meets; to read a whole bundle, as is done elsewhere with certifi's,
    costs 30 ms and two megabytes.
    """
    # Threads that come first together would each build one, and keep it.
    with _context_lock:
        if not _contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # Said here, because builds of OpenSSL differ in the oldest version that they allow.
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            trust(context, ssl.get_default_verify_paths().openssl_capath)
            _contexts.append(context)
        return _contexts[0]


def trust(context: ssl.SSLContext, directory: str) -> None:
    """Trust the authorities of a directory, or certifi's where it holds none.

    Args:
        context: What is to trust them.
        directory: Where OpenSSL finds a certificate by its name, `<hash of its subject>.0`.
    """
    try:
        with os.scandir(directory) as entries:
            is_filled = any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        is_filled = False
    if is_filled:
        context.load_verify_locations(capath=directory)
    else:
        import certifi  # noqa: PLC0415  not loaded where it is not needed

        context.load_verify_locations(certifi.where())


_context_lock = threading.Lock()
_contexts: list[ssl.SSLContext] = []
