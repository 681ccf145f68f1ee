/** `npm run fuzz`: a million broken SIP messages, or documents of the API, for each listener; what kills one becomes a file under test/corpus/crashes. */
import { createHash, randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Unanswered } from "../test/support/fuzz/fuzzer.ts";
import { LISTENERS, type Listener } from "../test/support/fuzz/listeners.ts";
import { residentMb } from "../test/support/fuzz/memory.ts";

const USAGE = `npm run fuzz [-- --seed N] [--count N] [--listener proxy|conference|service|api]

  --seed N        the same seed breaks the messages the same way; a random one when missing
  --count N       messages for each listener (1000000)
  --listener NAME only this one; may be repeated
`;

const CRASHES = join(import.meta.dirname, "..", "test", "corpus", "crashes");
/** A start has compiled and cached nothing yet: growth is counted from here. */
const WARM_UP = 20_000;
const TELL_EVERY = 100_000;
/** Promise B1. */
const MOST_GROWTH_MB = 50;
/** As long as a call may last that nobody acknowledged, and its BYE that nobody answers (twice 64*T1), and a little. */
const SETTLE_MS = 72_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Keeps each of these messages that kills a fresh listener alone, else all of them in one file. */
async function keepCulprits(name: string, suspects: readonly Buffer[]): Promise<void> {
  mkdirSync(CRASHES, { recursive: true });
  const culprits = [];
  for (const suspect of suspects) if (await kills(name, suspect)) culprits.push(suspect);
  const found = culprits.length > 0 ? culprits : [Buffer.concat(suspects)];
  for (const bytes of found) {
    const file = join(CRASHES, `${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.dat`);
    writeFileSync(file, bytes);
    say(`  kept as ${file}`);
  }
}

async function kills(name: string, suspect: Buffer): Promise<boolean> {
  const listener = await LISTENERS[name]?.({ seed: 1 });
  try {
    await listener?.fuzzer.replay(suspect);
    return false;
  } catch {
    return true;
  } finally {
    await listener?.stop();
  }
}

async function fuzz(name: string, seed: number, count: number): Promise<boolean> {
  const startedAt = performance.now();
  let warmMb = 0;
  let mostMb = 0;
  const told: { listener?: Listener } = {};
  const listener = await LISTENERS[name]?.({
    seed,
    onBatch: (sent) => {
      const mb = residentMb(told.listener?.program.pid ?? 0);
      if (sent <= WARM_UP) warmMb = mb;
      mostMb = Math.max(mostMb, mb);
      if (sent % TELL_EVERY === 0) say(`  ${name}: ${sent} sent, ${mb.toFixed(0)} MB`);
    },
  });
  if (!listener) throw new Error(`There is no listener called ${name}.\n${USAGE}`);
  told.listener = listener;
  const coldMb = residentMb(listener.program.pid);
  try {
    const { slowestMs } = await listener.fuzzer.run(count);
    const seconds = (performance.now() - startedAt) / 1000;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await listener.fuzzer.answersGood();
    const restMb = residentMb(listener.program.pid);
    const memory = [coldMb, warmMb, mostMb, restMb].map((mb) => mb.toFixed(0)).join(" -> ");
    say(`${name}: alive after ${count} messages in ${seconds.toFixed(0)} s`);
    say(
      `  slowest next good answer ${slowestMs.toFixed(0)} ms; MB at start -> warm -> most -> at rest: ${memory}`,
    );
    return restMb - warmMb < MOST_GROWTH_MB;
  } catch (cause) {
    if (!(cause instanceof Unanswered)) throw cause;
    say(`${name}: ${cause.message}\n${listener.program.lines.slice(-20).join("\n")}`);
    await keepCulprits(name, cause.last);
    return false;
  } finally {
    await listener.stop();
  }
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    count: { type: "string", default: "1000000" },
    listener: { type: "string", multiple: true, default: Object.keys(LISTENERS) },
    help: { type: "boolean", default: false },
  },
});

if (values.help) say(USAGE);
else {
  say(`seed ${values.seed}`);
  for (const name of values.listener) {
    if (!(await fuzz(name, Number(values.seed), Number(values.count)))) process.exitCode = 1;
  }
}
