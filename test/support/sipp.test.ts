/** The runner of SIPp scenarios itself: what waits in the background, what is passed on, what is told of a failure. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { plays } from "./sipp.ts";

const SCENARIOS = join(import.meta.dirname, "..", "interop", "sipp");
const PHONE = join(SCENARIOS, "is-asked-what-it-can.xml");
const ASKER = join(SCENARIOS, "asks-what-it-can.xml");

describe("A SIPp scenario in the background", () => {
  for (const transport of ["u1", "t1"] as const) {
    test(`is ready when it is called by ${transport}`, async () => {
      const keys = { reason: "Out for lunch" };
      const phone = await plays(PHONE, { background: true, transport, keys });

      await assert.rejects(plays(ASKER, { target: phone, transport }), /480 Out for lunch/);
      await phone.finished;
    });
  }

  test("says what it saw when the caller does something else", async () => {
    const phone = await plays(PHONE, { background: true, keys: { reason: "Out" } });
    const caller = plays(join(SCENARIOS, "joins-and-leaves.xml"), { target: phone, patienceS: 1 });

    await assert.rejects(caller);
    await assert.rejects(phone.finished, /INVITE/);
  });

  test("is ended when nobody calls it", async () => {
    const phone = await plays(PHONE, { background: true, keys: { reason: "Out" } });
    await phone.stop();
  });
});
