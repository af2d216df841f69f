#!/usr/bin/env python3
"""Makes, watches and ends a call through the iPECS Web API: Python's standard library and the `websockets` module.

    call.py HOST:PORT CERT.PEM USER PASSWORD FROM TO

Logs in, opens the WebSocket, watches both terminals, lets FROM call TO, prints every frame as one JSON line, ends the call for
FROM when both are connected, and logs out when FROM has been released.
"""

import asyncio
import base64
import json
import ssl
import sys
import urllib.request

import websockets


def main(address, certificate, user, password, caller, called):
    trusted = ssl.create_default_context(cafile=certificate)
    base = f"https://{address}/ipxapi/server/v1/users/{user}"

    def ask(method, path, authorization, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{base}/{path}", data, {"Content-Type": "application/json"}, method=method)
        request.add_header("Authorization", authorization)
        with urllib.request.urlopen(request, context=trusted, timeout=20) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    login = ask("GET", "login", f"Basic {basic}")
    bearer = f"Bearer {login['token']}"

    async def watch():
        url = f"wss://{address}/ipxapi?token={login['token']}"
        loop = asyncio.get_running_loop()

        def post(path, body):
            return loop.run_in_executor(None, ask, "POST", path, bearer, body)

        async with websockets.connect(url, ssl=trusted) as socket:
            watched = await post("call/monitor", {"deviceNumber": [caller, called]})
            print(json.dumps({"monitor": watched}), flush=True)
            made = await post("call/make", {"deviceNumber": caller, "calledDN": called})
            print(json.dumps({"made": made}), flush=True)
            talking = set()
            async for text in socket:
                frame = json.loads(text)
                print(json.dumps({"frame": frame}), flush=True)
                if frame["event"] != "call":
                    continue
                data = frame["data"]
                if data["type"] == "connected":
                    talking.add(data["deviceNumber"])
                    if talking == {caller, called}:
                        reference = made["data"]["callRefID"]
                        await post("call/clear_connection", {"deviceNumber": caller, "callRefID": reference})
                if data["type"] == "released" and data["deviceNumber"] == called:
                    break

    asyncio.run(watch())
    ask("POST", "logout", bearer)
    print(json.dumps({"logout": True}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
