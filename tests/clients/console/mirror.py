#!/usr/bin/env python3
"""A mirror of the exchange over the console's WebSocket, with the library `websockets`.

    mirror.py http://HOST:PORT/api/v1 TOKEN

Subscribes with a snapshot, has phones call each other, folds every frame by "put or delete", holds each frame and each answer
against the published descriptions, and compares the mirror with a fresh snapshot. Prints one JSON object.
"""

import asyncio
import json
import sys
import urllib.request

import jsonschema_rs
import websockets

BASE, TOKEN = sys.argv[1:3]
CALLS = 12
answers = 0


def ask(method, path, body=None):
    request = urllib.request.Request(BASE + path, method=method)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def validator(document, schema):
    return jsonschema_rs.Draft202012Validator({"components": document["components"], **schema})


OPENAPI, ASYNCAPI = ask("GET", "/openapi.json"), ask("GET", "/asyncapi.json")
FRAMES = {
    name: validator(ASYNCAPI, message["payload"])
    for name, message in ASYNCAPI["channels"]["stream"]["messages"].items()
}


def checked(method, path, template=None, body=None):
    """An answer, held against its description."""
    global answers
    answer = ask(method, path, body)
    described = OPENAPI["paths"]["/api/v1" + (template or path.split("?")[0])][method.lower()]["responses"]
    good = next(value for status, value in described.items() if status.startswith("2"))
    validator(OPENAPI, good["content"]["application/json"]["schema"]).validate(answer)
    answers += 1
    return answer


def fold(mirror, frame):
    if frame["op"] == "snapshot":
        mirror.setdefault(frame["collection"], {}).update({item["id"]: item for item in frame["items"]})
    if frame["op"] == "event":
        for collection, changed in frame["after"].items():
            kind = mirror.setdefault(collection, {})
            for key, value in changed.items():
                if value is None:
                    kind.pop(key, None)
                else:
                    kind[key] = value


async def main():
    for number in range(1001, 1011):
        script = {"ring": {"answer": {"after_ms": 1}}, "talk": {"hang_up": {"after_ms": 5}}}
        checked("PATCH", f"/test/phones/{number}", "/test/phones/{device}", script)
    url = BASE.replace("http", "ws", 1) + "/stream"
    options = {"subprotocols": ["hookswitch.v1"], "additional_headers": {"Authorization": f"Bearer {TOKEN}"}}
    async with websockets.connect(url, **options) as socket:
        assert socket.subprotocol == "hookswitch.v1"
        await socket.send(json.dumps({"op": "subscribe", "id": "s1", "snapshot": True}))
        mirror, frames, ended, seq = {}, 0, 0, 0
        calls = asyncio.create_task(asyncio.to_thread(make_calls))
        while ended < CALLS:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
            FRAMES[frame["op"]].validate(frame)
            frames += 1
            if frame["op"] == "event":
                assert frame["prev"] == seq, frame
                ended += frame["type"] == "call_cleared"
            seq = frame["seq"]
            fold(mirror, frame)
        await calls
    fresh = checked("GET", "/snapshot")
    assert fresh["seq"] == seq, (fresh["seq"], seq)
    equal = all(
        {item["id"]: item for item in fresh[collection]} == mirror.get(collection, {})
        for collection in ("calls", "connections", "stages", "devices", "extensions")
    )
    for path in ("/calls", "/connections", "/devices", "/extensions", "/records", "/limits", "/me", "/events?limit=500"):
        checked("GET", path)
    for record in ask("GET", "/records")["items"]:
        checked("GET", f"/records/{record['id']}", "/records/{call}")
        checked("GET", f"/records/{record['id']}/explain", "/records/{call}/explain")
        checked("GET", f"/calls/{record['id']}/story", "/calls/{call}/story")
    print(json.dumps({"equal": equal, "frames": frames, "answers": answers}))


def make_calls():
    for n in range(CALLS):
        body = {"from": str(1001 + n % 5), "to": str(1006 + n % 5), "prompt": "ring", "reply": "first_answered"}
        checked("POST", "/calls/make_call", None, body)


asyncio.run(main())
