/** Free ports for programs that cannot be told to take port 0. */
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";

const HOST = "127.0.0.1";
/** Below the ports that the system hands out by itself, so that no port 0 of another test takes one of ours. */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 200;

/** The first of `count` neighbouring ports, each free for UDP and TCP on 127.0.0.1; even, as RTP wants it. */
export async function freePorts(count = 1): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = FIRST + 2 * Math.floor((Math.random() * (LAST - FIRST - count)) / 2);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} neighbouring free ports between ${FIRST} and ${LAST}`);
}

/** Whether nobody listens on that port of 127.0.0.1, by UDP or TCP. */
export async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  const socket = dgram.createSocket("udp4");
  try {
    server.listen(port, HOST);
    await once(server, "listening");
    socket.bind(port, HOST);
    await once(socket, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
    socket.close();
  }
}
