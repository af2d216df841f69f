#!/usr/bin/env python3
"""Click-to-call through the ClickCall door, with nothing but Python's standard library.

    click_to_call.py HOST:PORT CERT.PEM STATION USER PASSWORD TO

Posts the document that the vendor's guide prints, once bare under a form's content type and once as a file in a multipart
form, then hangs up, then tries a wrong password. Prints one JSON object per step.
"""

import http.client
import json
import ssl
import sys
import uuid
import xml.etree.ElementTree as xml


def document(station, user, password, to, calltype="single"):
    root = xml.Element("ipecs_svc")
    request = xml.SubElement(root, "request", type="service", encrypt="off", servicename="clicktocall")
    command = xml.SubElement(request, "clicktocall")
    userinfo = xml.SubElement(command, "userinfo")
    xml.SubElement(userinfo, "stnnum").text = station
    xml.SubElement(userinfo, "userid").text = user
    xml.SubElement(userinfo, "userpwd", encrypt="off").text = password
    xml.SubElement(xml.SubElement(command, "srcinfo"), "dialnum").text = station
    xml.SubElement(xml.SubElement(command, "destinfo", calltype=calltype), "dialnum").text = to
    doctype = b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE ipecs_svc SYSTEM "iPECSService.dtd">\n'
    return doctype + xml.tostring(root)


def multipart(octets):
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="request.xml"\r\n'
    body = head.encode() + b"Content-Type: text/xml\r\n\r\n" + octets + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def main(address, certificate, station, user, password, to):
    host, port = address.rsplit(":", 1)
    trusted = ssl.create_default_context(cafile=certificate)

    def post(step, kind, body):
        connection = http.client.HTTPSConnection(host, int(port), context=trusted, timeout=20)
        connection.request("POST", "/ipecs_svc", body, {"Content-Type": kind})
        answer = connection.getresponse()
        root = xml.fromstring(answer.read())
        result = root.find("response/clicktocall_r")
        code, message, status_id = (result.findtext(name) for name in ("code", "message", "status_id"))
        kind = answer.getheader("Content-Type")
        facts = {"http": answer.status, "type": kind, "code": code, "message": message, "status_id": status_id}
        print(json.dumps({"step": step, **facts}), flush=True)
        connection.close()

    form = "application/x-www-form-urlencoded"
    call = document(station, user, password, to)
    post("call", form, call)
    post("again", *multipart(call))
    post("hangup", form, document(station, user, password, "0000", "hangup"))
    post("wrong", form, document(station, user, password + "?", to))


if __name__ == "__main__":
    main(*sys.argv[1:])
