import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { queryObjects } from "node:v8";
import type { SipRequest, SipResponse } from "#sip/message.ts";
import { makeResponse, type Stack, type StackOptions } from "#sip/stack.ts";
import { answer, desk, request } from "../support/desk.ts";
import { a, DnsServer, srv } from "../support/dns-server.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
/** 64*T1 is a third of a second. */
const QUICK = { t1: 5, t2: 20, t4: 20 };
const HOME = a("server.films.example", HOST);

/** The servers of films.example, first one first. */
const inThisOrder = (protocol: "udp" | "tcp", ports: readonly number[]) => [
  HOME,
  ...ports.map((port, at) => srv(`_sip._${protocol}.films.example`, HOME.name, port, [at, 0])),
];

let dns: DnsServer;
let open: AsyncDisposable[];

beforeEach(async () => {
  dns = await DnsServer.open();
  open = [dns];
});

afterEach(async () => {
  for (const one of open.reverse()) await one[Symbol.asyncDispose]();
});

async function stack(options: Partial<StackOptions> = {}): Promise<Stack> {
  const opened = await desk({ timers: QUICK, dns: dns.dns, ...options });
  open.push(opened);
  return opened;
}

/** A server that answers everything with one status, and what came to it. */
async function server(status: number, headers: Record<string, string> = {}) {
  const heard: SipRequest[] = [];
  const opened = await stack({
    onRequest: (asked, transaction) => {
      heard.push(asked);
      const to = { ...asked.headers.to, params: { tag: `t${status}` } };
      if (status > 0) transaction.respond(makeResponse(asked, status, undefined, { to, ...headers }));
    },
  });
  return { port: opened.port, heard };
}

async function silentPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, HOST);
  await once(socket, "listening");
  open.push({ [Symbol.asyncDispose]: async () => void socket.close() });
  return socket.address().port;
}

/** A TCP port that does with its peers what the test says; closed to everybody without. */
async function tcpPort(onPeer?: (peer: Socket) => void): Promise<number> {
  const listener = createServer(onPeer).listen(0, HOST);
  await once(listener, "listening");
  const bound = listener.address();
  const close = async () => {
    listener.close();
    await once(listener, "close");
  };
  if (onPeer) open.push({ [Symbol.asyncDispose]: close });
  else await close();
  return typeof bound === "object" && bound ? bound.port : 0;
}

const branchOf = (asked: SipRequest | undefined) => asked?.headers.via[0]?.params["branch"];
const call = (method: string, uri = "sip:films.example") => request(method, uri);

for (const method of ["INVITE", "OPTIONS"]) {
  describe(`${method} to a domain with two servers`, () => {
    test("goes to the second when the first says 503, and is another transaction there", async () => {
      const [first, second] = [await server(503), await server(486)];
      dns.knows(inThisOrder("udp", [first.port, second.port]));

      assert.equal((await answer(await stack(), call(method))).status, 486);
      const [tried] = first.heard;
      const [taken] = second.heard;
      assert.ok(branchOf(tried) !== branchOf(taken));
      assert.equal(tried?.headers["call-id"], taken?.headers["call-id"]);
      assert.deepEqual(tried?.headers.cseq, taken?.headers.cseq);
    });

    test("goes to the second when the first takes no connection", async () => {
      const second = await server(486);
      dns.knows(inThisOrder("tcp", [await tcpPort(), second.port]));

      assert.equal((await answer(await stack(), call(method))).status, 486);
    });

    test("goes to the second when the first says nothing for 64*T1", async () => {
      const second = await server(486);
      dns.knows(inThisOrder("udp", [await silentPort(), second.port]));

      assert.equal((await answer(await stack(), call(method))).status, 486);
    });

    test("goes to the second at once when the first closes the connection instead of answering", async () => {
      const second = await server(486);
      const first = await tcpPort((peer) => peer.once("data", () => peer.destroy()));
      dns.knows(inThisOrder("tcp", [first, second.port]));
      const alice = await stack({ timers: { t1: 500 } });

      assert.equal((await answer(alice, call(method))).status, 486);
    });

    test("fails as the last of them fails when all do", async () => {
      const [first, second] = [await server(503), await server(503, { "x-server": "second" })];
      dns.knows(inThisOrder("udp", [first.port, second.port]));

      const response = await answer(await stack(), call(method));
      assert.equal(response.headers["x-server"], "second");
      dns.knows(inThisOrder("udp", [first.port, await silentPort()]));
      assert.equal((await answer(await stack(), call(method))).status, 408);
    });

    test("stays with the first when that refuses, or fails in another way", async () => {
      const second = await server(200);
      for (const status of [486, 500, 504, 603]) {
        const first = await server(status);
        dns.knows(inThisOrder("udp", [first.port, second.port]));

        assert.equal((await answer(await stack(), call(method))).status, status);
      }
      assert.equal(second.heard.length, 0);
    });
  });
}

