/** SIPp watches real conferences: who holds, mutes, talks, raises a hand, is called; how often it is told, and when no more (RFC 4575, RFC 6446). */
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { offerAt } from "../support/descriptions.ts";
import { type RuledSite, startRuledSite } from "../support/ruled-site.ts";
import { type Playing, plays, type SippOptions } from "../support/sipp.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const CROWD = 40;

let site: RuledSite;
let others: UserAgent;
before(async () => {
  site = await startRuledSite();
  others = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "others", identity: {} });
});
after(async () => {
  await others.close();
  await site.stop();
});

const scenario = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);

/** Plays it in a conference. */
async function begins(
  t: TestContext,
  name: string,
  service: string,
  options: SippOptions = {},
): Promise<Playing> {
  const target = site.conference;
  const playing = await plays(scenario(name), { ...options, target, service, background: true });
  t.after(() => playing.stop());
  return playing;
}

/** Dora watches the conference of the scenario's name; resolves when she has the first document. */
async function watches(t: TestContext, name: string): Promise<Playing> {
  const playing = await begins(t, name, name);
  await playing.marks("watching");
  return playing;
}

/** Somebody else, whom dora is told of. */
async function joins(name: string, to: string): Promise<Leg> {
  const from = { uri: `sip:${name}@example.com` } as const;
  return (await others.invite(site.room(to), { offer: offerAt(4000), from })).leg;
}

describe("SIPp watches, and", { concurrency: 4 }, () => {
  for (const [name, what] of [
    ["sees-a-phone-hold-and-resume", "holds-by-update"],
    ["sees-a-phone-mute-itself", "presses-keys-by-info"],
  ] as const) {
    test(name.replaceAll("-", " "), async (t) => {
      const dora = await watches(t, name);
      const phone = await begins(t, what, name);
      await Promise.all([phone.finished, dora.finished]);
    });
  }

  test("sees who talks and raises a hand", async (t) => {
    const to = "sees-who-talks-and-raises-a-hand";
    const dora = await watches(t, to);
    const bob = await VoicePhone.open("bob", 600);
    t.after(() => bob.close());
    await bob.joins(site.room(to));
    await bob.watches(site.room(to));
    await bob.reads(/talking[^>]*>true</, 0);
    await bob.presses("*9");
    await bob.reads(/hand[^>]*>true</, 0);
    await bob.call.bye();
    await dora.finished;
  });

  test("sees who is called and does not come", async (t) => {
    const to = "sees-who-is-called-and-does-not-come";
    const dora = await watches(t, to);
    const busy = await plays(scenario("is-called-and-busy"), { background: true });
    t.after(() => busy.stop());
    const keys = { them: `sip:them@${busy.host}:${busy.port}` };
    const anna = await begins(t, "calls-somebody-in-who-is-busy", to, { keys });
    await Promise.all([anna.finished, busy.finished, dora.finished]);
  });

  test("sees the conference locked and opened", async (t) => {
    const to = "sees-the-conference-locked-and-opened";
    const dora = await watches(t, to);
    await site.setUp(to, { locked: true });
    await dora.marks("locked");
    await site.setUp(to, { locked: false });
    await dora.finished;
  });

  test("hears of forty who come at once in fewer than twenty documents", async (t) => {
    const to = "counts-the-documents-of-a-burst";
    const dora = await watches(t, to);
    const crowd = await begins(t, "is-one-of-many", to, { calls: CROWD, rate: 400 });
    await Promise.race([dora.finished, crowd.finished]);
    await site.orders("DELETE", `/conferences/${to}`);
    await crowd.finished;
  });

  test("sees one person with two phones", async (t) => {
    const to = "sees-one-person-with-two-phones";
    const dora = await watches(t, to);
    const desk = await joins("bob", to);
    await dora.marks("one");
    const mobile = await joins("bob", to);
    await dora.marks("two");
    await desk.bye();
    await dora.marks("three");
    await mobile.bye();
    await dora.finished;
  });

  test("asks for few documents", async (t) => {
    const to = "asks-for-few-documents";
    const dora = await watches(t, to);
    const both = [await joins("bob", to), await joins("carol", to)];
    await dora.finished;
    await Promise.all(both.map((leg) => leg.bye()));
  });

  test("asks for a document a second", async (t) => {
    const to = "asks-for-a-document-a-second";
    await (await begins(t, to, to)).finished;
  });

  test("takes no document for now", async (t) => {
    const to = "takes-no-document-for-now";
    const dora = await watches(t, to);
    const bob = await joins("bob", to);
    await dora.marks("refused");
    const carol = await joins("carol", to);
    await dora.finished;
    await Promise.all([bob.bye(), carol.bye()]);
  });

  test("knows nothing of its subscription", async (t) => {
    const to = "knows-nothing-of-its-subscription";
    const dora = await watches(t, to);
    const bob = await joins("bob", to);
    await dora.marks("refused");
    await bob.bye();
    await dora.finished;
  });

  test("comes back to its roster", async (t) => {
    const to = "comes-back-to-its-roster";
    const bob = await joins("bob", to);
    await (await begins(t, to, to)).finished;
    await bob.bye();
  });
});
