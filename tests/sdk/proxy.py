"""A forward proxy that ends TLS: whoever calls a hosted name through it meets the
service instead, with a certificate that a test's own authority has signed.

It is what docs/clients.md describes for clients whose address cannot be set.

    python -m tests.sdk.proxy 127.0.0.1:8000    leads to the service there
"""

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = [
    f"{product}.twilio.com"
    for product in ("memory", "conversations", "knowledge", "intelligence")
]


class Proxy(BaseHTTPRequestHandler):
    """CONNECT, then the requests inside of the tunnel, one after the other."""

    protocol_version = "HTTP/1.1"
    upstream = ("127.0.0.1", 0)
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:
        if self.path.rpartition(":")[0] not in HOSTS:
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # Set anew, as TRUSTED_PROXY_COUNT=1 expects: a client's own are not passed on.
        headers = {
            k: v for k, v in self.headers.items() if "forwarded" not in k.lower()
        }
        headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        upstream = HTTPConnection(*self.upstream)
        upstream.request(
            self.command, self.path, body, headers | {"Connection": "close"}
        )
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {"connection", "content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = forward

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def proxying(upstream: tuple[str, int], folder: Path) -> Iterator[dict[str, str]]:
    """The variables by which a client goes through it."""
    authority, certificate = make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = type("Handler", (Proxy,), {"upstream": upstream, "context": context})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    trusted = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    try:
        yield dict.fromkeys(trusted, str(authority)) | {
            "HTTPS_PROXY": f"http://127.0.0.1:{server.server_port}"
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """An authority's certificate, and one it has signed for HOSTS with its key."""
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    hosts = [x509.DNSName(host) for host in HOSTS]
    leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    authority, certificate = folder / "authority.pem", folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    made = _sign(root, root_key, root, root_key, x509.BasicConstraints(True, None))
    authority.write_bytes(made.public_bytes(pem))
    made = _sign(leaf, key, root, root_key, x509.SubjectAlternativeName(hosts))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate.write_bytes(private + made.public_bytes(pem))
    return authority, certificate


def _sign(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    unsigned = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(),
        now - timedelta(hours=1), now + timedelta(days=1),
    )  # fmt: skip
    extensions = [
        (extension, isinstance(extension, x509.BasicConstraints)),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False),
    ]
    for each, critical in extensions:
        unsigned = unsigned.add_extension(each, critical)
    return unsigned.sign(by, hashes.SHA256())


if __name__ == "__main__":
    host, _, port = sys.argv[1].rpartition(":")
    with (
        TemporaryDirectory() as folder,
        suppress(KeyboardInterrupt),
        proxying((host, int(port)), Path(folder)) as variables,
    ):
        for name, value in variables.items():
            print(f"export {name}={value}", flush=True)
        Event().wait()
