/** Offer and answer with SIPp: as a caller in a conference, and as a far end of the service (RFC 3264). */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { XmlElement } from "#xml/strict.ts";
import { type AnsweringDesk, startAnsweringDesk } from "../support/answering-desk.ts";
import type { ApiClient } from "../support/daemon.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { plays } from "../support/sipp.ts";

const SCENARIOS = join(import.meta.dirname, "sipp");
const scenario = (name: string) => join(SCENARIOS, `${name}.xml`);

describe("A caller in a conference", () => {
  let site: ConferenceSite;
  before(async () => {
    site = await startConferenceSite();
  });
  after(() => site.stop());

  for (const [title, name] of [
    ["holds and resumes", "holds-and-resumes"],
    ["holds by an address of zeros, and resumes by asking for an offer", "holds-by-zeros"],
    ["holds in its answer to an offer it asked for, and resumes so", "holds-in-its-answer"],
    ["is refused a change of codec, and stays", "holds-with-a-strange-codec"],
    ["offers video, which keeps its place with port 0", "offers-video-too"],
    ["is refused when video is all it has", "offers-only-video"],
    ["takes RTCP on the port of its RTP", "offers-rtcp-mux"],
    ["need not know of that", "knows-no-rtcp-mux"],
    ["has its own numbers for codecs and key presses", "names-key-presses"],
    ["is hung up on when it answers an offer with nothing", "answers-with-nothing"],
  ] as const) {
    test(title, () => plays(scenario(name), { target: site.conference }));
  }
});

describe("A far end of the service", () => {
  let desk: AnsweringDesk;
  before(async () => {
    desk = await startAnsweringDesk();
  });
  after(() => desk.stop());

  /** Calls it, waits for the ACKs of its re-INVITEs, does what the test wants of the call, and hangs up. */
  async function calls(name: string, acks: number, then?: (client: ApiClient) => unknown): Promise<void> {
    const far = await plays(scenario(name), { background: true });
    const client = await desk.service.connect();
    const changed = await toHear(client, "ACK", acks);
    await client.tell("Join", { id: `sip:comedies@127.0.0.1:${far.port}` }, '<Use dev="desk"/>');
    await changed();
    await then?.(client);
    await client.tell("Leave");
    client.close();
    await far.finished;
  }

  /** From now on counts messages to the service that begin so; what it returns waits until there were `count`. */
  async function toHear(client: ApiClient, start: string, count = 1): Promise<() => Promise<unknown>> {
    await client.tell("Subscribe", { to: "trace" });
    const text = ({ children }: XmlElement) => Buffer.from(children[0]?.text ?? "", "base64").toString();
    const fits = ({ name, attributes }: XmlElement) => name === "Trace" && attributes["dir"] === "in";
    let left = count;
    const heard = client.next((body) => fits(body) && text(body).startsWith(start) && --left <= 0);
    return () => heard;
  }

  test("holds, and resumes by asking for an offer", () => calls("far-end-holds-and-resumes", 2));

  test("adds video, and sees its m-line in a later offer of the service", () =>
    calls("far-end-adds-video", 1, async (client) => {
      const answered = await toHear(client, "SIP/2.0 200");
      await client.tell("Mute");
      await answered();
    }));

  test("changes to a codec the device does not have, is refused, and stays", () =>
    calls("far-end-offers-nothing-usable", 1, async (client) => {
      const status = await client.tell("Status");
      assert.equal(status.children[0]?.children.length, 1);
    }));
});
