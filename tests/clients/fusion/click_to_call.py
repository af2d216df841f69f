#!/usr/bin/env python3
"""Click-to-call through the Fusion door, with nothing but Python's standard library.

    click_to_call.py HTTP_HOST:PORT EVENTS_HOST:PORT PHONE_ID EXT TO

Looks the caller up in the directory, listens for events, has the phone rung and then TO dialled, watches the channels until
both talk, hangs up and reads the call's history. Prints one JSON object per step. Somebody has to answer the phones.
"""

import json
import socket
import sys
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

DEADLINE_S = 20


class Sop:
    def __init__(self, address):
        self.address = address

    def ask(self, function, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"http://{self.address}/xml/{function}?{query}", timeout=60) as answer:
            return answer.read().decode("utf-8")

    def json(self, function, **parameters):
        return json.loads(self.ask(function + ".json", **parameters))

    def xml(self, function, **parameters):
        return xml.fromstring(self.ask(function + ".php", **parameters))


class Events:
    """One XML element per event, nothing between them."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE_S)
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def next(self):
        text = self.lines.readline()
        end = text.replace("<", "</", 1)
        while not text.endswith(end):
            line = self.lines.readline()
            if not line:
                raise EOFError(text)
            text += line
        return xml.fromstring(text)


def say(step, **facts):
    print(json.dumps({"step": step, **facts}), flush=True)


def until(what, look):
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(what)


def main(http, events_at, phone_id, ext, to):
    sop, events = Sop(http), Events(events_at)
    entry = sop.json("dbGetDirectoryInfo", ext=ext, wildcards="strict")[0]
    say("directory", name=f"{entry['fn']} {entry['ln']}", dp=entry["dp"])

    # The socket is known to be connected once a pong has come.
    sop.ask("ccPing.php")
    say("ping", event=events.next().tag)

    # The server's dates are its own local time, which need not be ours.
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86_400))
    result = sop.xml("ccOriginate", phone_id=phone_id, to=to, ext=ext).findtext("Result")
    event = events.next()
    say("originate", result=result, event=event.tag, **{child.tag: child.text for child in event})

    def talking():
        channels = sop.xml("ccGetChannels").findall("Channel")
        mine = [c for c in channels if c.findtext("ID") == event.findtext("Channel") and c.findtext("Link")]
        return mine[0] if mine else None

    channel = until("both talk", talking)
    say("talking", caller=channel.findtext("CallerId"), state=channel.findtext("State"), link=channel.findtext("Link"))

    say("hangup", result=sop.json("ccHangup", channel_id=channel.findtext("ID"))["Result"])
    say("again", result=sop.json("ccHangup", channel_id=channel.findtext("ID"))["Result"])

    def record(of):
        calls = sop.json("dbGetCallHistory", ext=of, limit=10, start_date=since)["CallHistory"]
        mine = [call for call in calls if call["origchannel"] == event.findtext("Channel")]
        return mine[0] if mine else None

    call = until("a record", lambda: record(ext))
    say("history", caller=call["disposition"], called=record(to)["disposition"], origchannel=call["origchannel"])


if __name__ == "__main__":
    main(*sys.argv[1:])
