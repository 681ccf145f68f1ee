/** Who calls, as a conference server behind the Kamailio of servers/proxy/kamailio learns it, and what follows from it. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import { textHeader } from "#sip/message.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { userLine } from "#sip/user-line.ts";
import { TrustedProxies } from "../../servers/conference/trusted-proxies.ts";
import { ca } from "../support/certificates.ts";
import { asksConference } from "../support/control-package.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { DOMAIN, KamailioSite, ROOMS } from "../support/kamailio-site.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";

const KAMAILIO = "127.0.0.1";
const SERVER = "127.0.0.2";
const [HERE, THERE] = ["127.0.0.12", "127.0.0.13"] as const;
const PASSWORDS = { alice: "blue whale", bob: "grey seal" } as const;
const LOCKED = "<conference-state><locked>true</locked></conference-state>";
type User = keyof typeof PASSWORDS;

/** The user's agent at an address, which shows the password when Kamailio asks. */
function userAt(site: KamailioSite, user: User, host: string): Promise<UserAgent> {
  const secret = { username: user, realm: DOMAIN, password: PASSWORDS[user] };
  const uri = `sip:${user}@${DOMAIN}` as const;
  return agentAt(site, host, { identity: { uri }, credentials: [secret] });
}

function strangerAt(site: KamailioSite, host: string, more: Partial<UserAgentOptions> = {}) {
  return agentAt(site, host, { identity: { uri: "sip:carol@elsewhere.test" }, ...more });
}

function agentAt(site: KamailioSite, host: string, more: Partial<UserAgentOptions>): Promise<UserAgent> {
  return UserAgent.open({
    host,
    port: 0,
    name: "phone",
    identity: {},
    ca,
    outboundProxy: site.proxy(),
    ...more,
  });
}

describe("A server behind Kamailio is told", () => {
  let server: UserAgent;
  let site: KamailioSite;
  let seen: IncomingInvite[];

  before(async () => {
    server = await UserAgent.open({
      host: SERVER,
      port: 0,
      name: "server",
      identity: {},
      onInvite(invite) {
        seen.push(invite);
        invite.accept(answerAt(5000, invite.offer ?? ""));
      },
    });
    site = await KamailioSite.facing([{ host: SERVER, port: server.port }], PASSWORDS);
  });
  after(async () => {
    await site.stop();
    await server.close();
  });

  const trusting = new TrustedProxies([KAMAILIO]);

  async function told(agent: UserAgent, headers: Record<string, string> = {}) {
    seen = [];
    const { leg } = await agent.invite(site.room("comedies"), { offer: offerAt(4000), headers });
    await leg.bye();
    await agent.close();
    const [invite = assert.fail("nothing came")] = seen;
    return trusting.identityOf(invite);
  }

  for (const transport of ["udp", "tcp", "tls", "ws", "wss"] as const) {
    test(`where a caller over ${transport} is, and who has shown a password`, async () => {
      const proxy = { outboundProxy: site.proxy(transport) };
      const host = transport === "udp" ? HERE : KAMAILIO;
      const stranger = await told(await strangerAt(site, host, proxy));
      const secret = { username: "alice", realm: DOMAIN, password: PASSWORDS.alice };
      const identity = { uri: `sip:alice@${DOMAIN}` } as const;
      const alice = await told(await agentAt(site, host, { ...proxy, identity, credentials: [secret] }));

      assert.equal(stranger.address, host);
      assert.equal(stranger.asserted, undefined);
      assert.equal(alice.address, host);
      assert.equal(alice.asserted, `sip:alice@${DOMAIN}`);
    });
  }

  test("nothing that a stranger asserts, and a user's own word only by Kamailio's", async () => {
    const headers = { "p-asserted-identity": `<sip:alice@${DOMAIN}>` };
    assert.equal((await told(await strangerAt(site, HERE), headers)).asserted, undefined);
    assert.equal((await told(await userAt(site, "bob", HERE), headers)).asserted, `sip:bob@${DOMAIN}`);
  });

  for (const [how, line] of [
    ["with a space", `P-Asserted-Identity : <sip:alice@${DOMAIN}>`],
    ["in small letters", `p-asserted-identity:<sip:alice@${DOMAIN}>`],
    ["over two lines", `P-Asserted-Identity:\r\n <sip:alice@${DOMAIN}>`],
    ["twice", `P-Asserted-Identity: <sip:bob@${DOMAIN}>\r\nP-ASSERTED-IDENTITY: <sip:alice@${DOMAIN}>`],
  ] as const) {
    test(`nothing that is asserted ${how}, nor an address that somebody made up`, async () => {
      seen = [];
      using eve = await RawUdp.open(site.port, THERE);
      const callId = `asserts-${how.replaceAll(" ", "-")}`;
      const via = `Via: SIP/2.0/UDP 203.0.113.1:5999;received=203.0.113.2;branch=z9hG4bK-${callId};rport`;
      const below = "Via: SIP/2.0/UDP 203.0.113.3;received=203.0.113.4;branch=z9hG4bK-below";
      const uri = `sip:comedies@${ROOMS}`;
      const lines = [line, below, `Contact: <sip:eve@${THERE}:5999>`];
      eve.send(rawRequest({ method: "INVITE", uri, via, callId, lines }));
      while (/^SIP\/2.0 1/.test(await eve.answerTo(callId)));

      const [invite = assert.fail("nothing came")] = seen;
      assert.equal(textHeader(invite.request, "p-asserted-identity"), undefined);
      assert.deepEqual(trusting.originOf(invite), { address: THERE });
    });
  }
});

