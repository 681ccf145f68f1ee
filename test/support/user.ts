/** A user with a home of his own, in which nothing is installed yet. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { partyline } from "./program.ts";

/** His home has a space and a quote in its name unless another one is given; it is gone after the test. */
export async function user(t: TestContext, name = "partyline user's ") {
  const home = await mkdtemp(join(tmpdir(), name));
  t.after(() => rm(home, { recursive: true }));
  const env = { HOME: home, XDG_CONFIG_HOME: "", XDG_DATA_HOME: "", XDG_RUNTIME_DIR: "" };
  const run = (...args: readonly string[]) => partyline(args, { env });
  const has = async (path: string, text: string) => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), text);
  };
  const read = (path: string) => readFile(join(home, path), "utf8");
  const files = async () =>
    (await readdir(home, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
      .sort();
  return { home, env, run, has, read, files };
}
