"""SIP-05, 06, 07, 19 and 21 over the wire: changes of a session and what crosses them, key presses, reliable responses."""

import time

from message import description
from phone import talk
from rtp import carried, ears_of_two
from scenario import run


def finish(leg, called):
    leg.hang_up()
    called.takes("BYE")


def change(leg, direction, version, method="INVITE", **more):
    """Offers a change."""
    return leg.send(method, body=description(leg.phone.host, 4000, direction=direction, version=version), **more)


def crossing(x):
    """Crossing re-INVITEs: 491 both ways, tried again when RFC 3261 14.1 says. A second one while the first is open; CSeq."""
    one, other = x.phones("1101", "1102")
    leg, called = talk(one, other)
    # To the called phone the exchange owns the Call-ID: it tries again after 2.1 to 4 s. To the caller: within 2 s.
    for from_, to, soonest, latest in ((leg, called, 2.0, 4.4), (called, leg, 0.0, 2.4)):
        change(from_, "sendonly", 2)
        passed = to.waits("INVITE")
        mine = change(to, "sendrecv", 2)
        to.invitation = mine
        assert to.response(491).cseq[0] == mine.cseq[0]
        refused_at = time.monotonic()
        to.answer(491, to=passed)
        to.waits("ACK")
        again = to.waits("INVITE", within=6)
        waited = again.at - refused_at
        assert soonest <= waited <= latest, f"tried again after {waited:.2f} s"
        assert again.direction == "sendonly" and again.cseq[0] > passed.cseq[0]
        to.answer(200, to=again, body=description(to.phone.host, 5000, direction="recvonly", version=3))
        to.waits("ACK")
        assert from_.response(200).direction == "recvonly"
        from_.ack()
        # The side that was refused tries again and gets through.
        change(to, "sendrecv", 4)
        from_.takes("INVITE", body=description(from_.phone.host, 4000, version=4))
        from_.waits("ACK")
        to.response(200)
        to.ack()

    change(leg, "sendonly", 5)
    open_ = leg.cseq
    leg.invitation = change(leg, "sendrecv", 6)
    second = leg.response(500)
    assert second.cseq[0] == open_ + 1 and 0 <= int(second.get("Retry-After").split()[0]) <= 10, second.headers
    called.takes("INVITE", body=description(other.host, 5000, direction="recvonly", version=5))
    called.waits("ACK")
    assert leg.response(200).cseq[0] == open_
    leg.ack(cseq=open_)
    leg.send("INFO", body="Signal=1\r\n", cseq=open_ - 1)
    assert leg.response(500, method="INFO").cseq[0] == open_ - 1, "a lower number"
    leg.cseq += 1_000
    leg.send("INFO", body="Signal=1\r\n")
    called.takes("INFO")
    leg.response(200, method="INFO")
    finish(leg, called)


def keys(x):
    """INFO that overlaps, and INFO right behind the ACK: all answered, all passed on, in order."""
    one, other = x.phones("1101", "1102")
    leg = one.call("1102")
    called = other.rings()
    called.accept()
    called.waits("ACK")
    leg.response(200)
    leg.ack()
    sent = [leg.send("INFO", body=f"Signal={key}\r\nDuration=100\r\n") for key in "159#*0"]
    back = [called.send("INFO", body=f"Signal={key}\r\nDuration=100\r\n") for key in "842"]
    heard = [called.takes("INFO") for _ in sent]
    assert [it.lines("Signal=")[0] for it in heard] == list("159#*0")
    assert [it.cseq[0] for it in heard] == sorted(it.cseq[0] for it in heard)
    assert [leg.takes("INFO").lines("Signal=")[0] for _ in back] == list("842")
    for side, requests in ((leg, sent), (called, back)):
        answered = {side.response(200, method="INFO").cseq[0] for _ in requests}
        assert answered == {it.cseq[0] for it in requests}, "each is answered"
    finish(leg, called)


