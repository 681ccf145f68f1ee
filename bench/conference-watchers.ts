/** Many subscribers to a roster in a process of their own, for bench/conference-events.ts: raw sockets, so that little but the server is measured. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** What the parent says first: who subscribes, and to what. */
export interface Watching {
  readonly host: string;
  readonly port: number;
  readonly target: string;
  /** Target-Dialog of each subscriber's call (RFC 4538). */
  readonly dialogs: readonly string[];
}

/** A NOTIFY: when it came (`nowMs`), to whom, how long it was, and of which state. */
export interface Heard {
  readonly atMs: number;
  readonly watcher: number;
  readonly bytes: number;
  readonly full: boolean;
}

/** A clock that all processes of a machine share, milliseconds. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Subscribers share an address, so that a burst fits into each socket's buffer. */
const TO_A_SOCKET = 4;
/** SUBSCRIBEs without their first NOTIFY. */
const AT_ONCE = 20;
const HOST = "127.0.0.1";
const OURS = new Set(["via", "from", "to", "call-id", "cseq", "record-route"]);

let heard: Heard[] = [];
let onFirst: (watcher: number) => void = () => undefined;

/** Takes one NOTIFY and answers it; a 200 to a SUBSCRIBE needs none. */
function take(text: string, bytes: number, answer: (text: string) => void): void {
  if (!text.startsWith("NOTIFY ")) return;
  const end = text.indexOf("\r\n\r\n");
  const lines = text.slice(0, end).split("\r\n").slice(1);
  const kept = lines.filter((line) => OURS.has(line.slice(0, line.indexOf(":")).toLowerCase()));
  answer(["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n"));
  const watcher = Number(/^NOTIFY sip:w(\d+)@/.exec(text)?.[1]);
  const full = text.slice(end, end + 400).includes('state="full"');
  heard.push({ atMs: nowMs(), watcher, bytes, full });
  if (full) onFirst(watcher);
}

interface Place {
  readonly port: number;
  send(text: string, port: number, host: string): void;
}

/** One address for small NOTIFYs by UDP and large ones by TCP. */
async function openPlace(): Promise<Place> {
  const server = createServer((stream) => {
    let rest: Buffer = Buffer.alloc(0);
    stream.on("data", (data) => {
      rest = framed(Buffer.concat([rest, data]), (text) =>
        take(text, text.length, (answer) => stream.write(answer)),
      );
    });
    stream.on("error", () => stream.destroy());
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket: Socket = createSocket("udp4");
  socket.bind(port, HOST);
  try {
    await once(socket, "listening");
  } catch {
    // Somebody else's by UDP: another one is free for both.
    socket.close();
    server.close();
    return openPlace();
  }
  socket.on("message", (data, { port, address }) =>
    take(data.toString("latin1"), data.length, (text) => socket.send(text, port, address)),
  );
  return { port, send: (...what) => void socket.send(...what) };
}

/** Hands out each whole message; returns what is left. */
function framed(data: Buffer, onMessage: (text: string) => void): Buffer {
  for (let rest = data; ; ) {
    const end = rest.indexOf("\r\n\r\n");
    const head = rest.subarray(0, Math.max(end, 0)).toString("latin1");
    const length = end + 4 + Number(/\r\n(?:content-length|l): *(\d+)/i.exec(head)?.[1] ?? 0);
    if (end < 0 || rest.length < length) return rest;
    onMessage(rest.subarray(0, length).toString("latin1"));
    rest = rest.subarray(length);
  }
}

function subscribeText(watcher: number, port: number, { target, dialogs }: Watching): string {
  return [
    `SUBSCRIBE ${target} SIP/2.0`,
    `Via: SIP/2.0/UDP ${HOST}:${port};branch=z9hG4bK-w${watcher};rport`,
    "Max-Forwards: 70",
    `From: <sip:w${watcher}@example.com>;tag=w${watcher}`,
    `To: <${target}>`,
    `Call-ID: w${watcher}@${HOST}`,
    "CSeq: 1 SUBSCRIBE",
    `Contact: <sip:w${watcher}@${HOST}:${port}>`,
    "Event: conference",
    "Accept: application/conference-info+xml",
    "Expires: 3600",
    `Target-Dialog: ${dialogs[watcher]}`,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

async function watch(watching: Watching): Promise<void> {
  const { dialogs, host, port } = watching;
  const places = await Promise.all(
    Array.from({ length: Math.ceil(dialogs.length / TO_A_SOCKET) }, () => openPlace()),
  );
  for (let at = 0; at < dialogs.length; at += AT_ONCE) {
    const waiting = new Set([...dialogs.keys()].slice(at, at + AT_ONCE));
    const all = Promise.withResolvers<void>();
    onFirst = (watcher) => {
      waiting.delete(watcher);
      if (waiting.size === 0) all.resolve();
    };
    for (const watcher of waiting) {
      const place = places[Math.floor(watcher / TO_A_SOCKET)];
      place?.send(subscribeText(watcher, place.port, watching), port, host);
    }
    await all.promise;
  }
  onFirst = () => undefined;
}

if (process.send) {
  const tell = process.send.bind(process);
  process.once("disconnect", () => process.exit());
  process.on("message", (message: Watching | "report") => {
    if (message === "report") {
      tell(heard);
      heard = [];
      return;
    }
    void watch(message).then(() => tell("watching"));
  });
}
