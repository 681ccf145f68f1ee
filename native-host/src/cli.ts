/** `partyline`: finds the subcommand, reads its words, and turns what goes wrong into one sentence and an exit code. */
import { RefusedError } from "./api/client.ts";
import { ServiceGoneError } from "./api/reach-service.ts";
import { SocketDirectoryError } from "./api/socket-directory.ts";
import { answer } from "./commands/answer.ts";
import {
  type CliCommand,
  COMMON_OPTIONS,
  CommandError,
  helpOf,
  optionLines,
  print,
  printable,
  readInput,
  UsageError,
} from "./commands/command.ts";
import { conference } from "./commands/conference.ts";
import { decline } from "./commands/decline.ts";
import { devices } from "./commands/devices.ts";
import { dnd } from "./commands/dnd.ts";
import { doctor } from "./commands/doctor.ts";
import { dtmf } from "./commands/dtmf.ts";
import { hand } from "./commands/hand.ts";
import { hold } from "./commands/hold.ts";
import { install } from "./commands/install.ts";
import { invite } from "./commands/invite.ts";
import { janus } from "./commands/janus.ts";
import { join } from "./commands/join.ts";
import { leave } from "./commands/leave.ts";
import { lock } from "./commands/lock.ts";
import { missed } from "./commands/missed.ts";
import { mixer } from "./commands/mixer.ts";
import { mute } from "./commands/mute.ts";
import { open } from "./commands/open.ts";
import { passwd } from "./commands/passwd.ts";
import { proxy } from "./commands/proxy.ts";
import { remove } from "./commands/remove.ts";
import { resume } from "./commands/resume.ts";
import { send } from "./commands/send.ts";
import { servers } from "./commands/servers.ts";
import { service } from "./commands/service.ts";
import { status } from "./commands/status.ts";
import { switchCommand } from "./commands/switch.ts";
import { trace } from "./commands/trace.ts";
import { uninstall } from "./commands/uninstall.ts";
import { unlock } from "./commands/unlock.ts";
import { unmute } from "./commands/unmute.ts";
import { use } from "./commands/use.ts";
import { web } from "./commands/web.ts";
import { type ErrorCode, ServiceError } from "./errors.ts";

export const COMMANDS: Readonly<Record<string, CliCommand>> = {
  service,
  servers,
  proxy,
  conference,
  mixer,
  janus,
  web,
  passwd,
  install,
  uninstall,
  doctor,
  open,
  send,
  devices,
  status,
  join,
  switch: switchCommand,
  use,
  invite,
  remove,
  lock,
  unlock,
  leave,
  mute,
  unmute,
  hand,
  hold,
  resume,
  dtmf,
  answer,
  decline,
  missed,
  dnd,
  trace,
};

/** What to do next, where the error does not say so itself. */
const NEXT_STEPS: { readonly [Code in ErrorCode]?: string } = {
  "no-active-call": "join one first: partyline join URI",
  "no-such-device": "see which there are: partyline devices",
  "no-such-call": "see which there are: partyline status",
  "device-offline": "see which are ready: partyline devices",
  "device-busy": "leave that call first, or choose another: partyline devices",
  unreachable: "is it running? For a server here: partyline servers",
  "no-control": "use the keys of the phone itself",
  rejected: "with a PIN it is: partyline join 'URI;pin=1234'",
};

/** Runs one command line; sets the process's exit code: 0 done, 1 it failed and said why, 2 the words were off. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(args);
  } catch (thrown) {
    process.exitCode = thrown instanceof UsageError ? 2 : 1;
    complain(thrown, args.includes("--json"));
  }
}

async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "help") {
    print(overview());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`"${printable(name)}" is not a command; see: partyline --help`);
  const input = readInput(name, command, args);
  if (!input.flag("help")) return command.run(input);
  print(helpOf(name, command));
  return 0;
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return `partyline COMMAND\n\n${lines.join("\n")}\n\nCommon options:\n${optionLines(COMMON_OPTIONS)}`;
}

function complain(thrown: unknown, json: boolean): void {
  const { code, message } = failureOf(thrown);
  if (json) print(JSON.stringify({ error: { code, detail: message } }));
  process.stderr.write(`partyline: ${printable(message)}\n`);
}

function failureOf(thrown: unknown): { readonly code: string; readonly message: string } {
  if (thrown instanceof RefusedError) return refusalOf(thrown);
  if (thrown instanceof ServiceError) return { code: thrown.code, message: thrown.message };
  if (thrown instanceof UsageError) return { code: "usage", message: thrown.message };
  if (thrown instanceof ServiceGoneError) return { code: "no-service", message: thrown.message };
  const deliberate = thrown instanceof CommandError || thrown instanceof SocketDirectoryError;
  if (deliberate) return { code: "failed", message: thrown.message };
  const unforeseen = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return { code: "failed", message: unforeseen };
}

function refusalOf({ code, message }: RefusedError): { readonly code: string; readonly message: string } {
  const next = code === "unknown" ? undefined : NEXT_STEPS[code];
  return { code, message: next ? `${message.replace(/\.$/, "")}; ${next}` : message };
}
