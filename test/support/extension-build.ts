/** The extension as browsers load it, built anew each time: it takes a second, and is never older than its source. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "./processes.ts";
import { ROOT } from "./servers.ts";

export const EXTENSION = join(ROOT, "dist", "extension");

export async function buildExtension(): Promise<void> {
  const { code, lines } = await runToEnd(process.execPath, {
    name: "vite",
    args: [join(ROOT, "node_modules", "vite", "bin", "vite.js"), "build", "--logLevel", "warn"],
    cwd: ROOT,
  });
  if (code !== 0 || !existsSync(join(EXTENSION, "manifest.json"))) {
    throw new Error(`the extension could not be built:\n${lines.join("\n")}`);
  }
}
