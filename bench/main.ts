/** `npm run bench [-- NAME] [--json]`: each benchmark beside its reference, measured in the same run. */
import { parseArgs } from "node:util";
import { takePrecedence } from "../test/support/precedence.ts";
import { conferenceBenchmark } from "./conference.ts";
import { conferenceEventsBenchmark } from "./conference-events.ts";
import { conferenceJoinsBenchmark } from "./conference-joins.ts";
import { conferenceMoveBenchmark } from "./conference-move.ts";
import { daemonBenchmark } from "./daemon.ts";
import { mixerBenchmark } from "./mixer.ts";
import { scaleOutBenchmark } from "./scale-out.ts";
import { sipBenchmark } from "./sip.ts";
import { switchBenchmark } from "./switch.ts";
import { type Benchmark, json, markdown } from "./table.ts";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  switch: switchBenchmark,
  mixer: mixerBenchmark,
  sip: sipBenchmark,
  daemon: daemonBenchmark,
  "scale-out": scaleOutBenchmark,
  conference: conferenceBenchmark,
};

/** What a benchmark above has among others, alone. */
const PARTS: Readonly<Record<string, Benchmark>> = {
  "conference-joins": conferenceJoinsBenchmark,
  "conference-events": conferenceEventsBenchmark,
  "conference-move": conferenceMoveBenchmark,
};

const ALL: Readonly<Record<string, Benchmark>> = { ...BENCHMARKS, ...PARTS };

function wanted(): { names: string[]; asJson: boolean } {
  const { values, positionals } = parseArgs({
    options: { json: { type: "boolean" } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !(name in ALL));
  if (unknown !== undefined) throw new Error(`there is no benchmark "${unknown}"`);
  return {
    names: positionals.length > 0 ? positionals : Object.keys(BENCHMARKS),
    asJson: values.json === true,
  };
}

async function main(): Promise<void> {
  const { names, asJson } = wanted();
  takePrecedence();
  for (const name of names) {
    const benchmark = ALL[name];
    if (!benchmark) continue;
    const rows = await benchmark.run((text) => process.stderr.write(`${name}: ${text}\n`));
    process.stdout.write(`\n## ${name}\n\n${benchmark.about}\n\n${markdown(rows)}\n\n`);
    if (asJson) process.stdout.write(`${json(name, rows)}\n`);
  }
}

try {
  await main();
} catch (cause) {
  const words = cause instanceof Error ? cause.message : String(cause);
  process.stderr.write(`bench: ${words}; there are ${Object.keys(ALL).join(", ")}\n`);
  process.exitCode = words.startsWith("there is no") || words.includes("option") ? 2 : 1;
}
