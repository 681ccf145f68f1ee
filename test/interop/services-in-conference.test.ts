/** Two SIP services as programs of their own: a call between them becomes a conference, and one is invited into one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import type { XmlElement } from "#xml/strict.ts";
import type { ApiClient } from "../support/daemon.ts";
import { deskService } from "../support/desk-service.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const ALICE_HZ = 1000;
const HEIDI_HZ = 800;
const CAROL_HZ = 1400;
const SWITCH_MS = 500;

/** Somebody with a service, and a desk phone that it rings. */
interface Person {
  readonly desk: TonePhone;
  readonly api: ApiClient;
  readonly address: SipUri;
}

describe("alice and heidi, each with a service and a desk phone,", { timeout: 90_000 }, () => {
  const stack = new AsyncDisposableStack();
  let site: ConferenceSite;
  let alice: Person;
  let heidi: Person;
  let carol: TonePhone;

  before(async () => {
    site = await startConferenceSite();
    stack.defer(() => site.stop());
    carol = await TonePhone.open("carol", CAROL_HZ);
    stack.defer(() => carol.close());
    [alice, heidi] = await Promise.all([person("alice", ALICE_HZ), person("heidi", HEIDI_HZ)]);
  });

  after(() => stack.disposeAsync());

  async function person(name: string, hz: number): Promise<Person> {
    const desk = await TonePhone.open("desk", hz);
    stack.defer(() => desk.close());
    const conferences = { server: `sip:${site.conference.host}:${site.conference.port}` };
    const { daemon, api } = await deskService(stack, name, { desk, config: { conferences } });
    const [, port] = await daemon.program.says(/SIP on sip:127\.0\.0\.1:(\d+)/);
    await api.tell("Subscribe", { to: "roster" });
    return { desk, api, address: `sip:${name}@${HOST}:${port}` };
  }

  async function calls({ api }: Person): Promise<readonly XmlElement["attributes"][]> {
    const { children } = await api.tell("Status");
    const status = children.find(({ name }) => name === "Status");
    return status?.children.filter(({ name }) => name === "Call").map(({ attributes }) => attributes) ?? [];
  }

  async function goodbye(): Promise<void> {
    for (const { api } of [alice, heidi]) await api.tell("Leave", { all: "true" });
    await carol.hangUp();
    await until(() => alice.desk.calls.size + heidi.desk.calls.size === 0, "the end of all calls");
  }

  test("who are in a call bring in carol: heidi's service comes along, and her phone does not ring again", async () => {
    await alice.api.tell("Join", { id: heidi.address }, '<Use dev="desk"/>');
    await Promise.all([alice.desk.rtp.hears(HEIDI_HZ), heidi.desk.rtp.hears(ALICE_HZ)]);
    const since = alice.desk.rtp.forget();
    heidi.desk.rtp.forget();

    const { attributes } = await alice.api.tell("Invite", {}, `<Add id="${carol.address}"/>`);

    await Promise.all([
      carol.rtp.hears(ALICE_HZ),
      carol.rtp.hears(HEIDI_HZ),
      alice.desk.rtp.hears(CAROL_HZ),
      heidi.desk.rtp.hears(CAROL_HZ),
      alice.desk.rtp.hears(HEIDI_HZ),
      heidi.desk.rtp.hears(ALICE_HZ),
    ]);
    for (const [{ desk }, hz] of [
      [alice, HEIDI_HZ],
      [heidi, ALICE_HZ],
    ] as const) {
      const gapMs = desk.longestWithout(hz, since);
      assert.ok(gapMs < SWITCH_MS, `${hz} Hz was not heard for ${gapMs} ms`);
      assert.equal(desk.rtp.heard.ssrcChanges({ from: since }), 0);
      assert.equal(desk.calls.size, 1);
    }
    const [call] = await calls(heidi);
    assert.deepEqual([call?.["id"], call?.["focus"]], [attributes["conf"], "true"]);
    await goodbye();
  });

  test("meet in a conference when heidi is invited: her phone rings, and her service lists who is there", async () => {
    const listed = heidi.api.next(
      ({ name, attributes }) => name === "Roster" && Number(attributes["count"]) >= 2,
    );
    const { children } = await alice.api.tell("Invite", { dev: "desk" }, `<Add id="${heidi.address}"/>`);

    assert.equal(children[0]?.attributes["state"], "joined");
    await Promise.all([alice.desk.rtp.hears(HEIDI_HZ), heidi.desk.rtp.hears(ALICE_HZ), listed]);
    await goodbye();
  });
});
