"""SIP-03 and SIP-18 over the wire, in real time: what is repeated when and how long, and what a stalled machine does to it."""

import os
import signal
import threading
import time

from phone import talk
from scenario import run

TOLERANCE_S = 0.45
# 64 times T1 of RFC 3261.
GIVE_UP_S = 32.0


def watch(phones, seconds):
    """Listens at all phones at once, so that each message has its time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for phone in phones:
            while phone.listen(0.004):
                pass


def times(phone, short, leg):
    return [it.at for it in phone.heard if it.short == short and it.get("Call-ID") == leg.call_id]


def assert_times(found, wanted, what):
    since = [round(at - found[0], 2) for at in found]
    assert len(since) == len(wanted), f"{what}: {since}, not {wanted}"
    assert all(abs(a - b) < TOLERANCE_S for a, b in zip(since, wanted)), f"{what}: {since}, not {wanted}"


def doubling(most):
    """0, T1, 3 T1, 7 T1 and so on, the interval doubled up to `most`, within 64 T1."""
    at, interval, found = 0.0, 0.5, []
    while at < GIVE_UP_S - 0.01:
        found.append(at)
        at, interval = at + interval, min(2 * interval, most)
    return found


def repeats(x):
    phones = x.phones("1101", "1102", "1103", "1104", "1105", "1106", "1107")
    a, b, c, d, e, f, g = phones
    # An INVITE that is repeated gets the last response, under the same tag (which the phone holds against all it hears).
    unheard = a.call("1102")
    called = b.rings()
    called.answer(180)
    first = unheard.response(180)
    a.send(unheard.invitation)
    again = unheard.response(180)
    assert bytes(first) == bytes(again), "the same response to the octet"
    b.silent("INVITE", seconds=0.2)
    # An answer that nobody acknowledges.
    called.accept()
    # A refusal that nobody acknowledges, and one that is acknowledged late.
    unheeded, late = c.call("1199"), d.call("1199")
    # A BYE that nobody answers.
    leg, away = talk(e, f)
    leg.hang_up()
    # A call that goes on beside all this.
    other, _ = talk(g, d)
    watch(phones, 2.0)
    late.response(404)
    acknowledged = time.monotonic()
    watch(phones, GIVE_UP_S + 1.0)

    answers = times(a, "200 INVITE", unheard)
    assert_times(answers, doubling(4.0), "2xx")
    bye = times(a, "BYE", unheard)
    assert bye and abs(bye[0] - answers[0] - GIVE_UP_S) < 2 * TOLERANCE_S, f"BYE {bye[0] - answers[0]:.2f} s after the 200"
    assert times(b, "BYE", called), "the other leg ends too"
    assert_times(times(c, "404 INVITE", unheeded), doubling(4.0), "refusal")
    # One of them was taken when it was acknowledged.
    assert_times([acknowledged - 2.0, *times(d, "404 INVITE", late)], [0, 0.5, 1.5], "refusal until its ACK")
    byes = times(f, "BYE", away)
    assert_times(byes, doubling(4.0), "BYE")
    other.hang_up()


def stalls(x):
    """The exchange stands still for six seconds. What its phones said meanwhile counts; who could not be heard is not given up."""
    one, other, third, mute = x.phones("1101", "1102", "1103", "1104")
    leg = one.call("1102")
    called = other.rings()
    third_leg = third.call("1104")
    began = mute.receive("INVITE").at
    os.kill(x.told["pid"], signal.SIGSTOP)
    stopped = time.monotonic()
    stall_s = 6.0
    threading.Timer(stall_s, os.kill, (x.told["pid"], signal.SIGCONT)).start()
    called.answer(180)
    called.accept()
    called.waits("ACK", within=stall_s + 2)
    leg.response(200)
    leg.ack()
    watch([other, mute], 1.0)
    # On a busy machine half a second may have passed before the exchange was stopped: only what comes after the stall counts.
    again = [it.at - stopped for it in other.heard if it.method == "INVITE" and it.at > stopped + stall_s - 0.5]
    assert not again, f"the INVITE is not repeated: {again}"
    leg.hang_up()
    called.takes("BYE")
    # Nobody ever answered the INVITE to the fourth phone: it is repeated on, and given up the pause later.
    watch([third, mute], GIVE_UP_S - (time.monotonic() - began) + 2.0)
    assert not [it for it in third.heard if it.status >= 400], "given up as if the exchange had been awake"
    # The SIP status of a phone that says nothing.
    gone = third_leg.response(408, 480, within=stall_s + 2)
    assert abs(gone.at - began - GIVE_UP_S - stall_s) < 1.5, f"given up after {gone.at - began:.2f} s"
    repeated = [it.at for it in mute.heard if it.method == "INVITE"]
    within = [at for at in repeated if at - began < stall_s]
    assert not within, "a stopped program says nothing"
    gaps = [b - a for a, b in zip(repeated, repeated[1:])]
    assert all(abs(gap / wanted - 1) < 0.3 for gap, wanted in zip(gaps, (1, 2, 4, 8))), f"no burst: {gaps}"


if __name__ == "__main__":
    run(globals())
