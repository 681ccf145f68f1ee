/** SIPp as caller and subscriber against the conference server and the mixer, each a process of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeOffer } from "#sdp/offer-answer.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { freePorts } from "../support/ports.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { plays as playsFile, type SippOptions } from "../support/sipp.ts";

const SCENARIOS = join(import.meta.dirname, "sipp");

let site: ConferenceSite;

before(async () => {
  site = await startConferenceSite();
});
after(() => site.stop());

/** Runs a scenario in the conference of its name. */
function plays(scenario: string, options: SippOptions = {}): Promise<undefined> {
  return playsFile(join(SCENARIOS, `${scenario}.xml`), { ...options, target: site.conference });
}

describe("SIPp as a caller", () => {
  test("joins with PCMU and leaves", () => plays("joins-and-leaves"));

  test("joins and leaves over TCP", () => plays("joins-and-leaves", { transport: "t1" }));

  test("joins and leaves fifty times, twenty a second", () => plays("joins-and-leaves", { calls: 50 }));

  test("answers the mixer's offer in its ACK", () => plays("answers-in-its-ack"));

  test("is refused with 488 when it brings no codec the mixer has", () => plays("brings-no-codec"));

  test("is told what the focus can do", () => plays("asks-what-it-can"));
});

describe("SIPp as a subscriber", () => {
  test("gets the full roster of the conference it is in, until it leaves", () => plays("member-watches"));

  test("is refused with 489 for another event", () => plays("watches-the-wrong-event"));

  test("is refused with 403 where it is a stranger", async () => {
    const bob = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "bob", identity: {} });
    const audio = {
      address: "127.0.0.1",
      port: await freePorts(2),
      codecs: ["PCMU" as const],
      telephoneEvent: false,
    };
    await bob.invite(site.room("stranger-watches"), { offer: makeOffer(audio) });

    await plays("stranger-watches");
    await bob.close();
  });
});

test("The conference server ends within 5 s of SIGTERM", async () => {
  const other = await startConferenceSite();
  const tookMs = await other.conference.program.stop();
  await other.stop();

  assert.equal(await other.conference.program.exited, 0);
  assert.ok(tookMs < 5_000);
});
