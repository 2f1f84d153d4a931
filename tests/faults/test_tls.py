"""TLS is always verified, whatever the environment says, and there is no switch for it."""

from __future__ import annotations

import inspect
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from connector_runtime.base.messages import Failure, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender
from connector_runtime.transport.tls import trust
from faults.conftest import WIRES, Caller
from faults.faultserver import FaultServer, reply, serving

FOLDER = Path(__file__).parent / "certificates"
SOURCES = Path(__file__).parents[2] / "src"


def server_context(name: str) -> ssl.SSLContext:
    """Return the context of a server with one of our certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / f"{name}.pem")
    return context


def trusting_context() -> ssl.SSLContext:
    """Return a client's context that knows our authority and still verifies."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(FOLDER / "authority.pem")
    return context


@pytest.fixture(params=WIRES)
def meet(request):
    """Give a function that plays a TLS server with a certificate and calls it."""
    opened = []

    def call(certificate: str, trust: ssl.SSLContext | None):
        server = FaultServer(server_context(certificate))
        server.play(serving(*[reply()] * 3))
        caller = Caller(request.param, server.origin, ssl_context=trust)
        opened.extend([caller, server])
        return server, caller

    yield call
    for each in opened:
        each.close()


@pytest.mark.plan("S-39")
def test_a_certificate_of_a_known_authority_is_accepted(meet):
    """TLS with a given, verifying context works, and its connection is used again."""
    server, caller = meet("good", trusting_context())

    results = [caller.get() for _ in range(3)]

    assert all(isinstance(result, Reply) for result in results)
    assert server.accepted == 1


@pytest.mark.plan("S-39")
@pytest.mark.parametrize(
    ("certificate", "trust"),
    [
        ("good", None),
        ("self-signed", None),
        ("self-signed", trusting_context),
        ("expired", trusting_context),
        ("wrong-host", trusting_context),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(meet, certificate, trust):
    """Unknown, self-signed, expired, or for another host: nothing is sent."""
    server, caller = meet(certificate, trust() if trust else None)

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.NOT_SENT)
    assert "certificate is not accepted" in failure.message
    assert server.requests == []
    assert server.is_forsaken()


@pytest.mark.plan("S-39")
def test_an_authority_that_the_system_trusts_is_trusted(meet, tmp_path):
    """A company's own authority, once it stands in the directory of the system, needs no setting."""
    # The name is the hash of the authority's subject: `openssl x509 -subject_hash`.
    shutil.copy(FOLDER / "authority.pem", tmp_path / "53d9866d.0")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust(context, str(tmp_path))
    _, caller = meet("good", context)

    assert isinstance(caller.get(), Reply)


@pytest.mark.plan("S-39")
@pytest.mark.parametrize("directory", ["empty", "missing"])
def test_where_the_system_trusts_nobody_the_authorities_of_certifi_are_trusted(tmp_path, directory):
    """A container without certificates of its own still reaches the vendor, and verifies him."""
    (tmp_path / "empty").mkdir()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    trust(context, str(tmp_path / directory))

    known = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    known.load_verify_locations(certifi.where())
    assert context.get_ca_certs() == known.get_ca_certs() != []


@pytest.mark.plan("S-39")
def test_an_old_version_of_tls_is_refused(meet, recwarn):
    """A server that only speaks TLS 1.1 gets nothing."""
    old = server_context("good")
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.minimum_version = ssl.TLSVersion.TLSv1
    server = FaultServer(old)
    server.play(serving(reply()))
    caller = Caller("sync", server.origin, ssl_context=trusting_context())

    failure = caller.get()
    caller.close()
    server.close()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.NOT_SENT
    assert {warning.category for warning in recwarn} <= {DeprecationWarning}


@pytest.mark.plan("S-39")
def test_plain_http_on_a_tls_port_is_refused(faults, caller):
    """A server that answers a handshake with something else gets no request."""
    faults.play(serving(reply()))
    secure = Caller(caller.kind, faults.origin.replace("http:", "https:"))

    failure = secure.get(timeout_s=0.2)
    secure.close()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.NOT_SENT


@pytest.mark.plan("S-39")
@pytest.mark.parametrize("sender", [SyncSender, AsyncSender])
def test_a_context_that_does_not_verify_is_refused(sender):
    """Nobody can pass a context that trusts everyone, in whole or in half."""
    trusting = ssl._create_unverified_context()
    half = ssl.create_default_context()
    half.check_hostname = False

    for context in (trusting, half):
        with pytest.raises(ValueError, match="must verify"):
            sender({"https://vendor.example"}, ssl_context=context)


@pytest.mark.plan("S-39")
def test_there_is_no_flag_to_turn_verification_off():
    """The senders take no argument that could mean `verify=False`."""
    names = set(inspect.signature(SyncSender.__mro__[1]).parameters)

    assert names == {"hosts", "loopback", "transport", "proxy", "ssl_context", "size"}


_CALL = """
import sys
from connector_runtime.base.messages import Outgoing
from connector_runtime.transport.sync_transport import SyncSender
origin = sys.argv[1]
print(SyncSender({origin}, loopback=True).send(Outgoing("GET", origin + "/x"), timeout_s=10))
"""


@pytest.mark.plan("S-39")
@pytest.mark.plan("S-86")
def test_the_environment_cannot_add_an_authority_or_log_keys(tmp_path):
    """SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE are not read."""
    server = FaultServer(server_context("good"))
    server.play(serving(reply()))
    keys = tmp_path / "keys.log"
    authority = str(FOLDER / "authority.pem")
    environment = {
        "PYTHONPATH": str(SOURCES),
        "SSL_CERT_FILE": authority,
        "SSL_CERT_DIR": str(FOLDER),
        "REQUESTS_CA_BUNDLE": authority,
        "CURL_CA_BUNDLE": authority,
        "SSLKEYLOGFILE": str(keys),
    }

    ran = subprocess.run(
        [sys.executable, "-c", _CALL, server.origin],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    server.close()

    assert "certificate is not accepted" in ran.stdout
    assert server.requests == []
    assert not keys.exists()
