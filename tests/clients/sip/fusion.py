"""What Fusion's ccHangup and ccOriginate are on the wire of SIP: who gets BYE, CANCEL or 603, and whom a phone shows as the caller."""

import json
import re
import threading
import time
import urllib.parse
import urllib.request

from phone import SOON_S, talk
from scenario import run


class Fusion:
    """A client of the door."""

    def __init__(self, x):
        self.base = f"http://{x.told['fusion']}/xml/"

    def ask(self, function, **parameters):
        url = f"{self.base}{function}.json?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.loads(answer.read())

    def channels(self, *states):
        """Waits until there are channels in these states, oldest first; gives their ids."""
        deadline = time.monotonic() + SOON_S
        while True:
            channels = self.ask("ccGetChannels")
            if [channel["State"] for channel in channels] == list(states):
                return [channel["ID"] for channel in channels]
            assert time.monotonic() < deadline, f"{channels}, not {states}"

    def hang_up(self, channel):
        assert self.ask("ccHangup", channel_id=channel) == {"Result": 0}
        assert self.ask("ccHangup", channel_id=channel) == {"Result": 1}, "it is over"


def cancelled(leg):
    """A phone that was rung is told to stop."""
    cancel = leg.waits("CANCEL")
    leg.answer(200, to=cancel)
    leg.answer(487)
    leg.waits("ACK")


def hanging_up(x):
    """Whichever leg is named: an answered one gets BYE, one that rings CANCEL, a caller who was not answered 603."""
    fusion = Fusion(x)
    one, other = x.phones("1101", "1102")
    for named in (0, 1):
        leg = one.call("1102")
        called = other.rings()
        called.answer(180)
        leg.response(180)
        fusion.hang_up(fusion.channels("Ring", "Ringing")[named])
        leg.response(603)
        cancelled(called)
        fusion.channels()

        leg, called = talk(one, other)
        fusion.hang_up(fusion.channels("Up", "Up")[named])
        leg.takes("BYE")
        called.takes("BYE")
        fusion.channels()

    # The first party of an ordered call, before it rings and while it does: it is cancelled, and that is the result.
    for rings in (False, True):
        results = []
        asking = threading.Thread(target=lambda: results.append(fusion.ask("ccOriginate", phone_id=x.told["one"], to="1102")))
        asking.start()
        leg = one.rings()
        leg.answer(180 if rings else 100, local=None if rings else leg.invitation.get("To"))
        fusion.hang_up(fusion.channels("Ringing" if rings else "Dialing")[0])
        cancelled(leg)
        asking.join()
        assert results == [{"Result": 1}], results
        other.silent("INVITE", seconds=0.2)


def caller_id(x):
    """Both phones show the extension in whose name the call is made: its number and its name."""
    fusion = Fusion(x)
    one, other = x.phones("1101", "1102")

    def shown(leg):
        found = re.match(r'"([^"]*)" <sip:([^@>]+)@', leg.invitation.get("From"))
        return found.groups() if found else leg.invitation.get("From")

    for parameters, expected in (({}, x.told["own"]), ({"ext": "1103"}, x.told["third"])):
        assert fusion.ask("ccOriginate", phone_id=x.told["one"], to="1102", **{"async": "true"}, **parameters) == {"Result": 0}
        first = one.rings()
        assert list(shown(first)) == expected, shown(first)
        first.accept()
        first.waits("ACK")
        second = other.rings()
        assert list(shown(second)) == expected, shown(second)
        second.answer(486)
        second.waits("ACK")
        fusion.hang_up(fusion.channels("Up")[0])
        first.takes("BYE")


if __name__ == "__main__":
    run(globals())
