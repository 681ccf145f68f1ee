import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { COMMANDS } from "../../native-host/src/cli.ts";
import { COMMON_OPTIONS, readInput } from "../../native-host/src/commands/command.ts";
import { serverArguments } from "../../native-host/src/commands/server-processes.ts";
import { runToEnd } from "../support/processes.ts";
import { ROOT } from "../support/servers.ts";

const SERVERS = ["proxy", "conference", "mixer", "janus", "web"] as const;

/** What is for the command itself, whichever it is. */
const OWN = new Set(["config", "runtime-dir", "data-dir", "port-base", "json", "help"]);

function said(name: (typeof SERVERS)[number], args: readonly string[]): string[] {
  return serverArguments(name, readInput(name, COMMANDS[name] ?? assert.fail(name), args));
}

describe("partyline as the one who starts a server", () => {
  for (const name of SERVERS) {
    test(`offers whatever ${name} takes`, async () => {
      const script = join(ROOT, "servers", name, "main.ts");
      const { lines } = await runToEnd(process.execPath, { name, args: [script, "--help"] });
      const taken = new Set(lines.join("\n").match(/--[a-z]+(-[a-z]+)*/g));
      const offered = { ...COMMON_OPTIONS, ...COMMANDS[name]?.options };

      assert.ok(taken.has("--bind") && taken.has("--port"), lines.join("\n"));
      assert.deepEqual(
        [...taken].filter((option) => !(option.slice(2) in offered)),
        [],
      );
    });

    test(`hands on whatever is said of ${name}`, () => {
      const offered = Object.entries({ ...COMMON_OPTIONS, ...COMMANDS[name]?.options });
      // The demo site logs nothing.
      const lost = name === "web" ? new Set([...OWN, "log-level", "flow", "pcap"]) : OWN;
      for (const [option, { type }] of offered.filter(([one]) => !lost.has(one))) {
        const words = type === "boolean" ? [`--${option}`] : [`--${option}`, "VALUE"];
        assert.ok(said(name, words).join(" ").includes(words.join(" ")), words.join(" "));
      }
    });
  }

  test("a conference server that mixes by itself has the ports of the mixer", () => {
    const args = said("conference", ["--mixer", "own", "--port-base", "30000"]).join(" ");
    assert.match(args, /--mixer own --rtp 31000-31999/);
  });
});
