"""Which part of an address names a file, and which part only opens it for a while.

Knows the parameters with which object stores and their caches sign an address; must not import anything that
sends. What is not known stays: a parameter may be what names the file.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

# S3, Google Cloud Storage and Alibaba OSS have a prefix for all that belongs to a signature.
_PREFIXES = ("x-amz-", "x-goog-", "x-oss-")
# Their older signatures, CloudFront's (Policy, Key-Pair-Id), and the shared access signatures of Azure.
_NAMES = frozenset(
    {
        *("signature", "expires", "awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "security-token"),
        *("policy", "key-pair-id", "sig", "se", "st", "sp", "sv", "sr", "spr", "sip", "ss", "srt", "sdd"),
        *("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"),
    }
)
# Without one of these, none of the names means what it means in a signed address.
_SIGNATURES = frozenset({"signature", "x-amz-signature", "x-goog-signature", "x-oss-signature", "sig"})


def without_signature(url: str) -> str:
    """An address without what signs it, the same each time that the same file is signed.

    :param url: a usable URL.
    :return: the URL as it is if it is not signed.
    """
    parts = urlsplit(url)
    named = [(_name(one), one) for one in parts.query.split("&")]
    if not _SIGNATURES & {name for name, _ in named}:
        return url
    kept = [one for name, one in named if name not in _NAMES and not name.startswith(_PREFIXES)]
    return urlunsplit(parts._replace(query="&".join(kept)))


def _name(parameter: str) -> str:
    return parameter.partition("=")[0].lower()
