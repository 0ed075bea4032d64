"""A door in front of a broker: TLS as OpenSSL does it, and a SASL log-in, whose SCRAM is done by `scramp`.

The broker behind it offers neither. Whether the door behaves as Kafka's own is for librdkafka to say, which reads through it.
Job: `port`, `to` (the broker's port), `tls` (`certificate`, `key`, and `clients`, the authority of client certificates, or none),
`mechanisms`, `user`, `password`. Says `login` for each log-in, and `refused` for each that failed.
"""

import asyncio
import ssl
import struct

from scramp import ScramException, ScramMechanism

from lines import JOB, say

HANDSHAKE, VERSIONS, AUTHENTICATE = 17, 18, 36
UNSUPPORTED_MECHANISM, ILLEGAL_STATE, AUTHENTICATION_FAILED = 33, 34, 58
USER, PASSWORD = JOB.get("user", ""), JOB.get("password", "")


class Refused(Exception):
    """Wrong credentials."""


class Plain:
    """RFC 4616: one message."""

    done = False

    def step(self, message):
        _, user, password = message.split(b"\0")
        if (user.decode(), password.decode()) != (USER, PASSWORD):
            raise Refused("wrong user or password")
        self.done = True
        return b""


class Scram:
    """RFC 5802, by scramp."""

    done = False

    def __init__(self, name):
        mechanism = ScramMechanism(name)
        stored = mechanism.make_auth_info(PASSWORD, iteration_count=4096)

        def lookup(user):
            if user != USER:
                raise Refused("unknown user")
            return stored

        self.server = mechanism.make_server(lookup)
        self.first = True

    def step(self, message):
        try:
            if self.first:
                self.first = False
                self.server.set_client_first(message.decode())
                return self.server.get_server_first().encode()
            self.server.set_client_final(message.decode())
            self.done = True
            return self.server.get_server_final().encode()
        except ScramException as error:
            raise Refused(str(error)) from error


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


class Login:
    """What a connection may do: see and negotiate versions, then log in, then everything."""

    def __init__(self, wanted):
        self.wanted, self.name, self.exchange, self.done = wanted, None, None, not wanted

    def answer(self, request):
        """The answer to a request of the log-in; None: it is for the broker."""
        key, version, correlation, length = struct.unpack(">hhih", request[:10])
        rest = request[10 + max(length, 0):]
        if key == HANDSHAKE and self.wanted:
            (size,) = struct.unpack(">h", rest[:2])
            self.name = rest[2:2 + size].decode()
            known = self.name in self.wanted
            if known:
                self.exchange = Plain() if self.name == "PLAIN" else Scram(self.name)
            names = b"".join(map(text, self.wanted))
            return struct.pack(">ihi", correlation, 0 if known else UNSUPPORTED_MECHANISM, len(self.wanted)) + names
        if key == AUTHENTICATE and self.wanted:
            flexible = version >= 2
            # A compact length is a varint of one more; no message of a log-in here has 127 bytes and more than one of it.
            if flexible:
                size, start = varint(rest[1:])
                message = rest[1 + start:1 + start + size - 1]
            else:
                (size,) = struct.unpack(">i", rest[:4])
                message = rest[4:4 + size]
            code, reason, out = self.step(message)
            head = struct.pack(">i", correlation) + (b"\0" if flexible else b"") + struct.pack(">h", code)
            if flexible:
                said = b"\0" if reason is None else compact(reason.encode())
                return head + said + compact(out) + struct.pack(">q", 0) + b"\0"
            said = struct.pack(">h", -1) if reason is None else text(reason)
            lifetime = struct.pack(">q", 0) if version >= 1 else b""
            return head + said + struct.pack(">i", len(out)) + out + lifetime
        if key != VERSIONS and not self.done:
            say("refused", why="no log-in", key=key)
            raise ConnectionError("not logged in")
        return None

    def step(self, message):
        if self.exchange is None or self.done:
            return ILLEGAL_STATE, "no handshake", b""
        try:
            out = self.exchange.step(message)
        except Refused as error:
            say("refused", why=str(error), mechanism=self.name)
            return AUTHENTICATION_FAILED, str(error), b""
        if self.exchange.done:
            self.done = True
            say("login", mechanism=self.name)
        return 0, None, out


def varint(data):
    value = place = 0
    for count, byte in enumerate(data, 1):
        value |= (byte & 0x7F) << place
        place += 7
        if not byte & 0x80:
            return value, count
    raise ValueError("a length has no end")


def compact(data):
    size, out = len(data) + 1, b""
    while size >= 0x80:
        out += bytes([size & 0x7F | 0x80])
        size >>= 7
    return out + bytes([size]) + data


async def frame(reader):
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


async def back(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def guest(reader, writer):
    broker = returning = None
    try:
        certificate = writer.get_extra_info("peercert")
        if certificate:
            say("certificate", subject=dict(pair[0] for pair in certificate["subject"])["commonName"])
        far, broker = await asyncio.open_connection("127.0.0.1", JOB["to"])
        returning = asyncio.create_task(back(far, writer))
        login = Login(JOB.get("mechanisms", []))
        while True:
            request = await frame(reader)
            answer = login.answer(request)
            if answer is None:
                broker.write(struct.pack(">i", len(request)) + request)
                await broker.drain()
            else:
                writer.write(struct.pack(">i", len(answer)) + answer)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    finally:
        if returning:
            returning.cancel()
        for end in (broker, writer):
            if end:
                end.close()


def context():
    files = JOB.get("tls")
    if not files:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(files["certificate"], files["key"])
    if files.get("clients"):
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(files["clients"])
    return made


async def main():
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: say("problem", text=problem["message"]))
    server = await asyncio.start_server(guest, "127.0.0.1", JOB["port"], ssl=context())
    say("open")
    await server.serve_forever()


asyncio.run(main())
