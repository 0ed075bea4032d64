"""Reads a queue with the AWS SDK for Python and reports every message: see lines.mjs."""

import boto3
from botocore.exceptions import ClientError

from lines import JOB, say

sqs = boto3.client("sqs", endpoint_url=JOB["endpoint"], region_name=JOB["region"],
                   aws_access_key_id="AKID", aws_secret_access_key="secret")
while True:
    try:
        url = sqs.get_queue_url(QueueName=JOB["queue"])["QueueUrl"]
    except ClientError:
        continue
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                                 AttributeNames=["All"])
    for message in answer.get("Messages", []):
        say("message", body=message["Body"], attributes=message["Attributes"])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
