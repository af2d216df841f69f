#!/usr/bin/env python3
"""What the doors cost: command to INVITE at each door (the first command of a connection told apart), and CPU per call with every door watching.

    doors.py TARGET.json [--work DIR] [--out FILE] [--runs N] [--seconds N] [--rates 50,300] [--delays N]

Needs the load harness at BENCH_HARNESS (its phones, its busy phone, its meters). The harness knows plain HTTP and no logins;
this file adds what our doors ask for: TLS, a token, a session per device, and one watcher at each door that has events. The
watchers run in a process of their own on the load's CPUs and count what comes, so that a run in which a door stayed silent
fails instead of looking cheap.

CPU with and without watchers is taken in turns within one life of the program, so that a change of the machine's mood falls on both.
"""

import argparse
import base64
import http.client
import json
import os
import select
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

HARNESS = Path(os.environ.get("BENCH_HARNESS", "../shared/bench")).resolve()
sys.path.insert(0, str(HARNESS))

from harness import control, measures  # noqa: E402
from harness.procs import pin_to  # noqa: E402
from harness.sipp import Phones  # noqa: E402
from harness.target import BenchError, Server, Target  # noqa: E402

HOST = "127.0.0.1"
CONSOLE, FUSION_EVENTS, IPXAPI, CLICKCALL = 8088, 5050, 1024, 7878
TELSERVICES, VOICENTER = 7000, 8081
USER, PASSWORD, CODE = "bench", "bench-password", "bench-code"
DEVICES_PER_MONITOR = 100
TELSERVICES_SESSIONS = 1_000
LINGER_EVENTS, EVENTS_PER_CALL = 4_096, 8


# --- what our doors ask for ------------------------------------------------------------

