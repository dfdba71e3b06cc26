# SPDX-License-Identifier: Apache-2.0
"""A server with what the site lacks: an upgraded connection that echoes, and an upload that says how long it was.

  echo_server.py PORT
"""

import asyncio
import sys


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            if b"upgrade" in fields:
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                while data := await reader.read(4096):
                    writer.write(data)
                    await writer.drain()
                return
            body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
            answer = str(len(body)).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
