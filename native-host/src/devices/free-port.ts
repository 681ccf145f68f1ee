/** A free port of this machine for a program that must be told one. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** The first of `count` (1 or 2) neighbouring ports: free for UDP and TCP, the next one for TCP. */
export async function freePort(host: string, count: 1 | 2 = 1): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, host);
    await once(server, "listening");
    const bound = server.address();
    const port = typeof bound === "object" && bound ? bound.port : 0;
    const next = count === 1 || (port < 65_535 && (await tcpIsFree(host, port + 1)));
    const free = next && (await udpIsFree(host, port));
    server.close();
    await once(server, "close");
    if (free) return port;
  }
}

async function udpIsFree(host: string, port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("error", () => resolve(false));
  socket.bind(port, host, () => resolve(true));
  const free = await promise;
  socket.close();
  return free;
}

async function tcpIsFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("error", () => resolve(false));
  server.listen(port, host, () => resolve(true));
  const free = await promise;
  server.close();
  return free;
}
