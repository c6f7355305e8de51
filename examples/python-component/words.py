#!/usr/bin/env python3
"""A Daphnia component without any kit: one file, Python's standard library, contract 1."""

import hmac
import json
import os
import secrets
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, VERSION = "words", "0.1.0"
REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26")  # of MCP
MOST_BYTES = 4 * 1024 * 1024
HOME = os.path.abspath(os.environ.get("DAPHNIA_HOME") or os.path.expanduser("~/.daphnia"))
PORT_FILE = os.path.join(HOME, "run", NAME + ".port")
TOKEN = secrets.token_urlsafe(32)


def count(text):
    words = text.split()
    return {"words": len(words), "lines": len(text.splitlines()), "longest": max(words, key=len, default="")}


TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOOLS = {
    "count": ("Counts the words and lines of a text, and finds its longest word.", count),
    "reverse": ("Says a text's words backwards.", lambda text: " ".join(reversed(text.split()))),
}


def call(name, arguments):
    if name not in TOOLS or not isinstance(arguments.get("text"), str):
        return {"content": [{"type": "text", "text": "it takes a tool and a text"}], "isError": True}
    answer = TOOLS[name][1](arguments["text"])
    if isinstance(answer, str):
        return {"content": [{"type": "text", "text": answer}]}
    return {"content": [{"type": "text", "text": json.dumps(answer)}], "structuredContent": answer}


def answer(method, params):
    """The result of a request, or None for a method that is not known."""
    if method == "initialize":
        revision = next((one for one in REVISIONS if one == params.get("protocolVersion")), REVISIONS[0])
        info = {"name": NAME, "version": VERSION}
        return {"protocolVersion": revision, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": [{"name": name, "description": said, "inputSchema": TEXT} for name, (said, _) in TOOLS.items()]}
    if method == "tools/call":
        return call(params.get("name"), params.get("arguments") or {})
    return None


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status >= 400:
            self.send_header("Connection", "close")  # what else was sent is not read
        self.end_headers()
        self.wfile.write(data)

    def refusal(self):
        """Why nobody is let in: a name that is not this machine's, or no token."""
        if self.headers.get("Host", "").rsplit(":", 1)[0] not in ("127.0.0.1", "localhost"):
            return 403
        given = self.headers.get("Authorization", "").encode()
        return 0 if hmac.compare_digest(given, b"Bearer " + TOKEN.encode()) else 401

    def do_GET(self):
        status = self.refusal()
        if self.path == "/health" and status != 403:
            return self.send(200, {"name": NAME, "version": VERSION, "pid": os.getpid()})
        self.send(status or 405)  # there is no stream of news to listen to

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        status = self.refusal() or (404 if self.path != "/mcp" else 413 if size > MOST_BYTES else 0)
        if status:
            return self.send(status)
        try:
            request = json.loads(self.rfile.read(size))
            method, params = request["method"], request.get("params") or {}
        except (ValueError, KeyError, TypeError, AttributeError):
            error = {"code": -32700, "message": "no JSON-RPC request"}
            return self.send(400, {"jsonrpc": "2.0", "id": None, "error": error})
        if "id" not in request:
            return self.send(202)  # a notification has no answer
        result = answer(method, params)
        error = {"code": -32601, "message": f"no method {method}"}
        told = {"error": error} if result is None else {"result": result}
        self.send(200, {"jsonrpc": "2.0", "id": request["id"], **told})


def announce(port):
    os.makedirs(os.path.dirname(PORT_FILE), mode=0o700, exist_ok=True)
    about = {"port": port, "pid": os.getpid(), "token": TOKEN, "name": NAME, "version": VERSION, "protocol": "1"}
    temporary = f"{PORT_FILE}.{os.getpid()}"  # no reader takes it for a port file
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(about, file)
    os.replace(temporary, PORT_FILE)  # it appears whole


if __name__ == "__main__":
    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    announce(door.server_port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        door.serve_forever()
    finally:
        with open(PORT_FILE) as file:
            if json.load(file)["pid"] == os.getpid():
                os.remove(PORT_FILE)
