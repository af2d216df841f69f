"""A newcomer's client of the TelServices interface: standard library only.

usage: newcomer.py TCP_HOST:PORT HTTP_HOST:PORT

It opens sessions on two devices, listens for events by UDP, calls, answers, drops, looks at the history, and does the same
once more by HTTP with a long poll. It prints one line per step and ends with `done`.
"""

import socket
import sys
import urllib.request
import xml.etree.ElementTree as ET


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def build(service, **fields):
    root = ET.Element("TelServiceRequest")
    inside = ET.SubElement(root, service)
    for name, value in fields.items():
        ET.SubElement(inside, name).text = str(value)
    return ET.tostring(root)


def by_tcp(to, service, **fields):
    with socket.create_connection(to, timeout=20) as connection:
        connection.sendall(build(service, **fields))
        octets = b""
        while part := connection.recv(65536):
            octets += part
    return ET.fromstring(octets)


def by_http(url, body=None):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "text/xml"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        return ET.fromstring(answer.read())


def is_standard(answer):
    return answer.tag == "TelServiceReturn" and answer.find("result/standard") is not None


class Events:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[1]

    def next(self):
        event = ET.fromstring(self.socket.recv(65536))
        part = event.find("event/call/primCall")
        cause = part.find("cause")
        return (
            event.findtext("deviceNumber"),
            part.find("state")[0].tag,
            part.findtext("otherParty/number"),
            part.find("isOutgoing")[0].tag,
            cause[0].tag if cause is not None else "",
            [service.tag for service in event.find("event/call/permittedServices")],
        )


def call_by_tcp(gateway):
    caller, called = Events(), Events()
    assert is_standard(by_tcp(gateway, "openSession", deviceNumber="1001", eventUDPPort=caller.port))
    assert is_standard(by_tcp(gateway, "openSession", deviceNumber="1002", eventUDPPort=called.port))
    assert is_standard(by_tcp(gateway, "makeCall", deviceNumber="1001", calledDeviceNumber="1002"))
    drop = ["dropCall"]
    assert caller.next() == ("1001", "initiated", "", "true", "", drop)
    assert caller.next() == ("1001", "originated", "1002", "true", "", drop)
    assert caller.next() == ("1001", "delivered", "1002", "true", "", drop)
    assert called.next() == ("1002", "alerting", "1001", "false", "", ["answerCall"])
    assert is_standard(by_tcp(gateway, "answerCall", deviceNumber="1002", callingNumber="1001"))
    assert called.next() == ("1002", "connected", "1001", "false", "", drop)
    assert caller.next() == ("1001", "connected", "1002", "true", "", drop)
    print("a call was made and answered")
    assert is_standard(by_tcp(gateway, "dropCall", deviceNumber="1001"))
    assert caller.next() == ("1001", "cleared", "1002", "true", "", [])
    assert called.next() == ("1002", "cleared", "1001", "false", "droppedByOtherParty", [])
    print("and dropped")
    answer = by_tcp(gateway, "dropCall", deviceNumber="1001")
    assert answer.find("error/noCall") is not None
    newest = by_tcp(gateway, "queryHistory", deviceNumber="1002", limit=1).find("result/history/record")
    assert newest.findtext("otherParty/number") == "1001"
    assert newest.find("isConnected/true") is not None
    print("it is in the history")


def call_by_http(url):
    poll = build("snapshot", deviceNumber="1002")
    seq = by_http(url, body=poll).findtext("result/snapshot/snapshotSeq")
    made = by_http(url + "/makeCall?deviceNumber=1001&calledDeviceNumber=1002")
    assert is_standard(made)
    waits = b"<resultOnEvent><timeout>10</timeout><snapshotSeq>%s</snapshotSeq></resultOnEvent>" % seq.encode()
    waits = poll.replace(b"</snapshot>", waits + b"</snapshot>")
    rings = by_http(url, body=waits).find("result/snapshot")
    assert rings.find("calls/call/primCall/state/alerting") is not None
    assert int(rings.findtext("snapshotSeq")) > int(seq)
    assert is_standard(by_http(url, body=build("dropCall", deviceNumber="1001")))
    for number in ("1001", "1002"):
        assert is_standard(by_http(url, body=build("closeSession", deviceNumber=number)))
    answer = by_http(url, body=poll)
    assert answer.find("error/noOpenSession") is not None
    print("the same by HTTP")


def main():
    gateway, http = sys.argv[1:3]
    call_by_tcp(address(gateway))
    call_by_http("http://" + http)
    print("done")


main()
