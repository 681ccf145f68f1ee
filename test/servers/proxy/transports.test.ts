import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { Hop, SipRequest, SipUri, Transport } from "#sip/message.ts";
import { makeResponse, openStack, type Stack } from "#sip/stack.ts";
import { openProxy, type ProxyServer } from "../../../servers/proxy/proxy.ts";
import { alices } from "../../support/proxy-requests.ts";
import { until } from "../../support/until.ts";

const HOST = "127.0.0.1";
const CERTIFICATES = join(import.meta.dirname, "..", "..", "support", "certificates");
const pem = (name: string) => readFileSync(join(CERTIFICATES, name), "utf8");
const ca = pem("ca.pem");
const OFFER = makeOffer({ address: HOST, port: 30_000, codecs: ["PCMU"], telephoneEvent: false });

let proxy: ProxyServer;
let open: { close(): Promise<void> }[];

beforeEach(async () => {
  proxy = await openProxy({
    host: HOST,
    port: 0,
    names: ["example.com"],
    tls: { certificate: pem("localhost.pem"), key: pem("localhost.key") },
    ca,
    ws: { port: 0 },
    wss: { port: 0 },
    timers: { t1: 20 },
  });
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  await proxy.close();
});

/** Where the proxy is reached by each transport. */
function hopTo(protocol: Transport): Hop {
  const { tls = 0, ws = 0, wss = 0 } = proxy.ports;
  const port = { UDP: portOf(), TCP: portOf(), TLS: tls, WS: ws, WSS: wss }[protocol];
  return { protocol, address: HOST, port };
}

const portOf = () => Number(proxy.address.split(":").at(-1));

/** A phone that takes every call, and knows the proxy only by one connection of its own. */
class Phone {
  readonly heard: SipRequest[] = [];
  readonly name: string;
  readonly #hop: Hop;
  readonly #stack: Stack;

  static async open(name: string, protocol: Transport): Promise<Phone> {
    let phone: Phone | undefined;
    const stack = await openStack({
      host: HOST,
      port: 0,
      ca,
      onRequest: (request, transaction) => {
        phone?.heard.push(request);
        const to = { ...request.headers.to, params: { tag: name } };
        const taken = request.method === "INVITE";
        const contact = taken ? { contact: [{ uri: phone?.contact ?? "", params: {} }] } : {};
        const content = taken ? makeAnswer(request.content, AUDIO) : undefined;
        const more = { to, ...contact, ...(content && { "content-type": "application/sdp" }) };
        transaction.respond(makeResponse(request, 200, undefined, more, content));
      },
      onAck: (ack) => phone?.heard.push(ack),
    });
    phone = new Phone(name, stack, hopTo(protocol));
    open.push(stack);
    return phone;
  }

  private constructor(name: string, stack: Stack, hop: Hop) {
    this.name = name;
    this.#stack = stack;
    this.#hop = hop;
  }

  /** Where nobody could reach it but over its connection. */
  get contact(): SipUri {
    return this.#hop.protocol === "UDP"
      ? `sip:${this.name}@${HOST}:${this.#stack.port}`
      : `sip:${this.name}@away.invalid`;
  }

  async register(): Promise<number> {
    const aor = { uri: `sip:${this.name}@example.com`, params: {} };
    const contact = [{ uri: this.contact, params: {} }];
    return (
      await this.ask(alices({ method: "REGISTER", uri: "sip:example.com", headers: { to: aor, contact } }))
    ).status;
  }

  ask(asked: SipRequest) {
    return new Promise<ReturnType<typeof makeResponse>>((resolve) => {
      this.#stack.send(asked, (response) => response.status >= 200 && resolve(response), this.#hop);
    });
  }

