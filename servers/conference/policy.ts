/** What a conference lets people do (RFC 4353 §4.3 conference policy): who comes in, how, how many, and what strangers learn. */

export interface Policy {
  /** What people call it; from its name when missing. */
  readonly title?: string;
  /** Nobody more comes in. */
  readonly locked: boolean;
  /** Newcomers wait until a moderator is there, or lets them in. */
  readonly lobby: boolean;
  /** Digits that whoever comes in has to know. */
  readonly pin?: string;
  /** Or one of these, which programs are given. */
  readonly tokens: readonly string[];
  /** Whoever asks learns how many are in it. */
  readonly countForAll: boolean;
  /** Participants at a time. */
  readonly capacity: number;
  readonly muteOnEntry: boolean;
}

/** What is to be different; `undefined` takes away a title or a PIN. */
export type PolicyChange = { readonly [Name in keyof Policy]?: Policy[Name] | undefined };

export const DEFAULT_POLICY: Policy = {
  locked: false,
  lobby: false,
  tokens: [],
  countForAll: false,
  capacity: 4_000,
  muteOnEntry: false,
};

const MOST_CAPACITY = 100_000;
const MOST_TOKENS = 100;
/** What can be dialled, and is not tried out in an afternoon. */
const PIN = /^\d{4,12}$/;
/** What stands in a URI parameter as it is (RFC 3986 §2.3). */
const TOKEN = /^[A-Za-z0-9._~-]{8,128}$/;
const TITLE = /^[^\p{Cc}]{1,100}$/u;

interface Rule {
  allows(value: unknown): boolean;
  /** Ends the sentence "`name` must be …". */
  readonly must: string;
  /** Whether null takes it away. */
  readonly optional?: true;
}

const FLAG: Rule = { allows: (value) => typeof value === "boolean", must: "true or false" };

const RULES: { readonly [Name in keyof Required<Policy>]: Rule } = {
  title: { allows: text(TITLE), must: "1 to 100 characters on one line", optional: true },
  locked: FLAG,
  lobby: FLAG,
  pin: { allows: text(PIN), must: "a string of 4 to 12 digits", optional: true },
  tokens: {
    allows: (value) => Array.isArray(value) && value.length <= MOST_TOKENS && value.every(text(TOKEN)),
    must: `at most ${MOST_TOKENS} strings of 8 to 128 letters, digits and "-._~"`,
  },
  countForAll: FLAG,
  capacity: {
    allows: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_CAPACITY,
    must: `a whole number from 1 to ${MOST_CAPACITY}`,
  },
  muteOnEntry: FLAG,
};

/**
 * The change of a policy that a JSON object asks for; null takes away a title or a PIN. Throws an Error of one sentence
 * that never repeats a value, for a PIN must not get into a log.
 */
export function readPolicy(json: unknown): PolicyChange {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new Error("A conference's policy must be a JSON object.");
  const entries = Object.entries(json).map(([name, value]): [string, unknown] => {
    if (!isRuled(name))
      throw new Error(`A conference's policy has no such field; it has ${Object.keys(RULES).join(", ")}.`);
    const { allows, must, optional } = RULES[name];
    if (optional && value === null) return [name, undefined];
    if (!allows(value)) throw new Error(`${name} must be ${must}.`);
    return [name, value];
  });
  return Object.fromEntries(entries) as PolicyChange;
}

/** The policy with the change made. */
export function changed(policy: Policy, change: PolicyChange): Policy {
  const all = Object.entries({ ...policy, ...change }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as unknown as Policy;
}

/** Whether this is what every conference has that nobody set up. */
export function isDefault(policy: Policy): boolean {
  const names = Object.keys(RULES) as (keyof Policy)[];
  return names.every((name) => String(policy[name]) === String(DEFAULT_POLICY[name]));
}

function isRuled(name: string): name is keyof Policy {
  return Object.hasOwn(RULES, name);
}

function text(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && pattern.test(value);
}
