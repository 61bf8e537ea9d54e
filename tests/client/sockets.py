"""A memory at a local socket that answers as slowly and badly as a test says."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from console.client import network
from console.client.account import connect
from tests.client.conftest import STORE


def write_certificate(path: Path) -> Path:
    """The key and the certificate of `memory.test`, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "memory.test")])
    names = x509.SubjectAlternativeName([x509.DNSName("memory.test")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(pem))
    return path


@contextmanager
def memory(
    answer: Callable[[socket.socket], None], certificate: Path | None = None
) -> Iterator:
    """A store at a local server that reads one request a connection and answers it."""
    with listening(certificate) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        answer(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield connect(address, username="AC", secret="s").store(STORE)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=2)
    network.http_for(address).close()


def listening(certificate: Path | None) -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    if certificate is None:
        return server
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context.wrap_socket(server, server_side=True)


def whole(head: bytes, body: bytes) -> Callable[[socket.socket], None]:
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + length + body)


def drip(start: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    """Sends a byte every 20 ms for a second, each well within the read timeout."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(50):
            connection.sendall(drop)
            time.sleep(0.02)

    return answer


def stay_silent(connection: socket.socket) -> None:
    connection.recv(1)
