"""SIP-11 over the wire: digest with MD5 and SHA-256, nonces and their counts, bans."""

import digest
from phone import talk
from scenario import run


def both_algorithms(x):
    """REGISTER and INVITE with each algorithm; what follows in a dialog, ACK and CANCEL need no credentials."""
    for caller, called in (("SHA-256", "MD5"), ("MD5", "SHA-256"), ("SHA-256", "SHA-256")):
        one, other = x.phone("1101", algorithm=caller), x.phone("1102", algorithm=called)
        for phone in (one, other):
            request = phone.send(phone.request("REGISTER", headers=[("Contact", f"<{phone.contact}>")]))
            offered = digest.challenges(phone.receive("401 REGISTER", where=lambda it: it.branch == request.branch))
            assert [it["algorithm"] for it in offered] == ["MD5", "SHA-256"], offered
            assert all(it["qop"] == "auth" and it["realm"] and "stale" not in it for it in offered), offered
            phone.register()
        leg, away = talk(one, other)
        assert f"algorithm={caller}" in leg.invitation.get("Authorization"), leg.invitation.headers
        leg.send("INFO", body="Signal=5\r\n")
        away.takes("INFO")
        leg.response(200, method="INFO")
        away.send("BYE")
        away.response(200, method="BYE")
        leg.takes("BYE")
        given_up = one.call("1102")
        other.rings().answer(180)
        given_up.response(180)
        given_up.cancel()
        given_up.response(200, method="CANCEL")
        given_up.response(487)
        other.receive("CANCEL")
        for phone in (one, other):
            phone.register(expires=0)


def registers(phone, credentials):
    return phone.ask_registrar([("Contact", f"<{phone.contact}>"), ("Authorization", credentials)])


def nonces(x):
    """A count may jump and come late, but never twice; a URI must be the request's; only who knows the password hears of stale."""
    phone = x.phone("1103", algorithm="SHA-256")
    uri = f"sip:{x.udp[0]}"
    first = phone.ask_registrar([("Contact", f"<{phone.contact}>")])
    challenge = digest.challenges(first)[1]

    def tries(count, challenge=challenge, password=phone.password, uri=uri, user="1103"):
        return registers(phone, digest.answer(challenge, user, password, "REGISTER", uri, count))

    def stale(response):
        return [it.get("stale") for it in digest.challenges(response)]

    for count, status in (("0000000a", 200), (1, 200), (9, 200), ("0000000a", 401), (1, 401), (11, 200)):
        assert tries(count).status == status, count
    assert stale(tries(11)) == ["true", "true"], "a replay with the right password"
    invented = {**challenge, "nonce": challenge["nonce"][:-1] + ("0" if challenge["nonce"][-1] != "0" else "1")}
    assert stale(tries(1, invented)) == ["true", "true"], "a nonce that is not ours, the right digest for it"
    assert stale(tries(1, invented, password="guessed")) == [None, None], "no word to who guesses"
    assert stale(tries(12, password="guessed")) == [None, None]
    assert stale(tries(12, user="nobody")) == [None, None]
    elsewhere = tries(13, uri="sip:elsewhere.invalid")
    assert elsewhere.status == 401 and stale(elsewhere) == [None, None]
    other_realm = {**challenge, "realm": "elsewhere"}
    assert tries(14, other_realm).status == 401
    assert tries(15).status == 200, "nothing of this has harmed the nonce"
    return challenge


def after_a_restart(x):
    """The nonce of a former life is stale, whoever signed it then."""
    phone = x.phone("1103", algorithm="SHA-256")
    old = digest.answer(x.told["challenge"], "1103", phone.password, "REGISTER", f"sip:{x.udp[0]}", 16)
    refused = registers(phone, old)
    assert [it.get("stale") for it in digest.challenges(refused)] == ["true", "true"]
    phone.register()


def guesses(x):
    """Twenty wrong passwords from one address: it hears nothing more. One from which a phone is registered goes on."""
    one, = x.phones("1101")
    guesser = x.phone("1102", password="guessed", host="127.0.0.9")
    for _ in range(20):
        guesser.register(expect=401)
    for method in ("REGISTER", "OPTIONS", "INVITE"):
        guesser.send(guesser.request(method))
    guesser.silent(seconds=0.7)
    neighbour = x.phone("1102", password="guessed")
    for _ in range(25):
        neighbour.register(expect=401)
    neighbour.send(neighbour.request("OPTIONS"))
    neighbour.receive("200 OPTIONS")
    one.register()


if __name__ == "__main__":
    run(globals())
