/** The SIP libraries ours is measured beside. They are no part of Partyline: the benchmark installs them for itself. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { runToEnd } from "../../test/support/processes.ts";

export const REFERENCES = join(import.meta.dirname, "..", "references");

/** Installs what references/package-lock.json says, on first use. */
export async function installReferences(): Promise<void> {
  if (existsSync(join(REFERENCES, "node_modules", "sip"))) return;
  const { code, lines } = await runToEnd("npm", {
    name: "npm",
    args: ["ci", "--prefix", REFERENCES, "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"],
  });
  if (code !== 0) throw new Error(`npm could not install bench/references:\n${lines.join("\n")}`);
}

/** A module of the references; its shape is the caller's to know. */
export function reference(name: string): unknown {
  return createRequire(join(REFERENCES, "package.json"))(name);
}