  /** An INVITE, its ACK, and a BYE from either end, by the routes that the answer told. */
  async call(callee: Phone, uri: SipUri = `sip:${callee.name}@example.com`): Promise<void> {
    const contact = [{ uri: this.contact, params: {} }];
    const invite = alices({
      method: "INVITE",
      uri,
      headers: { contact, "content-type": "application/sdp" },
      content: OFFER,
    });
    const accepted = await this.ask(invite);
    assert.equal(accepted.status, 200, accepted.reason);
    const route = [...(accepted.headers["record-route"] ?? [])].reverse();
    const remote = accepted.headers.contact;
    const target = remote !== "*" ? (remote?.[0]?.uri ?? "") : "";
    const inside = (method: string, seq: number): SipRequest => ({
      ...invite,
      method,
      uri: target,
      headers: { ...invite.headers, to: accepted.headers.to, route, cseq: { seq, method } },
      content: "",
    });
    this.#stack.sendStateless(inside("ACK", 1), this.#hop);
    assert.equal((await this.ask(inside("INFO", 2))).status, 200);
    const taken = callee.heard.find(({ method }) => method === "INVITE") ?? assert.fail("no INVITE");
    assert.equal((await callee.hangUp(taken)).status, 200);
  }

  /** BYE in the call that this INVITE began. */
  hangUp({ headers }: SipRequest) {
    const contact = headers.contact === "*" ? undefined : headers.contact?.[0];
    const bye = alices({
      method: "BYE",
      uri: "sip:gone@example.com",
      headers: {
        from: { ...headers.to, params: { tag: this.name } },
        to: headers.from,
        route: headers["record-route"] ?? [],
        "call-id": headers["call-id"],
      },
    });
    return this.ask({ ...bye, uri: contact?.uri ?? "" });
  }

  async disconnect(): Promise<void> {
    open = open.filter((one) => one !== this.#stack);
    await this.#stack.close();
  }

  methods(): string {
    return this.heard.map(({ method }) => method).join(" ");
  }
}

const AUDIO = { address: HOST, port: 30_002, codecs: ["PCMU" as const], telephoneEvent: false };

const PAIRS: readonly (readonly [Transport, Transport])[] = [
  ["UDP", "TCP"],
  ["UDP", "WS"],
  ["TCP", "TCP"],
  ["TLS", "UDP"],
  ["TLS", "WSS"],
  ["WS", "WS"],
  ["WSS", "TLS"],
];

describe("A phone that can be reached only over the connection it opened", () => {
  for (const [from, to] of PAIRS) {
    test(`is called, and hangs up: ${from} to ${to}`, async () => {
      const alice = await Phone.open("alice", from);
      const bob = await Phone.open("bob", to);
      assert.equal(await bob.register(), 200);

      await alice.call(bob);

      await until(() => bob.heard.length >= 3, "all of the call");
      assert.deepEqual(bob.methods().split(" ").sort(), ["ACK", "INFO", "INVITE"]);
      assert.equal(alice.methods(), "BYE");
    });
  }

  test("is temporarily not there when its connection is gone", async () => {
    const alice = await Phone.open("alice", "UDP");
    const bob = await Phone.open("bob", "WS");
    await bob.register();
    await bob.disconnect();

    assert.equal((await alice.ask(alices({ method: "OPTIONS", uri: "sip:bob@example.com" }))).status, 480);
  });
});

describe("sips:", () => {
  test("reaches a phone over its encrypted connection", async () => {
    const alice = await Phone.open("alice", "TLS");
    const bob = await Phone.open("bob", "WSS");
    await bob.register();

    await alice.call(bob, "sips:bob@example.com");

    const [invite] = bob.heard;
    assert.ok(invite?.headers["record-route"]?.every(({ uri }) => uri.startsWith("sips:")));
  });

  test("does not reach one that others can listen to", async () => {
    const alice = await Phone.open("alice", "TLS");
    const bob = await Phone.open("bob", "TCP");
    await bob.register();

    assert.equal((await alice.ask(alices({ method: "OPTIONS", uri: "sips:bob@example.com" }))).status, 480);
    assert.deepEqual(bob.heard, []);
  });
});
