/** `partyline answer`, `decline`, `missed` and `dnd`: calls that come in, from the command line. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { CallView } from "../../native-host/src/api/call-control.ts";
import { DoNotDisturb } from "../../native-host/src/service/do-not-disturb.ts";
import { MissedCalls } from "../../native-host/src/service/missed-calls.ts";
import { apiCast } from "../support/api-cast.ts";
import { partyline } from "../support/program.ts";

const BOB: CallView = {
  call: "c7",
  id: "sip:bob@example.com",
  display: "Bob\u001b[2J",
  dir: "in",
  state: "incoming",
  mode: "loop",
  focus: false,
  muted: false,
};
const ANN: CallView = { ...BOB, call: "c8", id: "sip:ann@example.com" };

async function ringing(t: TestContext, ...calls: CallView[]) {
  const cast = await apiCast(t);
  cast.service.calls = () => calls;
  const say = (...args: string[]) => partyline([...args, "--runtime-dir", cast.directory]);
  return { service: cast.service, say };
}

async function dataDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "partyline-missed-"));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

describe("partyline answer and decline", () => {
  test("take the only call that comes in, and say who it is, safely", async (t) => {
    const { service, say } = await ringing(t, BOB, { ...ANN, state: "active" });

    assert.equal((await say("answer", "--dev", "desk")).stdout, "You talk with Bob\ufffd[2J.\n");
    assert.equal((await say("decline", "--code", "486")).stdout, "Bob\ufffd[2J was told no.\n");

    const [answered, declined] = service.asked.slice(-2).map(({ method, request }) => ({ method, request }));
    assert.equal(answered?.method, "answer");
    assert.partialDeepStrictEqual(answered?.request, { call: "c7", device: "desk" });
    assert.partialDeepStrictEqual(declined?.request, { call: "c7", code: 486 });
  });

  test("want to know which, when several come in", async (t) => {
    const { service, say } = await ringing(t, BOB, ANN);

    const { code, stderr } = await say("answer");
    assert.deepEqual(
      [code, stderr],
      [1, "partyline: Several calls come in; name one with --call: partyline status\n"],
    );
    assert.equal((await say("answer", "--call", "c8")).code, 0);

    assert.partialDeepStrictEqual(service.asked.at(-1)?.request, { call: "c8" });
  });

  test("say so when none does", async (t) => {
    const { say } = await ringing(t);

    const { code, stderr } = await say("answer");

    assert.deepEqual([code, stderr], [1, "partyline: No call comes in now; see: partyline missed\n"]);
  });
});

describe("partyline missed", () => {
  test("lists the calls, the last one first, until they are forgotten", async (t) => {
    const directory = await dataDirectory(t);
    const say = async (...args: string[]) =>
      (await partyline(["missed", "--data-dir", directory, ...args])).stdout;
    const missed = new MissedCalls(directory);
    assert.equal(await say(), "No call was missed.\n");
    missed.add({ ...BOB, error: { code: "cancelled" } }, new Date("2026-03-01T10:00:00Z"));
    missed.add({ ...ANN, error: { code: "no-answer" } }, new Date("2026-03-01T11:30:00Z"));
    missed.flush();

    assert.equal(
      await say(),
      "2026-03-01 11:30 UTC  Bob?[2J <sip:ann@example.com>, nobody answered\n" +
        "2026-03-01 10:00 UTC  Bob?[2J <sip:bob@example.com>, the caller gave up\n",
    );
    assert.equal(JSON.parse(await say("--json")).length, 2);
    await say("--clear");

    assert.equal(await say(), "No call was missed.\n");
  });

  test("keeps a hundred, and survives a broken file", async (t) => {
    const directory = await dataDirectory(t);
    const missed = new MissedCalls(directory);
    for (let i = 0; i < 120; i += 1) missed.add(BOB, new Date(i));

    missed.flush();
    assert.equal(missed.all.length, 100);
    assert.equal(missed.all.at(-1)?.at, new Date(119).toISOString());
    await writeFile(join(directory, "missed-calls.json"), '[{"id": 7}, "x"');
    assert.deepEqual(missed.all, []);
  });
});

describe("partyline dnd", () => {
  test("is on until it is off, also for a service that starts later", async (t) => {
    const directory = await dataDirectory(t);
    const say = (...args: string[]) => partyline(["dnd", "--data-dir", directory, ...args]);

    assert.equal(
      (await say("on")).stdout,
      "Callers hear that you are busy; their calls are kept as missed.\n",
    );
    assert.equal(new DoNotDisturb(false, directory).on, true);
    assert.equal((await say("--json")).stdout, '{"on":true}\n');
    assert.equal((await say("off")).stdout, "Calls come in.\n");
    assert.equal(new DoNotDisturb(false, directory).on, false);
    assert.equal(new DoNotDisturb(true, directory).on, true);
    assert.equal((await say("maybe")).code, 2);
  });
});
