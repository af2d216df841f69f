"""Runs one scenario by its name: `python3 FILE NAME JSON`. The JSON tells where the exchange is and who may use it. What the
scenario returns is printed as the last line; one that fails prints what was said, and ends with 1."""

import json
import sys
import traceback
import urllib.request

from phone import LADDER, Phone


class Exchange:
    """The exchange under test: its addresses, its telephones, its console."""

    def __init__(self, told):
        self.told = told
        self.udp, self.tcp = address(told["sip_udp"]), address(told["sip_tcp"])

    def phone(self, number, **more):
        """A telephone of this number, not yet registered."""
        exchange = self.tcp if more.get("tcp") else more.pop("exchange", self.udp)
        more.setdefault("password", self.told["passwords"][number])
        return Phone(exchange, number, **more)

    def phones(self, *numbers):
        """Registered telephones."""
        phones = [self.phone(number) for number in numbers]
        for phone in phones:
            phone.register()
        return phones

    def console(self, method, path, body=None):
        """Asks the console API."""
        octets = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.told['token']}", "Content-Type": "application/json"}
        url = f"http://{self.told['console']}/api/v1{path}"
        with urllib.request.urlopen(urllib.request.Request(url, octets, headers, method=method), timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def advance(self, ms):
        """Lets so much virtual time pass."""
        self.console("POST", "/test/clock/advance", {"by_ms": ms})


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def run(scenarios):
    name, told = sys.argv[1], json.loads(sys.argv[2])
    try:
        print(json.dumps(scenarios[name](Exchange(told))))
    except Exception:
        traceback.print_exc()
        print("\n".join(LADDER), file=sys.stderr)
        sys.exit(1)
