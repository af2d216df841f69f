"""A caller that asks not to be shown (RFC 3323, RFC 3325), by `Privacy` or by an anonymous From, is not shown."""

from scenario import run


def asks(x):
    one, other = x.phones("1101", "1102")
    leg = one.call("1102", headers=[("Privacy", "id;critical")])
    there = other.rings()
    shown = there.invitation.get("From")
    assert "anonymous.invalid" in shown and "1101" not in shown, shown
    assert there.invitation.get("Privacy") == "id", there.invitation.headers
    there.answer(180)
    leg.response(180)
    leg.cancel()
    leg.response(200, method="CANCEL")
    leg.response(487)
    other.receive("CANCEL")
    plain = one.call("1102", headers=[("Privacy", "none")])
    there = other.rings()
    assert "1101" in there.invitation.get("From"), there.invitation.headers
    assert there.invitation.get("Privacy") is None
    plain.cancel()
    plain.response(487)


run(globals())
