"""SIP-13 over the wire: whose packets are believed, what stays the same over a change, and that no call hears another."""

import socket

from message import description
from phone import talk
from rtp import carried, ear, hears, packet, port, read
from scenario import run


def up(one, other, ears):
    """A call with sound on these sockets; gives both legs and the exchange's addresses for them."""
    offer, reply = (description("127.0.0.1", port(it)) for it in ears)
    leg = one.call(other.user, offer)
    called = other.rings()
    called.accept(reply)
    called.waits("ACK")
    answered = leg.response(200)
    leg.ack()
    return leg, called, (answered.media, called.invitation.media)


def believes(x):
    """The description's own address, as long as it is heard; another one only after it kept sending alone for a while."""
    one, other = x.phones("1101", "1102")
    ears = [ear(), ear()]
    leg, called, relays = up(one, other, ears)
    assert carried(ears[0], relays[0], ears[1], 8) == 8
    stranger = ear("127.0.0.66")
    for sequence in range(30):
        stranger.sendto(packet(8, sequence, 1, source=666), relays[0])
        ears[0].sendto(packet(8, sequence, 2, source=1), relays[0])
        assert read(hears(ears[1]))[3] == 1, "the stranger is not heard"
    # What the other one says still goes to the description's address.
    assert carried(ears[1], relays[1], ears[0], 8) == 8
    assert hears(stranger) is None
    leg.hang_up()
    called.takes("BYE")

    # The description's address is never heard: after the learning window the source that is there counts, and only it.
    leg, called, relays = up(one, other, ears)
    heard_after = next(n for n in range(100) if believed(stranger, relays[0], ears[1], n))
    assert heard_after >= 3, "not at once"
    second = ear("127.0.0.67")
    assert not any(believed(second, relays[0], ears[1], n) for n in range(10)), "a third one"
    assert carried(ears[1], relays[1], stranger, 8) == 8, "sound goes to where it comes from"
    leg.hang_up()
    called.takes("BYE")


def believed(mouth, relay, opened, sequence):
    mouth.sendto(packet(8, sequence, 9), relay)
    return hears(opened) is not None


def goes_on(x):
    """Source and sequence of a phone pass unchanged, before a change of the session and after it; RTCP passes too."""
    one, other = x.phones("1101", "1102")
    ears = [ear(), ear()]
    leg, called, relays = up(one, other, ears)
    assert carried(ears[0], relays[0], ears[1], 8) == 8
    sequence = 65_500
    for version, direction in enumerate(("sendonly", "sendrecv", "inactive", "sendrecv"), 2):
        for _ in range(20):
            sequence += 1
            ears[0].sendto(packet(8, sequence, 160 * sequence & 0xFFFFFFFF, source=77), relays[0])
            heard = read(hears(ears[1]))
            assert heard == (8, sequence & 0xFFFF, 160 * sequence, 77), heard
        leg.send("INVITE", body=description("127.0.0.1", port(ears[0]), direction=direction, version=version))
        reply = {"sendonly": "recvonly"}.get(direction, direction)
        called.takes("INVITE", body=description("127.0.0.1", port(ears[1]), direction=reply, version=version))
        called.waits("ACK")
        assert leg.response(200).media == relays[0], "the exchange's port stays"
        leg.ack()
    assert carried(ears[0], relays[0], ears[1], 8) == 8 and carried(ears[1], relays[1], ears[0], 8) == 8, "both ways"
    report = bytes((0x80, 201, 0, 1, 0, 0, 0, 77))
    rtcp = ear_above(ears[1])
    speaks = ear_above(ears[0])
    if rtcp and speaks:
        speaks.sendto(report, (relays[0][0], relays[0][1] + 1))
        assert hears(rtcp) == report, "RTCP passes"
    leg.hang_up()
    called.takes("BYE")
    return bool(rtcp and speaks)


def ear_above(opened):
    """The port above, where RTCP is; none when another program has it."""
    above = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    above.settimeout(2)
    try:
        above.bind(("127.0.0.1", port(opened) + 1))
    except OSError:
        return None
    return above


def apart(x):
    """Four calls at once, packets of all mixed: each phone hears its own peer and nobody else."""
    phones = x.phones(*(str(number) for number in range(1101, 1109)))
    calls = []
    for one, other in zip(phones[::2], phones[1::2]):
        ears = [ear(), ear()]
        calls.append((up(one, other, ears), ears))
    for (_, _, relays), ears in calls:
        assert carried(ears[0], relays[0], ears[1], 8) == 8
        assert carried(ears[1], relays[1], ears[0], 8) == 8
    for sequence in range(25):
        for place, ((_, _, relays), ears) in enumerate(calls):
            ears[0].sendto(packet(8, sequence, 3, source=100 + place), relays[0])
            ears[1].sendto(packet(8, sequence, 3, source=200 + place), relays[1])
    for place, (_, ears) in enumerate(calls):
        for opened, source in ((ears[1], 100 + place), (ears[0], 200 + place)):
            heard = []
            while found := hears(opened):
                heard.append(read(found))
            marked = [it for it in heard if it[2] == 3]
            assert {it[3] for it in marked} == {source} and len(marked) == 25, (source, heard)
    for (leg, called, _), _ in calls:
        leg.hang_up()
        called.takes("BYE")


if __name__ == "__main__":
    run(globals())
