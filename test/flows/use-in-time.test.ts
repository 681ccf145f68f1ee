/** Use of a device that takes too long: it is given up, and the call stays where it is. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { ServiceError } from "../../native-host/src/errors.ts";
import { Stage, type StageOptions } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const SILENT = { kitchen: { silent: true } } as const;
const shown = () => stage.service.calls().map(({ dev, state }) => `${dev} ${state}`);

/** The desk phone is in comedies; nobody answers in the kitchen. */
async function atTheDesk(options: StageOptions = {}): Promise<void> {
  stage = new Stage({ phones: ["desk", "kitchen"], roles: SILENT, ...options });
  await stage.join("comedies");
  stage.ladder.clear();
}

describe("Use", () => {
  test("of a phone that only rings, whose media bypass the service, is given up after ten seconds", async (t) => {
    await atTheDesk({ anchored: false });
    t.mock.timers.enable({ apis: ["setTimeout"] });

    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");
    t.mock.timers.tick(10_000);

    await assert.rejects(used, { code: "device-timeout" });
    await stage.sees("service -> kitchen: CANCEL");
    assert.deepEqual(shown(), ["desk active"]);
  });

  test("is given up when the time of the command is over", async () => {
    for (const anchored of [true, false]) {
      await atTheDesk({ anchored });
      const late = new AbortController();

      const used = stage.service.useDevice({ device: "kitchen", client: "k1", signal: late.signal });
      await stage.sees("service -> kitchen: INVITE");
      late.abort(new ServiceError("cancelled", []));

      await assert.rejects(used, { code: "cancelled" });
      await stage.sees("service -> kitchen: CANCEL");
      assert.deepEqual(shown(), ["desk active"]);
      await stage.service.close();
    }
  });

  test("of a call in its phone's hands is given up when that phone does not say which call it is in", async (t) => {
    const end = {
      address: "sip:desk@127.0.0.1" as const,
      headers: {},
      connect: () => Promise.reject(new Error("it is not called")),
    };
    await atTheDesk({ phones: ["kitchen"], diallers: [{ id: "desk", end }], anchored: false });
    t.mock.timers.enable({ apis: ["setTimeout"] });

    const used = stage.use("kitchen");
    await stage.sees("service -> desk: SUBSCRIBE dialog");
    t.mock.timers.tick(10_000);

    await assert.rejects(used);
    assert.deepEqual(shown(), ["desk transferred"]);
  });
});
