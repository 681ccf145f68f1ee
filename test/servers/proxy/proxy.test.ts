import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipRequest, SipResponse, SipUri } from "#sip/message.ts";
import { openStack, type Stack } from "#sip/stack.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { openProxy, type ProxyServer } from "../../../servers/proxy/proxy.ts";
import { Ladder } from "../../support/ladder.ts";
import { alices } from "../../support/proxy-requests.ts";
import { until } from "../../support/until.ts";

const HOST = "127.0.0.1";
const AUDIO = { address: HOST, port: 30_000, codecs: ["PCMU" as const], telephoneEvent: false };
const OFFER = makeOffer(AUDIO);

type OnInvite = (invite: IncomingInvite) => void;
const answers: OnInvite = (invite) => void invite.accept(makeAnswer(invite.offer ?? "", AUDIO) ?? "");
const rings: OnInvite = (invite) => invite.ring();
const declines =
  (status: number): OnInvite =>
  (invite) =>
    invite.reject(status);

let ladder: Ladder;
let proxy: ProxyServer;
let open: { close(): Promise<void> }[];

beforeEach(async () => {
  ladder = new Ladder();
  proxy = await openProxy({
    host: HOST,
    port: 0,
    names: ["example.com"],
    lookup: (host) =>
      host === "loop.example" ? Promise.resolve([HOST]) : Promise.reject(new Error("no such host")),
    onTrace: ladder.trace("proxy"),
  });
  ladder.name(Number(proxy.address.split(":").at(-1)), "proxy");
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  await proxy.close();
});

async function phone(name: string, onInvite: OnInvite = answers): Promise<UserAgent> {
  const agent = await UserAgent.open({
    host: HOST,
    port: 0,
    name,
    identity: { uri: `sip:${name}@example.com` },
    contactUser: name,
    outboundProxy: proxy.address,
    onInvite,
    onTrace: ladder.trace(name),
  });
  ladder.name(agent.port, name);
  open.push(agent);
  return agent;
}

async function register(agent: UserAgent, user: string, domain = "example.com"): Promise<number> {
  const aor = { uri: `sip:${user}@${domain}`, params: {} };
  const contact = [{ uri: `sip:${user}@${HOST}:${agent.port}`, params: {} }];
  const request = requestTo("REGISTER", "sip:example.com", { to: aor, contact });
  const { status } = await ask(await rawStack(), request);
  return status;
}

describe("A call through the proxy", () => {
  test("reaches a user where they registered, and all of it goes through the proxy", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob");
    assert.equal(await register(bob, "bob"), 200);
    ladder.clear();
    const { leg } = await alice.invite("sip:bob@example.com", { offer: OFFER });
    await until(() => ladder.steps("proxy -> bob: ACK").length === 1, "bob's ACK");
    await leg.bye();

    ladder.reads(`
      alice -> proxy: INVITE sdp
      proxy -> bob:   INVITE sdp
      bob   -> proxy: 200 sdp
      proxy -> alice: 200 sdp
      alice -> proxy: ACK
      proxy -> bob:   ACK
      alice -> proxy: BYE
      proxy -> bob:   BYE
      bob   -> proxy: 200
      proxy -> alice: 200
    `);
  });

  test("can be ended by the one who was called, too", async () => {
    const alice = await phone("alice");
    const accepted = Promise.withResolvers<Leg>();
    const bob = await phone("bob", (invite) =>
      accepted.resolve(invite.accept(makeAnswer(invite.offer ?? "", AUDIO) ?? "")),
    );
    await register(bob, "bob");
    const ended = Promise.withResolvers<string>();
    await alice.invite("sip:bob@example.com", { offer: OFFER, handlers: { onEnded: ended.resolve } });
    await (await accepted.promise).bye();
    await ended.promise;

    assert.equal(ladder.steps("proxy -> alice: BYE").length, 1);
  });

  test("goes to the machine in its domain when nobody registered the URI", async () => {
    const alice = await phone("alice");
    const films = await phone("films");
    const { leg } = await alice.invite(`sip:films@${HOST}:${films.port}`, { offer: OFFER });

    assert.equal(leg.state, "confirmed");
    assert.equal(ladder.steps("proxy -> films: INVITE").length, 1);
  });

  test("ends with 404 when our own domain does not know the user, or nobody knows the domain", async () => {
    const alice = await phone("alice");

    await assert.rejects(alice.invite("sip:nobody@example.com", { offer: OFFER }), { status: 404 });
    await assert.rejects(alice.invite("sip:bob@nowhere.example", { offer: OFFER }), { status: 404 });
  });

  test("is refused as the callee refuses it", async () => {
    const alice = await phone("alice");
    const bob = await phone("bob", declines(486));
    await register(bob, "bob");

    await assert.rejects(alice.invite("sip:bob@example.com", { offer: OFFER }), { status: 486 });
  });

  test("that is cancelled stops ringing", async () => {
    const alice = await phone("alice");
    const stopped = Promise.withResolvers<void>();
    const bob = await phone("bob", (invite) => {
      invite.onCancelled = () => stopped.resolve();
      invite.ring();
    });
    await register(bob, "bob");
    const cancel = new AbortController();
    const onProgress = () => cancel.abort();
    const calling = alice.invite("sip:bob@example.com", { offer: OFFER, signal: cancel.signal, onProgress });

    await assert.rejects(calling, { status: 487 });
    await stopped.promise;
    await until(() => ladder.steps("proxy -> alice: 487").length === 1, "487 to alice");
  });
});

