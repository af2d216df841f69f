"""SIP-23 over the wire: the relay's ports."""

import time

from phone import talk
from scenario import run


def taken(x):
    """Two pairs are left: one call has them, a second one is told to come again, and afterwards they are given out anew."""
    one, other, third = (x.phone(number) for number in ("201", "202", "203"))
    for phone in (one, other, third):
        phone.register()
    leg, called = talk(one, other)
    ports = sorted([called.invitation.media[1], media_of(leg)])
    refused = third.call("202").response(503, 486)
    leg.hang_up()
    called.takes("BYE")
    # Ports rest for a while after a call.
    deadline = time.monotonic() + 15
    while True:
        again = one.call("202")
        called = other.perhaps("INVITE", within=0.3)
        if called:
            break
        assert again.response(503).get("Retry-After") and time.monotonic() < deadline
        time.sleep(0.5)
    again.cancel()
    again.response(200, method="CANCEL")
    again.response(487)
    return {"ports": ports, "refused": refused.status, "retry_after": refused.get("Retry-After")}


def media_of(leg):
    return leg.answered.media[1]


def default_range(x):
    """The ports of one call where nothing is configured."""
    one, other = x.phones("1101", "1102")
    leg, called = talk(one, other)
    ports = [media_of(leg), called.invitation.media[1]]
    leg.hang_up()
    called.takes("BYE")
    return ports


def lingers(x):
    """Many requests at once, each answered; their transactions linger."""
    phone = x.phone("1101")
    for _ in range(x.told["requests"]):
        request = phone.send(phone.request("OPTIONS"))
        phone.receive("200 OPTIONS", where=lambda it: it.branch == request.branch)
    phone.tags.clear()
    return None


if __name__ == "__main__":
    run(globals())
