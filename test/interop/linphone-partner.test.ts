/** A real Linphone at the other end: in a call between two, brought along from there, and invited into a conference. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { ApiClient } from "../support/daemon.ts";
import { deskService } from "../support/desk-service.ts";
import { Linphone } from "../support/linphone.ts";
import { startConferenceSite } from "../support/servers.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";

const DESK_HZ = 1000;
const CAROL_HZ = 1400;
const LINPHONE_HZ = 600;

describe("Somebody with a Linphone", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let desk: TonePhone;
  let carol: TonePhone;
  let linphone: Linphone;
  let api: ApiClient;

  before(async () => {
    const site = await startConferenceSite();
    stack.defer(() => site.stop());
    desk = await TonePhone.open("desk", DESK_HZ);
    carol = await TonePhone.open("carol", CAROL_HZ);
    for (const phone of [desk, carol]) stack.defer(() => phone.close());
    linphone = await Linphone.start({ name: "linphone", hz: LINPHONE_HZ });
    stack.defer(() => linphone.stop());
    await until(
      async () => (await desk.agent.request("OPTIONS", linphone.address)).status === 200,
      "Linphone",
    );
    const conferences = { server: `sip:${site.conference.host}:${site.conference.port}` };
    ({ api } = await deskService(stack, "alice", { desk, config: { conferences } }));
  });

  after(() => stack.disposeAsync());

  afterEach(async () => {
    await api.tell("Leave", { all: "true" });
    linphone.hangUp();
    await carol.hangUp();
    await until(() => desk.calls.size === 0, "the end of the desk phone's call");
    for (const phone of [desk, carol]) phone.rtp.forget();
  });

  const states = async (people: readonly { readonly address: string }[], more = {}) => {
    const adds = people.map(({ address }) => `<Add id="${address}"/>`).join("");
    const { children } = await api.tell("Invite", more, adds);
    return children.map(({ attributes }) => attributes["state"]);
  };

  test("is called and heard, held and resumed", async () => {
    await api.tell("Join", { id: linphone.address }, '<Use dev="desk"/>');
    await desk.rtp.hears(LINPHONE_HZ);

    await api.tell("Hold");
    const held = desk.rtp.forget();
    await desk.rtp.frames(10);
    assert.deepEqual(desk.rtp.heard.tonesHeard({ from: held }), []);
    await api.tell("Resume");

    await desk.rtp.hears(LINPHONE_HZ);
  });

  // Its audio there is not judged: when Linphone itself calls, it offers this machine's outward address.
  test("comes along when their call becomes a conference", async () => {
    await api.tell("Subscribe", { to: "roster" });
    await api.tell("Join", { id: linphone.address }, '<Use dev="desk"/>');
    await desk.rtp.hears(LINPHONE_HZ);

    assert.deepEqual(await states([carol]), ["joined"]);

    const counts = () => api.events.map(({ name, attributes }) => name === "Roster" && attributes["count"]);
    await until(() => counts().includes("3"), "three in the conference");
    await Promise.all([desk.rtp.hears(CAROL_HZ), carol.rtp.hears(DESK_HZ)]);
  });

  test("is invited with others from no call, comes, and is heard by all", async () => {
    assert.deepEqual(await states([linphone, carol], { dev: "desk" }), ["joined", "joined"]);

    await Promise.all([desk.rtp.hears(LINPHONE_HZ), carol.rtp.hears(LINPHONE_HZ), carol.rtp.hears(DESK_HZ)]);
  });

  test("is invited into the conference there is, comes, and is heard by all", async () => {
    await states([carol], { dev: "desk" });
    await desk.rtp.hears(CAROL_HZ);

    assert.deepEqual(await states([linphone]), ["joined"]);

    await Promise.all([desk.rtp.hears(LINPHONE_HZ), carol.rtp.hears(LINPHONE_HZ)]);
  });
});
