#!/usr/bin/env python3
"""Writes the configuration that is measured: 1,000 SIP phones, everything on that a user has on."""
import sys

FIRST, COUNT = 1101, 1000

HEAD = """[listen]
sip_udp = ["127.0.0.1:5060"]
sip_tcp = []
console = "127.0.0.1:8088"
fusion = "127.0.0.1:8089"
fusion_events = "127.0.0.1:5050"

[sip]
# At 2,000 calls a second of 0.2 s each, with 2 s of rest, the relay needs 8,800 port pairs.
rtp_port_first = 10000
rtp_port_last = 31999

[voicenter]
requests_per_s = 1000

[[account]]
door = "voicenter"
password = "bench-code"

[[account]]
door = "ipxapi"
user = "bench"
password = "bench-password"

# The station that the ClickCall figure rings: the first of the upper half, which answers.
[[account]]
door = "clickcall"
user = "bench"
password = "bench-password"
station = "1601"

[limits]
# A REGISTER's two transactions linger for 32 s each (RFC 3261 timer J): room for the highest rate that is tried.
sip_transactions = 1000000
sip_transactions_per_source = 1000000

[log]
level = "warn"
"""

STATION = """
[[station]]
number = "{number}"
kind = "sip"
password = "pw-{number}"
"""

with open(sys.argv[1], "w", encoding="utf-8") as out:
    out.write(HEAD)
    for number in range(FIRST, FIRST + COUNT):
        out.write(STATION.format(number=number))
