"""Sound packets (RFC 3550) by hand: sockets that hear, and packets that are sent until they arrive."""

import secrets
import socket
import struct


def ear(host="127.0.0.1"):
    """A socket for the sound of a phone."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((host, 0))
    opened.settimeout(0.05)
    return opened


def port(opened):
    return opened.getsockname()[1]


def packet(payload, sequence, timestamp, source=7, body=bytes((5, 0x8A, 0, 160))):
    return struct.pack("!BBHII", 0x80, payload, sequence & 0xFFFF, timestamp, source) + body


def read(octets):
    """Payload number, sequence number, timestamp and source."""
    _, payload, sequence, timestamp, source = struct.unpack("!BBHII", octets[:12])
    return payload & 0x7F, sequence, timestamp, source


def hears(opened):
    """The next packet; none when nothing comes."""
    try:
        return opened.recv(2_000)
    except TimeoutError:
        return None


def ears_of_two():
    """Sockets for the sound of two phones, and their ports."""
    ears = [ear() for _ in range(2)]
    return ears, [port(opened) for opened in ears]


def carried(mouth, relay, opened, payload):
    """Sends packets of this payload number until one arrives; gives the number that it then has."""
    mark = secrets.randbits(32)
    for sequence in range(100):
        mouth.sendto(packet(payload, sequence, mark), relay)
        while found := hears(opened):
            if read(found)[2] == mark:
                return read(found)[0]
    raise AssertionError(f"nothing of {payload} arrives")
