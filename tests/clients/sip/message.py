"""SIP messages as text and back (RFC 3261 7 and 25), as little of it as a telephone needs."""

import re

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}


class Message:
    """A request or response: its first line, its header lines in order, its body."""

    def __init__(self, start, headers=(), body=""):
        self.start, self.headers, self.body = start, list(headers), body
        self.at = None  # when it came, in seconds of the monotonic clock

    @classmethod
    def parse(cls, octets):
        head, _, body = octets.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return cls(start, headers, body)

    def __bytes__(self):
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()

    def all(self, name):
        """Every value of a header, in order."""
        wanted = name.lower()
        return [value for known, value in self.headers if COMPACT.get(known.lower(), known.lower()) == wanted]

    def get(self, name, default=None):
        """The first value of a header."""
        return next(iter(self.all(name)), default)

    @property
    def status(self):
        """The code of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self):
        """The method of a request, or of the request a response answers."""
        return self.cseq[1]

    @property
    def uri(self):
        return self.start.split()[1]

    @property
    def cseq(self):
        number, method = self.get("CSeq").split()
        return int(number), method

    @property
    def branch(self):
        return parameter(self.get("Via"), "branch")

    @property
    def from_tag(self):
        return parameter(self.get("From"), "tag")

    @property
    def to_tag(self):
        return parameter(self.get("To"), "tag")

    @property
    def contact(self):
        """The URI of the first Contact."""
        return re.search(r"<([^>]+)>", self.get("Contact")).group(1)

    @property
    def short(self):
        """`INVITE`, `200 INVITE`."""
        return f"{self.status} {self.method}" if self.status else self.method

    def lines(self, start):
        """The lines of the body that begin so, without that beginning."""
        return [line[len(start) :] for line in self.body.splitlines() if line.startswith(start)]

    @property
    def media(self):
        """Where the description wants its sound: host and port."""
        port = int(self.lines("m=audio ")[0].split()[0])
        return self.lines("c=IN IP")[0].split()[1], port

    @property
    def payloads(self):
        """The payload numbers of the audio line."""
        return [int(number) for number in self.lines("m=audio ")[0].split()[2:]]

    @property
    def direction(self):
        for direction in ("sendonly", "recvonly", "inactive"):
            if self.lines(f"a={direction}"):
                return direction
        return "sendrecv"


def parameter(value, name):
    """A parameter behind an address or a Via; empty when absent."""
    found = re.search(rf";\s*{name}(?:=([^;,>\s]*))?", re.sub(r"<[^>]*>", "", value or ""))
    return (found.group(1) or "") if found else ""


def description(host, port, payloads=(8, 0, 101), direction="sendrecv", version=1, event=101, more=()):
    """A session description (RFC 8866) with G.711 and key presses."""
    names = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", event: "telephone-event/8000"}
    lines = ["v=0", f"o=t 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    lines.append(f"m=audio {port} RTP/AVP {' '.join(str(number) for number in payloads)}")
    lines += [f"a=rtpmap:{number} {names[number]}" for number in payloads]
    lines += [*more, f"a={direction}"]
    return "\r\n".join(lines) + "\r\n"
