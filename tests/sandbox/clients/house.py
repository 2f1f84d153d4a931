"""A house of its own for a client whose hosts are fixed: run inside a fresh network namespace.

``unshare -rnm python house.py FOLDER PYTHON SCRIPT`` brings loopback up, gives the vendor's hosts
to it, serves the sandbox there under TLS with a certificate authority of its own, and runs the
script with another Python. Nothing of the client is changed, and nothing of it can get out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

from zoho_sandbox import Sandbox

HOSTS = ("accounts.zoho.com", "www.zohoapis.com", "zohoapis.com", "books.zoho.com", "inventory.zoho.com")
SCOPES = (
    "ZohoBooks.fullaccess.all",
    *(f"ZohoCRM.{one}.ALL" for one in ("modules", "settings", "users", "org")),
)

HOST_LINE = re.compile(
    rb"(\r\nhost: )(?:" + b"|".join(map(re.escape, map(str.encode, HOSTS))) + rb")(\r\n)", re.IGNORECASE
)


def certify(folder: Path) -> ssl.SSLContext:
    """Make an authority and a certificate of the hosts; return what serves with it."""
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    (folder / "names").write_text(
        f"subjectAltName={names}\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n"
    )
    made = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    signs = "-addext keyUsage=critical,keyCertSign,cRLSign"
    for line in (
        f"req -x509 {made} -keyout ca.key -out ca.pem -subj /CN=Sandbox -days 2 {signs}",
        f"req {made} -keyout host.key -out host.csr -subj /CN={HOSTS[0]}",
        "x509 -req -in host.csr -CA ca.pem -CAkey ca.key -out host.pem -days 2 -extfile names",
    ):
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.pem", folder / "host.key")
    return context


def trust(folder: Path, python: str) -> None:
    """Have certifi of the client's environment know the authority, for clients that heed no variable."""
    code = "import certifi; print(certifi.where())"
    found = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        bundle = Path(found.stdout.strip())
        (folder / "bundle.pem").write_bytes(bundle.read_bytes() + (folder / "ca.pem").read_bytes())
        subprocess.run(["mount", "--bind", folder / "bundle.pem", bundle], check=True)


def pipe(source: socket.socket, target: socket.socket) -> None:
    """Carry bytes one way until there are no more; the sandbox answers to loopback names only."""
    try:
        while data := source.recv(65536):
            target.sendall(HOST_LINE.sub(rb"\1localhost\2", data))
        target.shutdown(socket.SHUT_WR)
    except OSError:
        target.close()


def serve(context: ssl.SSLContext, port: int) -> None:
    """Take TLS on port 443 and hand it on to the sandbox's plain port."""
    listener = socket.create_server(("127.0.0.1", 443))
    while True:
        raw, _ = listener.accept()
        try:
            secured = context.wrap_socket(raw, server_side=True)
        except (OSError, ssl.SSLError):
            continue
        plain = socket.create_connection(("127.0.0.1", port))
        for ends in ((secured, plain), (plain, secured)):
            threading.Thread(target=pipe, args=ends, daemon=True).start()


def main(folder: Path, python: str, script: str) -> int:
    """Serve, run the script, return its code; what it printed stays printed."""
    subprocess.run([shutil.which("ip") or "ip", "link", "set", "lo", "up"], check=True)
    lines = ["127.0.0.1 localhost", *(f"127.0.0.1 {host}" for host in HOSTS)]
    (folder / "hosts").write_text("\n".join(lines) + "\n")
    subprocess.run(["mount", "--bind", folder / "hosts", "/etc/hosts"], check=True)
    context = certify(folder)
    trust(folder, python)
    sandbox = Sandbox()
    connection = sandbox.connection(scopes=SCOPES)
    with sandbox.running() as url:
        port = int(url.rpartition(":")[2])
        threading.Thread(target=serve, args=(context, port), daemon=True).start()
        authority = str(folder / "ca.pem")
        done = subprocess.run(
            [python, "-I", script, json.dumps(connection)],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "SSL_CERT_FILE": authority,
                "REQUESTS_CA_BUNDLE": authority,
                "NODE_EXTRA_CA_CERTS": authority,
            },
            timeout=240,
            check=False,
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
