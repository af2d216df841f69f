"""SIP-12 and SIP-17 over the wire: what a registrar keeps, and connections that come and go. The exchange's clock stands."""

import re
import socket

from phone import talk
from scenario import run


def listed(response):
    """The contacts of a 200, with their seconds."""
    return [(uri, int(seconds)) for uri, seconds in re.findall(r"<([^>]+)>;expires=(\d+)", ", ".join(response.all("Contact")))]


def several(x):
    """Contacts of one number: all ring, one answers, the others are told. The list, q, `*`, too many, out of order."""
    caller, = x.phones("1101")
    desk, mobile = x.phone("1102"), x.phone("1102")
    desk.register(contacts=[f"<{desk.contact}>;q=0.3"])
    both = mobile.register(contacts=[f"<{mobile.contact}>;q=0.9"], expires=300)
    assert listed(both) == [(mobile.contact, 300), (desk.contact, 600)], "the preferred one first"
    leg = caller.call("1102")
    first, second = desk.rings(), mobile.rings()
    for ringing in (first, second):
        ringing.answer(180)
    second.accept()
    second.waits("ACK")
    cancelled = first.waits("CANCEL")
    assert "completed elsewhere" in cancelled.get("Reason", "").lower() or "200" in cancelled.get("Reason", ""), cancelled.headers
    first.answer(200, to=cancelled)
    first.answer(487)
    first.waits("ACK")
    leg.response(200)
    leg.ack()
    leg.hang_up()
    second.takes("BYE")

    asked = desk.register(contacts=[])
    assert len(listed(asked)) == 2, "a query changes nothing"
    desk.register_cseq = 0
    desk.register(expect=500)
    desk.register_cseq += 10
    assert desk.register(expect=423, expires=20).get("Min-Expires") == "60"
    assert listed(desk.register(expires=90_000))[0][1] == 7_200, "at most two hours"
    desk.register(contacts=["*"], expires=60, expect=400)
    gone = desk.register(contacts=["*"], expires=0)
    assert listed(gone) == []
    assert caller.call("1102").response(480, 404).status == 480
    many = [f"<sip:1102@127.0.0.1:{40_000 + place}>" for place in range(10)]
    assert len(listed(desk.register(contacts=many))) == 10
    desk.register(contacts=[f"<{desk.contact}>"], expect=403)
    desk.register(contacts=["*"], expires=0)


def expiry(x):
    """A registration lives as long as it was granted, and longer when it is refreshed."""
    caller, phone = x.phones("1101", "1103")
    phone.register(expires=60)
    x.advance(40_000)
    assert listed(phone.register(expires=60)) == [(phone.contact, 60)]
    x.advance(40_000)
    leg, away = talk(caller, phone)
    leg.hang_up()
    away.takes("BYE")
    x.advance(21_000)
    assert caller.call("1103").response(480).status == 480
    assert x.console("GET", "/devices/number:1103")["in_service"] is False


def path(x):
    """A contact behind a proxy that put itself into the Path is reached through it, with its Route."""
    caller, = x.phones("1101")
    proxy = x.phone("1104")
    road = f"<sip:127.0.0.1:{proxy.port};lr>"
    contact = "sip:1104@192.0.2.77:5070"
    proxy.register(contacts=[f"<{contact}>"], headers=[("Path", road), ("Supported", "path")])
    leg = caller.call("1104")
    called = proxy.rings()
    assert called.invitation.uri == contact and called.invitation.get("Route") == road, called.invitation.headers
    called.answer(486)
    called.waits("ACK")
    leg.response(486)


def translated(x):
    """A contact that cannot be reached: the phone is called where it was seen, and so are requests of its dialogs."""
    caller, = x.phones("1101")
    hidden = x.phone("1105", contact="sip:1105@192.168.77.5:5060")
    hidden.register()
    leg, away = talk(caller, hidden)
    leg.send("INFO", body="Signal=1\r\n")
    away.takes("INFO")
    leg.response(200, method="INFO")
    leg.hang_up()
    away.takes("BYE")
    # And where it calls.
    leg, away = talk(hidden, caller)
    away.send("INFO", body="Signal=1\r\n")
    leg.takes("INFO")
    away.response(200, method="INFO")
    away.hang_up()
    leg.takes("BYE")


