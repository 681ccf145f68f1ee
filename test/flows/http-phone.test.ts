/** Transfer mode with a desk phone whose web server is told to dial: the phone calls Bob by itself. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { DeskPhone, PhoneStage } from "../support/phones/http-phone-cast.ts";
import { phoneStage } from "../support/phones/http-phone-cast.ts";
import type { VendorName } from "../support/phones/vendors.ts";
import { Stage } from "../support/service-cast.ts";
import { until } from "../support/until.ts";

let stage: Stage;
let street: PhoneStage | undefined;

beforeEach(() => {
  stage = new Stage({ phones: [] });
});

afterEach(async () => {
  await stage.service.close();
  await street?.[Symbol.asyncDispose]();
  street = undefined;
});

/** Puts this vendor's phone on the desk; Bob is at `at`. */
async function onTheDesk(vendor: VendorName, more: Parameters<PhoneStage["device"]>[0] = {}) {
  const there = await phoneStage({ vendor });
  street = there;
  const device: DeskPhone = there.device(more);
  stage.devices.add(device);
  const at = `201:${there.bob.server.split(":").at(-1)}`;
  return { ...there, device, at };
}

const error = () => stage.events.flatMap((event) => (event.name === "Call" ? [event.call.error] : [])).at(-1);

describe("A desk phone told by HTTP", () => {
  test("is told to dial, Bob rings and answers; Leave hangs up", async () => {
    const { phone, bob, at } = await onTheDesk("yealink");

    const joined = await stage.join(at);
    await bob.answers();
    await phone.reaches("established");
    await stage.leave();

    await bob.isHungUp();
    assert.deepEqual(joined, { call: "c1" });
    assert.deepEqual(stage.states, ["calling-device", "transferred", "ended"]);
    assert.deepEqual(phone.web.obeyed, ["GET /servlet?key=number=201", "GET /servlet?key=CALLEND"]);
  });

  test("that is asked for its calls shows ringing, the call, hold, and its end", async () => {
    const { phone, bob, at } = await onTheDesk("poly");

    const joining = stage.join(at);
    await until(() => stage.states.includes("ringing"), "Bob rings");
    await bob.answers();
    await joining;
    await stage.hold();
    assert.equal(phone.ua.held, true);
    await stage.hold(false);
    await bob.hangsUp();
    await until(() => stage.states.at(-1) === "ended", "the end of the call");

    assert.deepEqual(stage.states, [
      "calling-device",
      "ringing",
      "transferred",
      "held",
      "transferred",
      "ended",
    ]);
    assert.equal(error(), undefined);
  });

  test("that is switched off leaves the user without a call, and is shown offline", async () => {
    const { phone, at } = await onTheDesk("yealink", { connectMs: 100 });
    await phone.web.close();

    await assert.rejects(stage.join(at), { code: "device-offline" });

    assert.deepEqual(stage.states, ["calling-device", "ended"]);
    assert.equal(error()?.code, "device-offline");
    assert.deepEqual(
      stage.service.devices().map(({ state }) => state),
      ["offline"],
    );
  });

  test("that dies in the call does not keep the user in it", async () => {
    const { phone, at } = await onTheDesk("yealink", { answerMs: 50 });
    await stage.join(at);
    phone.web.silent = true;

    await stage.leave();

    assert.equal(stage.states.at(-1), "ended");
    assert.deepEqual(stage.service.calls(), []);
  });

  test("that refuses says which setting to change", async () => {
    const { phone, at } = await onTheDesk("yealink");
    phone.web.forbidden = true;

    await assert.rejects(stage.join(at), { code: "device-refused" });

    assert.match(error()?.detail ?? "", /features\.action_uri_limit_ip/);
  });

  test("dials anew for another page when it is asked to", async () => {
    const { phone, bob, at } = await onTheDesk("yealink");
    await stage.join(at);
    await bob.rings();

    await stage.switchTo(at.replace("201", "202"), {}, "redial");

    assert.deepEqual(phone.web.obeyed, [
      "GET /servlet?key=number=201",
      "GET /servlet?key=CALLEND",
      "GET /servlet?key=number=202",
    ]);
  });

  test("cannot do loop mode without a SIP address", async () => {
    const { at } = await onTheDesk("yealink");

    const byLoop = stage.service.join({ ...stage.request(at), device: "desk", mode: "loop" });

    await assert.rejects(byLoop, { code: "device-unsupported" });
  });
});
