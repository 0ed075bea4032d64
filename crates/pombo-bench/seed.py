"""Multiplies what an instance has stored: seed.py DATABASE INSTANCE MESSAGES CHATS

Copies the instance's first message and chat with other keys and times, straight into SQLite while no server runs: a
million messages take half a minute instead of minutes. Knows the columns it changes, and takes all others as they are.
"""
import sqlite3
import sys

path, name, messages, chats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
database = sqlite3.connect(path)
database.execute("PRAGMA synchronous = OFF")
database.execute("PRAGMA cache_size = -200000")
database.row_factory = sqlite3.Row
(instance,) = database.execute("SELECT id FROM instance WHERE name = ?", (name,)).fetchone()


def first(table):
    return dict(database.execute(f"SELECT * FROM {table} WHERE instance_id = ? LIMIT 1", (instance,)).fetchone())


def insert(table, rows, columns):
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    database.executemany(sql, (tuple(row.values()) for row in rows))


def jid(chat):
    return f"551180{chat:07}@s.whatsapp.net"


message, chat = first("message"), first("chat")
start = message["timestamp_s"] - messages - 1
width = len(message["id"])


def row_id(number):
    return f"c{name[:3]}{number:0{width - 4}}"


def all_messages():
    for number in range(messages):
        yield message | {
            "id": row_id(number),
            "key_id": f"SEED{number:08}",
            "remote_jid": jid(number % chats),
            "timestamp_s": start + number,
        }


def all_chats():
    for number in range(chats):
        count = len(range(number, messages, chats))
        last = number + (count - 1) * chats
        yield chat | {
            "id": f"k{name[:3]}{number:0{width - 4}}",
            "remote_jid": jid(number),
            "message_count": count,
            "last_message_id": row_id(last),
            "last_message_s": start + last,
        }


insert("message", all_messages(), message.keys())
insert("chat", all_chats(), chat.keys())
database.execute(
    "UPDATE instance_count SET messages = messages + ?, chats = chats + ? WHERE instance_id = ?",
    (messages, chats, instance),
)
database.commit()
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
