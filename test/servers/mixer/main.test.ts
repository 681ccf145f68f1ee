import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { runToEnd } from "../../support/processes.ts";
import { RtpParty } from "../../support/rtp-party.ts";
import { ROOT, startMixer } from "../../support/servers.ts";

const script = join(ROOT, "servers", "mixer", "main.ts");

describe("the mixer as a program", () => {
  test("says where it listens, and goodbye when it is told to end", async () => {
    const mixer = await startMixer({ args: ["--rtp", "0"] });
    const focus = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "focus", identity: {} });
    const alice = await RtpParty.open({ hz: 450 });
    const goodbye = Promise.withResolvers<string>();
    const uri: SipUri = `sip:conf=comedies@127.0.0.1:${mixer.port}`;
    const { answer } = await focus.invite(uri, {
      offer: alice.offer(),
      handlers: { onEnded: goodbye.resolve },
    });
    alice.talkTo(answer);
    await alice.frames(5);

    await mixer.stop();
    await goodbye.promise;
    assert.equal(await mixer.program.exited, 0);

    alice.close();
    await focus.close();
  });

  test("writes its legs and counters to the log when asked", async () => {
    const mixer = await startMixer({ args: ["--rtp", "0"] });
    mixer.program.kill("SIGUSR2");

    await mixer.program.says(/"dump":\{.*"skipped":/);
    await mixer.stop();
  });

  test("refuses options that make no sense with one sentence and exit code 2", async () => {
    const wrong = [["--bind", "0.0.0.0"], ["--rtp", "5-4"], ["--port", "x"], ["--loud"]];
    for (const args of wrong) {
      const { code, lines } = await runToEnd(process.execPath, { name: "mixer", args: [script, ...args] });
      assert.equal(code, 2, args.join(" "));
      assert.equal(lines.length, 1, lines.join("\n"));
    }
  });
});
