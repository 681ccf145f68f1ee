import assert from "node:assert/strict";
import { test } from "node:test";
import { Baresip } from "./baresip.ts";
import { until } from "./until.ts";
import { Wire } from "./wire.ts";

test("two baresips talk over a wire of 50 ms and never notice it", async () => {
  const alice = await Baresip.start({ name: "alice", hz: 450, answer: "manual" });
  const desk = await Baresip.start({ name: "desk", hz: 1000 });
  const wire = await Wire.open({ b: { address: "127.0.0.1", port: desk.port }, delayMs: 50 });
  try {
    await alice.dial(`sip:desk@127.0.0.1:${wire.address.port}`);
    await until(
      () => wire.heardBy.a.packets.length > 25 && wire.heardBy.b.packets.length > 25,
      "half a second of both",
    );
    const closed = alice.next("CALL_CLOSED");
    await desk.command("hangup");
    await closed;

    assert.deepEqual(wire.heardBy.a.tonesHeard(), [1000]);
    assert.deepEqual(wire.heardBy.b.tonesHeard(), [450]);
    assert.equal(wire.heardBy.a.missingFrames(), 0);
    assert.equal(wire.count("b", "INVITE"), 1);
    assert.equal(wire.count("a", "BYE"), 1);
    assert.equal(wire.count("b", "INVITE", { inDialog: true }), 0);
  } finally {
    await Promise.all([alice.stop(), desk.stop()]);
    await wire.close();
  }
});
