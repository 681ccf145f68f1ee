import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { Hop, SipRequest, SipResponse, SipUri } from "#sip/message.ts";
import { makeResponse, type Stack } from "#sip/stack.ts";
import type { Timers } from "#sip/timers.ts";
import { openProxy, type ProxyOptions, type ProxyServer } from "../../../servers/proxy/proxy.ts";
import { desk, request } from "../../support/desk.ts";
import { a, DnsServer, srv } from "../../support/dns-server.ts";
import { freePorts } from "../../support/ports.ts";

const HOST = "127.0.0.1";
const QUICK = { t1: 5, t2: 20, t4: 20 };

let open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

async function proxyWith(options: Partial<ProxyOptions> = {}): Promise<ProxyServer> {
  const proxy = await openProxy({ host: HOST, port: 0, names: ["example.com"], timers: QUICK, ...options });
  open.push(() => proxy.close());
  return proxy;
}

async function nameServer(...zone: Parameters<typeof DnsServer.open>): Promise<DnsServer> {
  const server = await DnsServer.open(...zone);
  open.push(() => server[Symbol.asyncDispose]());
  return server;
}

/** A phone or server that answers everything alike, and what came to it. */
async function phone(status: number, headers: Record<string, unknown> = {}, timers: Partial<Timers> = QUICK) {
  const heard: SipRequest[] = [];
  const stack = await desk({
    timers,
    onRequest: (asked, transaction) => {
      heard.push(asked);
      const to = { ...asked.headers.to, params: { tag: `t${status}` } };
      if (status > 0) transaction.respond(makeResponse(asked, status, undefined, { to, ...headers }));
    },
  });
  open.push(() => stack.close());
  return { stack, heard, address: `sip:phone@${HOST}:${stack.port}` as SipUri };
}

const hopTo = (proxy: ProxyServer): Hop => ({
  protocol: "UDP",
  address: HOST,
  port: Number(proxy.address.split(":").at(-1)),
});

/** The final response, and how often there was one. */
function ask(from: Stack, proxy: ProxyServer, asked: SipRequest): Promise<SipResponse> {
  return new Promise((resolve) => {
    from.send(asked, (response) => response.status >= 200 && resolve(response), hopTo(proxy));
  });
}

async function register(proxy: ProxyServer, user: string, contact: string, params = {}): Promise<void> {
  const { stack } = await phone(200);
  const asked = request("REGISTER", "sip:example.com");
  const to = { uri: `sip:${user}@example.com`, params: {} };
  const headers = { ...asked.headers, to, contact: [{ uri: contact, params }] };
  assert.equal((await ask(stack, proxy, { ...asked, headers })).status, 200);
}

/** films.example has two servers, the first of which is to be tried first. */
const twoServers = (first: number, second: number, protocol = "udp") => [
  srv(`_sip._${protocol}.films.example`, "server.films.example", first, [1, 0]),
  srv(`_sip._${protocol}.films.example`, "server.films.example", second, [2, 0]),
  a("server.films.example", HOST),
];

describe("A domain with two servers is reached through the proxy", () => {
  test("when the first says 503", async () => {
    const [first, second, alice] = [await phone(503), await phone(200), await phone(200)];
    const { dns } = await nameServer(twoServers(first.stack.port, second.stack.port));

    const response = await ask(alice.stack, await proxyWith({ dns }), request("INVITE", "sip:films.example"));

    assert.equal(response.status, 200);
    assert.equal(first.heard.length, 1);
  });

  test("when the first is silent", async () => {
    const [first, second, alice] = [await phone(0), await phone(200), await phone(200, {}, {})];
    const { dns } = await nameServer(twoServers(first.stack.port, second.stack.port));

    const response = await ask(
      alice.stack,
      await proxyWith({ dns }),
      request("OPTIONS", "sip:films.example"),
    );

    assert.equal(response.status, 200);
    // Its transaction may end before the last copy of the request comes: that is heard anew, on the same branch.
    assert.equal(new Set(first.heard.map(({ headers }) => headers.via[0]?.params["branch"])).size, 1);
  });

  test("when the first takes no connection", async () => {
    const [second, alice] = [await phone(200), await phone(200)];
    const { dns } = await nameServer(twoServers(await freePorts(), second.stack.port, "tcp"));

    const response = await ask(
      alice.stack,
      await proxyWith({ dns }),
      request("OPTIONS", "sip:films.example"),
    );

    assert.equal(response.status, 200);
  });

  test("and when both say 503, that is not said of the proxy", async () => {
    const [first, second, alice] = [await phone(503), await phone(503), await phone(200)];
    const { dns } = await nameServer(twoServers(first.stack.port, second.stack.port));

    const response = await ask(alice.stack, await proxyWith({ dns }), request("INVITE", "sip:films.example"));

    assert.equal(response.status, 500);
  });
});

describe("A call", () => {
  test("goes to the phones a user wants most, and then to the mailbox", async () => {
    const proxy = await proxyWith();
    const [laptop, mailbox, alice] = [await phone(486), await phone(200), await phone(200)];
    await register(proxy, "bob", mailbox.address, { q: "0.1" });
    await register(proxy, "bob", laptop.address, { q: "0.9" });

    assert.equal((await ask(alice.stack, proxy, request("INVITE", "sip:bob@example.com"))).status, 200);
    assert.deepEqual([laptop.heard.length, mailbox.heard.length], [1, 1]);
  });

  test("follows a user who moved, where the proxy does that", async () => {
    const [mobile, alice] = [await phone(200), await phone(200)];
    const desk = await phone(302, { contact: [{ uri: mobile.address, params: {} }] });

    for (const [followsRedirects, status] of [
      [true, 200],
      [false, 302],
    ] as const) {
      const proxy = await proxyWith({ followsRedirects });
      await register(proxy, "bob", desk.address);
      const response = await ask(alice.stack, proxy, request("INVITE", "sip:bob@example.com"));
      assert.equal(response.status, status);
    }
  });

  test("that two proxies would send to each other for ever ends as a loop", async () => {
    const [one, other, alice] = [await proxyWith(), await proxyWith(), await phone(200)];
    await register(one, "bob", other.address.replace("sip:", "sip:bob@"));
    await register(other, "bob", one.address.replace("sip:", "sip:bob@"));
    const asked = request("INVITE", one.address.replace("sip:", "sip:bob@"));

    assert.equal((await ask(alice.stack, one, asked)).status, 482);
  });

  test("is refused when there are too many, and comes again later", async () => {
    const proxy = await proxyWith({ limits: { transactions: 1 } });
    const [bob, alice] = [await phone(0), await phone(200)];
    void ask(alice.stack, proxy, request("OPTIONS", bob.address));

    const response = await ask(alice.stack, proxy, request("INVITE", bob.address));

    assert.equal(response.status, 503);
    assert.match(String(response.headers["retry-after"]), /^\d+$/);
  });
});
