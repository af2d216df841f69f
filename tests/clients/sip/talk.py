"""Answering by command over the wire: a phone that rings is told to answer by NOTIFY with `Event: talk`, and does it or not."""

from scenario import run

CALLED_WITHIN_S = 30.0


def told(leg):
    """Rings until it is told; gives the request."""
    leg.answer(180, "Ringing")
    request = leg.waits("NOTIFY", within=CALLED_WITHIN_S)
    assert request.get("Event") == "talk", request.get("Event")
    assert request.get("Subscription-State").split(";")[0] == "active"
    assert request.get("To") == leg.local, "within the dialog that the 180 made"
    assert request.uri == f"sip:1102@127.0.0.1:{leg.phone.port}", "at the phone's own contact"
    assert request.cseq[0] > leg.invitation.cseq[0], "a request of its own"
    return request


def cancelled(leg):
    """It is given up on while it rings."""
    leg.takes("CANCEL", within=CALLED_WITHIN_S)
    leg.answer(487, "Request Terminated")
    leg.waits("ACK")


def answers(x):
    """It does as it is told, for so many calls."""
    phone, = x.phones("1102")
    for _ in range(x.told["calls"]):
        leg = phone.rings(within=CALLED_WITHIN_S)
        leg.answer(200, to=told(leg))
        leg.accept()
        leg.waits("ACK")
        leg.takes("BYE", within=CALLED_WITHIN_S)


def does_not_know(x):
    """It says that it could, and knows no such event."""
    phone, = x.phones("1102")
    for _ in range(x.told["calls"]):
        leg = phone.rings(within=CALLED_WITHIN_S)
        leg.answer(489, "Bad Event", to=told(leg))
        cancelled(leg)


def rings_on(x):
    """It takes note, and rings on."""
    phone, = x.phones("1102")
    for _ in range(x.told["calls"]):
        leg = phone.rings(within=CALLED_WITHIN_S)
        leg.answer(200, to=told(leg))
        cancelled(leg)


def is_not_told(x):
    """Nobody tells it anything before it is given up on."""
    phone, = x.phones("1102")
    for _ in range(x.told["calls"]):
        leg = phone.rings(within=CALLED_WITHIN_S)
        leg.answer(180, "Ringing")
        first = phone.receive("NOTIFY", "CANCEL", within=CALLED_WITHIN_S)
        assert first.method == "CANCEL", "its setting says that it cannot"
        leg.answer(200, to=first)
        leg.answer(487, "Request Terminated")
        leg.waits("ACK")


if __name__ == "__main__":
    run(globals())
