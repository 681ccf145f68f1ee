/** What the Kamailio of servers/proxy/kamailio lets in, and what it keeps out. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import type { SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { parseUri } from "#sip/uri.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { ca } from "../support/certificates.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { checkShipped, DOMAIN, KamailioSite, ORIGIN } from "../support/kamailio-site.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";

const HOST = "127.0.0.1";
/** Machines of other domains: strangers may reach the first through us. */
const [OPEN_TO_ALL, ELSEWHERE, FLOODER] = ["127.0.0.8", "127.0.0.9", "127.0.0.10"] as const;
const PASSWORDS: Readonly<Record<string, string>> = {
  alice: "blue whale",
  bob: "grey seal",
  carol: "brown bear",
};

const addressOf = (name: string): SipUri => `sip:${name}@${DOMAIN}`;

/** Somebody's agent that answers every call. */
function answering(options: Partial<UserAgentOptions> & Pick<UserAgentOptions, "name">): Promise<UserAgent> {
  return UserAgent.open({
    host: HOST,
    port: 0,
    identity: { uri: addressOf(options.name) },
    ca,
    onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
    ...options,
  });
}

describe("The configuration of Kamailio", () => {
  test("is accepted by kamailio -c as it is shipped, with a secret", async () => {
    const { code, lines } = await checkShipped('#!define CALL_SECRET "of the site"');
    assert.equal(code, 0, lines.join("\n"));
    assert.ok(lines.includes("config file ok, exiting..."), lines.join("\n"));
  });

  test("is refused without a secret of the site", async () => {
    assert.notEqual((await checkShipped("")).code, 0);
  });
});

