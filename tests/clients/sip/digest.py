"""Digest credentials (RFC 7616, RFC 8760): MD5 and SHA-256 with qop=auth, from Python's hashlib alone."""

import hashlib
import re
import secrets

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def challenges(response):
    """The challenges of a 401 or 407, in order, each as a dictionary."""
    lines = response.all("WWW-Authenticate") + response.all("Proxy-Authenticate")
    return [read(line) for line in lines]


def read(line):
    pairs = re.findall(r'([\w-]+)=(?:"([^"]*)"|([^\s,]+))', line.partition(" ")[2])
    return {name.lower(): quoted or plain for name, quoted, plain in pairs}


def answer(challenge, user, password, method, uri, count=1, cnonce=None):
    """The value of Authorization for a challenge."""
    name = challenge.get("algorithm", "MD5")

    def digest(text):
        return HASHES[name](text.encode()).hexdigest()

    nc = count if isinstance(count, str) else f"{count:08x}"
    cnonce = cnonce or secrets.token_hex(8)
    secret = digest(f"{user}:{challenge['realm']}:{password}")
    response = digest(f"{secret}:{challenge['nonce']}:{nc}:{cnonce}:auth:{digest(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{challenge["realm"]}", nonce="{challenge["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm={name}, cnonce="{cnonce}", qop=auth, nc={nc}'
    )
