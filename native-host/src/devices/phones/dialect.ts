/** What a vendor's phones are told over HTTP or by NOTIFY, written down as data: one value of this type per dialect. */

/** What a phone can be told or asked. */
export type Action =
  | "dial"
  | "answer"
  | "hangUp"
  | "hold"
  | "resume"
  | "mute"
  | "unmute"
  /** One digit. */
  | "dtmf"
  /** Harmless: shows that the phone is there and lets us in. */
  | "probe"
  /** Lists the calls of the phone. */
  | "calls";

export const ACTIONS = [
  "dial",
  "answer",
  "hangUp",
  "hold",
  "resume",
  "mute",
  "unmute",
  "dtmf",
  "probe",
  "calls",
] as const satisfies readonly Action[];

/**
 * A request with places for what is known only in the call: {number} digits or user@host, {uri} with its sip:, {kind} TEL
 * or SIP, {account} the phone's own line, {call} the call's name on the phone, {digit}, {username} and {password}. In a path, what stands
 * in [ ] is left out when something in it is not known.
 */
export interface Template {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Media type of the body; of a form, the one field as `name=value`. */
  readonly type?: string;
  readonly body?: string;
}

export type Templates = { readonly [Name in Action]?: Template };

/** The same by SIP: one event package and media type, a body for each action. */
export interface NotifyTemplates {
  readonly event: string;
  readonly type: string;
  readonly bodies: { readonly [Name in Action]?: string };
}

export type PhoneCallState = "incoming" | "outgoing" | "ringing" | "established" | "ended";

/** One call as the phone lists it. */
export interface PhoneCall {
  readonly ref?: string;
  readonly state: PhoneCallState;
  readonly remote: string;
}

/** Sends a filled request without logging in. */
export type Ask = (method: "GET" | "POST", path: string) => Promise<PhoneAnswer>;

export interface PhoneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** The headers that show who we are, or the answer that refused us. */
export type SignedIn =
  | { readonly headers: Readonly<Record<string, string>> }
  | { readonly refused: PhoneAnswer };

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Dialect {
  /** As the configuration names it. */
  readonly model: string;
  /** As people name it. */
  readonly vendor: string;
  /** Fits what the phone says of itself: User-Agent by SIP, Server, realm and page by HTTP. */
  readonly madeBy: RegExp | undefined;
  /** Whether it can be given any SIP address, or digits alone. */
  readonly dials: "addresses" | "digits";
  /** What {account} is when the configuration does not say. */
  readonly account?: string;
  readonly http: Templates;
  readonly notify?: NotifyTemplates;
  /** How * and # are named in {digit}; as they are when missing. */
  readonly digits?: Readonly<Record<string, string>>;
  /** Why a phone that answered 200 did not obey. */
  refusal?(body: string): string | undefined;
  /** Reads the answer to `calls`. */
  readCalls?(body: string): readonly PhoneCall[];
  /** A login of its own, before anything else. */
  signIn?(ask: Ask, credentials: Credentials): Promise<SignedIn>;
  /** What to change in the phone when it answers 403 and 404. */
  readonly advice: { readonly forbidden: string; readonly missing: string };
}

export function get(path: string): Template {
  return { method: "GET", path };
}

export function postJson(path: string, body: unknown): Template {
  return { method: "POST", path, type: "application/json", body: JSON.stringify(body) };
}

/** JSON of a phone; undefined when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Its value under a key when it is an object. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
