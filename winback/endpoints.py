"""Addresses of services outside that a workspace may name.

Belongs here: which addresses are refused and why, in words. Does not belong here: settings (`config`), requests to them.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def endpoint_problem(url: str) -> str | None:
    """Why `url` may not be used as an endpoint, or None. The words never repeat the address: it may hold a key.

    `https` is asked for everywhere but on this machine; credentials, query and fragment are refused, because keys hide there.
    """
    parts = _parts(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return "not an address such as https://host/v1"
    if parts.username is not None or parts.password is not None:
        return "the address holds credentials; put the key into the environment variable that api_key_variable names"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "the address holds a query or fragment; keys belong into the environment, so only scheme, host and path may stand"
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in url):
        return "the address holds blanks, backslashes or control characters"
    if parts.scheme == "http" and not is_loopback(url):
        return "http is allowed on this machine only (localhost, 127.0.0.1); use https"
    return None


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine: `localhost` or a loopback address."""
    parts = _parts(url)
    host = (parts.hostname if parts else None) or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
