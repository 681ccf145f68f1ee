/** Peers that take and never give, at the real listeners: they are cut after 10 s, and whoever comes meanwhile is served at once. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { DEFAULT_LIMITS } from "../../native-host/src/sip/limits.ts";
import { type Listeners, startListeners } from "../support/listeners.ts";
import { rawRequest } from "../support/raw-sip.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
/** Where the crowd comes from. */
const CROWD = "127.0.0.66";
const SLOW = 60;
/** A busy machine may take some of this for itself; who is kept waiting waits for seconds. */
const AT_ONCE_MS = 500;
const LATE_MS = 2_500;
const ASK_AGAIN_MS = 100;

let listeners: Listeners;

before(async () => {
  listeners = await startListeners("bob");
});

after(() => listeners?.stop());

const LISTENERS = {
  "the conference server": () => listeners.site.conference.port,
  "the proxy": () => listeners.proxyPort,
  "the SIP service": () => listeners.servicePort,
};

/** A connection from the crowd; `closed` resolves with how long it lived. */
async function intruder(port: number): Promise<{ socket: Socket; closed: Promise<number> }> {
  const socket = connect({ port, host: HOST, localAddress: CROWD });
  const openedAt = performance.now();
  const closed = new Promise<number>((resolve) =>
    socket.once("close", () => resolve(performance.now() - openedAt)),
  );
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "connect");
  return { socket, closed };
}

/** How long a good request of somebody else takes; asked again where the flood made the network lose it. */
async function servedMs(port: number): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.77");
  const startedAt = performance.now();
  const via = `Via: SIP/2.0/UDP 127.0.0.77;branch=z9hG4bK${Math.random()};rport`;
  const asked = rawRequest({ uri: `sip:${HOST}:${port}`, via });
  const ask = () => socket.send(asked, port, HOST);
  ask();
  const again = setInterval(ask, ASK_AGAIN_MS);
  const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(5_000) });
  clearInterval(again);
  socket.close();
  assert.match(String(answer), /^SIP\/2\.0 200 /);
  return performance.now() - startedAt;
}

describe("Those who begin a message and never end it, or never begin one,", { concurrency: true }, () => {
  for (const [name, port] of Object.entries(LISTENERS)) {
    test(`are cut by ${name}, which serves others meanwhile`, async () => {
      const slow = await Promise.all(Array.from({ length: SLOW }, () => intruder(port())));
      for (const [n, { socket }] of slow.entries())
        if (n % 2) socket.write("OPTIONS sip:h SIP/2.0\r\nVia: SIP");
      const drip = setInterval(() => {
        // A byte now and then does not count as a message.
        for (const { socket } of slow.slice(0, SLOW / 3)) if (socket.writable) socket.write("x");
      }, 1_000);

      const waits: number[] = [];
      const lives = Promise.all(slow.map(({ closed }) => closed));
      const over = lives.then(() => true);
      while (!(await Promise.race([over, pause(250, false)]))) waits.push(await servedMs(port()));
      clearInterval(drip);

      const longest = Math.max(...(await lives));
      assert.ok(longest < DEFAULT_LIMITS.slowPeerMs + LATE_MS, `the last was cut after ${longest} ms`);
      assert.ok(Math.max(...waits) < AT_ONCE_MS, `somebody waited ${Math.max(...waits)} ms`);
    });
  }
});

for (const [name, port] of Object.entries(LISTENERS)) {
  test(`${name} lets one address have only so many connections, and others theirs`, async (context) => {
    const most = DEFAULT_LIMITS.connectionsPerAddress;
    const crowd = await Promise.all(Array.from({ length: most + 20 }, () => intruder(port())));
    context.after(() => crowd.forEach(({ socket }) => void socket.destroy()));

    const alive = () => crowd.filter(({ socket }) => !socket.destroyed).length;
    await until(() => alive() <= most, `the end of all but ${most} connections`, LATE_MS);
    assert.ok((await servedMs(port())) < AT_ONCE_MS);
    const other = connect({ port: port(), host: HOST, localAddress: "127.0.0.78" });
    other.write(
      rawRequest({
        uri: `sip:${HOST}:${port()}`,
        via: "Via: SIP/2.0/TCP 127.0.0.78;branch=z9hG4bKother;rport",
      }),
    );
    const [answer] = await once(other, "data", { signal: AbortSignal.timeout(5_000) });
    assert.match(String(answer), /^SIP\/2\.0 200 /);
    other.destroy();
  });

  test(`${name} ignores who asks too much, and serves the next one at once`, async (context) => {
    const socket = createSocket("udp4").bind(0, CROWD);
    context.after(() => void socket.close());
    await once(socket, "listening");
    let answers = 0;
    socket.on("message", () => {
      answers++;
    });
    const asked = 2 * DEFAULT_LIMITS.burst;
    for (let n = 0; n < asked; n++) {
      socket.send(rawRequest({ uri: `sip:${HOST}:${port()}` }), port(), HOST);
      if (n % 200 === 0) await pause(1);
    }

    assert.ok((await servedMs(port())) < 2 * AT_ONCE_MS);
    assert.ok(answers < asked);
  });
}
