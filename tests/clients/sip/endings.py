"""SIP-01, 02, 04 and 22 over the wire: CANCEL and its races, To-tags, forks and repeated answers, Expires and busy phones."""

from message import description, parameter
from phone import talk
from scenario import run


def cancel(x):
    """CANCEL waits for a provisional response and has the INVITE's branch; an answer that crosses it gets ACK, then BYE."""
    one, other = x.phones("1101", "1102")
    leg = one.call("1102")
    called = other.rings()
    leg.cancel()
    leg.response(200, method="CANCEL")
    leg.response(487)
    other.silent("CANCEL", seconds=0.4)
    called.answer(180)
    cancelled = called.waits("CANCEL")
    assert cancelled.branch == called.invitation.branch, "the INVITE's branch"
    assert (cancelled.uri, cancelled.cseq) == (called.invitation.uri, (called.invitation.cseq[0], "CANCEL"))
    assert cancelled.get("To") == called.invitation.get("To"), "the To of the INVITE, without a tag"
    called.answer(200, to=cancelled)
    called.answer(487)
    called.waits("ACK")

    leg = one.call("1102")
    called = other.rings()
    called.answer(180)
    leg.response(180)
    leg.cancel()
    leg.response(200, method="CANCEL")
    leg.response(487)
    cancelled = called.waits("CANCEL")
    # It had answered before it heard of the CANCEL.
    called.accept()
    called.answer(200, to=cancelled)
    first, second = other.receive("ACK", "BYE"), other.receive("ACK", "BYE")
    assert (first.method, second.method) == ("ACK", "BYE"), "ACK first"
    called.answer(200, to=second)

    # A CANCEL that comes after the answer changes nothing.
    leg, called = talk(one, other)
    leg.cancel()
    leg.response(200, 481, method="CANCEL")
    other.silent("CANCEL", "BYE", seconds=0.3)
    leg.hang_up()
    called.takes("BYE")


def tags(x):
    """Every kind of response has a To-tag, which Phone.hear holds against all that comes; here each kind is provoked."""
    one, other = x.phones("1101", "1102")
    seen = []

    def asks(method, expect, **more):
        request = one.send(one.request(method, **more))
        seen.append(one.receive(f"{expect} {method}", where=lambda it: it.branch == request.branch).status)

    asks("OPTIONS", 200)
    asks("REGISTER", 401)
    asks("BYE", 481)
    asks("DANCE", 501)
    asks("PUBLISH", 405)
    asks("OPTIONS", 420, headers=[("Require", "foobar")])
    asks("INVITE", 400, headers=[("Content-Type", "application/sdp")], body="v=0\r\n")
    asks("CANCEL", 481)
    for number, status in (("1199", 404), ("1103", 480)):
        seen.append(one.call(number).response(status).status)
    for status in (486, 603):
        leg = one.call("1102")
        called = other.rings()
        called.answer(180)
        leg.response(180)
        called.answer(status)
        called.waits("ACK")
        seen.append(leg.response(status).status)
    asks("OPTIONS", 513, headers=[("X-Many", "yes")] * 2_000)
    leg, called = talk(one, other)
    leg.hang_up()
    called.takes("BYE")
    tags = [tag for (call_id, cseq, _), tag in one.tags.items() if call_id == leg.call_id and cseq == (2, "INVITE")]
    assert len(tags) == 1 and parameter(leg.remote, "tag") == tags[0], "180 and 200 have one tag, the dialog's"
    # A request with a To-tag is answered with that tag.
    leg.send("INFO", body="Signal=1\r\n")
    gone = leg.response(481, method="INFO")
    assert gone.to_tag == parameter(leg.remote, "tag")
    return seen


