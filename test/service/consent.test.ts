import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import type { PromptView } from "../../native-host/src/api/call-control.ts";
import { NumberPlan } from "../../native-host/src/devices/number-plan.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import { Stage, type StageOptions } from "../support/service-cast.ts";
import { until } from "../support/until.ts";

const NUMBERS = {
  country: "49",
  international: "00",
  trunk: "0",
  gateway: "sip:gateway.example.com",
  blocked: [],
  emergency: [],
  own: ["+49 30 654321"],
} as const;
/** A telephone, as the API hands it to the service. */
const tel = (number: string) => `tel:${number}` as SipUri;

let stage: Stage;
let prompts: PromptView[];

const numberPlan = new NumberPlan(NUMBERS);

function open(options: StageOptions = { numberPlan }): void {
  stage = new Stage(options);
  prompts = [];
  stage.service.subscribe("prompts", { client: "k2" }, (event) => {
    if (event.name === "Prompt") prompts.push(event.prompt);
  });
}

afterEach(() => stage.service.close());

const calling = (target: SipUri, device: string) =>
  stage.service.join({ ...stage.request("x", { target }), device, mode: "auto" });
const asked = () => until(() => prompts.length > 0, "the question");

async function answer(device: string | undefined, remember: "no" | "always" = "no"): Promise<void> {
  await asked();
  const prompt = prompts.pop()?.prompt ?? "";
  const cancel = device === undefined;
  stage.service.choose({ prompt, ...(cancel ? {} : { device }), cancel, remember, client: "k1" });
}

describe("A telephone number", () => {
  test("is called through the gateway once the user, who is shown the number, has said yes", async () => {
    open();

    const joined = calling(tel("030-123456"), "desk");
    await asked();

    const [prompt] = prompts;
    assert.equal(prompt?.id, "tel:+4930123456");
    assert.deepEqual(
      prompt?.devices.map(({ dev }) => dev),
      ["desk"],
    );
    stage.ladder.reads("");
    await answer("desk");
    await joined;
    assert.deepEqual(
      stage.service.calls().map(({ id }) => id),
      ["sip:+4930123456@gateway.example.com;user=phone"],
    );
  });

  test("is asked about and refused just the same when it is written as the gateway's address", async () => {
    open();

    await assert.rejects(calling("sip:112@gateway.example.com", "desk"), { code: "bad-uri" });
    const joined = calling("sip:030123456@gateway.example.com;user=phone", "desk");
    await asked();
    assert.equal(prompts[0]?.id, "tel:+4930123456");
    await answer(undefined);

    await assert.rejects(joined, { code: "cancelled" });
    stage.ladder.reads("");
  });

  test("is not called when the user says no", async () => {
    open();

    const joined = calling(tel("030123456"), "desk");
    await answer(undefined);

    await assert.rejects(joined, { code: "cancelled" });
    stage.ladder.reads("");
    assert.deepEqual(stage.accepted, []);
  });

  test("of the user's own is called without a question", async () => {
    open();

    await calling(tel("030654321"), "desk");

    assert.deepEqual(prompts, []);
  });

  test("always asks, also where a device is remembered and no other is there", async () => {
    open();
    const externalJoin = () =>
      stage.service.externalJoin({ ...stage.request("x", { target: tel("030123456") }), mode: "auto" });

    for (const _time of ["first", "second"]) {
      const joined = externalJoin();
      await answer("desk", "always");
      await joined;
      await stage.leave();
    }

    assert.deepEqual(stage.accepted, ["c1", "c2"]);
  });

  test("asks before a call is moved to it, and the call stays where it is when the user says no", async () => {
    open();
    await stage.join("comedies");

    const moved = stage.service.switchTo({
      ...stage.request("x", { target: tel("030123456") }),
      fallback: "error",
    });
    await answer(undefined);

    await assert.rejects(moved, { code: "cancelled" });
    assert.deepEqual(
      stage.service.calls().map(({ id, state }) => `${id} ${state}`),
      ["sip:comedies@127.0.0.1 active"],
    );
  });

  for (const [number, words] of [
    ["112", /emergency/],
    ["*21*0900#", /service codes/],
  ] as const) {
    test(`such as ${number} is refused without a question`, async () => {
      open();

      await assert.rejects(calling(tel(number), "desk"), { code: "bad-uri", message: words });

      assert.deepEqual(prompts, []);
    });
  }

  test("is refused in words where no gateway is configured", async () => {
    open({});

    for (const refused of [
      calling(tel("030123456"), "desk"),
      stage.service.externalJoin({ ...stage.request("x", { target: tel("030123456") }), mode: "auto" }),
    ]) {
      await assert.rejects(refused, { code: "bad-uri", message: /telephone numbers need an account/ });
    }
  });
});

describe("A phone that nobody configured", () => {
  const KITCHEN: SipUri = "sip:kitchen@127.0.0.1";
  const comedies: SipUri = "sip:comedies@127.0.0.1";

  test("is used once the user has confirmed it, and then without a question, also after a restart", async () => {
    const choices = new Choices();
    open({ choices });

    const joined = calling(comedies, KITCHEN);
    await asked();
    assert.deepEqual(
      prompts[0]?.devices.map(({ dev, kind }) => `${kind} ${dev}`),
      [`sip ${KITCHEN}`],
    );
    await answer(KITCHEN);
    await joined;
    await stage.leave();
    await calling(comedies, KITCHEN);
    await stage.service.close();
    open({ choices });
    await calling(comedies, KITCHEN);

    assert.deepEqual(prompts, []);
    assert.ok(stage.service.devices().some(({ dev }) => dev === KITCHEN));
  });

  test("is not used when the user says no, and is asked about again", async () => {
    open();

    for (const _time of ["first", "second"]) {
      const joined = calling(comedies, KITCHEN);
      await answer(undefined);
      await assert.rejects(joined, { code: "cancelled" });
    }

    stage.ladder.reads("");
  });

  test("takes over a call by Use once it is confirmed; any other answer is refused", async () => {
    open();
    await stage.join("comedies");

    const used = stage.service.useDevice({ device: KITCHEN, client: "k1" });
    await asked();
    const prompt = prompts[0]?.prompt ?? "";
    assert.throws(
      () => stage.service.choose({ prompt, device: "desk", cancel: false, remember: "no", client: "k1" }),
      { code: "no-such-device" },
    );
    await answer(KITCHEN);
    await used;

    assert.equal(stage.service.calls()[0]?.dev, KITCHEN);
  });

  test("with a name that is no address is no device", async () => {
    open();
    await assert.rejects(calling(comedies, "kitchen"), { code: "no-such-device" });
  });
});
