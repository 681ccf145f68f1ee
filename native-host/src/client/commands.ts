/** The commands of the XML API as TypeScript: what each is given, and what it resolves with. */
import type { AccountView, CallView, DeviceView, Fallback, Mode, Remember } from "../api/call-control.ts";
import type { InviteeState } from "../api/requests.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { readAccount, readCall, readDevice, readFailure } from "./views.ts";

interface Target {
  /** SIP, SIPS or TEL URI. */
  readonly id: string;
  readonly display?: string;
  readonly muted?: boolean;
  /** The page that asks. */
  readonly origin?: string;
}

/** Missing: the client's current call, else the user's. */
interface OnCall {
  readonly call?: string;
}

export interface Joined {
  readonly call: string;
  /** The conference, when the far end is one. */
  readonly conf?: string;
}

type Nothing = Readonly<Record<never, never>>;

/** By name: what is sent, what comes back. Times are in milliseconds. */
export interface Commands {
  readonly Ping: { readonly wish: Nothing; readonly result: Nothing };
  readonly ExternalJoin: { readonly wish: Target & { readonly mode?: Mode }; readonly result: Joined };
  /** Without a device it is an ExternalJoin. */
  readonly Join: {
    readonly wish: Target & { readonly mode?: Mode; readonly dev?: string };
    readonly result: Joined;
  };
  readonly SameDeviceJoin: {
    readonly wish: Target & OnCall & { readonly fallback?: Fallback };
    readonly result: Joined & { readonly gap: number };
  };
  readonly Use: { readonly wish: OnCall & { readonly dev: string }; readonly result: Nothing };
  readonly Leave: {
    readonly wish: OnCall & { readonly all?: boolean; readonly hangup?: boolean };
    readonly result: Nothing;
  };
  readonly Answer: {
    readonly wish: { readonly call: string; readonly dev?: string };
    readonly result: Joined;
  };
  readonly Decline: {
    readonly wish: { readonly call: string; readonly code?: number };
    readonly result: Nothing;
  };
  readonly Hold: { readonly wish: OnCall; readonly result: Nothing };
  readonly Resume: { readonly wish: OnCall; readonly result: Nothing };
  readonly Mute: { readonly wish: OnCall & { readonly user?: string }; readonly result: Nothing };
  readonly Unmute: { readonly wish: OnCall & { readonly user?: string }; readonly result: Nothing };
  /** `raised` is true when missing; with a user, somebody else's hand is lowered. */
  readonly Hand: {
    readonly wish: OnCall & { readonly raised?: boolean; readonly user?: string };
    readonly result: Nothing;
  };
  readonly Lock: { readonly wish: OnCall; readonly result: Nothing };
  readonly Unlock: { readonly wish: OnCall; readonly result: Nothing };
  readonly Dtmf: {
    readonly wish: OnCall & { readonly digits: string; readonly duration?: number };
    readonly result: Nothing;
  };
  /** Rejects with `partial-failure` when anybody failed; the error's `result` says who. */
  readonly Invite: {
    readonly wish: OnCall & {
      readonly add: readonly { readonly id: string; readonly display?: string }[];
      readonly dev?: string;
    };
    readonly result: Joined & { readonly invitees: readonly InviteeState[] };
  };
  readonly Remove: {
    readonly wish: OnCall & { readonly users: readonly string[] };
    readonly result: Nothing;
  };
  readonly Tunnel: {
    readonly wish: OnCall & {
      readonly plugin?: string;
      readonly channel?: string;
      readonly close?: boolean;
      readonly data?: { readonly type?: string; readonly body: string | Uint8Array };
    };
    readonly result: { readonly channel: string };
  };
  readonly Test: { readonly wish: { readonly dev: string }; readonly result: { readonly detail: string } };
  readonly Devices: { readonly wish: Nothing; readonly result: { readonly devices: readonly DeviceView[] } };
  readonly Status: {
    readonly wish: Nothing;
    readonly result: { readonly accounts: readonly AccountView[]; readonly calls: readonly CallView[] };
  };
  readonly Choose: {
    readonly wish: {
      readonly prompt: string;
      readonly dev?: string;
      readonly cancel?: boolean;
      readonly remember?: Remember;
    };
    readonly result: Nothing;
  };
}

export type CommandName = keyof Commands;

interface Contents {
  readonly add?: readonly { readonly id: string; readonly display?: string }[];
  readonly users?: readonly string[];
  readonly data?: { readonly type?: string; readonly body: string | Uint8Array };
}

/** The document of a command. */
export function commandElement<Name extends CommandName>(
  name: Name,
  wish: Commands[Name]["wish"],
  timeoutMs?: number,
): XmlElement {
  const { add = [], users = [], data, ...rest } = wish as Contents & Readonly<Record<string, string>>;
  const { dev, ...others } = rest;
  const inside = name === "Join" && dev !== undefined ? [el("Use", { dev })] : [];
  const attributes = { ...(inside.length > 0 ? others : rest), timeout: timeoutMs };
  return el(name, attributes, [
    ...inside,
    ...add.map(({ id, display }) => el("Add", { id, display })),
    ...users.map((id) => el("User", { id })),
    ...(data ? [dataElement(data)] : []),
  ]);
}

function dataElement({ type, body }: NonNullable<Contents["data"]>): XmlElement {
  if (typeof body === "string") return el("Data", { type }, [body]);
  return el("Data", { type, encoding: "base64" }, [Buffer.from(body).toString("base64")]);
}

type Read<Name extends CommandName> = (result: XmlElement) => Commands[Name]["result"];

const nothing = () => ({});
const joined = ({ attributes: { call = "", conf } }: XmlElement): Joined => ({
  call,
  ...(conf !== undefined && { conf }),
});

const READERS: { readonly [Name in CommandName]: Read<Name> } = {
  Ping: nothing,
  ExternalJoin: joined,
  Join: joined,
  SameDeviceJoin: (result) => ({ ...joined(result), gap: Number(result.attributes["gap"] ?? 0) }),
  Use: nothing,
  Leave: nothing,
  Answer: joined,
  Decline: nothing,
  Hold: nothing,
  Resume: nothing,
  Mute: nothing,
  Unmute: nothing,
  Hand: nothing,
  Lock: nothing,
  Unlock: nothing,
  Dtmf: nothing,
  Invite: (result) => ({ ...joined(result), invitees: readInvitees(result) }),
  Remove: nothing,
  Tunnel: ({ attributes: { channel = "" } }) => ({ channel }),
  Test: ({ attributes: { detail = "" } }) => ({ detail }),
  Devices: (result) => ({ devices: inside(result, "Devices", "Device").map(readDevice) }),
  Status: (result) => ({
    accounts: inside(result, "Status", "Account").map(readAccount),
    calls: inside(result, "Status", "Call").map(readCall),
  }),
  Choose: nothing,
};

/** What a Result says. */
export function readResult<Name extends CommandName>(
  name: Name,
  result: XmlElement,
): Commands[Name]["result"] {
  return READERS[name](result);
}

/** How far each invitee has come, out of a Result or a RefusedError's. */
export function readInvitees({ children }: XmlElement): readonly InviteeState[] {
  return children.flatMap((child) => {
    const { id = "", state } = child.attributes;
    if (child.name !== "Add") return [];
    const error = readFailure(child);
    // The schema names the states.
    return [{ id, state, ...(error && { error }) } as InviteeState];
  });
}

function inside(result: XmlElement, list: string, name: string): XmlElement[] {
  return result.children
    .filter((child) => child.name === list)
    .flatMap(({ children }) => children.filter((child) => child.name === name));
}
