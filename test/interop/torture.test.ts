/** The torture messages of RFC 4475 and RFC 5118 against all three listeners - proxy, conference server, SIP service - over UDP and TCP. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { SipUri } from "#sip/message.ts";
import { openConferenceServer } from "../../servers/conference/server.ts";
import { openProxy } from "../../servers/proxy/proxy.ts";
import { Daemon } from "../support/daemon.ts";
import { FakeMixer } from "../support/fake-mixer.ts";

const CORPUS = join(import.meta.dirname, "..", "corpus", "torture");
const HOST = "127.0.0.1";
/** A loopback address for each message: answers without rport go to the port in the Via there, and none to another's. */
let peers = 0;
const newPeer = (): string => {
  peers += 1;
  return `127.0.7.${(peers % 250) + 1}`;
};
/** Long enough for every answer that is decided without a third party. */
const PATIENCE_MS = 250;
/** A message that hangs a server does so for seconds; a busy machine may take some of this for itself. */
const NEXT_MS = 1000;
/** Messages on their way: most of the time is patience with those that nobody answers. */
const AT_ONCE = 6;

interface Expectation {
  readonly accept: readonly string[];
  readonly why: string;
}

const EXPECT = JSON.parse(readFileSync(join(CORPUS, "EXPECT.json"), "utf8")) as Record<string, Expectation>;

/** The user's own SIP service, for all messages: it is a process, and a start takes its time. */
const service = Daemon.start({ name: "alice" });
after(async () => (await service).stop());

/** A server of its own for each message where that is cheap: many of them have the same branch. */
const SERVERS: Record<string, () => Promise<{ address: SipUri; close(): Promise<void> }>> = {
  proxy: () =>
    openProxy({
      host: HOST,
      port: 0,
      names: ["example.com"],
      lookup: () => Promise.reject(new Error("no such host")),
    }),
  async conference() {
    const mixer = await FakeMixer.open();
    const log = { info() {}, error() {} };
    const server = await openConferenceServer({ host: HOST, port: 0, mixers: [mixer.address], log });
    return {
      address: server.address,
      async close() {
        await server.close();
        await mixer.close();
      },
    };
  },
  async service() {
    const [, address = ""] = await (await service).program.says(/(sip:127\.0\.0\.1:\d+)/);
    // What the log says is the address of the service.
    return { address: address as SipUri, close: async () => undefined };
  },
};

/** "none", "close", or the final status. */
type Outcome = string;

function finalStatus(text: string): string | undefined {
  return [...text.matchAll(/^SIP\/2\.0 ([2-6]\d\d) /gm)].map(([, status]) => status)[0];
}

async function overUdp(bytes: Buffer, port: number): Promise<Outcome> {
  const viaPort = Number(
    /^(?:Via|v)\s*:[^;\r\n]*?(?:\]|[^:\]]):(\d+)\s*(?:;|\r)/im.exec(bytes.toString("latin1"))?.[1] ?? 5060,
  );
  const socket = createSocket("udp4");
  let text = "";
  socket.on("message", (packet) => {
    text += packet.toString("latin1");
  });
  socket.bind(viaPort, newPeer());
  await once(socket, "listening");
  socket.send(bytes, port, HOST);
  const outcome = await settled(() => finalStatus(text));
  socket.close();
  return outcome ?? "none";
}

async function overTcp(bytes: Buffer, port: number): Promise<Outcome> {
  const socket = connect({ port, host: HOST, localAddress: newPeer() });
  let text = "";
  let closed = false;
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
  });
  await once(socket, "connect");
  socket.write(bytes);
  const outcome = await settled(() => finalStatus(text) ?? (closed ? "close" : undefined));
  socket.destroy();
  return outcome ?? "none";
}

async function settled(look: () => Outcome | undefined): Promise<Outcome | undefined> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && look() === undefined; waitedMs += 10) await pause(10);
  return look();
}

async function answersOptions(port: number): Promise<void> {
  const id = Math.random().toString(36).slice(2);
  const lines = [
    `OPTIONS sip:${HOST}:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${HOST};branch=z9hG4bK${id};rport`,
    `From: <sip:alice@example.com>;tag=${id}`,
    `To: <sip:${HOST}:${port}>`,
    `Call-ID: ${id}`,
    "CSeq: 1 OPTIONS",
    "Max-Forwards: 70",
    "Content-Length: 0",
  ];
  const socket = createSocket("udp4");
  const sentAt = performance.now();
  socket.send(`${lines.join("\r\n")}\r\n\r\n`, port, HOST);
  const signal = AbortSignal.timeout(5_000);
  const [answer] = (await once(socket, "message", { signal })) as [Buffer];
  socket.close();
  assert.equal(finalStatus(answer.toString()), "200");
  assert.ok(performance.now() - sentAt < NEXT_MS, `answered after ${performance.now() - sentAt} ms`);
}

function fits(outcome: Outcome, accept: readonly string[]): boolean {
  return accept.includes(outcome) || accept.includes(outcome.replace(/\d\d$/, "xx"));
}

for (const [server, open] of Object.entries(SERVERS)) {
  for (const [transport, send] of [
    ["UDP", overUdp],
    ["TCP", overTcp],
  ] as const) {
    describe(`The ${server} over ${transport}`, { concurrency: AT_ONCE }, () => {
      for (const [name, { accept, why }] of Object.entries(EXPECT)) {
        test(`survives ${name}: ${why}`, async (context) => {
          const opened = await open();
          context.after(() => opened.close());
          const port = Number(opened.address.split(":").at(-1));
          const outcome = await send(readFileSync(join(CORPUS, `${name}.dat`)), port);

          assert.ok(fits(outcome, accept), `${outcome} is none of ${accept.join(" ")}`);
          await answersOptions(port);
        });
      }
    });
  }
}
