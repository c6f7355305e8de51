"""Watches over gRPC and prints every response as it came: one line of base64 each.

Usage: grpc_watch.py SOCKET, with the request's bytes as base64 on standard input.
It knows no message: bytes go in and bytes come out.
"""

import base64
import sys

import grpc

request = base64.b64decode(sys.stdin.read())
with grpc.insecure_channel("unix:" + sys.argv[1]) as channel:
    watch = channel.unary_stream("/daphnia.v1.EventService/Watch")
    for response in watch(request, timeout=60):
        print(base64.b64encode(response).decode())