def keep_alives(x):
    """Line breaks keep a mapping or a connection alive: no answer to a datagram, a line break back on a stream (RFC 5626)."""
    phone, = x.phones("1101")
    for octets in (b"\r\n\r\n", b"\r\n", b"\0"):
        phone.send(octets)
    phone.silent(seconds=0.3)
    stream = socket.create_connection(x.tcp)
    stream.settimeout(5)
    for octets in (b"\r\n", b"\r\n", b"\r\n\r\n"):
        stream.sendall(octets)
    assert stream.recv(2) == b"\r\n", "two halves of one ping"
    assert stream.recv(2) == b"\r\n"


def connections(x):
    """A phone on TCP: its calls come over its connection; when that breaks nothing is hung up, and the next one takes over."""
    caller, = x.phones("1101")
    phone = x.phone("1106", tcp=True)
    phone.register()
    leg, away = talk(caller, phone)
    phone.socket.close()
    caller.silent("BYE", seconds=0.3)
    x.advance(10_000)
    caller.silent("BYE", seconds=0.2)
    # It comes back from another port: the dialog is known by its tags.
    back = x.phone("1106", tcp=True)
    back.register()
    away.phone = back
    away.send("INFO", body="Signal=7\r\n")
    away.response(200, method="INFO")
    assert leg.takes("INFO").lines("Signal=") == ["7"]
    leg.send("INFO", body="Signal=8\r\n")
    away.takes("INFO")
    leg.response(200, method="INFO")
    # A call to it comes over the new connection too, and a change of the session.
    leg.hang_up()
    away.takes("BYE")
    leg, away = talk(caller, back)
    # Registered again over a third one while the second is there: ours take the newest.
    third = x.phone("1106", tcp=True)
    back.socket.close()
    third.register(contacts=[f"<{back.contact}>"])
    away.phone = third
    leg.hang_up()
    away.takes("BYE")
    # Without a connection for half a minute it is out of service.
    third.socket.close()
    caller.silent("BYE", seconds=0.3)
    x.advance(29_000)
    assert x.console("GET", "/devices/number:1106")["in_service"] is True
    x.advance(2_000)
    assert x.console("GET", "/devices/number:1106")["in_service"] is False
    assert caller.call("1106").response(480).status == 480


def wrong(x):
    """Contacts that cannot be taken change nothing."""
    phone = x.phone("1101")
    held = sorted(phone.register().all("Contact"))
    for contacts in (["*", f"<{phone.contact}>"], ["<mailto:a@b.test>"]):
        phone.register(expect=400, contacts=contacts, expires=0)
    assert sorted(phone.register(contacts=[]).all("Contact")) == held and held, "what was there stands"


def moves(x):
    """A phone in a call comes back over its next connection from another port, and says nothing in the dialog: a BYE finds it."""
    caller, = x.phones("1101")
    named = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>";reg-id=1'
    for called in (True, False):
        for params, closes in (("", True), (named, True), (named, False)):
            phone = x.phone("1106", tcp=True)
            phone.register(contacts=[f"<{phone.contact}>{params}"])
            near, far = talk(caller, phone) if called else reversed(talk(phone, caller))
            if closes:
                phone.socket.close()
                caller.silent("BYE", seconds=0.3)
            back = x.phone("1106", tcp=True)
            back.register(contacts=[f"<{back.contact}>{params}"])
            far.phone = back
            near.hang_up()
            far.takes("BYE")
            # The call may have ended before the phone is back.
            near, far = talk(caller, back) if called else reversed(talk(back, caller))
            back.socket.close()
            caller.silent("BYE", seconds=0.3)
            near.hang_up()
            back = x.phone("1106", tcp=True)
            back.register(contacts=[f"<{back.contact}>{params}"])
            far.phone = back
            far.takes("BYE")
            back.register(contacts=["*"], expires=0)
            back.socket.close()


if __name__ == "__main__":
    run(globals())
