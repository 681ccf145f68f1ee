/** A program of the desktop, run without a shell: nothing that a peer writes is ever more than an argument. */
import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { childEnvironment } from "../environment.ts";

export interface Run {
  readonly program: string;
  readonly args: readonly string[];
  /** Ends the program. */
  readonly signal: AbortSignal;
  /** For its standard input. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Ran {
  /** Undefined when it was ended by a signal. */
  readonly code: number | undefined;
  readonly output: string;
}

/** What is still shown goes with us. */
const shown = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of shown) child.kill();
});

/** Resolves when the program has ended. Throws as the system does when it cannot be started, and AbortError once aborted. */
export async function runProgram({ program, args, signal, input, environment }: Run): Promise<Ran> {
  const child = spawn(program, [...args], {
    signal,
    stdio: ["pipe", "pipe", "ignore"],
    env: childEnvironment(environment ?? {}),
  });
  shown.add(child);
  child.once("exit", () => shown.delete(child));
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  child.once("error", reject);
  child.once("close", (code) => resolve(code ?? undefined));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const [output, code] = await Promise.all([text(child.stdout).catch(() => ""), promise]);
  return { code, output };
}
