"""Reads topics with librdkafka from their beginning and reports every record: see lines.mjs."""

import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from lines import JOB, say

consumer = Consumer({"bootstrap.servers": JOB["brokers"], "group.id": "readers", "enable.auto.commit": False,
                     "allow.auto.create.topics": False, **JOB.get("settings", {})})


def partitions(topic):
    """Waits until the topic is there."""
    while True:
        try:
            found = consumer.list_topics(topic, timeout=5).topics[topic]
            if found.partitions and not found.error:
                return [TopicPartition(topic, number, 0) for number in found.partitions]
        except KafkaException as error:
            say("waiting", text=str(error))
        time.sleep(0.1)


consumer.assign([partition for topic in JOB["topics"] for partition in partitions(topic)])
while True:
    record = consumer.poll(0.5)
    if record is None:
        continue
    if record.error():
        say("problem", text=str(record.error()))
        continue
    say("record", topic=record.topic(), partition=record.partition(), offset=record.offset(),
        key=(record.key() or b"").decode(), value=record.value().decode(),
        headers={name: value.decode() for name, value in record.headers() or []})
