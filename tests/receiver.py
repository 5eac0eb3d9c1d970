"""A receiver of webhooks on loopback: it keeps what it was sent and answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """One address; `statuses` are its next answers, then 200."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    seconds: float = 0
    """How long it thinks before it answers."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:-2]
                fields = {
                    name.lower(): value for name, _, value in (one.partition(": ") for one in lines)
                }
                body = await reader.readexactly(int(fields["content-length"]))
                await asyncio.sleep(self.seconds)
                status = self.statuses.pop(0) if self.statuses else 200
                self.got.append((fields, body))
                where = f"Location: {self.url}/other\r\n" if status == 307 else ""
                answer = f"HTTP/1.1 {status} X\r\n{where}Content-Length: 0\r\n\r\n"
                writer.write(answer.encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    """Open a receiver on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1")
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
