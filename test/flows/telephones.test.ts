/** Telephones: a real service, and a gateway behind which somebody picks up. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { IncomingInvite } from "#sip/leg.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const MOBILE_HZ = 450;
const AUNT_HZ = 900;
const RINGS_MS = 200;

describe("Telephones", () => {
  let gateway: UserAgent;
  let daemon: Daemon;
  let api: ApiClient;
  let mobile: RtpParty;
  let aunt: RtpParty;
  /** The numbers that rang, in order, and what was said to make them answer by themselves. */
  let rang: string[];
  let hints: unknown[];

  /** Whoever is called is let ring for a moment, and picks up. */
  function onInvite(invite: IncomingInvite): void {
    const number = invite.target.slice("sip:".length, invite.target.indexOf("@"));
    const rtp = number === "+491701234567" ? mobile : aunt;
    rang.push(number);
    hints.push(invite.request.headers["call-info"], invite.request.headers["alert-info"]);
    invite.ring();
    setTimeout(() => {
      rtp.talkTo(invite.offer ?? "");
      invite.accept(rtp.offer());
    }, RINGS_MS);
  }

  before(async () => {
    mobile = await RtpParty.open({ hz: MOBILE_HZ });
    aunt = await RtpParty.open({ hz: AUNT_HZ });
    gateway = await UserAgent.open({ host: HOST, port: 0, name: "gateway", identity: {}, onInvite });
    daemon = await Daemon.start({
      name: "carol",
      config: {
        numberPlan: { country: "49", gateway: `sip:${HOST}:${gateway.port}` },
        devices: [{ id: "mobile", kind: "pstn", name: "Mobile", number: "0170 1234567" }],
      },
    });
    api = await daemon.connect();
    await api.tell("Subscribe", { to: "prompts" });
  });

  after(async () => {
    api.close();
    await daemon.stop();
    await gateway.close();
    mobile.close();
    aunt.close();
  });

  test("the user's own rings and is picked up, then the number is called that was confirmed; both hear each other", async () => {
    [rang, hints] = [[], []];
    const asked = api.next(({ name }) => name === "Prompt");
    const joined = api.tell("Join", { id: "tel:030-654321" }, '<Use dev="mobile"/>');
    const { attributes } = await asked;
    assert.equal(attributes["id"], "tel:+4930654321");
    assert.deepEqual(rang, []);

    await api.tell("Choose", { prompt: attributes["prompt"] ?? "", dev: "mobile" });
    await joined;

    assert.deepEqual(rang, ["+491701234567", "+4930654321"]);
    assert.deepEqual(hints, [undefined, undefined, undefined, undefined]);
    await Promise.all([mobile.hears(AUNT_HZ), aunt.hears(MOBILE_HZ)]);
    await api.tell("Leave");
    await until(() => [...gateway.legs()].length === 0, "both telephones to be hung up");
  });

  test("the user's own is tried out", async () => {
    const { attributes } = await api.tell("Test", { dev: "mobile" });

    assert.match(
      attributes["detail"] ?? "",
      /^Mobile answered after 0\.\d s and was played a tone; it sent \d+ packets/,
    );
  });

  test("emergency numbers ring nowhere", async () => {
    [rang, hints] = [[], []];

    const refused = await api.ask("Join", { id: "tel:112" }, '<Use dev="mobile"/>');

    const [error] = refused.children;
    assert.equal(error?.attributes["code"], "bad-uri");
    assert.match(
      error?.attributes["detail"] ?? "",
      /emergency calls are not made from here.*take a telephone/,
    );
    assert.deepEqual(rang, []);
  });
});