describe("Behind Kamailio", () => {
  let site: KamailioSite;
  let folder: string;
  let token: string;
  const agents: UserAgent[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "partyline-moderators-"));
    const users = join(folder, "users");
    await writeFile(users, `${userLine("alice", DOMAIN, "not what Kamailio knows")}\n`);
    token = join(folder, "control-token");
    const args = ["--moderator", `sip:alice@${DOMAIN}`, "--users", users, "--control-token", token];
    site = await KamailioSite.start(1, PASSWORDS, { args });
  });
  after(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    await site.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function is<Agent extends UserAgent>(opened: Promise<Agent>): Promise<Agent> {
    const agent = await opened;
    agents.push(agent);
    return agent;
  }

  async function joins(agent: UserAgent, room: string, replaces?: Leg): Promise<Leg> {
    const old = replaces && { replaces: replaces.id };
    return (await agent.invite(site.room(room), { offer: offerAt(4000), ...old })).leg;
  }

  /** The roster it gets by its From, or the status of the refusal. */
  function asksWhoIsIn(agent: UserAgent, room: string): Promise<string | number | undefined> {
    return new Promise((resolve) => {
      const subscription = agent.subscribe(site.room(room), {
        event: "conference",
        accept: "application/conference-info+xml",
        onNotify: ({ content }) => {
          resolve(content);
          void subscription.end();
        },
        onEnded: (_reason, status) => resolve(status),
      });
    });
  }

  test("whoever says a stranger's name elsewhere gets neither his roster nor his call, the stranger gets both", async () => {
    const carol = await is(strangerAt(site, HERE));
    const second = await is(strangerAt(site, HERE));
    const eve = await is(strangerAt(site, THERE));
    const leg = await joins(carol, "comedies");

    assert.equal(await asksWhoIsIn(eve, "comedies"), 403);
    await assert.rejects(joins(eve, "comedies", leg), { status: 403 });
    assert.match(String(await asksWhoIsIn(second, "comedies")), /<user entity="sip:carol@elsewhere.test"/);
    await (await joins(second, "comedies", leg)).bye();
  });

  test("a user whose phone is in another network goes on with her call there", async () => {
    const home = await is(userAt(site, "bob", HERE));
    const road = await is(userAt(site, "bob", THERE));
    const leg = await joins(home, "dramas");

    assert.match(String(await asksWhoIsIn(road, "dramas")), new RegExp(`<user entity="sip:bob@${DOMAIN}"`));
    await (await joins(road, "dramas", leg)).bye();
    await assert.rejects(joins(road, "dramas", leg), { status: 481 });
  });

  test("a moderator of the server is one by her password at Kamailio alone", async () => {
    const alice = await is(userAt(site, "alice", HERE));
    const bob = await is(userAt(site, "bob", HERE));
    const leg = await joins(alice, "westerns");
    const his = await joins(bob, "westerns");

    await assert.rejects(asksConference(his, LOCKED), { status: 403 });
    await asksConference(leg, LOCKED);
    await assert.rejects(joins(await is(strangerAt(site, HERE)), "westerns"), { status: 403 });
    await leg.bye();
    await his.bye();
  });

  test("who guesses a PIN is not listened to, and others who come by Kamailio are", async () => {
    await asksForPin("musicals", "4711");
    const eve = await is(strangerAt(site, THERE));
    const carol = await is(strangerAt(site, HERE));
    const shows = (agent: UserAgent, pin: string) =>
      agent.invite(`${site.room("musicals")};pin=${pin}`, { offer: offerAt(4000) });
    for (let guess = 0; guess < 10; guess += 1)
      await assert.rejects(shows(eve, `${guess}`), { status: 403, reason: /Wrong PIN/ });

    await assert.rejects(shows(eve, "4711"), { status: 403, reason: /Too Many/ });
    const { leg } = await shows(carol, "4711");
    await leg.bye();
  });

  /** Sets it up by the control API. */
  async function asksForPin(room: string, pin: string): Promise<void> {
    const [machine = assert.fail("no machine")] = site.machines;
    const [, api] = await machine.programs.conference.says(
      /control API and operators' page at (http:[^"]+)"/,
    );
    const headers = { authorization: `Bearer ${(await readFile(token, "utf8")).trim()}` };
    const told = await fetch(`${api}/conferences/${room}/policy`, {
      method: "PUT",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ pin }),
    });
    assert.ok(told.ok, `${told.status}`);
  }
});
