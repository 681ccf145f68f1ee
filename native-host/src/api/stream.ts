/** Documents separated by NUL on a stream socket, Unix or TCP. */
import type { Socket } from "node:net";
import type { Wire } from "./connection.ts";
import { NulReader } from "./framing.ts";
import type { Party } from "./gate.ts";
import { Patience } from "./patience.ts";
import { Turns } from "./turns.ts";

/** How long a client that was told goodbye may keep its side open. */
const LINGER_MS = 10_000;

export function wireOf(socket: Socket): Wire {
  return {
    send: (document) => {
      if (socket.writable) socket.write(`${document}\0`);
    },
    get queuedBytes() {
      return socket.writableLength;
    },
    end: () => {
      socket.end();
      // The client's own end no longer matters: nothing it says is read.
      socket.resume();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    },
    cut: () => socket.destroy(),
  };
}

/** Feeds the party; closes at once whatever does not begin like XML (HTTP, TLS), and half-sent documents in time. */
export function carry(socket: Socket, party: Party, patienceMs: number): void {
  const patience = new Patience(patienceMs, () => socket.destroy());
  const turns = new Turns(socket);
  const reader = new NulReader({
    onDocument: (text) => {
      patience.end();
      turns.add(() => party.receive(text));
    },
    onRefused: (why) => turns.add(() => party.refuse(why)),
  });
  let begun = false;
  patience.begin();
  socket.on("data", (chunk) => {
    if (!begun && !beginsLikeXml(chunk)) {
      socket.destroy();
      return;
    }
    begun = true;
    reader.push(chunk);
    if (reader.partial) patience.begin();
    turns.run();
  });
  socket.on("end", () => {
    reader.end();
    turns.add(() => party.finish());
    turns.run();
  });
  socket.on("drain", () => {
    party.drained();
    turns.run();
  });
  socket.on("close", () => {
    patience.end();
    turns.stop();
    party.close();
  });
}

/** A byte order mark, white space or `<`. */
function beginsLikeXml(chunk: Buffer): boolean {
  return /^(?:\uFEFF)?\s*(?:<|$)/.test(chunk.toString("utf8", 0, 64));
}
