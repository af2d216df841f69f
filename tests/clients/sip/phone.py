"""A SIP telephone with nothing but Python's standard library. It says what a test tells it to say, when the test tells it,
right or wrong, and keeps what comes back. It repeats nothing, and acknowledges nothing, by itself.

Whatever it hears, it holds against one rule: every response but 100 has a To-tag, and all responses to one request the same.
"""

import contextlib
import secrets
import socket
import time

import digest
from message import Message, description

SOON_S = 5.0
LADDER = []  # what was said, by whom, for a test that failed


class Phone:
    """One telephone: a socket, a user, a password."""

    def __init__(self, exchange, user, password="", host="127.0.0.1", port=0, tcp=False, algorithm="MD5", contact=None, net=None):
        self.exchange, self.user, self.password = exchange, user, password
        self.host, self.tcp, self.algorithm = host, tcp, algorithm
        self.net = net or contextlib.nullcontext()
        with self.net:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
            self.socket.bind((host, port))
        if tcp:
            self.socket.connect(exchange)
        self.port = self.socket.getsockname()[1]
        self.contact = contact or f"sip:{user}@{host}:{self.port}" + (";transport=tcp" if tcp else "")
        self.heard, self.stream, self.tags = [], b"", {}
        self.nonce, self.count = None, 0
        self.registration, self.register_cseq = secrets.token_hex(8), 0

    def send(self, message, to=None):
        """Sends a message, or octets as they are."""
        octets = message if isinstance(message, bytes) else bytes(message)
        note(self, "-->", message)
        if self.tcp:
            self.socket.sendall(octets)
        else:
            self.socket.sendto(octets, to or self.exchange)
        return message

    def receive(self, *shorts, within=SOON_S, where=lambda message: True):
        """The first message, not yet taken, that reads so (`200 INVITE`, `BYE`); fails when none comes in time."""
        found = self.perhaps(*shorts, within=within, where=where)
        assert found, f"{self.user}: none of {shorts} within {within} s; there are {[m.short for m in self.heard]}"
        return found

    def perhaps(self, *shorts, within, where=lambda message: True):
        """The same; none when none comes in time."""
        deadline = time.monotonic() + within
        while True:
            for place, message in enumerate(self.heard):
                if (not shorts or message.short in shorts) and where(message):
                    return self.heard.pop(place)
            left = deadline - time.monotonic()
            if left <= 0 or not self.listen(left):
                return None

    def silent(self, *shorts, seconds, where=lambda message: True):
        """Asserts that no such message comes for so long."""
        found = self.perhaps(*shorts, within=seconds, where=where)
        assert found is None, f"{self.user}: {found.short} came"

    def listen(self, seconds):
        """Waits for octets; false when none came, or when the connection has ended."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            octets, source = self.socket.recvfrom(65_535)
        except (TimeoutError, ConnectionError):
            return False
        if not self.tcp:
            if octets.strip():
                self.hear(octets, source)
            return True
        self.stream += octets
        while b"\r\n\r\n" in self.stream.lstrip(b"\r\n"):
            self.stream = self.stream.lstrip(b"\r\n")
            head = Message.parse(self.stream)
            end = self.stream.index(b"\r\n\r\n") + 4 + int(head.get("Content-Length", "0"))
            if len(self.stream) < end:
                break
            self.hear(self.stream[:end], source)
            self.stream = self.stream[end:]
        return bool(octets)

    def hear(self, octets, source):
        message = Message.parse(octets)
        message.at, message.source = time.monotonic(), source
        note(self, "<--", message)
        if message.status > 100:
            key = (message.get("Call-ID"), message.cseq, message.branch)
            assert message.to_tag, f"no To-tag: {message.start}"
            known = self.tags.setdefault(key, message.to_tag)
            assert known == message.to_tag, f"another To-tag than before: {message.start}"
        self.heard.append(message)

    def via(self, branch=None):
        transport = "TCP" if self.tcp else "UDP"
        return f"SIP/2.0/{transport} {self.host}:{self.port};rport;branch={branch or 'z9hG4bK' + secrets.token_hex(8)}"

    def address(self, user=None):
        return f"<sip:{user or self.user}@{self.exchange[0]}>"

    def request(self, method, uri=None, headers=(), body="", cseq=1, call_id=None, tag=None, to=None, branch=None):
        """A request outside dialogs."""
        lines = [("Via", self.via(branch)), ("Max-Forwards", "70")]
        lines += [("From", f"{self.address()};tag={tag or secrets.token_hex(4)}"), ("To", to or self.address())]
        lines += [("Call-ID", call_id or secrets.token_hex(8)), ("CSeq", f"{cseq} {method}"), *headers]
        return Message(f"{method} {uri or f'sip:{self.exchange[0]}'} SIP/2.0", lines, body)

    def credentials(self, challenged, method, uri):
        """Takes the challenge of this phone's algorithm, and answers it."""
        offered = digest.challenges(challenged)
        chosen = [it for it in offered if it.get("algorithm", "MD5") == self.algorithm]
        assert chosen, f"{self.algorithm} is not offered: {offered}"
        self.nonce, self.count = chosen[0], 1
        return ("Authorization", digest.answer(chosen[0], self.user, self.password, method, uri))

    def again(self, method, uri):
        """Credentials with the nonce of before, counted on."""
        self.count += 1
        return ("Authorization", digest.answer(self.nonce, self.user, self.password, method, uri, self.count))

    def register(self, expect=200, expires=600, contacts=None, headers=()):
        """Registers as a phone does: without credentials first. Gives the last response."""
        uri = f"sip:{self.exchange[0]}"
        contacts = [f"<{self.contact}>"] if contacts is None else contacts
        lines = [*[("Contact", contact) for contact in contacts], ("Expires", str(expires)), *headers]
        first = self.ask_registrar(lines, uri)
        assert first.status == 401, first.start
        last = self.ask_registrar([*lines, self.credentials(first, "REGISTER", uri)], uri)
        assert last.status == expect, f"{last.start}, not {expect}"
        return last

    def ask_registrar(self, lines, uri=None):
        self.register_cseq += 1
        request = self.request("REGISTER", uri, lines, cseq=self.register_cseq, call_id=self.registration)
        self.send(request)
        return self.receive(where=lambda it: it.status >= 200 and it.branch == request.branch)

    def call(self, number, body=None, headers=(), until_challenged=False):
        """Calls a number, with credentials when they are asked for; gives the leg, of which nothing is known yet."""
        leg = Leg(self, secrets.token_hex(8), f"{self.address()};tag={secrets.token_hex(4)}", self.address(number))
        leg.target = f"sip:{number}@{self.exchange[0]}"
        leg.offer = body if body is not None else description(self.host, 4000)
        leg.extra = list(headers)
        first = leg.invite()
        challenged = self.receive("401 INVITE", where=lambda it: it.branch == first.branch)
        assert not [it for it in self.heard if it.branch == first.branch], "a challenge at once needs no 100 before it"
        leg.acknowledge_refusal(challenged)
        if not until_challenged:
            leg.invite([self.credentials(challenged, "INVITE", leg.target)])
        return leg

    def rings(self, within=SOON_S):
        """Waits until it is called; gives the leg."""
        return Leg.of_invite(self, self.receive("INVITE", within=within))


