/** The conference server with the mixer in another process and in its own, with people who talk, listen and move. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { SITES } from "../support/servers.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";

/** Somebody with a phone that sends a tone. */
class Guest {
  readonly agent: UserAgent;
  readonly rtp: RtpParty;
  readonly uri: SipUri;

  constructor(name: string, agent: UserAgent, rtp: RtpParty) {
    this.agent = agent;
    this.rtp = rtp;
    this.uri = `sip:${name}@example.com`;
  }

  static async open(name: string, hz: number): Promise<Guest> {
    const agent = await UserAgent.open({ host: HOST, port: 0, name, identity: { name } });
    return new Guest(name, agent, await RtpParty.open({ hz }));
  }

  async joins(room: SipUri, replaced?: Leg): Promise<Leg> {
    const { leg, answer } = await this.agent.invite(room, {
      offer: this.rtp.offer(),
      from: { uri: this.uri },
      ...(replaced && { replaces: replaced.id }),
    });
    this.rtp.talkTo(answer);
    return leg;
  }

  /** Every roster document from now on, as text. */
  watches(room: SipUri): string[] {
    const documents: string[] = [];
    this.agent.subscribe(room, {
      event: "conference",
      accept: "application/conference-info+xml",
      from: { uri: this.uri },
      onNotify: ({ content }) => documents.push(content),
      onEnded: () => undefined,
    });
    return documents;
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.rtp.close();
  }
}

for (const [what, startSite] of Object.entries(SITES))
  describe(`A conference with ${what}`, () => {
    let site: Awaited<ReturnType<typeof startSite>>;
    let alice: Guest;
    let bob: Guest;
    let carol: Guest;

    before(async () => {
      site = await startSite();
      alice = await Guest.open("alice", 400);
      bob = await Guest.open("bob", 600);
      carol = await Guest.open("carol", 900);
    });

    after(async () => {
      await Promise.all([alice, bob, carol].map((guest) => guest.close()));
      await site.stop();
    });

    test("lets everybody hear the others, says who talks, and carries a mover over in one stream", async () => {
      const inComedies = await alice.joins(site.room("comedies"));
      await bob.joins(site.room("comedies"));
      await carol.joins(site.room("dramas"));
      const comedies = bob.watches(site.room("comedies"));
      await Promise.all([alice.rtp.hears(600), bob.rtp.hears(400)]);
      await until(() => comedies.some((text) => />true<\/talking>/.test(text)), "somebody talking");

      const movedAt = alice.rtp.forget();
      await alice.joins(site.room("dramas"), inComedies);
      await Promise.all([alice.rtp.hears(900), carol.rtp.hears(400)]);
      await alice.rtp.frames(10);

      assert.equal(alice.rtp.heard.missingFrames({ from: movedAt }), 0);
      assert.equal(alice.rtp.heard.ssrcChanges({ from: movedAt }), 0);
      await until(
        () => comedies.some((text) => text.includes(`"${alice.uri}" state="deleted"`)),
        "alice to be gone",
      );
      assert.deepEqual([...alice.agent.legs()].length, 1);
    });
  });
