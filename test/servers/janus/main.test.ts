import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import { Janus } from "../../support/janus.ts";
import { runToEnd } from "../../support/processes.ts";
import { RtpParty } from "../../support/rtp-party.ts";
import { ROOT, startServer } from "../../support/servers.ts";

const script = join(ROOT, "servers", "janus", "main.ts");
const run = (args: readonly string[]) =>
  runToEnd(process.execPath, { name: "janus adapter", args: [script, ...args] });

describe("the Janus adapter as a program", () => {
  let janus: Janus;
  let folder: string;
  before(async () => {
    janus = await Janus.start({ secret: "confidential" });
    folder = await mkdtemp(join(tmpdir(), "partyline-janus-adapter-"));
  });
  after(async () => {
    await janus.stop();
    await rm(folder, { recursive: true });
  });

  test("says where it listens, writes its legs to the log when asked, and goodbye when it is told to end", async () => {
    const secret = join(folder, "secret");
    await writeFile(secret, "confidential\n");
    const args = ["--janus", janus.url, "--rtp", "0", "--api-secret", secret];
    const adapter = await startServer("janus", { args });
    const focus = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "focus", identity: {} });
    const alice = await RtpParty.open({ hz: 450 });
    const goodbye = Promise.withResolvers<string>();
    const { answer } = await focus.invite(`sip:conf=comedies@127.0.0.1:${adapter.port}`, {
      offer: alice.offer(),
      handlers: { onEnded: goodbye.resolve },
    });
    alice.talkTo(answer);
    await alice.frames(5);
    adapter.program.kill("SIGUSR2");
    const [dump] = await adapter.program.says(/"dump":.*/);
    assert.match(dump, /"connected":true.*"conference":"comedies"/);

    await adapter.stop();
    await goodbye.promise;
    assert.equal(await adapter.program.exited, 0);
    assert.ok(adapter.program.lines.every((line) => !line.includes("confidential")));
    alice.close();
    await focus.close();
  });

  test("ends with one sentence when Janus is not there, or asks for a secret it was not given", async () => {
    for (const url of ["ws://127.0.0.1:9", janus.url]) {
      const { code, lines } = await run(["--port", "0", "--rtp", "0", "--janus", url]);
      assert.equal(code, 1);
      assert.match(lines.join("\n"), /^janus: Janus (cannot be reached|refused).*$/);
    }
  });

  test("refuses options that make no sense with one sentence and exit code 2", async () => {
    const wrong = [
      ["--bind", "0.0.0.0"],
      ["--rtp", "5-4"],
      ["--inside", "::1"],
      ["--janus", "http://x"],
    ];
    for (const args of wrong) {
      const { code, lines } = await run(args);
      assert.equal(code, 2, args.join(" "));
      assert.equal(lines.length, 1, lines.join("\n"));
    }
  });
});
