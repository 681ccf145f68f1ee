import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { CallView, RosterView } from "../../native-host/src/api/call-control.ts";
import { type ApiCast, apiCast } from "../support/api-cast.ts";
import { Program } from "../support/processes.ts";
import { ROOT } from "../support/servers.ts";
import { until } from "../support/until.ts";

const example = (name: string) => join(ROOT, "examples", name);
const films = "sip:films@home";

/** An example as a user starts it, before the service of the test. */
async function started(
  t: TestContext,
  { directory }: ApiCast,
  [file, ...args]: readonly [string, ...string[]],
): Promise<Program> {
  const program = await Program.start(file, {
    name: args[0] ?? file,
    args,
    env: {
      PARTYLINE_RUNTIME_DIR: directory,
      PARTYLINE: `${process.execPath} ${join(ROOT, "native-host/bin/partyline.mjs")}`,
    },
  });
  t.after(() => program.stop());
  return program;
}

describe("The example", () => {
  test("stand-up.sh joins muted, and leaves when its time is over", async (t) => {
    const cast = await apiCast(t);
    const program = await started(t, cast, ["sh", example("stand-up.sh"), films, "soft", "0.1"]);
    assert.equal(await program.exited, 0);
    assert.deepEqual(program.lines, [`In ${films}, muted, as call c1.`, "Left."]);
    assert.partialDeepStrictEqual(
      cast.service.asked.map(({ method, request }) => ({ method, request })),
      [
        { method: "join", request: { target: films, device: "soft", muted: true } },
        { method: "leave", request: { call: "c1" } },
      ],
    );
  });

  test("stand-up.sh says what the service says when it cannot", async (t) => {
    const cast = await apiCast(t);
    const program = await started(t, cast, ["sh", example("stand-up.sh"), "http://films", "soft", "0"]);
    assert.equal(await program.exited, 1);
    assert.match(program.lines.join("\n"), /bad-uri/);
  });

  test("who-talks.ts prints who is there and who talks, until it is told to end", async (t) => {
    const cast = await apiCast(t);
    const program = await started(t, cast, [process.execPath, example("who-talks.ts")]);
    await program.says(/^No call yet/);
    await until(() => cast.service.followers.size === 2, "both topics are followed");
    const entity = "sip:arup@home";
    const user = { entity, state: "full", me: false, endpoints: [] } as const;
    const roster: RosterView = {
      conf: films,
      version: 1,
      state: "full",
      count: 1,
      users: [{ ...user, display: "Arup" }],
    };
    cast.service.emit("roster", { name: "Roster", roster });
    cast.service.emit("talking", { name: "Talking", conf: films, entity, on: true });
    cast.service.emit("talking", { name: "Talking", conf: films, entity, on: false });
    const gone: RosterView = {
      ...roster,
      version: 2,
      state: "partial",
      users: [{ ...user, state: "deleted" }],
    };
    cast.service.emit("roster", { name: "Roster", roster: gone });
    await program.says(/^Here: nobody/);
    assert.deepEqual(program.lines.slice(1), [
      "Here: Arup.",
      "Arup talks.",
      "Arup is quiet.",
      "Here: nobody.",
    ]);
    await program.stop();
    assert.equal(await program.exited, 0);
  });

  test("do_not_disturb.py declines the calls that come in, and no others", async (t) => {
    const cast = await apiCast(t);
    const program = await started(t, cast, ["python3", example("do_not_disturb.py")]);
    await program.says(/^Nobody disturbs you now/);
    const call: CallView = {
      call: "c7",
      id: "sip:edie@home",
      display: "Edie & Söhne",
      dir: "in",
      state: "incoming",
      mode: "loop",
      focus: false,
      muted: false,
    };
    cast.service.emit("calls", { name: "Call", call: { ...call, call: "c6", dir: "out", state: "active" } });
    cast.service.emit("calls", { name: "Call", call });
    await program.says(/^busy for Edie & Söhne$/);
    await until(() => cast.service.asked.length === 1, "the call is declined");
    assert.partialDeepStrictEqual(cast.service.asked, [
      { method: "decline", request: { call: "c7", code: 486 } },
    ]);
  });
});
