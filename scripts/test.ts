/** `npm test`: lint, types, dead code, build, then every test; `quick` leaves out the build and all that needs a phone or a browser. */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const ROOT = dirname(import.meta.dirname);
const BIN = join(ROOT, "node_modules", ".bin");
const TEST_TIMEOUT_MS = 180_000;

/** What `node:test` counts, summed over the runs and printed at the end as its own runner prints them. */
interface Counts {
  tests: number;
  suites: number;
  passed: number;
  failed: number;
  cancelled: number;
  skipped: number;
  todo: number;
}

interface TestRun {
  readonly name: string;
  readonly files: readonly string[];
  readonly concurrency: number;
}

const quick = process.argv.includes("quick");

const CHECKS = ["biome check", "tsc -p .", "tsc -p extension", "knip"];
const BUILD = "vite build --logLevel warn";

/** Tests beside the real thing - browsers, phones, load - run one file after the other: they measure time. */
const ONE_BY_ONE = ["flows", "interop", "e2e"];

function filesOf(pattern: string): string[] {
  return globSync(`test/${pattern}`, { cwd: ROOT }).sort();
}

function testRuns(): TestRun[] {
  const slow = ONE_BY_ONE.map((folder) => ({
    name: folder,
    files: filesOf(`${folder}/**/*.test.ts`),
    concurrency: 1,
  }));
  const known = new Set(slow.flatMap(({ files }) => files));
  const units = filesOf("**/*.test.ts").filter((file) => !known.has(file));
  const all = [{ name: "units", files: units, concurrency: availableParallelism() }, ...slow];
  return (quick ? all.slice(0, 1) : all).filter(({ files }) => files.length > 0);
}

/** Runs a tool of node_modules/.bin with our own output as its own; resolves with whether it succeeded. */
function tool(command: string): Promise<boolean> {
  const [name = "", ...args] = command.split(" ");
  const { PATH } = process.env;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(name, args, {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: [BIN, PATH].join(delimiter) },
    shell: process.platform === "win32",
  });
  child.once("error", () => resolve(false));
  child.once("close", (code) => resolve(code === 0));
  return promise;
}

async function runTests({ files, concurrency }: TestRun, total: Counts): Promise<boolean> {
  const stream = run({
    files: files.map((file) => join(ROOT, file)),
    concurrency,
    timeout: TEST_TIMEOUT_MS,
    cwd: ROOT,
  });
  let success = true;
  stream.on("test:summary", (summary) => {
    if (summary.file !== undefined) return;
    success = summary.success;
    const { topLevel: _, ...counts } = summary.counts;
    for (const [name, count] of Object.entries(counts)) total[name as keyof Counts] += count;
  });
  const printed = stream.compose(spec);
  for await (const text of printed) process.stdout.write(text);
  return success;
}

function printCounts(total: Counts, startedAt: number): void {
  const rows = {
    tests: total.tests,
    suites: total.suites,
    pass: total.passed,
    fail: total.failed,
    cancelled: total.cancelled,
    skipped: total.skipped,
    todo: total.todo,
    duration_ms: (performance.now() - startedAt).toFixed(3),
  };
  for (const [name, value] of Object.entries(rows)) process.stdout.write(`ℹ ${name} ${value}\n`);
}

/** Runs each step, also after one failed, and returns the names of those that did. */
async function failedSteps(total: Counts): Promise<string[]> {
  const failed: string[] = [];
  const step = async (name: string, work: () => Promise<boolean>) => {
    const startedAt = performance.now();
    process.stdout.write(`\n▶ ${name}\n`);
    const ok = await work();
    if (!ok) failed.push(name);
    process.stdout.write(
      `${ok ? "✔" : "✖"} ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)\n`,
    );
  };
  for (const command of quick ? CHECKS : [...CHECKS, BUILD]) await step(command, () => tool(command));
  for (const tests of testRuns()) await step(`tests: ${tests.name}`, () => runTests(tests, total));
  return failed;
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  Object.assign(process.env, { NODE_COMPILE_CACHE: join(ROOT, "node_modules", ".cache", "node") });
  const total: Counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
  const failed = await failedSteps(total);
  process.stdout.write(failed.length > 0 ? `\nfailed: ${failed.join(", ")}\n` : "\nall is well\n");
  printCounts(total, startedAt);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

await main();
