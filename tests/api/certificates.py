"""A certificate authority of our own, made for a test, and a server's certificate from it."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Authority:
    """A self-signed certificate for 127.0.0.1, which is its own authority.

    :param certificate: PEM; what a client trusts.
    :param chain: PEM with the key; what a server shows.
    """

    certificate: Path
    chain: Path

    @classmethod
    def make(cls, folder: Path) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        start = datetime.now(timezone.utc) - timedelta(days=1)
        host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=2))
            .add_extension(host, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        made = cls(folder / "authority.pem", folder / "server.pem")
        made.certificate.write_bytes(certificate)
        made.chain.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate
        )
        return made

    def server_context(self, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """What a server needs; of one version of TLS only, where one is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context
