/** What a subcommand of `partyline` is: its words and options, read before it runs. */
import { parseArgs } from "node:util";
import { runtimeDir } from "../environment.ts";

/** The words were off: one sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command failed and says why and what to do: exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** What stands for the value in help: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface CliCommand {
  readonly summary: string;
  /** What follows the name: `URI [--dev D]`. */
  readonly usage: string;
  readonly options?: Options;
  /** How many words it takes, least and most. */
  readonly words: readonly [least: number, most: number];
  /** Resolves with the exit code. */
  run(input: Input): Promise<number>;
}

/** Taken by every command, used by those they mean something to. */
export const COMMON_OPTIONS: Options = {
  config: { type: "string", value: "FILE", help: "settings of the service" },
  "runtime-dir": { type: "string", value: "DIR", help: "where the service's socket is" },
  "data-dir": { type: "string", value: "DIR", help: "where the service keeps what outlives it" },
  bind: { type: "string", value: "ADDRESS", help: "where servers listen (127.0.0.1)" },
  "port-base": {
    type: "string",
    value: "N",
    help: "moves all ports: service N, proxy N+10, conference N+20 …",
  },
  "log-level": { type: "string", value: "LEVEL", help: "trace, debug, info, warn, error or silent" },
  json: { type: "boolean", help: "answer in JSON" },
  help: { type: "boolean", help: "say this" },
};

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** The words and options of one run. */
export class Input {
  readonly words: readonly string[];
  readonly #values: Values;

  constructor(words: readonly string[], values: Values) {
    this.words = words;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((part) => typeof part === "string") : [];
  }

  /** The directory of the API socket. */
  get runtimeDir(): string {
    return this.text("runtime-dir") ?? runtimeDir();
  }
}

/** Reads the arguments behind the command's name. Throws UsageError. */
export function readInput(name: string, command: CliCommand, args: readonly string[]): Input {
  const { values, positionals } = parse(name, args, { ...COMMON_OPTIONS, ...command.options });
  const [least, most] = command.words;
  const right = positionals.length >= least && positionals.length <= most;
  if (values["help"] !== true && !right)
    throw new UsageError(`It is: partyline ${name} ${command.usage}`.trimEnd());
  return new Input(positionals, values);
}

function parse(
  name: string,
  args: readonly string[],
  options: Options,
): { values: Values; positionals: string[] } {
  const config = Object.entries(options).map(([key, { type, multiple }]) => [
    key,
    { type, multiple: multiple ?? false },
  ]);
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(config), allowPositionals: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split(/\. |\n/)[0] : String(cause);
    throw new UsageError(`${why}; see: partyline ${name} --help`);
  }
}

/** What `partyline NAME --help` prints. */
export function helpOf(name: string, command: CliCommand): string {
  const own = command.options ? `\n${optionLines(command.options)}\n` : "";
  return `partyline ${name} ${command.usage}`
    .trimEnd()
    .concat(`\n\n${command.summary}\n${own}\nCommon options: partyline --help\n`);
}

export function optionLines(options: Options): string {
  return Object.entries(options)
    .map(([name, { value, help }]) => `  ${`--${name}${value ? ` ${value}` : ""}`.padEnd(22)}${help}`)
    .join("\n");
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Text from elsewhere, safe for a terminal: control characters become question marks. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
