import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endOf } from "../../support/end-of.ts";
import { door, HOST, TOKEN } from "../../support/phones/door.ts";
import { phoneStage } from "../../support/phones/http-phone-cast.ts";
import { refused } from "../../support/phones/refused.ts";

const signal = new AbortController().signal;

describe("A phone with action URLs", () => {
  test("tells when Bob rings and answers, and when he has hung up", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    stage.phone.reportTo = doorway.base;
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN, from: HOST }) });
    const { promise: rung, resolve: onRinging } = Promise.withResolvers<void>();

    const dialling = device.dial(stage.target, { signal, onRinging });
    await rung;
    await stage.bob.answers();
    const call = await dialling;
    const ended = endOf(call);
    await stage.bob.hangsUp();

    assert.equal(await ended, "the phone ended the call");
    assert.ok(device.caps.includes("events"));
  });

  test("tells when Bob declines", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    stage.phone.reportTo = doorway.base;
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN }) });

    const dialling = device.dial(stage.target, { signal });
    const refusal = assert.rejects(dialling, refused("no-answer", /201/));
    await stage.bob.declines();

    await refusal;
  });

  test("whose action URLs were not set is taken at its word", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN }), firstReportMs: 20 });

    const call = await device.dial(stage.target, { signal });

    await call.hangUp?.();
    await stage.bob.isHungUp();
  });

  test("is hung up when the user no longer wants to call", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    stage.phone.reportTo = doorway.base;
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN }) });
    const stop = new AbortController();

    const dialling = device.dial(stage.target, { signal: stop.signal });
    await stage.bob.rings();
    stop.abort();

    await assert.rejects(dialling, refused("cancelled", /./));
    await stage.bob.isHungUp();
  });
});

for (const vendor of ["poly", "grandstream"] as const) {
  describe(`A ${vendor} phone, which is asked for its calls`, () => {
    test("tells when Bob answers and hangs up", async () => {
      await using stage = await phoneStage({ vendor });
      const dialling = stage.device().dial(stage.target, { signal });
      await stage.bob.answers();
      const call = await dialling;
      const ended = endOf(call);

      await stage.bob.hangsUp();

      assert.equal(await ended, "the phone ended the call");
    });

    test("tells when Bob declines", async () => {
      await using stage = await phoneStage({ vendor });
      const refusal = assert.rejects(
        stage.device().dial(stage.target, { signal }),
        refused("no-answer", /201/),
      );
      await stage.bob.rings();
      await stage.phone.reaches("outgoing");
      await stage.bob.declines();
      await refusal;
    });

    test("that dies in the call ends it", async () => {
      await using stage = await phoneStage({ vendor });
      const device = stage.device({ answerMs: 20 });
      const dialling = device.dial(stage.target, { signal });
      await stage.bob.answers();
      const call = await dialling;
      const ended = endOf(call);

      stage.phone.web.silent = true;

      assert.equal(await ended, "the phone is gone");
      assert.equal(device.readiness, "ready");
    });
  });
}

describe("A Poly phone", () => {
  test("holds, resumes, mutes and dials digits in its call", async () => {
    await using stage = await phoneStage({ vendor: "poly" });
    const device = stage.device();
    const dialling = device.dial(stage.target, { signal });
    await stage.bob.answers();
    const call = await dialling;
    const { ua } = stage.phone;

    await call.setHeld?.(true);
    assert.equal(ua.held, true);
    await call.setHeld?.(false);
    assert.equal(ua.held, false);
    await call.setMuted?.(true);
    assert.equal(ua.muted, true);
    await call.setMuted?.(false);
    assert.equal(ua.muted, false);
    await call.dtmf?.("1*#");
    assert.equal(ua.digits, "1*#");
    assert.deepEqual(
      ["dial", "hangup", "hold", "mute", "dtmf", "events"].filter((cap) => !device.caps.includes(cap)),
      [],
    );
  });

  test("whose call is over already is hung up without a word", async () => {
    await using stage = await phoneStage({ vendor: "poly" });
    const dialling = stage.device({ pollMs: 60_000, firstReportMs: 1 }).dial(stage.target, { signal });
    await stage.bob.answers();
    const call = await dialling;
    await stage.phone.reaches("established");
    await stage.bob.hangsUp();
    await stage.phone.reaches("idle");

    await call.hangUp?.();
  });
});

test("A Yealink phone presses its keys for digits", async () => {
  await using stage = await phoneStage({ vendor: "yealink" });
  const call = await stage.device().dial(stage.target, { signal });

  await call.dtmf?.("9*0#");

  assert.equal(stage.phone.ua.digits, "9*0#");
  assert.equal(call.setMuted, undefined);
});
