"""The official Pusher library signs the same request at the same time, and says what it would have sent: see lines.mjs."""

from unittest import mock

from pusher import Pusher
from pusher.http import POST, Request

from lines import JOB, say

client = Pusher(app_id=JOB["appId"], key=JOB["key"], secret=JOB["secret"])
request = Request.__new__(Request)
request.client, request.method, request.path = client._pusher_client, POST, JOB["path"]
request.body, request.query_params = JOB["body"].encode(), {}
with mock.patch("time.time", return_value=int(JOB["timestamp"])):
    request._generate_auth()
say("signed", query=request.query_string)
