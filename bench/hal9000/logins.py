#!/usr/bin/env python3
"""Logs in at an api more often than its auth service can check passwords, until SIGTERM.

usage: logins.py PORT API_PORT TIMES

Listens at PORT, so that the runner knows it is there. First it finds out how many logins a second
come through one after the other, then it offers TIMES as many, evenly, whatever becomes of them.
Each is of another name and, as the proxy in front tells it, another address: no limit of attempts
helps. A line at the end tells how they were answered.
"""

import asyncio
import json
import signal
import sys
import time
from collections import Counter

CALIBRATION = 20  # logins
UNDER_WAY_MAX = 256  # beyond it one is not offered, but counted


def request(number):
    body = json.dumps({"username": f"user{number}", "password": f"the password of {number}"})
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return (f"POST /api/v1/login HTTP/1.1\r\nHost: api\r\nX-Forwarded-For: {address}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Flood:
    def __init__(self, port):
        self._port = port
        self._idle = []  # connections
        self._number = 0
        self._under_way = set()
        self.answers = Counter()

    async def log_in(self):
        """The status, over a connection that is free or new."""
        self._number += 1
        reader, writer = (self._idle.pop() if self._idle else
                          await asyncio.open_connection("127.0.0.1", self._port))
        writer.write(request(self._number))
        head = await reader.readuntil(b"\r\n\r\n")
        fields = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in fields
                      if line.startswith("content-length:"))
        await reader.readexactly(length)
        self._idle.append((reader, writer))
        return int(fields[0].split()[1])

    async def _offer(self):
        try:
            self.answers[await self.log_in()] += 1
        except (OSError, EOFError):
            self.answers["lost"] += 1

    async def per_second(self):
        """How many logins come through, one after the other."""
        begin = time.monotonic()
        for _ in range(CALIBRATION):
            await self.log_in()
        return CALIBRATION / (time.monotonic() - begin)

    async def run(self, rate):
        begin, offered = time.monotonic(), 0
        while True:
            while offered < (time.monotonic() - begin) * rate:
                offered += 1
                if len(self._under_way) >= UNDER_WAY_MAX:
                    self.answers["not offered"] += 1
                    continue
                task = asyncio.ensure_future(self._offer())
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            await asyncio.sleep(1 / rate)


async def until_it_listens(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.01)


async def main(port, api_port, times):
    async def hang_up(_, writer):
        writer.close()
    await asyncio.start_server(hang_up, "127.0.0.1", port)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    flood = Flood(api_port)

    async def work():
        await until_it_listens(api_port)
        rate = await flood.per_second()
        print(f"{rate:.0f} logins a second can be checked", flush=True)
        await flood.run(rate * times)

    working = asyncio.ensure_future(work())
    await asyncio.wait({working, asyncio.ensure_future(ended.wait())},
                       return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()  # raises
    print(f"answers: {dict(flood.answers)}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
