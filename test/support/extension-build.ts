/** The extension as browsers load it, built when its source is newer than it. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { runToEnd } from "./processes.ts";
import { ROOT } from "./servers.ts";

export const EXTENSION = join(ROOT, "dist", "extension");

/** The last file that a build writes. */
const BUILT = join(EXTENSION, "manifest.json");
const SOURCES = ["extension", "manifest.json", "vite.config.ts", "package-lock.json"];

export async function buildExtension(): Promise<void> {
  // A build empties the folder first, and a browser that is starting may be reading it.
  if ((await changedAt(BUILT)) > (await newest(SOURCES.map((name) => join(ROOT, name))))) return;
  const { code, lines } = await runToEnd(process.execPath, {
    name: "vite",
    args: [join(ROOT, "node_modules", "vite", "bin", "vite.js"), "build", "--logLevel", "warn"],
    cwd: ROOT,
  });
  if (code !== 0 || (await changedAt(BUILT)) === 0) {
    throw new Error(`the extension could not be built:\n${lines.join("\n")}`);
  }
}

/** Milliseconds since 1970; 0 for what is not there. */
async function changedAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.mtimeMs ?? 0;
}

/** When the last of these files, or of those below these folders, was changed. */
async function newest(paths: readonly string[]): Promise<number> {
  const below = await Promise.all(
    paths.map(async (path) => {
      const entries = await readdir(path, { recursive: true }).catch(() => []);
      return [path, ...entries.map((entry) => join(path, entry))];
    }),
  );
  return Math.max(...(await Promise.all(below.flat().map(changedAt))));
}
