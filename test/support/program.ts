/** A program of ours run as its user would run it: arguments in, output and exit code out. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Starts a file of this repository under the Node that runs the test. */
export function start(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [fileURLToPath(new URL(file, ROOT)), ...args], {
    env: { ...process.env, ...env },
  });
}

/** Runs it to its end. */
export async function runToEnd(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  const child = start(file, args, options.env);
  child.stdin.end(options.input ?? "");
  const exited = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  return { code, stdout, stderr };
}

/** `partyline …` from this checkout. */
export function partyline(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return runToEnd("native-host/bin/partyline.mjs", args, options);
}
