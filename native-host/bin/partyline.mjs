#!/usr/bin/env node
// `partyline` from a checkout: needs a Node that runs TypeScript as it is, and takes the checkout's own if this one cannot.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const LEAST_NODE = 24;
const ours = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));

if (Number(process.versions.node.split(".")[0]) >= LEAST_NODE) {
  const { main } = await import("../src/cli.ts");
  await main(process.argv.slice(2));
} else if (existsSync(ours)) {
  process.exitCode = spawnSync(ours, process.argv.slice(1), { stdio: "inherit" }).status ?? 1;
} else {
  process.stderr.write(
    `Partyline needs Node ${LEAST_NODE} or newer and this is ${process.versions.node}; run: node scripts/setup.mjs\n`,
  );
  process.exitCode = 1;
}