describe("Kamailio before a conference server", () => {
  let site: KamailioSite;
  let bob: UserAgent;

  /** Registers with a password; rejects with the registrar's status. */
  function register(agent: UserAgent, user: string, password: string, proxy = site.proxy()): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const registration = agent.register({
      aor: addressOf(user),
      outboundProxy: proxy,
      secret: { username: user, realm: DOMAIN, password },
      onState: (state) => {
        if (state === "registered") resolve();
        if (state === "failed") reject(new Error(String(registration.failure?.status)));
      },
    });
    return promise;
  }

  before(async () => {
    site = await KamailioSite.start(1, PASSWORDS);
    bob = await answering({ name: "bob", outboundProxy: site.proxy() });
    await register(bob, "bob", "grey seal");
  });
  after(async () => {
    await bob.close();
    await site.stop();
  });

  for (const transport of ["udp", "tcp", "tls", "ws", "wss"] as const) {
    test(`alice registers over ${transport} with her password, calls bob, is called by him, and joins a conference`, async () => {
      const proxy = site.proxy(transport);
      const alice = await answering({ name: "alice", outboundProxy: proxy });
      try {
        await register(alice, "alice", "blue whale", proxy);

        for (const [caller, callee] of [
          [alice, addressOf("bob")],
          [bob, addressOf("alice")],
        ] as const) {
          const ended = Promise.withResolvers<string>();
          const { leg } = await caller.invite(callee, {
            offer: offerAt(4000),
            handlers: { onEnded: ended.resolve },
          });
          const other = [...(caller === alice ? bob : alice).legs()];
          await Promise.all(other.map((one) => one.bye()));
          assert.equal(await ended.promise, "BYE");
          assert.equal(leg.state, "ended");
        }
        const { leg } = await alice.invite(site.room("comedies"), { offer: offerAt(4000) });
        assert.equal(parseUri(leg.remoteContact.uri)?.host, site.machines[0]?.host);
        await leg.bye();
      } finally {
        await alice.close();
      }
    });
  }

  test("nobody calls in alice's name without her password", async () => {
    const mallory = await answering({ name: "alice", outboundProxy: site.proxy() });
    await assert.rejects(mallory.invite(addressOf("bob"), { offer: offerAt(4000) }), { status: 407 });
    await assert.rejects(mallory.invite(site.room("comedies"), { offer: offerAt(4000) }), { status: 407 });
    await mallory.close();
  });

  test("bob's password does not register alice, nor call in her name", async () => {
    const agent = await answering({ name: "alice", outboundProxy: site.proxy() });
    const secret = { username: "bob", realm: DOMAIN, password: "grey seal" };
    const refused = Promise.withResolvers<number | undefined>();
    const registration = agent.register({
      aor: addressOf("alice"),
      outboundProxy: site.proxy(),
      secret,
      onState: (state) => state === "failed" && refused.resolve(registration.failure?.status),
    });
    assert.equal(await refused.promise, 403);
    await assert.rejects(agent.invite(addressOf("bob"), { offer: offerAt(4000) }), { status: 403 });
    await agent.close();
  });

  test("ten wrong passwords close the door to who guesses", async () => {
    const agent = await answering({ name: "carol", outboundProxy: site.proxy() });
    for (let guess = 0; guess < 10; guess++)
      await assert.rejects(register(agent, "carol", `guess ${guess}`), /401/);
    await assert.rejects(register(agent, "carol", "brown bear"), /403/);
    await agent.close();
  });

  test("what nobody registered goes to its own domain for users, for strangers where the site allows it", async () => {
    const [far, open] = await Promise.all(
      [ELSEWHERE, OPEN_TO_ALL].map((host) => answering({ name: "far", host, identity: {} })),
    );
    assert.ok(far && open);
    const stranger = await answering({ name: "eve", outboundProxy: site.proxy(), identity: {} });
    const calls = (agent: UserAgent, { address }: UserAgent) =>
      agent.invite(address, { offer: offerAt(4000) }).then(
        ({ leg }) => leg.bye().then(() => 200),
        (cause) => (cause instanceof SipError ? cause.status : Promise.reject(cause)),
      );

    assert.equal(await calls(bob, far), 200);
    assert.equal(await calls(stranger, open), 200);
    assert.equal(await calls(stranger, far), 403);
    await Promise.all([far, open, stranger].map((agent) => agent.close()));
  });

  test("a made-up Route has nothing forwarded", async () => {
    const heard: string[] = [];
    const victim = await answering({ name: "victim", host: ELSEWHERE, onTrace: (way) => heard.push(way) });
    using eve = await RawUdp.open(site.port);
    const route = `Route: <sip:${HOST}:${site.port};lr;m=00112233445566778899aabbccddeeff>`;
    for (const [callId, lines] of [
      ["forged", [route]],
      ["plain", [route.replace(/;m=\w+/, "")]],
    ] as const) {
      eve.send(
        rawRequest({
          method: "BYE",
          uri: victim.address,
          to: "To: <sip:victim@a.test>;tag=1",
          callId,
          lines,
        }),
      );
      assert.match(await eve.answerTo(callId), /^SIP\/2.0 403 Not Begun Through This Proxy/);
    }
    assert.deepEqual(heard, []);
    await victim.close();
  });

  test("a request that contradicts itself is told so, and sips: is not taken", async () => {
    using eve = await RawUdp.open(site.port);
    eve.send(rawRequest({ callId: "odd", cseq: "CSeq: 1 INVITE" }));
    assert.match(await eve.answerTo("odd"), /^SIP\/2.0 400 /);
    eve.send(rawRequest({ method: "INVITE", callId: "secure", uri: `sips:bob@${DOMAIN}` }));
    assert.match(await eve.answerTo("secure"), /^SIP\/2.0 416 /);
  });

  test("pages of our origin may open a WebSocket, those of another may not", async () => {
    const [, address] = /^sip:(.*);/.exec(site.proxy("ws")) ?? [];
    const opens = async (origin: string) => {
      const socket = new WebSocket(`ws://${address}`, "sip", { origin });
      const [event] = await Promise.race([once(socket, "open"), once(socket, "unexpected-response")]).catch(
        (cause: unknown) => [cause],
      );
      socket.terminate();
      return event === undefined;
    };
    assert.equal(await opens(ORIGIN), true);
    assert.equal(await opens("https://elsewhere.test"), false);
  });

  test("who floods is not heard any more, and nobody else notices", async () => {
    const socket = createSocket("udp4");
    socket.bind(0, FLOODER);
    await once(socket, "listening");
    const answered = new Set<string>();
    socket.on("message", (bytes) => answered.add(/call-id: (\S+)/i.exec(bytes.toString())?.[1] ?? ""));
    const uri = `sip:${HOST}:${site.port}`;
    const send = (callId: string) => socket.send(rawRequest({ uri, callId }), site.port, HOST);
    for (let i = 0; i < 200; i++) send(`flood-${i}`);
    await site.program.says(/flood from 127\.0\.0\.10/);
    for (let i = 0; i < 50; i++) send(`later-${i}`);
    const asked = await bob.request("OPTIONS", site.proxy());

    assert.equal(asked.status, 200);
    // One worker counts while the other answers.
    assert.ok(answered.size < 2 * 64, `${answered.size} of 200 were answered`);
    assert.deepEqual(
      [...answered].filter((callId) => callId.startsWith("later")),
      [],
    );
    socket.close();
  });
});
