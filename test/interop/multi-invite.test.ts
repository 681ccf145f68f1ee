/** Multi-Invite among real programs: service, conference server and mixer, baresip phones, SIPp that is busy or declines, and a silent machine. */
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { XmlElement } from "#xml/strict.ts";
import { Baresip } from "../support/baresip.ts";
import type { ApiClient } from "../support/daemon.ts";
import { deskService } from "../support/desk-service.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { plays } from "../support/sipp.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const DESK_HZ = 1000;
const BOB_HZ = 600;
const CAROL_HZ = 1400;
const GRACE_HZ = 400;
/** What is enough for all but the silent one. */
const TIMEOUT_MS = 6000;
/** The longest that two people may not hear each other while their call becomes a conference. */
const SWITCH_MS = 500;

describe("Five people invited: one busy, one silent, one who declines,", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let site: ConferenceSite;
  let desk: TonePhone;
  let carol: TonePhone;
  let bob: Baresip;
  let grace: Baresip;
  let api: ApiClient;
  let silent: dgram.Socket;

  before(async () => {
    site = await startConferenceSite();
    stack.defer(() => site.stop());
    desk = await TonePhone.open("desk", DESK_HZ);
    carol = await TonePhone.open("carol", CAROL_HZ);
    for (const phone of [desk, carol]) stack.defer(() => phone.close());
    bob = await Baresip.start({ name: "bob", hz: BOB_HZ });
    grace = await Baresip.start({ name: "grace", hz: GRACE_HZ });
    for (const phone of [bob, grace]) stack.defer(() => phone.stop());
    silent = dgram.createSocket("udp4").bind(0, HOST);
    await once(silent, "listening");
    stack.defer(() => void silent.close());
    const conferences = { server: `sip:${site.conference.host}:${site.conference.port}` };
    ({ api } = await deskService(stack, "alice", { desk, config: { conferences } }));
    await api.tell("Subscribe", { to: "roster" });
  });

  after(() => stack.disposeAsync());

  interface Invited {
    readonly result: XmlElement;
    readonly ends: readonly (readonly string[])[];
  }

  /** Invites the five; resolves when the command has ended and SIPp has had its calls. */
  async function invite(attributes: Readonly<Record<string, string>> = {}): Promise<Invited> {
    const scenario = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);
    const dave = await plays(scenario("is-called-and-busy"), { background: true });
    const erin = await plays(scenario("is-called-and-declines"), { background: true });
    const frank = silent.address().port;
    const people = {
      bob: bob.address,
      carol: carol.address,
      dave: `sip:dave@${HOST}:${dave.port}`,
      erin: `sip:erin@${HOST}:${erin.port}`,
      frank: `sip:frank@${HOST}:${frank}`,
    };
    const adds = Object.values(people).map((id) => `<Add id="${id}"/>`);
    const result = await api.ask("Invite", { timeout: `${TIMEOUT_MS}`, ...attributes }, adds.join(""));
    await Promise.all([dave.finished, erin.finished]);
    const ends = result.children.filter(({ name }) => name === "Add").map(endOf);
    return { result, ends };
  }

  /** As api.md says, for each of the five; an answer that says that not all could be invited. */
  function judge({ result, ends }: Invited): void {
    assert.deepEqual(ends, [
      ["bob", "joined", ""],
      ["carol", "joined", ""],
      ["dave", "failed", "busy"],
      ["erin", "failed", "declined"],
      ["frank", "ringing", ""],
    ]);
    assert.equal(result.attributes["status"], "error");
    const error = result.children.find(({ name }) => name === "Error");
    assert.equal(error?.attributes["code"], "partial-failure");
  }

  /** Everybody leaves, and nobody is left in a call. */
  async function goodbye(): Promise<void> {
    await api.tell("Leave", { all: "true" });
    await carol.hangUp();
    for (const phone of [bob, grace]) await phone.command("hangup").catch(() => undefined);
    await until(() => desk.calls.size === 0, "the end of the desk phone's call");
  }

  test("from no call: a conference is made, and they hear each other", async () => {
    const invited = await invite({ dev: "desk" });

    judge(invited);
    assert.match(invited.result.attributes["conf"] ?? "", /^sip:alice-[0-9a-f]{16}@127\.0\.0\.1:\d+$/);
    await Promise.all([
      desk.rtp.hears(BOB_HZ),
      desk.rtp.hears(CAROL_HZ),
      carol.rtp.hears(DESK_HZ),
      carol.rtp.hears(BOB_HZ),
    ]);
    await goodbye();
  });

  test("from a call between two: the other one, a baresip, comes along and is heard by all", async () => {
    await api.tell("Join", { id: grace.address }, '<Use dev="desk"/>');
    await desk.rtp.hears(GRACE_HZ);
    const since = desk.rtp.forget();
    const closed = grace.next("CALL_CLOSED");

    judge(await invite());

    await Promise.all([desk.rtp.hears(GRACE_HZ), desk.rtp.hears(CAROL_HZ), carol.rtp.hears(GRACE_HZ)]);
    await closed;
    const gapMs = desk.longestWithout(GRACE_HZ, since);
    assert.ok(gapMs < SWITCH_MS, `alice did not hear grace for ${gapMs} ms`);
    assert.equal(desk.rtp.heard.missingFrames({ from: since }), 0);
    assert.equal(desk.rtp.heard.ssrcChanges({ from: since }), 0);
    assert.equal(desk.calls.size, 1);
    await goodbye();
  });

  test("from a conference: it calls them, and alice mutes, removes and locks where she may", async () => {
    await api.tell("Invite", { dev: "desk" }, `<Add id="${grace.address}"/>`);
    await desk.rtp.hears(GRACE_HZ);

    judge(await invite());

    await Promise.all([desk.rtp.hears(BOB_HZ), carol.rtp.hears(GRACE_HZ)]);
    await api.tell("Mute", { user: bob.address });
    await until(async () => !(await tones(carol)).includes(BOB_HZ), "bob silent");
    assert.ok((await tones(carol)).includes(GRACE_HZ));
    await api.tell("Unmute", { user: bob.address });
    await carol.rtp.hears(BOB_HZ);
    const gone = bob.next("CALL_CLOSED");
    await api.tell("Remove", {}, `<User id="${bob.address}"/>`);
    await gone;
    await api.tell("Lock");
    await until(
      () => api.events.some(({ name, attributes }) => name === "Roster" && attributes["locked"] === "true"),
      "the roster to say that it is locked",
    );
    await goodbye();
  });

  /** What a phone hears in a fifth of a second that begins now. */
  async function tones(phone: TonePhone): Promise<number[]> {
    const from = phone.rtp.forget();
    await phone.rtp.frames(10);
    return phone.rtp.heard.tonesHeard({ from });
  }
});

function endOf({ attributes, children }: XmlElement): readonly string[] {
  const { id = "", state = "" } = attributes;
  const [error] = children;
  return [id.slice("sip:".length, id.indexOf("@")), state, error?.attributes["code"] ?? ""];
}
