"""A door in front of a server: TLS as OpenSSL does it, and bytes to and fro.

Job: `port`, `to` (the server's port), `certificate`, `key`. Says `guest` with the TLS version of each connection.
"""

import asyncio
import ssl

from lines import JOB, say


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def guest(reader, writer):
    far = None
    try:
        say("guest", version=writer.get_extra_info("ssl_object").version())
        near, far = await asyncio.open_connection("127.0.0.1", JOB["to"])
        ways = [asyncio.create_task(pump(reader, far)), asyncio.create_task(pump(near, writer))]
        _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in left:
            way.cancel()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        for end in (far, writer):
            if end:
                end.close()


async def main():
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: say("problem", text=problem["message"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(JOB["certificate"], JOB["key"])
    server = await asyncio.start_server(guest, "127.0.0.1", JOB["port"], ssl=context)
    say("open")
    await server.serve_forever()


asyncio.run(main())