def forks(x):
    """A contact that is a proxy with phones of its own behind it: an early dialog for each, one answer taken, the second sent away."""
    one, = x.phones("1101")
    proxy = x.phone("1102")
    proxy.register()
    branches = [x.phone("1102"), x.phone("1102")]
    leg = one.call("1102")
    called = proxy.rings()
    locals_ = [f"{called.invitation.get('To')};tag=branch{place}" for place in range(2)]
    for place, phone in enumerate(branches):
        more = {"local": locals_[place], "contact": phone.contact}
        # Each branch numbers its reliable responses as it likes (RFC 3262 3).
        headers = [("Require", "100rel"), ("RSeq", str(100 * (place + 1)))]
        called.answer(183, body=description(phone.host, 5_000 + 10 * place), headers=headers, **more)
        prack = phone.receive("PRACK")
        assert prack.get("RAck").split()[0] == str(100 * (place + 1)), "its own number"
        assert prack.to_tag == f"branch{place}", "within its own early dialog"
        called.answer(200, to=prack)
    called.answer(200, body=description("127.0.0.1", 5_010), local=locals_[1], contact=branches[1].contact)
    ack = branches[1].receive("ACK")
    assert ack.to_tag == "branch1"
    leg.response(200)
    leg.ack()
    # The second branch was answered too: it is acknowledged and sent away.
    called.answer(200, body=description("127.0.0.1", 5_000), local=locals_[0], contact=branches[0].contact)
    first, second = branches[0].receive("ACK", "BYE"), branches[0].receive("ACK", "BYE")
    assert (first.method, second.method) == ("ACK", "BYE")
    assert (first.to_tag, second.to_tag) == ("branch0", "branch0")
    called.answer(200, to=second)
    # A repeated 200 is acknowledged each time.
    for _ in range(2):
        called.answer(200, body=description("127.0.0.1", 5_010), local=locals_[1], contact=branches[1].contact)
        again = branches[1].receive("ACK")
        assert (again.cseq, again.to_tag) == (ack.cseq, "branch1")
    branches[1].silent("BYE", seconds=0.3)
    leg.hang_up()
    bye = branches[1].receive("BYE")
    assert bye.to_tag == "branch1", "the call was the second branch's"
    called.answer(200, to=bye)


def busy(x):
    """Expires in every INVITE of the exchange; a phone that talks is 486 to who dials it."""
    one, other, third = x.phones("1101", "1102", "1103")
    leg, called = talk(one, other)
    assert int(called.invitation.get("Expires")) > 0, "a crash leaves no phone ringing"
    refused = third.call("1102").response(180, 183, 486)
    assert refused.status == 486, refused.start
    other.silent("INVITE", seconds=0.2)
    leg.hang_up()
    called.takes("BYE")
    # Its own refusal arrives as it is.
    leg = one.call("1102")
    called = other.rings()
    called.answer(486)
    called.waits("ACK")
    leg.response(486)


def refusals(x):
    """A phone refuses in the given ways, or answers without ringing (200); gives what its caller heard each time."""
    one, other = x.phones("1101", "1102")
    heard = []
    for status, rings in x.told["refusals"]:
        leg = one.call("1102")
        called = other.rings()
        if rings:
            called.answer(180)
            leg.response(180)
        if status == 200:
            called.accept()
            called.waits("ACK")
            assert leg.phone.receive("180 INVITE", "200 INVITE").status == 200, "an answer needs no ringing before it"
            leg.phone.heard.clear()
            leg.remote, leg.target = None, None
            heard.append(200)
            called.hang_up()
            continue
        called.answer(status, headers=[("Contact", "<sip:1103@127.0.0.1>")] if status == 302 else [])
        called.waits("ACK")
        final = one.receive(where=lambda it: it.status >= 300 and it.get("Call-ID") == leg.call_id)
        leg.acknowledge_refusal(final)
        heard.append(final.status)
    return heard


def declines(x):
    """One of two contacts declines: the other rings no more, and the caller hears it at once."""
    one, = x.phones("1101")
    phones = x.phones("1102", "1102")
    leg = one.call("1102")
    first, second = (phone.rings() for phone in phones)
    for called in (first, second):
        called.answer(180)
    leg.response(180)
    first.answer(603)
    first.waits("ACK")
    cancelled = second.waits("CANCEL")
    second.answer(200, to=cancelled)
    second.answer(487)
    second.waits("ACK")
    leg.response(603)


def expires(x):
    """The caller's own limit; a number with parameters of a subscriber."""
    one, other = x.phones("1101", "1102")
    leg = one.call("1102;phone-context=example.test", headers=[("Expires", "1")])
    called = other.rings()
    called.answer(180)
    leg.response(180)
    leg.response(487, within=4)
    cancelled = called.waits("CANCEL")
    called.answer(200, to=cancelled)
    called.answer(487)
    called.waits("ACK")


if __name__ == "__main__":
    run(globals())
