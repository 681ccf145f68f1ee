/** Real phones call a conference: they are listed and heard, muted, moved to another conference and taken out, by orders of the control API. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { Baresip } from "../support/baresip.ts";
import { Linphone } from "../support/linphone.ts";
import { type RuledSite, startRuledSite } from "../support/ruled-site.ts";
import { until } from "../support/until.ts";
import { VoicePhone } from "../support/voice-phone.ts";

const HZ = 600;
const ACTOR_HZ = 900;

/** What a person does with a phone, and what it shows. */
interface Phone {
  /** As the control API lists it. */
  readonly uri: string;
  dial(uri: SipUri): Promise<void>;
  /** Resolves when a line of its, or of a SIP message it got, has fitted. */
  says(line: RegExp): Promise<unknown>;
  /** The tones in the last half second it heard. */
  tonesHeard(): Promise<number[]>;
  /** Resolves when it says that the call is over. */
  over(): Promise<unknown>;
  stop(): Promise<void>;
}

async function baresip(): Promise<Phone> {
  const phone = await Baresip.start({ name: "carol", hz: HZ, traced: true, records: true });
  return {
    uri: phone.address,
    dial: (uri) => phone.dial(uri),
    says: (line) => phone.says(line),
    tonesHeard: () => phone.tonesHeard(),
    over: () => phone.next("CALL_CLOSED"),
    stop: () => phone.stop(),
  };
}

async function linphone(): Promise<Phone> {
  const phone = await Linphone.start({ name: "carol", hz: HZ, traced: true, records: true });
  return {
    // Its port is in its Contact alone.
    uri: phone.address.replace(/:\d+$/, ""),
    dial: (uri) => phone.dial(uri),
    says: (line) => phone.says(line),
    tonesHeard: () => phone.tonesHeard(),
    over: () => phone.says(/Call 1 with .* ended/),
    stop: () => phone.stop(),
  };
}

for (const [name, start] of Object.entries({ baresip, linphone })) {
  describe(`${name} in a conference`, () => {
    const stack = new AsyncDisposableStack();
    let site: RuledSite;
    let alice: VoicePhone;
    let actor: VoicePhone;
    let phone: Phone;
    let carol: string;

    before(async () => {
      const keeps = async <T>(starting: Promise<T>, end: (started: T) => Promise<void>): Promise<T> => {
        const started = await starting;
        stack.defer(() => end(started));
        return started;
      };
      [site, alice, actor, phone] = await Promise.all([
        keeps(startRuledSite(), (one) => one.stop()),
        keeps(VoicePhone.open("alice"), (one) => one.close()),
        keeps(VoicePhone.open("actor", ACTOR_HZ), (one) => one.close()),
        keeps(start(), (one) => one.stop()),
      ]);
      await Promise.all([alice.joins(site.room("films")), actor.joins(site.room("dramas"))]);
      await Promise.all([alice.watches(site.room("films")), actor.watches(site.room("dramas"))]);
    });

    after(() => stack.disposeAsync());

    const orders = (method: string, conference: string, what = "", body?: object) =>
      site.orders(method, `/conferences/${conference}/participants/${carol}${what}`, body);

    /** Half a second in which a listener does not hear her. */
    async function isSilentFor(listener: VoicePhone): Promise<void> {
      await listener.rtp.frames(5);
      const from = listener.rtp.forget();
      await listener.rtp.frames(25);
      assert.deepEqual(listener.framesWith(HZ, from), []);
    }

    test("joins, is listed and heard", async () => {
      await phone.dial(site.room("films"));
      carol = (await site.lists("films", phone.uri, { status: "connected" })).id;
      await alice.reads(/entity="sip:carol@[^>]*>.*<status>connected</, 0);
      await alice.rtp.hears(HZ);
    });

    test("is muted, and heard again", async () => {
      const at = performance.now();
      await orders("PUT", "films", "/mute", { muted: true });
      await alice.reads(/entity="sip:carol@[^>]*>.*muted-via-focus/, at);
      await isSilentFor(alice);
      await orders("PUT", "films", "/mute", { muted: false });
      await alice.rtp.hears(HZ);
    });

    test("is moved: heard there, listed there, and here no more", async () => {
      const at = performance.now();
      await site.orders("POST", "/move", { participants: [carol], to: "dramas" });
      await actor.rtp.hears(HZ);
      await actor.reads(/entity="sip:carol@[^>]*>.*<status>connected</, at);
      await alice.reads(/entity="sip:carol@[^>]* state="deleted"/, at);
      await isSilentFor(alice);
      await phone.says(/Contact: <sip:dramas@.*;isfocus/);
      await until(async () => (await phone.tonesHeard()).includes(ACTOR_HZ), "carol to hear the actor");
    });

    test("is taken out, and shows why", async () => {
      const at = performance.now();
      const over = phone.over();
      await orders("DELETE", "dramas");
      await Promise.all([over, phone.says(/Reason: .*text="Removed from the conference"/)]);
      await actor.reads(/entity="sip:carol@[^>]* state="deleted"/, at);
      await isSilentFor(actor);
    });
  });
}
