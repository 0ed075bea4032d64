"""websocket-client, the usual plain WebSocket client of Python.

    python websocket_client.py '{"url":"ws://127.0.0.1:8080/ws/acme?apikey=.."}'

Job: url, headers, subprotocols. Reports: open, message, close, refused (an HTTP answer instead of 101).
Command: {"send":"text"}.
"""

import threading

import websocket

from lines import JOB, on_command, say

connection = websocket.WebSocket()
try:
    connection.connect(JOB["url"], header=JOB.get("headers", {}), subprotocols=JOB.get("subprotocols"), timeout=30)
except websocket.WebSocketBadStatusException as error:
    say("refused", status=error.status_code, body=(error.resp_body or b"").decode())
else:
    say("open", protocol=connection.getsubprotocol())
    connection.settimeout(None)


def read():
    while connection.connected:
        try:
            code, data = connection.recv_data()
        except websocket.WebSocketException as error:
            say("close", reason=str(error))
            return
        if code == websocket.ABNF.OPCODE_CLOSE:
            say("close", code=int.from_bytes(data[:2], "big"), reason=data[2:].decode())
            return
        say("message", text=data.decode())


threading.Thread(target=read, daemon=True).start()
on_command(lambda wanted: connection.send(wanted["send"]))
