/** One object of the configuration, read strictly: none of its keys unknown, each mistake one sentence with its place. */

import { isIP } from "node:net";
import type { SipUri } from "./sip/message.ts";
import { isNameServer } from "./sip/resolver/server-address.ts";
import { isSipUri } from "./sip/uri.ts";

/** One sentence for the user, naming file and key. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Compact<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

/** Without the keys that are not there. The cast is safe: only undefined values are left out. */
export function compact<Value extends object>(value: Value): Compact<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Compact<Value>;
}

/** One object of the file; each key is asked for once, and `end` refuses the others. */
export class Section {
  readonly #path: string;
  readonly #values: Map<string, unknown>;

  constructor(value: unknown, path: string) {
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ConfigError(`${path || "the configuration"} must be an object.`);
    }
    this.#values = new Map(Object.entries(value));
  }

  section(key: string): Section {
    return new Section(this.#take(key) ?? {}, this.#place(key));
  }

  optional(key: string): Section | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : new Section(value, this.#place(key));
  }

  list(key: string): Section[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.mistake(key, "must be a list");
    return value.map((one: unknown, at) => new Section(one, `${this.#place(key)}[${at}]`));
  }

  /** 1 to 256 characters, none of them a control character. */
  text(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "string" && /^[^\p{Cc}]{1,256}$/u.test(value)) return value;
    throw this.mistake(key, "must be a text of one line, 256 characters at most");
  }

  /** A document of the XML API, on one line or several. */
  document(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.length <= 4096) return value;
    throw this.mistake(key, "must be a text, 4096 characters at most");
  }

  /** One or more texts. */
  texts(key: string): readonly string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const isRight = (one: unknown): one is string =>
      typeof one === "string" && /^[^\p{Cc}]{1,256}$/u.test(one);
    if (Array.isArray(value) && value.length > 0 && value.every(isRight)) return value;
    throw this.mistake(key, "must be a list of texts of one line, 256 characters at most");
  }

  /** As the XML API names devices. */
  id(key: string): string {
    const value = this.#take(key);
    if (typeof value === "string" && isId(value)) return value;
    throw this.mistake(key, "must be a name of letters, digits, dots, dashes and underscores");
  }

  flag(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.mistake(key, "must be true or false");
  }

  sipUri(key: string): SipUri | undefined {
    const value = this.text(key);
    if (value === undefined || isSipUri(value)) return value;
    throw this.mistake(key, "must be a SIP URI such as sip:alice@example.com");
  }

  /** Whatever stands there. */
  any(key: string): unknown {
    return this.#take(key);
  }

  /** One address of this machine: phones are told to send their audio there. */
  address(key: string): string | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (isIP(value) !== 0 && value !== "0.0.0.0" && value !== "::") return value;
    throw this.mistake(key, "must be one IP address of this machine");
  }

  port(key: string): number | undefined {
    return this.whole(key, [0, 65_535], "a port");
  }

  whole(key: string, [least, most]: readonly [number, number], what = "a whole number"): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.mistake(key, `must be ${what}, ${least} to ${most}`);
  }

  choice<Choice extends string>(key: string, known: readonly Choice[]): Choice | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const chosen = known.find((one) => one === value);
    if (chosen !== undefined) return chosen;
    throw this.mistake(key, `must be one of ${known.join(", ")}`);
  }

  /** Names as `id` takes them, one or more, none twice. */
  ids(key: string): readonly string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const isRight = (one: unknown): one is string => typeof one === "string" && isId(one);
    const right = Array.isArray(value) && value.length > 0 && value.every(isRight);
    if (right && new Set(value).size === value.length) return value;
    throw this.mistake(key, "must be a list of names of devices, each once at most");
  }

  /** One or more of `known`, none twice. */
  choices<Choice extends string>(key: string, known: readonly Choice[]): readonly Choice[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const chosen = Array.isArray(value) ? value.map((one) => known.find((choice) => choice === one)) : [];
    const right = chosen.filter((one) => one !== undefined);
    if (right.length > 0 && right.length === new Set(chosen).size && right.length === chosen.length)
      return right;
    throw this.mistake(key, `must be a list of ${known.join(", ")}, each once at most`);
  }

  nameServers(key: string): readonly string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const isRight = (one: unknown): one is string => typeof one === "string" && isNameServer(one);
    if (Array.isArray(value) && value.length > 0 && value.every(isRight)) return value;
    throw this.mistake(key, 'must be a list of addresses such as "192.0.2.53" or "192.0.2.53:5353"');
  }

  end(): void {
    const [unknown] = this.#values.keys();
    if (unknown !== undefined) throw this.mistake(unknown, "is not a key of the configuration");
  }

  mistake(key: string, what: string): ConfigError {
    return new ConfigError(`${this.#place(key)} ${what}.`);
  }

  #take(key: string): unknown {
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value;
  }

  #place(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }
}

function isId(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text);
}
