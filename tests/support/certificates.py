"""Certificates for tests: signed by themselves, and valid for two days."""

import subprocess
from pathlib import Path


def self_signed(certificate: Path, key: Path) -> None:
    """Writes both files, for 127.0.0.1."""
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *request.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
