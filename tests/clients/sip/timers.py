"""SIP-08 over the wire, on the exchange's stopped clock: session timers in both roles (RFC 4028)."""

from scenario import run


def asks(one, seconds):
    return one.call("1102", headers=[("Supported", "timer"), ("Session-Expires", seconds)])


def session_timers(x):
    one, other = x.phones("1101", "1102")
    # Too short: 422 and what would do.
    refused = asks(one, "60;refresher=uac").response(422)
    assert refused.get("Min-SE") == "90", refused.headers

    # The caller refreshes, twice, and then no more; the exchange refreshes towards the called phone, until it is hung up.
    leg = asks(one, "90;refresher=uac")
    called = other.rings()
    assert called.invitation.get("Session-Expires").split(";")[0] == "1800", "our own wish"
    assert called.invitation.get("Min-SE") == "90" and "timer" in called.invitation.get("Supported")
    called.accept(headers=[("Session-Expires", "90;refresher=uac"), ("Require", "timer")])
    called.waits("ACK")
    answered = leg.response(200)
    assert answered.get("Session-Expires") == "90;refresher=uac" and "timer" in answered.get("Require")
    leg.ack()
    offered, version = called.invitation.body, 1
    for _ in range(2):
        x.advance(44_000)
        other.silent("INVITE", seconds=0.2)
        x.advance(1_000)
        refresh = called.waits("INVITE")
        assert refresh.body == offered, "the current description, unchanged"
        assert refresh.get("Session-Expires") == "90;refresher=uac"
        called.answer(200, to=refresh, body=DESCRIPTION, headers=[("Session-Expires", "90;refresher=uac")])
        called.waits("ACK")
        leg.send("UPDATE", [("Supported", "timer"), ("Session-Expires", "90;refresher=uac")])
        refreshed = leg.response(200, method="UPDATE")
        assert refreshed.get("Session-Expires") == "90;refresher=uac"
        version += 1
    # A third of 90 s before its end nobody has refreshed (RFC 4028 10): both are hung up.
    x.advance(45_000)
    called.answer(200, to=called.waits("INVITE"), body=DESCRIPTION, headers=[("Session-Expires", "90;refresher=uac")])
    called.waits("ACK")
    x.advance(14_000)
    one.silent("BYE", seconds=0.2)
    x.advance(2_000)
    leg.takes("BYE")
    called.takes("BYE")

    # The exchange refreshes towards the caller too, where the caller wants that.
    leg = asks(one, "90;refresher=uas")
    called = other.rings()
    # The called phone finds 1800 s too short: it is asked again.
    called.answer(422, headers=[("Min-SE", "3600")])
    called.waits("ACK")
    called = other.rings()
    assert int(called.invitation.get("Session-Expires").split(";")[0]) >= 3600
    assert called.invitation.get("Min-SE") == "3600", called.invitation.headers
    # And then does without.
    called.accept()
    called.waits("ACK")
    answered = leg.response(200)
    assert answered.get("Session-Expires") == "90;refresher=uas"
    leg.ack()
    x.advance(45_000)
    refresh = leg.waits("INVITE")
    assert refresh.body == answered.body, "the current description"
    leg.answer(200, to=refresh, body=leg.offer, headers=[("Session-Expires", "90;refresher=uac"), ("Require", "timer")])
    leg.waits("ACK")
    other.silent("INVITE", seconds=0.2)
    # A phone that does not answer the refresh any more: the session ends.
    x.advance(45_000)
    leg.waits("INVITE")
    x.advance(46_000)
    leg.takes("BYE")
    called.takes("BYE")


DESCRIPTION = "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8 0 101\r\n"

if __name__ == "__main__":
    run(globals())