def early(x):
    """Early sound by 183, plain and reliable; PRACK on both sides; UPDATE from both sides before the answer."""
    one, other = x.phones("1101", "1102")
    ears, ports = ears_of_two()

    for reliable in (False, True):
        headers = [("Supported", "100rel")] if reliable else []
        leg = one.call("1102", description("127.0.0.1", ports[0]), headers)
        called = other.rings()
        assert "100rel" in called.invitation.get("Supported"), "the exchange can"
        said = description("127.0.0.1", ports[1])
        called.answer(183, "Session Progress", said, [("Require", "100rel"), ("RSeq", "700")] if reliable else [])
        if reliable:
            prack = called.takes("PRACK")
            assert prack.get("RAck").split() == ["700", str(called.invitation.cseq[0]), "INVITE"]
        progress = leg.response(183)
        assert bool(progress.get("RSeq")) == reliable and ("100rel" in progress.get("Require", "")) == reliable
        # Sound before the answer.
        assert carried(ears[1], called.invitation.media, ears[0], 8) == 8, "early sound"
        if reliable:
            rack = f"{progress.get('RSeq')} {leg.invitation.cseq[0]} INVITE"
            leg.send("PRACK", [("RAck", rack)])
            leg.response(200, method="PRACK")
            leg.send("PRACK", [("RAck", f"{int(progress.get('RSeq')) + 5} {leg.invitation.cseq[0]} INVITE")])
            leg.response(481, method="PRACK")
            # Until both are answered the exchange answers for itself.
            for from_, to in ((leg, other), (called, one)):
                change(from_, "sendonly", 2, "UPDATE")
                assert from_.response(200, method="UPDATE").direction == "recvonly"
                to.silent("UPDATE", seconds=0.2)
        called.accept("" if reliable else said)
        called.waits("ACK")
        leg.response(200)
        leg.ack(cseq=leg.invitation.cseq[0])
        finish(leg, called)

    # A reliable response of ours that is not acknowledged is repeated; a demand for reliability is met.
    leg = one.call("1102", headers=[("Require", "100rel")])
    called = other.rings()
    called.answer(180)
    first = leg.response(180)
    again = leg.response(180, within=1.5)
    assert first.get("RSeq") == again.get("RSeq") and 0.3 < again.at - first.at < 1.0
    leg.send("PRACK", [("RAck", f"{first.get('RSeq')} {leg.invitation.cseq[0]} INVITE")])
    leg.response(200, method="PRACK")
    called.accept()
    called.waits("ACK")
    leg.response(200)
    leg.ack(cseq=leg.invitation.cseq[0])
    finish(leg, called)


def held(x):
    """A change of direction goes to the peer and gets the peer's answer, from either side, by re-INVITE and by UPDATE."""
    one, other = x.phones("1101", "1102")
    leg, called = talk(one, other)
    ports = leg.phone, called.invitation.media
    version = 2
    for from_, to in ((leg, called), (called, leg)):
        for method in ("INVITE", "UPDATE"):
            for direction, reply in (("sendonly", "recvonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")):
                change(from_, direction, version, method)
                body = description(to.phone.host, 5_000, direction=reply, version=version)
                passed = to.takes(method, body=body)
                assert passed.direction == direction
                if to is called:
                    assert passed.media == ports[1], "the exchange's port stays"
                if method == "INVITE":
                    to.waits("ACK")
                assert from_.response(200, method=method).direction == reply
                if method == "INVITE":
                    from_.ack()
                version += 1
    # A change that the peer refuses leaves the session as it was.
    leg.invitation = change(leg, "sendonly", version)
    called.takes("INVITE", code=488)
    called.waits("ACK")
    leg.response(488)
    finish(leg, called)


def ordered(x):
    """The exchange calls both: the first is offered what can be passed, the second what the first took; less of it goes back."""
    one, other = x.phones("1101", "1102")
    ears, ports = ears_of_two()
    order = {"from": "1101", "to": "1102", "prompt": "off_hook"}

    x.console("POST", "/calls/make_call", order)
    leg = one.rings()
    offered = leg.invitation.payloads
    assert {0, 8, 101} < set(offered) and len(offered) > 3, offered
    leg.answer(180)
    other.silent("INVITE", seconds=0.3)
    leg.accept(description("127.0.0.1", ports[0], (8, 0, 101)))
    leg.waits("ACK")
    called = other.rings()
    assert called.invitation.payloads == [8, 0, 101], "what the first one answered"
    called.accept(description("127.0.0.1", ports[1], (8, 101)))
    called.waits("ACK")
    narrower = leg.waits("INVITE")
    assert narrower.payloads == [8, 101], "what the second one took"
    leg.answer(200, to=narrower, body=description("127.0.0.1", ports[0], (8, 101), version=2))
    leg.waits("ACK")
    other.silent("INVITE", seconds=0.3)
    leg.hang_up()
    called.takes("BYE")

    # The second phone has a number of its own for key presses: the relay rewrites it.
    x.console("POST", "/calls/make_call", order)
    leg = one.rings()
    leg.accept(description("127.0.0.1", ports[0], (8, 0, 101)))
    leg.waits("ACK")
    called = other.rings()
    called.accept(description("127.0.0.1", ports[1], (8, 0, 96), event=96))
    called.waits("ACK")
    relays = [leg.invitation.media, called.invitation.media]
    for sent, wanted in ((101, 96), (8, 8)):
        assert carried(ears[0], relays[0], ears[1], sent) == wanted, "the number that the second phone wants"
    assert carried(ears[1], relays[1], ears[0], 101) == 101
    one.silent("INVITE", seconds=0.3)
    leg.hang_up()
    called.takes("BYE")


if __name__ == "__main__":
    run(globals())
