#!/usr/bin/env python3
"""Click-to-call through the Voicenter door, with nothing but Python's standard library.

    click_to_call.py HOST:PORT CODE PHONE TARGET

Lists the extensions, has PHONE rung and then TARGET dialled (form request, XML answer), watches both until they talk, hangs up
(JSON both ways) and reads both rows of the call from the log. Prints one JSON object per step. Somebody has to answer the phones.
"""

import json
import sys
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml
import xmlrpc.client

DEADLINE_S = 20


class Platform:
    def __init__(self, address, code):
        self.base, self.code = f"http://{address}", code

    def ask(self, path, body=None, headers=None, **query):
        url = f"{self.base}{path}?{urllib.parse.urlencode(query)}" if query else f"{self.base}{path}"
        request = urllib.request.Request(url, data=body, headers=headers or {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode("utf-8")

    def form(self, path, **fields):
        """As the vendor's own sample in PHP does it: a line break in the body, and the answer walked element by element."""
        body = urllib.parse.urlencode({"code": self.code, **fields}).replace("&target=", "&\ntarget=").encode()
        text = self.ask(path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        members = xml.fromstring(text).find("params/param/value/struct").findall("member")
        walked = {member.find("name").text: member.find("value/string").text or "" for member in members}
        # The same, for a library of that protocol.
        (parsed,), _ = xmlrpc.client.loads(text)
        assert parsed == walked, (parsed, walked)
        return walked

    def json(self, path, **fields):
        body = json.dumps({"code": self.code, **fields}).encode()
        return json.loads(self.ask(path, body, {"Content-Type": "application/json"}))

    def get(self, path, **query):
        return json.loads(self.ask(path, code=self.code, **query))


def until(what, look):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"waited in vain: {what}")


def tell(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def main(address, code, phone, target):
    platform = Platform(address, code)
    extensions = platform.get("/Comet/api/GetExtensions", showAll=0)
    names = {entry["SIP"]: entry["Name"] for entry in extensions["EXTENSIONS"]}
    tell("extensions", count=len(names), phone=names[phone], target=names[target])

    made = platform.form("/ForwardDialer/click2call.aspx", phone=phone, target=target, record="true", var_customer="2342")
    tell("call", **made)

    def calls(extension):
        answer = platform.get("/comet/API/GetExtensionsCalls", extension=extension)
        return answer["EXTENSIONS"][0]["calls"]

    def talking():
        both = [call for extension in (phone, target) for call in calls(extension) if call["ivrid"] == made["CALLID"]]
        return both if [call["answered"] for call in both] == [1, 1] else None

    both = until("both talk", talking)
    tell("talking", directions=[call["direction"] for call in both], others=[call["callerphone"] for call in both])

    ended = platform.json("/ForwardDialer/click2call.aspx", action="terminate", phone=phone, format="JSON")
    tell("terminate", **ended)
    until("no call is left", lambda: not calls(phone) and not calls(target))
    again = platform.json("/ForwardDialer/click2call.aspx", action="terminate", phone=phone, format="JSON")
    tell("again", **again)

    fields = ["Type", "DialStatus", "CallerNumber", "TargetNumber", "Duration", "CustomData", "CallID"]
    log = platform.json("/hub/cdr/", format="JSON", fields=fields, search={"extensions": [phone]})
    tell("log", error=log["ERROR_NUMBER"], rows=[row for row in log["CDR_LIST"] if row["CallID"] == made["CALLID"]])


if __name__ == "__main__":
    main(*sys.argv[1:])