describe("A user with two phones", () => {
  async function twoPhones(desk: OnInvite, laptop: OnInvite): Promise<UserAgent> {
    const alice = await phone("alice");
    await register(await phone("desk", desk), "bob");
    await register(await phone("laptop", laptop), "bob");
    return alice;
  }

  test("hears both ring, and the other stops when one answers", async () => {
    const stopped = Promise.withResolvers<void>();
    const alice = await twoPhones(
      (invite) => {
        invite.onCancelled = () => stopped.resolve();
        invite.ring();
      },
      (invite) => {
        void until(() => ladder.steps("desk -> proxy: 180").length === 1, "the desk to ring").then(() =>
          answers(invite),
        );
      },
    );
    await alice.invite("sip:bob@example.com", { offer: OFFER });
    await stopped.promise;

    await until(() => ladder.steps("desk -> proxy: 487").length === 1, "487 from the desk");
    assert.deepEqual(ladder.steps("proxy -> alice: 4"), []);
  });

  test("is called in vain when both refuse: the better reason comes back", async () => {
    const alice = await twoPhones(declines(480), declines(415));

    await assert.rejects(alice.invite("sip:bob@example.com", { offer: OFFER }), { status: 415 });
  });

  test("is not to be disturbed anywhere when one says so", async () => {
    const alice = await twoPhones(rings, declines(603));

    await assert.rejects(alice.invite("sip:bob@example.com", { offer: OFFER }), { status: 603 });
    assert.equal(ladder.steps("proxy -> desk: CANCEL").length, 1);
  });

  test("does not stop ringing when the first phone is busy", async () => {
    const alice = await twoPhones(declines(486), (invite) => {
      void until(() => ladder.steps("desk -> proxy: 486").length === 1, "486").then(() => answers(invite));
    });
    const { leg } = await alice.invite("sip:bob@example.com", { offer: OFFER });

    assert.equal(leg.state, "confirmed");
  });
});

/** A client of one request, who sets every header. */
async function rawStack(onRequest?: (request: SipRequest) => SipResponse | undefined): Promise<Stack> {
  const stack = await openStack({
    host: HOST,
    port: 0,
    onRequest: (request, transaction) => {
      const response = onRequest?.(request);
      if (response) transaction.respond(response);
    },
    onAck: () => undefined,
  });
  open.push(stack);
  return stack;
}

function requestTo(method: string, uri: SipUri, headers: Record<string, unknown> = {}): SipRequest {
  return alices({ method, uri, headers });
}

const options = (uri: SipUri, headers?: Record<string, unknown>) => requestTo("OPTIONS", uri, headers);

function ask(stack: Stack, request: SipRequest): Promise<SipResponse> {
  const { promise, resolve } = Promise.withResolvers<SipResponse>();
  const port = Number(proxy.address.split(":").at(-1));
  stack.send(request, (response) => response.status >= 200 && resolve(response), {
    protocol: "UDP",
    address: HOST,
    port,
  });
  return promise;
}

describe("The proxy itself", () => {
  test("says what it can do", async () => {
    const response = await ask(await rawStack(), options(proxy.address));

    assert.equal(response.status, 200);
    assert.equal(response.headers["allow"], "REGISTER, OPTIONS");
    assert.ok(response.headers.to.params["tag"]);
  });

  test("refuses a request that has come too far", async () => {
    const stack = await rawStack();

    assert.equal((await ask(stack, options("sip:bob@example.com", { "max-forwards": "0" }))).status, 483);
  });

  test("counts the hops down, and gives 70 to a request without a number", async () => {
    const seen: unknown[] = [];
    const bob = await rawStack((request) => {
      seen.push(request.headers["max-forwards"]);
      return undefined;
    });
    const alice = await rawStack();
    void ask(alice, options(`sip:bob@${HOST}:${bob.port}`, { "max-forwards": "7" }));
    void ask(alice, options(`sip:bob@${HOST}:${bob.port}`, { "max-forwards": undefined }));
    await until(() => seen.length >= 2, "both requests");

    assert.deepEqual(seen.slice(0, 2), ["6", "70"]);
  });

  test("finds a request that comes back to it unchanged", async () => {
    const stack = await rawStack();
    const port = Number(proxy.address.split(":").at(-1));

    assert.equal((await ask(stack, options(`sip:films@loop.example:${port}`))).status, 482);
  });

  test("refuses schemes it does not know and extensions it does not have", async () => {
    const stack = await rawStack();
    const extended = await ask(stack, options("sip:bob@example.com", { "proxy-require": "teleport" }));

    assert.equal(
      (await ask(stack, { ...options("sip:bob@example.com"), uri: "isbn:2983792873" })).status,
      416,
    );
    assert.equal(extended.status, 420);
    assert.equal(extended.headers["unsupported"], "teleport");
  });

  test("registers nobody of another domain", async () => {
    assert.equal(await register(await phone("alice"), "alice", "example.org"), 404);
  });
});
