/** Elements of the XML API as the data they stand for; what the schema promises is not asked for again. */
import type {
  AccountView,
  CallView,
  DeviceView,
  Failure,
  PromptView,
  RosterEndpoint,
  RosterUser,
  RosterView,
  ServiceEvent,
} from "../api/call-control.ts";
import type { TunnelData } from "../api/requests.ts";
import type { XmlElement } from "../xml/strict.ts";

/** What a client is told: what happens in the service, and what becomes of its own subscriptions and channels. */
export type Happened =
  | Exclude<ServiceEvent, { readonly name: "Trace" }>
  | { readonly name: "Trace"; readonly at: Date; readonly dir: "in" | "out"; readonly bytes: Uint8Array }
  | { readonly name: "Tunnel"; readonly plugin: string; readonly channel: string; readonly data: TunnelData }
  /** So many events were left out; the full state follows. */
  | { readonly name: "Lagged"; readonly lost: number };

type Text = Readonly<Record<string, string | undefined>>;

/** Keeps what is there. The casts of this file rest on the schema, which every document of the service is valid against. */
function view<View>(fields: Readonly<Record<string, unknown>>): View {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as View;
}

const flag = (text: string | undefined) => (text === undefined ? undefined : text === "true" || text === "1");
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const time = (text: string | undefined) => (text === undefined ? undefined : new Date(text));
const named = ({ children }: XmlElement, name: string) => children.filter((child) => child.name === name);

export function readFailure(element: XmlElement): Failure | undefined {
  const [error] = named(element, "Error");
  if (!error) return undefined;
  const { code, sip, reason, detail } = error.attributes as Text;
  return view({ code, sip: number(sip), reason, detail });
}

export function readCall(element: XmlElement): CallView {
  const {
    focus,
    muted,
    "muted-by": mutedBy,
    rejoining,
    waiting,
    since,
    ...rest
  } = element.attributes as Text;
  return view({
    mode: "loop",
    ...rest,
    focus: flag(focus) ?? false,
    muted: flag(muted) ?? false,
    mutedBy,
    rejoining: flag(rejoining),
    waiting: flag(waiting),
    since: time(since),
    error: readFailure(element),
  });
}

export function readDevice({ attributes }: XmlElement): DeviceView {
  const { name, caps, default: byDefault, ...rest } = attributes as Text;
  return view({
    ...rest,
    name: name ?? rest["dev"],
    caps: caps?.split(" ").filter(Boolean) ?? [],
    default: flag(byDefault) ?? false,
  });
}

export function readAccount({ attributes }: XmlElement): AccountView {
  const { sip, ...rest } = attributes as Text;
  return view({ ...rest, sip: number(sip) });
}

function readPrompt(element: XmlElement): PromptView {
  const { expires, ...rest } = element.attributes as Text;
  return view({ ...rest, expiresS: number(expires) ?? 0, devices: named(element, "Device").map(readDevice) });
}

function readRoster(element: XmlElement): RosterView {
  const { version, count, locked, ...rest } = element.attributes as Text;
  const users = named(element, "User").map(readUser);
  return view({
    ...rest,
    version: number(version),
    count: number(count) ?? users.length,
    locked: flag(locked),
    users,
  });
}

function readUser(element: XmlElement): RosterUser {
  const { me, ...rest } = element.attributes as Text;
  const endpoints = named(element, "Endpoint").map(readEndpoint);
  return view({ state: "full", ...rest, me: flag(me) ?? false, endpoints });
}

function readEndpoint({ attributes }: XmlElement): RosterEndpoint {
  const { muted, talking, hand, joined, ...rest } = attributes as Text;
  const flags = { muted: flag(muted), talking: flag(talking), hand: flag(hand) };
  return view({ state: "full", ...rest, ...flags, joined: time(joined) });
}

function readData(element: XmlElement): TunnelData {
  const [data] = named(element, "Data");
  const { type = "message/sipfrag", encoding } = data?.attributes ?? {};
  return { type, body: Buffer.from(data?.text ?? "", encoding === "base64" ? "base64" : "utf8") };
}

const READERS: Readonly<Record<string, (element: XmlElement) => object>> = {
  Call: (element) => ({ call: readCall(element) }),
  Account: (element) => ({ account: readAccount(element) }),
  Device: (element) => ({ device: readDevice(element) }),
  Roster: (element) => ({ roster: readRoster(element) }),
  Talking: ({ attributes }) => ({ ...attributes, on: flag(attributes["on"]) ?? false }),
  Presence: ({ attributes }) => ({ presence: { ...attributes, here: flag(attributes["here"]) ?? false } }),
  Prompt: (element) => ({ prompt: readPrompt(element) }),
  PromptOver: ({ attributes }) => ({ ...attributes }),
  Trace: (element) => ({
    at: time(element.attributes["at"]),
    dir: element.attributes["dir"],
    bytes: readData(element).body,
  }),
  Tunnel: (element) => ({ plugin: "sip", ...element.attributes, data: readData(element) }),
  Lagged: ({ attributes }) => ({ lost: number(attributes["lost"]) ?? 0 }),
  Ended: (element) => view({ error: readFailure(element) }),
};

/** What an Event is about; undefined for events of later versions. */
export function readHappened({ children }: XmlElement): Happened | undefined {
  const [element] = children;
  const read = element && READERS[element.name];
  return read && ({ name: element.name, ...read(element) } as Happened);
}