def untrusting():
    """TLS to a certificate that the program made for itself a moment ago."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Https:
    """One connection to a door that speaks TLS."""

    def __init__(self, port):
        self.connection = http.client.HTTPSConnection(HOST, port, context=untrusting(), timeout=5)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, method, path, headers, body=None):
        self.connection.request(method, path, body, headers)

    def take(self):
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise BenchError(f"HTTP {answer.status}: {body[:200]!r}")
        return body

    def close(self):
        self.connection.close()


class WebApi:
    """The iPECS Web API: a login, then a token on every request."""

    def __init__(self, _spec=None):
        self.https = Https(IPXAPI)
        self.base = f"/ipxapi/server/v1/users/{USER}"
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.https.send("GET", f"{self.base}/login", {"Authorization": f"Basic {basic}"})
        self.token = json.loads(self.https.take())["token"]

    def post(self, path, body):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.https.send("POST", f"{self.base}/{path}", headers, json.dumps(body))

    def originate(self, user):
        self.post("call/make", {"deviceNumber": str(user), "calledDN": "1102"})

    def finish(self):
        self.https.take()

    def close(self):
        self.post("logout", {})
        self.https.take()
        self.https.close()


class ClickCall:
    """iPECS ClickCall: one document over HTTPS with the user's name and password in it; the account of one station rings that one."""

    DOCUMENT = (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE ipecs_svc SYSTEM "iPECSService.dtd">'
        '<ipecs_svc><request type="service" encrypt="off" servicename="clicktocall"><clicktocall>'
        f"<userinfo><stnnum>{{user}}</stnnum><userid>{USER}</userid>"
        f'<userpwd encrypt="off">{PASSWORD}</userpwd></userinfo>'
        '<srcinfo><dialnum>{user}</dialnum></srcinfo><destinfo calltype="single"><dialnum>1102</dialnum></destinfo>'
        "</clicktocall></request></ipecs_svc>"
    )

    def __init__(self, _spec=None):
        self.https = Https(CLICKCALL)
        self.station = str(phones()[len(phones()) // 2])

    def originate(self, _user):
        body = self.DOCUMENT.replace("{user}", self.station)
        self.https.send("POST", "/ipecs_svc", {"Content-Type": "application/x-www-form-urlencoded"}, body)

    def finish(self):
        self.https.take()

    def close(self):
        self.https.close()


control.DOORS.update({"ipxapi": WebApi, "clickcall": ClickCall})


# --- watchers --------------------------------------------------------------------------

class Stream:
    """A socket whose messages are counted; `feed` takes octets and says how many messages they complete."""

    def __init__(self, name, sock):
        self.name, self.socket, self.count = name, sock, 0

    def close(self):
        """What the door asks of one who leaves; nothing at most of them."""

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            if not data:
                raise SystemExit(f"{self.name}: the door closed the stream")
            self.feed(data)


class Lines(Stream):
    """One message per end mark."""

    def __init__(self, name, sock, mark):
        super().__init__(name, sock)
        self.mark = mark

    def feed(self, data):
        self.count += data.count(self.mark)


class Datagrams(Stream):
    """One message per datagram."""

    def feed(self, _data):
        self.count += 1


class WebSocket(Stream):
    """Counts text frames; answers pings of the WebSocket, and those of the protocol within it where `ping` names them."""

    def __init__(self, name, sock, path, headers=()):
        super().__init__(name, sock)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers]
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            octet = sock.recv(1)
            if not octet:
                break
            head += octet
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"{name}: no WebSocket: {head[:200]!r}")
        self.buffer = b""

    def say(self, text, opcode=1):
        data = text.encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack("!H", len(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + bytes(4) + data)

    def feed(self, data):
        self.buffer += data
        at = 0
        while len(self.buffer) - at >= 2:
            opcode, length, start = self.buffer[at] & 15, self.buffer[at + 1] & 127, at + 2
            if length > 125:
                wide = 2 if length == 126 else 8
                if len(self.buffer) - start < wide:
                    break
                length, start = int.from_bytes(self.buffer[start:start + wide], "big"), start + wide
            if len(self.buffer) - start < length:
                break
            if opcode == 9:
                self.say("", 10)
            self.count += opcode == 1
            at = start + length
        self.buffer = self.buffer[at:]


def plain(port):
    return socket.create_connection((HOST, port), timeout=5)


def console(work):
    token = (work / "hookswitch-data" / "console.token").read_text().strip()
    headers = ["Sec-WebSocket-Protocol: hookswitch.v1", f"Authorization: Bearer {token}"]
    stream = WebSocket("console", plain(CONSOLE), "/api/v1/stream", headers)
    stream.say(json.dumps({"op": "subscribe", "id": "bench"}))
    return [stream]


def fusion(_work):
    return [Lines("fusion", plain(FUSION_EVENTS), b"</evNewOrigChannel>")]


def ipxapi(_work):
    api = WebApi()
    sock = untrusting().wrap_socket(plain(IPXAPI), server_hostname=HOST)
    stream = WebSocket("ipxapi", sock, f"/ipxapi?token={api.token}")
    users = phones()
    for first in range(0, len(users), DEVICES_PER_MONITOR):
        api.post("call/monitor", {"deviceNumber": [str(user) for user in users[first:first + DEVICES_PER_MONITOR]]})
        api.finish()
    stream.close = api.close
    return [stream]


def telservices(_work):
    events = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    events.bind((HOST, 0))
    events.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    port = events.getsockname()[1]
    telservices_sessions("openSession", f"<eventUDPPort>{port}</eventUDPPort>")
    stream = Datagrams("telservices", events)
    # A session outlives its client: left open, the next run would pay for this one's datagrams too.
    stream.close = lambda: telservices_sessions("closeSession", "")
    return [stream]


def telservices_sessions(kind, more):
    """Opens or closes a session for each device."""
    for user in phones()[:TELSERVICES_SESSIONS]:
        with plain(TELSERVICES) as sock:
            sock.sendall(f"<TelServiceRequest><{kind}><deviceNumber>{user}</deviceNumber>{more}</{kind}>"
                         "</TelServiceRequest>".encode())
            answer = b""
            while data := sock.recv(4096):
                answer += data
        if b"<standard/>" not in answer:
            raise SystemExit(f"telservices: {answer[:200]!r}")


def voicenter(_work):
    stream = WebSocket("voicenter", plain(VOICENTER), "/socket.io/?EIO=3&transport=websocket")
    stream.say("42" + json.dumps(["loginUserCode", {"code": CODE}]))
    return [stream]


WATCHERS = {"console": console, "fusion": fusion, "ipxapi": ipxapi, "telservices": telservices, "voicenter": voicenter}


def phones():
    first = int(os.environ["BENCH_FIRST_USER"])
    return range(first, first + int(os.environ["BENCH_USER_COUNT"]))


def watch(work, names):
    """Opens the streams, then says for each line on standard input how much has come from each door."""
    streams = [stream for name in names for stream in WATCHERS[name](work)]
    for stream in streams:
        stream.socket.setblocking(False)
    print("watching", flush=True)
    while True:
        ready, _, _ = select.select([*streams, sys.stdin], [], [])
        for stream in ready:
            if stream is sys.stdin:
                if not sys.stdin.readline():
                    for it in streams:
                        it.close()
                    return
                print(json.dumps({it.name: it.count for it in streams}), flush=True)
            else:
                stream.read()


class Watchers:
    """The watchers of these doors in a process of their own."""

    def __init__(self, bench, names):
        self.bench, self.names = bench, names

    def __enter__(self):
        argv = [sys.executable, __file__, "--watch", ",".join(self.names), "--work", str(self.bench.work)]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=self.bench.target.environment(), preexec_fn=pin_to(self.bench.load_cpus))
        if self.process.stdout.readline().strip() != "watching":
            raise BenchError("a watcher was not let in")
        time.sleep(1)
        return self

    def counts(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)


