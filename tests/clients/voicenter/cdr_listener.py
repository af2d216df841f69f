#!/usr/bin/env python3
"""A listener for Voicenter's notification of finished calls (XML-RPC), with nothing but Python's standard library.

    cdr_listener.py COUNT

Listens on a free port, prints it, then prints each row as a JSON object, and ends after COUNT rows. It reads what the vendor's own
sample in C# reads, converts as that does, and answers with the further members that the sample has.
"""

import json
import sys
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

READ = {
    "caller": str, "target": str, "duration": int, "ivruniqueid": str, "time": int, "callerextension": str,
    "targetextension": str, "status": str, "did": str, "type": str, "queueid": int, "queuename": str,
}


class AnyPath(SimpleXMLRPCRequestHandler):
    rpc_paths = ()


def cdr(row):
    wrong = [name for name, kind in READ.items() if not isinstance(row.get(name, kind()), kind)]
    print(json.dumps({**row, "wrong": wrong}), flush=True)
    return {"err": "1" if wrong else "0", "errdesc": "OK", "origrequest": "as it came", "got": json.dumps(row)}


def main(count):
    with SimpleXMLRPCServer(("127.0.0.1", 0), requestHandler=AnyPath, logRequests=False) as server:
        server.register_function(cdr, "CDR")
        print(server.server_address[1], flush=True)
        for _ in range(count):
            server.handle_request()


if __name__ == "__main__":
    main(int(sys.argv[1]))
