/** Programs that a test or the demo starts: each says `ready`, each is ended, none is left behind. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Every process of ours ends on SIGTERM within this time (cli.md); one that does not is killed. */
const GOODBYE_MS = 5000;
const READY_MS = 20_000;
/** Lines of standard error kept to explain a failure. */
const KEPT_LINES = 200;
const LAST_LINES_MS = 200;

export interface ProgramOptions {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** A line of standard output or error that means the program is up; without one it is up at once. */
  readonly ready?: RegExp;
  readonly readyMs?: number;
  /** Every line, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** The environment of a child: ours and what is given; `undefined` takes a variable away. */
export function environmentWith(changes: Readonly<Record<string, string | undefined>> = {}) {
  const entries = Object.entries({ ...process.env, ...changes });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Those still running are told to end when we end, however that comes. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

export class Program {
  readonly name: string;
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #listeners = new Set<(line: string) => void>();

  private constructor(file: string, options: ProgramOptions) {
    // In a group of its own: Ctrl-C in a terminal reaches us alone, and we end the programs in their order.
    const spawned: SpawnOptions = {
      stdio: ["ignore", "pipe", "pipe"],
      env: environmentWith(options.env),
      detached: process.platform !== "win32",
    };
    this.name = options.name;
    this.#child = spawn(file, options.args ?? [], options.cwd ? { ...spawned, cwd: options.cwd } : spawned);
    running.add(this.#child);
    this.#child.once("exit", () => running.delete(this.#child));
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#exited = promise;
    // Its last lines may come after its exit, and never end if a grandchild holds the pipe.
    this.#child.once("exit", (code) => setTimeout(resolve, LAST_LINES_MS, code));
    this.#child.once("close", (code) => resolve(code));
    this.#child.once("error", (error) => {
      this.#keep(error.message);
      resolve(null);
    });
    if (options.onLine) this.#listeners.add(options.onLine);
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output) createInterface({ input: output }).on("line", (line) => this.#keep(line));
    }
  }

  /** Starts a program and waits until it says that it is ready; rejects with its last lines when it ends instead. */
  static async start(file: string, options: ProgramOptions): Promise<Program> {
    const program = new Program(file, options);
    if (!options.ready) return program;
    try {
      await program.says(options.ready, options.readyMs ?? READY_MS);
    } catch (cause) {
      await program.stop();
      throw cause;
    }
    return program;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** The exit code once it has ended; null when a signal ended it. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** The first line, past or to come, that fits. */
  says(pattern: RegExp, timeoutMs = READY_MS): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const done = (settle: () => void) => {
      clearTimeout(timer);
      this.#listeners.delete(look);
      settle();
    };
    const look = (line: string) => {
      const found = pattern.exec(line);
      if (found) done(() => resolve(found));
    };
    const fail = (why: string) =>
      done(() => reject(new Error(`${this.name} ${why}:\n${this.lines.slice(-20).join("\n")}`)));
    const timer = setTimeout(() => fail(`did not say ${pattern} within ${timeoutMs} ms`), timeoutMs);
    this.#listeners.add(look);
    for (const line of this.lines) look(line);
    void this.#exited.then(() => fail("ended"));
    return promise;
  }

  /** SIGTERM, and SIGKILL when it does not end in time; resolves with the milliseconds it took. */
  async stop(): Promise<number> {
    const startedAt = performance.now();
    if (this.running) {
      this.#child.kill("SIGTERM");
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), GOODBYE_MS);
      await this.#exited;
      clearTimeout(timer);
    }
    return performance.now() - startedAt;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
    for (const listener of [...this.#listeners]) listener(line);
  }
}

/** Starts one of our TypeScript programs on the Node that runs this; they print `ready ADDRESS`. */
export function startScript(script: string, options: ProgramOptions): Promise<Program> {
  const args = [script, ...(options.args ?? [])];
  return Program.start(process.execPath, { ready: /^ready /, ...options, args });
}

/** Runs a program to its end. */
export async function runToEnd(
  file: string,
  options: ProgramOptions,
): Promise<{ code: number | null; lines: string[] }> {
  const program = await Program.start(file, options);
  const code = await program.exited;
  return { code, lines: program.lines };
}