class Leg:
    """One dialog, or what may become one, as this phone sees it."""

    def __init__(self, phone, call_id, local, remote):
        self.phone, self.call_id, self.local, self.remote = phone, call_id, local, remote
        self.cseq, self.target, self.invitation, self.routes = 0, None, None, []
        self.offer, self.extra, self.answered = "", [], None

    @classmethod
    def of_invite(cls, phone, invite):
        leg = cls(phone, invite.get("Call-ID"), f"{invite.get('To')};tag={secrets.token_hex(4)}", invite.get("From"))
        leg.invitation, leg.target = invite, invite.contact
        return leg

    def build(self, method, headers=(), body="", cseq=None, branch=None, local=None):
        lines = [("Via", self.phone.via(branch)), ("Max-Forwards", "70"), ("From", local or self.local)]
        lines += [("To", self.remote), ("Call-ID", self.call_id), ("CSeq", f"{cseq or self.cseq} {method}"), *headers]
        if body:
            kind = "application/sdp" if body.startswith("v=0") else "application/dtmf-relay"
            lines.append(("Content-Type", kind))
        return Message(f"{method} {self.target} SIP/2.0", lines, body)

    def send(self, method, headers=(), body="", cseq=None):
        """A request of this dialog."""
        if cseq is None:
            self.cseq += 1
        contact = [("Contact", f"<{self.phone.contact}>")] if method in ("INVITE", "UPDATE") else []
        return self.phone.send(self.build(method, [*contact, *headers], body, cseq))

    def invite(self, headers=()):
        self.cseq += 1
        contact = ("Contact", f"<{self.phone.contact}>")
        self.invitation = self.build("INVITE", [contact, *self.extra, *headers], self.offer)
        return self.phone.send(self.invitation)

    def response(self, *codes, within=SOON_S, method="INVITE"):
        """The next response with one of these codes; a refusal of an INVITE is acknowledged, a 2xx is learnt from."""
        shorts = [f"{code} {method}" for code in codes]
        found = self.phone.receive(*shorts, within=within, where=lambda it: it.get("Call-ID") == self.call_id)
        if found.to_tag and method == "INVITE" and found.status < 300:
            self.remote = found.get("To")
            self.target = found.contact if found.get("Contact") else self.target
        if method == "INVITE" and found.status >= 300:
            self.acknowledge_refusal(found)
        return found

    def acknowledge_refusal(self, response):
        """The ACK of a refusal: the INVITE's branch, URI and number (RFC 3261 17.1.1.3)."""
        lines = [("Via", self.invitation.get("Via")), ("Max-Forwards", "70"), ("From", response.get("From"))]
        lines += [("To", response.get("To")), ("Call-ID", self.call_id), ("CSeq", f"{response.cseq[0]} ACK")]
        self.phone.send(Message(f"ACK {self.invitation.uri} SIP/2.0", lines))

    def ack(self, body="", cseq=None):
        """The ACK of a 2xx."""
        return self.phone.send(self.build("ACK", (), body, cseq or self.cseq))

    def cancel(self):
        """Cancels the INVITE."""
        lines = [("Via", self.invitation.get("Via")), ("Max-Forwards", "70"), ("From", self.invitation.get("From"))]
        lines += [("To", self.invitation.get("To")), ("Call-ID", self.call_id)]
        lines.append(("CSeq", f"{self.invitation.cseq[0]} CANCEL"))
        return self.phone.send(Message(f"CANCEL {self.invitation.uri} SIP/2.0", lines))

    def answer(self, code, reason="Said", body="", headers=(), to=None, local=None, contact=None):
        """Answers the INVITE, or `to` another request of the peer."""
        request = to or self.invitation
        local = local or (self.local if not request.to_tag else request.get("To"))
        lines = [("Via", via) for via in request.all("Via")]
        lines += [("From", request.get("From")), ("To", local), ("Call-ID", self.call_id), ("CSeq", request.get("CSeq"))]
        if request.method in ("INVITE", "UPDATE"):
            lines.append(("Contact", f"<{contact or self.phone.contact}>"))
        lines += list(headers)
        if body:
            lines.append(("Content-Type", "application/sdp"))
        return self.phone.send(Message(f"SIP/2.0 {code} {reason}", lines, body), getattr(request, "source", None))

    def accept(self, body=None, headers=()):
        """Answers the INVITE with 200."""
        return self.answer(200, "OK", description(self.phone.host, 5000) if body is None else body, headers)

    def takes(self, method, within=SOON_S, code=200, **more):
        """Waits for a request of the peer in this dialog, and answers it."""
        request = self.waits(method, within)
        self.answer(code, to=request, **more)
        return request

    def waits(self, method, within=SOON_S):
        """Waits for a request of the peer in this dialog."""
        return self.phone.receive(method, within=within, where=lambda it: it.get("Call-ID") == self.call_id)

    def hang_up(self):
        """BYE, and its answer."""
        self.send("BYE")
        return self.response(200, method="BYE")


def talk(one, other, offer=None, reply=None):
    """Phone `one` calls `other`, which answers; gives both legs. One may be told the other's number."""
    leg = one.call(other.user, offer)
    called = other.rings()
    called.answer(180, "Ringing")
    leg.response(180)
    called.accept(reply)
    called.waits("ACK")
    leg.answered = leg.response(200)
    leg.ack()
    return leg, called


def note(phone, way, message):
    first = message.start if isinstance(message, Message) else repr(message[:60])
    LADDER.append(f"{time.monotonic():.3f} {phone.user:>6}:{phone.port} {way} {first}")
