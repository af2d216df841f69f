"""SIP-16 over the wire: who is shown which of our addresses, and where a phone behind a translator is reached."""

import ctypes
import os

from phone import talk
from message import description
from rtp import carried, ear, port
from scenario import run

CLONE_NEWNET = 0x40000000


class Net:
    """A network namespace: sockets that are opened within it stay there."""

    def __init__(self, name):
        self.there, self.here = (os.open(path, os.O_RDONLY) for path in (f"/run/netns/{name}", "/proc/self/ns/net"))
        self.libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self):
        assert self.libc.setns(self.there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())

    def __exit__(self, *_):
        assert self.libc.setns(self.here, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def shown(leg):
    """The hosts of Via, Contact and description in an INVITE of the exchange."""
    invite = leg.invitation
    via = invite.get("Via").split()[1].split(";")[0].rpartition(":")[0]
    return {via, invite.contact.rpartition("@")[2].removeprefix("sip:").rpartition(":")[0], invite.media[0]}


def outsiders(x):
    """One phone in a local network, one outside: only the second is shown the external address."""
    inside, outside = x.phone("201"), x.phone("202", host="127.0.0.2")
    for phone in (inside, outside):
        phone.register()
    leg, called = talk(inside, outside)
    assert shown(called) == {"203.0.113.7"}, shown(called)
    leg.hang_up()
    called.takes("BYE")
    leg = outside.call("201")
    called = inside.rings()
    assert shown(called) == {"127.0.0.1"}, shown(called)
    called.answer(180)
    ringing = leg.response(180)
    assert ringing.contact.rpartition(":")[0].endswith("203.0.113.7"), ringing.get("Contact")
    called.accept()
    called.waits("ACK")
    assert leg.response(200).media[0] == "203.0.113.7"
    leg.ack()
    leg.hang_up()
    called.takes("BYE")


def translator(x):
    """A listener on all addresses; one phone next to it, one behind a router that translates addresses (the kernel's own)."""
    places = x.told["places"]

    def phone(number, place):
        return x.phone(number, host=place["host"], exchange=(place["exchange"], x.udp[1]), net=Net(place["net"]))

    reached(phone("201", places["near"]), phone("202", places["hidden"]), places["hidden"]["exchange"])


def translated(x):
    """The same where no network may be laid: the second phone is at another address of this machine, and believes, as one behind
    a translator does, that it has an address which leads nowhere."""
    near = x.phone("201", exchange=("127.0.0.1", x.udp[1]))
    host = x.told["host"]
    hidden = x.phone("202", host=host, exchange=(host, x.udp[1]), contact="sip:202@192.168.77.5:5060")
    hidden.public, hidden.host = host, "192.168.77.5"
    for phone in (near, hidden):
        phone.register(contacts=["*"], expires=0)
    reached(near, hidden, host)


def reached(near, hidden, exchange):
    """Calls both ways: each phone is shown the address that it reaches, and the hidden one is found where it was seen."""
    for it in (near, hidden):
        it.register()
    for one, other, ours in ((near, hidden, exchange), (hidden, near, near.exchange[0])):
        ears = []
        for it in (one, other):
            with it.net:
                ears.append(ear(getattr(it, "public", it.host)))
        leg = one.call(other.user, description(one.host, port(ears[0])))
        called = other.rings()
        assert shown(called) == {ours}, "the address that this phone reaches"
        called.accept(description(other.host, port(ears[1])))
        called.waits("ACK")
        answered = leg.response(200)
        leg.ack()
        relays = answered.media, called.invitation.media
        # The hidden phone speaks first: the relay learns where its sound comes from.
        for mouth, relay, heard in ((1, 1, 0), (0, 0, 1)) if other is hidden else ((0, 0, 1), (1, 1, 0)):
            assert carried(ears[mouth], relays[relay], ears[heard], 8) == 8
        # Requests of the dialog in both directions.
        called.send("INFO", body="Signal=1\r\n")
        leg.takes("INFO")
        called.response(200, method="INFO")
        leg.send("INFO", body="Signal=2\r\n")
        called.takes("INFO")
        leg.response(200, method="INFO")
        called.send("INVITE", body=description(other.host, port(ears[1]), direction="sendonly", version=2))
        leg.takes("INVITE", body=description(one.host, port(ears[0]), direction="recvonly", version=2))
        leg.waits("ACK")
        called.response(200)
        called.ack()
        leg.hang_up()
        called.takes("BYE")


if __name__ == "__main__":
    run(globals())
