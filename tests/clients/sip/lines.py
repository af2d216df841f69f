"""A phone dials no more calls than it has lines, and one that an application has rung first is seen to be called, then to ring."""

import json
import time
import urllib.request

from phone import SOON_S, talk
from scenario import run


def own_lines(x):
    """Telephones of the demo have one line: beside a call that is dialled, that talks, or that rings, another is refused with 486."""
    one, other, third = x.phones("1101", "1102", "1103")

    def refused():
        leg = one.call("1103")
        answer = leg.response(486)
        assert answer.get("Reason") == "Q.850;cause=17", answer.headers
        third.silent("INVITE", seconds=0.2)

    leg = one.call("1102")
    called = other.rings()
    refused()
    called.answer(180)
    leg.response(180)
    called.accept()
    called.waits("ACK")
    leg.response(200)
    leg.ack()
    refused()
    leg.hang_up()
    called.takes("BYE")

    # The line is free at once.
    leg, called = talk(one, third)
    called.hang_up()
    leg.takes("BYE")

    leg = other.call("1101")
    called = one.rings()
    called.answer(180)
    leg.response(180)
    refused()
    leg.cancel()
    leg.response(200, method="CANCEL")
    leg.response(487)
    cancelled = called.waits("CANCEL")
    called.answer(200, to=cancelled)
    called.answer(487)
    called.waits("ACK")


def first_rings(x):
    """Of a call that Fusion orders: the first phone is `Dialing` until it says that it rings, by 180 or by 183."""
    one, other = x.phones("1101", "1102")

    def fusion(target):
        with urllib.request.urlopen(f"http://{x.told['fusion']}/xml/{target}", timeout=60) as answer:
            return json.loads(answer.read())

    def shows(*states):
        deadline = time.monotonic() + SOON_S
        while (seen := [channel["State"] for channel in fusion("ccGetChannels.json")]) != list(states):
            assert time.monotonic() < deadline, f"{seen}, not {states}"

    for code in (180, 183):
        done = fusion(f"ccOriginate.json?phone_id={x.told['phone_id']}&to=1102&async=true")
        assert done == {"Result": 0}, done
        leg = one.rings()
        shows("Dialing")
        leg.answer(100, "Trying", local=leg.invitation.get("To"))
        leg.answer(code)
        shows("Ringing")
        leg.accept()
        leg.waits("ACK")
        called = other.rings()
        shows("Up")
        called.answer(180)
        shows("Up", "Ringing")
        called.accept()
        called.waits("ACK")
        shows("Up", "Up")
        called.hang_up()
        leg.takes("BYE")
        shows()


if __name__ == "__main__":
    run(globals())
