"""python-socketio, as the package `evolutionapi` uses it: the key in the query, the instance's namespace only.

    python socketio_client.py '{"url":"http://127.0.0.1:8080?apikey=..","namespaces":["/acme"]}'

Job: url, namespaces, transports (default ["websocket"]), headers, auth, subscribe (an instance's name: emitted as that
package does right after the connection). Reports: connect, connect_error, disconnect, event, refused.
Commands: {"emit":"name","namespace":"/acme","arguments":{..}}, {"disconnect":true}.
"""

import socketio

from lines import JOB, on_command, say

sio = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=1, randomization_factor=0)

for _namespace in JOB.get("namespaces", ["/"]):

    def _listen(namespace):
        @sio.on("connect", namespace=namespace)
        def _connected():
            say("connect", namespace=namespace, transport=sio.transport())
            if JOB.get("subscribe"):
                sio.emit("subscribe", {"instance": JOB["subscribe"]}, namespace=namespace)

        @sio.on("connect_error", namespace=namespace)
        def _refused(data=None):
            say("connect_error", namespace=namespace, data=data)

        @sio.on("disconnect", namespace=namespace)
        def _disconnected(reason=None):
            say("disconnect", namespace=namespace, reason=reason)

        @sio.on("*", namespace=namespace)
        def _event(name, *arguments):
            say("event", namespace=namespace, name=name, arguments=list(arguments))

    _listen(_namespace)

try:
    sio.connect(
        JOB["url"],
        headers=JOB.get("headers", {}),
        auth=JOB.get("auth"),
        transports=JOB.get("transports", ["websocket"]),
        namespaces=JOB.get("namespaces", ["/"]),
        wait_timeout=30,
    )
except socketio.exceptions.ConnectionError as error:
    say("refused", reason=str(error))


def command(wanted):
    if "emit" in wanted:
        sio.emit(wanted["emit"], wanted.get("arguments"), namespace=wanted.get("namespace", "/"))
    elif wanted.get("disconnect"):
        sio.disconnect()


on_command(command)