describe("a server that is not well", () => {
  test("is tried last for as long as it asked for", async () => {
    const [first, second] = [await server(503, { "retry-after": "60 (in a minute)" }), await server(200)];
    dns.knows(inThisOrder("udp", [first.port, second.port]));
    const alice = await stack();

    await answer(alice, call("OPTIONS"));
    await answer(alice, call("OPTIONS"));

    assert.deepEqual([first.heard.length, second.heard.length], [1, 2]);
  });

  test("is tried first again when it only said 503", async () => {
    const [first, second] = [await server(503), await server(200)];
    dns.knows(inThisOrder("udp", [first.port, second.port]));
    const alice = await stack();

    await answer(alice, call("OPTIONS"));
    await answer(alice, call("OPTIONS"));

    assert.deepEqual([first.heard.length, second.heard.length], [2, 2]);
  });

  test("does not cost the next request another 64*T1 when it was silent", async () => {
    const second = await server(200);
    dns.knows(inThisOrder("udp", [await silentPort(), second.port]));
    const alice = await stack();
    await answer(alice, call("OPTIONS"));

    const asked = performance.now();
    await answer(alice, call("OPTIONS"));

    assert.ok(performance.now() - asked < 64 * QUICK.t1);
  });
});

describe("a request that has its answer", () => {
  test("is not kept for servers that nobody will try any more", async () => {
    class Asked {}
    const [first, second] = [await server(486), await server(200)];
    dns.knows(inThisOrder("udp", [first.port, second.port]));
    const { promise, resolve } = Promise.withResolvers<number>();

    const alice = await stack();
    const sent = alice.send(Object.assign(new Asked(), call("INVITE")), ({ status }) => resolve(status));
    assert.equal(await promise, 486);

    assert.equal(queryObjects(Asked), 0);
    assert.equal(sent.hop?.port, first.port);
  });
});

describe("CANCEL", () => {
  test("before the domain is found ends the call at once, and nothing is sent", async () => {
    dns.silent.add("films.example");
    const alice = await stack();
    const heard: SipResponse[] = [];

    alice.send(call("INVITE"), (response) => heard.push(response)).cancel();
    assert.deepEqual(heard, []);
    await until(() => heard.length > 0, "an answer");

    assert.deepEqual(
      heard.map(({ status }) => status),
      [487],
    );
  });

  test("reaches the server that rings, not the one that failed", async () => {
    const first = await server(503);
    const methods: string[] = [];
    const second = await stack({
      onRequest: (asked, transaction) => transaction.respond(makeResponse(asked, 180)),
      onTrace: (way, message) => way === "in" && "method" in message && methods.push(message.method),
    });
    dns.knows(inThisOrder("udp", [first.port, second.port]));
    // A copy of the INVITE would have a 180 of its own, rightly: she waits longer before she sends one.
    const alice = await stack({ timers: { t1: 500 } });
    const statuses: number[] = [];

    const ringing = alice.send(call("INVITE"), ({ status }) => {
      statuses.push(status);
      if (status === 180) ringing.cancel();
    });
    await until(() => statuses.includes(487), "the end");

    assert.deepEqual(statuses, [180, 487]);
    assert.deepEqual(methods.slice(0, 2), ["INVITE", "CANCEL"]);
  });

  test("while a server is silent lets nobody else be tried", async () => {
    const second = await server(200);
    dns.knows(inThisOrder("udp", [await silentPort(), second.port]));
    const alice = await stack();
    const { promise, resolve } = Promise.withResolvers<number>();

    const calling = alice.send(call("INVITE"), ({ status }) => resolve(status));
    setTimeout(() => calling.cancel(), 50);

    assert.equal(await promise, 408);
    assert.equal(second.heard.length, 0);
  });
});

describe("closing", () => {
  test("ends a request that could still have gone elsewhere", async () => {
    const second = await server(200);
    dns.knows(inThisOrder("udp", [await silentPort(), second.port]));
    const alice = await desk({ dns: dns.dns });
    const pending = answer(alice, call("OPTIONS"));
    await until(() => dns.questions.includes("A server.films.example"), "the question");

    await alice.close();

    assert.equal((await pending).status, 503);
    assert.equal(second.heard.length, 0);
  });
});
