/** Promise F6: with 20 % of all datagrams lost both ways every join succeeds, all rosters become equal, and speech is concealed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import type { Subscription } from "#sip/subscribe.ts";
import { UserAgent } from "#sip/user-agent.ts";
import {
  type ConferenceInfo,
  merge,
  readConferenceInfo,
} from "../../native-host/src/service/conference-info.ts";
import { randomFrom } from "../support/random.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { Talker } from "../support/talker.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";

const HOST = "127.0.0.1";
const SEED = 20_261_123;
const LOSS = 0.2;
const PEOPLE = 12;
/** Those who leave again, and those of them who come back. */
const [LEAVING, RETURNING] = [4, 2];
const WITHIN_MS = 40_000;

/** Somebody behind the lossy wire with the roster as the documents that came make it. */
class Member {
  readonly talker: Talker;
  readonly #agent: UserAgent;
  #info: ConferenceInfo | undefined;
  #subscription: Subscription | undefined;
  /** How often documents were missing, and the whole roster was asked for. */
  gaps = 0;

  constructor(talker: Talker, agent: UserAgent) {
    this.talker = talker;
    this.#agent = agent;
  }

  static async open(name: string, hz?: number): Promise<Member> {
    const agent = await UserAgent.open({ host: HOST, port: 0, name, identity: { name } });
    return new Member(await Talker.open(name, agent, { hz }), agent);
  }

  /** Its users, sorted; nothing before there is a roster. */
  get users(): string[] {
    return (this.#info?.users ?? []).map(({ entity }) => entity).sort();
  }

  async join(room: SipUri): Promise<void> {
    await this.talker.join(room);
    this.#info = undefined;
    this.#subscription = this.#agent.subscribe(room, {
      event: "conference",
      accept: "application/conference-info+xml",
      from: { uri: this.talker.uri },
      onNotify: ({ content }) => this.#told(content),
      onEnded: () => undefined,
    });
  }

  async leave(): Promise<void> {
    await this.talker.leg.bye();
    await this.#subscription?.end();
    this.talker.rtp.stop();
  }

  close(): Promise<void> {
    this.talker.rtp.close();
    return this.#agent.close();
  }

  #told(content: string): void {
    const next = readConferenceInfo(content);
    if (!next || (next.state !== "full" && this.#info && next.version <= this.#info.version)) return;
    this.#info = merge(this.#info, next);
    if (this.#info) return;
    this.gaps += 1;
    this.#subscription?.refresh();
  }
}

describe("With a fifth of all datagrams lost", () => {
  let site: ConferenceSite;
  let wire: Wire;
  const members: Member[] = [];
  const room = (): SipUri => `sip:films@${HOST}:${wire.address.port}`;

  before(async () => {
    site = await startConferenceSite();
    const random = randomFrom(SEED);
    const server = { address: HOST, port: site.conference.port };
    wire = await Wire.open({ b: server, loses: () => random() < LOSS });
    for (let n = 0; n < PEOPLE; n++) members.push(await Member.open(`person${n}`));
  });

  after(async () => {
    await Promise.all(members.map((member) => member.close()));
    await wire.close();
    await site.stop();
  });

  test(`all of ${PEOPLE} people get in, some leave, some come back, and in the end all have one roster`, async (t) => {
    const startedAt = performance.now();
    await Promise.all(members.map((member) => member.join(room())));
    t.diagnostic(`all were in after ${Math.round(performance.now() - startedAt)} ms`);
    const leaving = members.slice(0, LEAVING);
    await Promise.all(leaving.map((member) => member.leave()));
    const back = leaving.slice(0, RETURNING);
    await Promise.all(back.map((member) => member.join(room())));

    const present = [...back, ...members.slice(LEAVING)];
    const expected = present.map(({ talker }) => talker.uri).sort();
    const isRight = ({ users }: Member) => users.join() === expected.join();
    await until(() => present.every(isRight), "one roster for all", WITHIN_MS);
    const gaps = present.reduce((sum, member) => sum + member.gaps, 0);
    const tookMs = Math.round(performance.now() - startedAt);
    t.diagnostic(`one roster for all after ${tookMs} ms, ${gaps} gaps, ${wire.lost} datagrams lost`);
    assert.ok(wire.lost > 50);
  });

  test("whoever listens to one of them hears no holes", async (t) => {
    const agent = await UserAgent.open({ host: HOST, port: 0, name: "bob", identity: {} });
    const bob = await Talker.open("bob", agent);
    const alice = await Member.open("alice", 400);
    members.push(alice);
    try {
      await bob.join(`sip:plays@${HOST}:${site.conference.port}`);
      await alice.join(`sip:plays@${HOST}:${wire.address.port}`);
      await bob.rtp.hears(400);
      await bob.rtp.frames(50);
      const from = bob.rtp.forget();
      await bob.rtp.frames(150);
      const silentMs = bob.rtp.heard.longestSilentRun({ from });
      t.diagnostic(`the longest hole was ${silentMs} ms`);

      assert.ok(silentMs <= 60, `silent for ${silentMs} ms`);
    } finally {
      await bob.leave();
      await agent.close();
    }
  });
});