# --- the measurements ------------------------------------------------------------------

class Bench:
    """What the harness wants of a measurement."""

    def __init__(self, options):
        self.work = options.work.resolve()
        self.target = Target(options.target, self.work)
        self.logs = self.work / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.server_cpus = [0]
        self.load_cpus = list(range(1, os.cpu_count() or 1)) or [0]
        self.phones = None

    def server(self):
        return Server(self.target, self.server_cpus, self.logs)

    def registered(self):
        self.phones = Phones(self.target, self.logs, self.load_cpus)
        return self.phones


def say(text):
    print(text, file=sys.stderr, flush=True)


def delays(bench, count):
    """Milliseconds from request to INVITE at every door: the first command alone, then `count` more on the same connection."""
    found = {}
    doors = [*bench.target.control, {"name": "Web API call/make", "kind": "ipxapi"},
             {"name": "ClickCall clicktocall", "kind": "clickcall"}]
    for door in doors:
        with bench.server(), bench.registered() as registered:
            registered.register_all()
            values, problem = control.originate_delays(bench.target, door, count + 1)
        if problem:
            raise BenchError(f"{door['name']}: {problem}")
        # The first one meets a program that has just started, and where every command proves a password, its argon2.
        first, values = values[0], values[1:]
        found[door["name"]] = {"first_ms": first, "commands": len(values), "p50_ms": measures.percentile(values, 0.5),
                               "p99_ms": measures.percentile(values, 0.99), "max_ms": max(values)}
        say(f"{door['name']}: {found[door['name']]}")
    return found


def one_cost(bench, server, rate, seconds):
    attempt = measures.call_run(bench, server, rate, seconds)
    if problem := attempt.problem():
        raise BenchError(f"{rate}/s: {problem}")
    return attempt.cost(1e3), attempt.outcome.successful


def costs(bench, rates, runs, seconds, sets):
    """CPU per call with nobody and with each set of doors watching, in turns."""
    found = {}
    with bench.server() as server, bench.registered() as registered:
        registered.register_all()
        registered.answer(2000)
        time.sleep(2)
        for rate in rates:
            taken = {name: [] for name in ["nobody", *sets]}
            told = {name: {} for name in sets}
            for _ in range(runs):
                # The console renders some thousands of events more after its last watcher has gone.
                measures.call_run(bench, server, rate, LINGER_EVENTS // rate // EVENTS_PER_CALL + 1)
                taken["nobody"].append(one_cost(bench, server, rate, seconds)[0])
                for name, doors in sets.items():
                    with Watchers(bench, doors) as watchers:
                        before = watchers.counts()
                        cost, done = one_cost(bench, server, rate, seconds)
                        told[name] = {door: (count - before[door]) / done for door, count in watchers.counts().items()}
                    silent = [door for door, each in told[name].items() if each == 0]
                    if silent:
                        raise BenchError(f"{name}: nothing came from {', '.join(silent)}")
                    taken[name].append(cost)
                say(f"{rate}/s: " + ", ".join(f"{name} {values[-1]:.3f}" for name, values in taken.items()))
            found[rate] = {name: {"cpu_ms": statistics.median(values), "all": values, "messages_per_call": told.get(name)}
                           for name, values in taken.items()}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", default="bench/hookswitch.json")
    parser.add_argument("--work", type=Path, default=Path("target/bench"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--delays", type=int, default=1000, help="commands at each door after the first")
    parser.add_argument("--rates", default="50,300")
    parser.add_argument("--each", action="store_true", help="each door's share too")
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        watch(options.work, options.watch.split(","))
        return
    bench = Bench(options)
    os.environ.update(bench.target.environment())
    os.sched_setaffinity(0, bench.load_cpus)
    results = {}
    try:
        if options.delays:
            results["command_to_invite"] = delays(bench, options.delays)
        sets = {name: [name] for name in WATCHERS} if options.each else {}
        sets["all"] = list(WATCHERS)
        rates = [int(rate) for rate in options.rates.split(",") if rate]
        results["cpu_per_call"] = costs(bench, rates, options.runs, options.seconds, sets)
    except BenchError as error:
        sys.exit(f"doors: {error}")
    text = json.dumps(results, indent=1)
    (options.out or bench.work / "doors.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
