/** A program the service runs for itself, in a directory of its own: logged there, found again there, ended in time. */

import { type ChildProcess, spawn } from "node:child_process";
import { type FileHandle, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const STOP_WITHIN_MS = 1500;
/** A program that talks without end does not fill the disk. */
const MOST_LOGGED_BYTES = 1 << 20;

export interface OwnProgramOptions {
  /** A name on PATH or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Its directory, which its arguments name: by that it is known. Holds `pid` and `log`. */
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Every line it says; without it, it is not listened to and what it says goes to the log alone. */
  readonly onLine?: (line: string) => void;
}

export interface OwnProgram {
  readonly pid: number | undefined;
  /** Resolves when it has ended, for whatever reason; also when it could not be started. */
  readonly exited: Promise<void>;
  /** One line to its standard input, if it is listened to. */
  write(line: string): void;
  /** SIGTERM, and SIGKILL after 1.5 s. */
  stop(): Promise<void>;
}

/** Ends what a killed service left running in the directory, then starts the program. Rejects when the log cannot be made. */
export async function runOwnProgram(options: OwnProgramOptions): Promise<OwnProgram> {
  const { program, args, directory, environment, onLine } = options;
  await endForgotten(directory);
  const log = await open(join(directory, "log"), "w", 0o600);
  const child = spawn(program, [...args], {
    stdio: onLine ? ["pipe", "pipe", "pipe"] : ["ignore", log.fd, log.fd],
    ...(environment && { env: environment }),
  });
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  child.once("exit", () => resolve());
  child.once("error", () => resolve());
  // Its input may be closed before we know that it has ended.
  child.stdin?.on("error", () => undefined);
  if (onLine) listen(child, log, onLine);
  else await log.close();
  await writeFile(join(directory, "pid"), String(child.pid ?? ""), { mode: 0o600 });
  const stop = async () => {
    child.kill("SIGTERM");
    const overdue = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await exited;
    clearTimeout(overdue);
  };
  return { pid: child.pid, exited, write: (line) => void child.stdin?.write(`${line}\n`), stop };
}

/** A service that was killed could not stop its program; the next one does. */
async function endForgotten(directory: string): Promise<void> {
  const pid = Number(await readFile(join(directory, "pid"), "utf8").catch(() => ""));
  // Another program may have the number by now.
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const isOurs = command.split("\0").some((word) => word === directory || word.startsWith(`${directory}/`));
  if (pid > 0 && isOurs) process.kill(pid, "SIGTERM");
}

function listen(child: ChildProcess, log: FileHandle, onLine: (line: string) => void): void {
  const file = log.createWriteStream();
  file.on("error", () => undefined);
  let room = MOST_LOGGED_BYTES;
  for (const output of [child.stdout, child.stderr]) {
    let rest = "";
    output?.setEncoding("utf8").on("data", (text: string) => {
      room -= text.length;
      if (room > 0) file.write(text);
      const lines = `${rest}${text}`.split("\n");
      rest = (lines.pop() ?? "").slice(-MOST_LOGGED_BYTES);
      for (const line of lines) onLine(line);
    });
  }
  child.once("close", () => file.end());
  child.once("error", () => file.end());
}
