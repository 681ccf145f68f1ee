import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../support/servers.ts";

const UNITS = join(ROOT, "servers", "systemd");
/** Of `systemd-analyze security`: 0 is shut, 10 wide open; what is below 2 it calls OK. */
const MOST_EXPOSED = 20;

let folder: string;
let units: string[];

/** Copies whose programs are where they are said to be. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-units-"));
  units = (await readdir(UNITS)).filter((name) => name.endsWith(".service"));
  for (const name of units) {
    const text = await readFile(join(UNITS, name), "utf8");
    await writeFile(
      join(folder, name),
      text.replaceAll("/opt/partyline/node_modules/.bin/node", process.execPath),
    );
  }
});

after(() => rm(folder, { recursive: true }));

function analyze(...args: readonly string[]) {
  const { status, stderr, stdout, error } = spawnSync("systemd-analyze", args, {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, said: `${stdout}${stderr}`, missing: error !== undefined };
}

describe("The systemd units", () => {
  test("are there for every server", async () => {
    const servers = await readdir(join(ROOT, "servers"));
    const programs = servers.filter((name) => existsSync(join(ROOT, "servers", name, "main.ts")));
    assert.deepEqual(units.sort(), programs.map((name) => `partyline-${name}.service`).sort());
  });

  test("are understood by systemd, every line of them", { skip: analyze("--version").missing }, () => {
    const { status, said } = analyze("verify", "--man=no", ...units.map((name) => `./${name}`));
    assert.equal(status, 0, said);
    assert.doesNotMatch(said, /partyline/);
  });

  test("leave the servers as good as no rights", { skip: analyze("--version").missing }, () => {
    for (const name of units) {
      const { status, said } = analyze(
        "security",
        "--offline=true",
        `--threshold=${MOST_EXPOSED}`,
        `./${name}`,
      );
      assert.equal(status, 0, said.split("\n").slice(-3).join("\n"));
    }
  });

  test("start each server with words that it knows", async () => {
    for (const name of units) {
      const text = await readFile(join(UNITS, name), "utf8");
      const [, program = "", words = ""] =
        /^ExecStart=\S+ \/opt\/partyline\/(\S+) (.*) \$PARTYLINE_ARGUMENTS$/m.exec(text) ?? [];
      const named = words.split(" ").filter((word) => word.startsWith("--"));
      const { stdout } = spawnSync(process.execPath, [join(ROOT, program), "--help"], { encoding: "utf8" });
      for (const option of ["--bind", ...named]) assert.ok(stdout.includes(option), `${name}: ${option}`);
    }
  });
});
