/** The XML API as types: one member for each element a client may send. */
import type { ErrorCode } from "../errors.ts";

import type { Sdp, SipUri } from "../sip/message.ts";
import type { Fallback, Mode, Remember, Topic } from "./call-control.ts";
import type { Invitee, TunnelData } from "./requests.ts";

export type Command =
  | {
      readonly name: "Hello";
      readonly versions: readonly number[];
      readonly client?: string;
      readonly token?: string;
      /** By what a former connection may come back, as its Welcome told. */
      readonly resume?: string;
    }
  | { readonly name: "Ping" }
  | ({ readonly name: "ExternalJoin"; readonly mode: Mode } & Target)
  /** Without a device it is an ExternalJoin. */
  | ({ readonly name: "Join"; readonly device?: string; readonly mode: Mode } & Target)
  | ({ readonly name: "SameDeviceJoin"; readonly call?: string; readonly fallback: Fallback } & Target)
  | { readonly name: "Use"; readonly device: string; readonly call?: string }
  | { readonly name: "Leave"; readonly call?: string; readonly all: boolean; readonly hangup: boolean }
  | { readonly name: "Answer"; readonly call: string; readonly device?: string }
  | { readonly name: "Decline"; readonly call: string; readonly code: number }
  | { readonly name: "Hold"; readonly call?: string }
  | { readonly name: "Resume"; readonly call?: string }
  /** With a user: somebody else in the conference. */
  | { readonly name: "Mute"; readonly call?: string; readonly user?: SipUri }
  | { readonly name: "Unmute"; readonly call?: string; readonly user?: SipUri }
  /** Asks for the floor, or no longer; with a user: lowers somebody else's hand. */
  | { readonly name: "Hand"; readonly raised: boolean; readonly call?: string; readonly user?: SipUri }
  | { readonly name: "Lock"; readonly call?: string }
  | { readonly name: "Unlock"; readonly call?: string }
  | { readonly name: "Dtmf"; readonly digits: string; readonly durationMs?: number; readonly call?: string }
  | {
      readonly name: "Invite";
      readonly invitees: readonly Invitee[];
      readonly call?: string;
      readonly device?: string;
    }
  | { readonly name: "Remove"; readonly users: readonly SipUri[]; readonly call?: string }
  | {
      readonly name: "Tunnel";
      readonly plugin: string;
      readonly channel?: string;
      readonly call?: string;
      readonly close: boolean;
      readonly data?: TunnelData;
    }
  /** Tries a device out. */
  | { readonly name: "Test"; readonly device: string }
  | { readonly name: "Devices" }
  | { readonly name: "Status" }
  | { readonly name: "Subscribe"; readonly topic: Topic; readonly id?: SipUri; readonly since?: number }
  | { readonly name: "Unsubscribe"; readonly sub: string }
  | {
      readonly name: "Choose";
      readonly prompt: string;
      readonly device?: string;
      readonly cancel: boolean;
      readonly remember: Remember;
    }
  | { readonly name: "WebPhone"; readonly dev: string; readonly label?: string }
  | {
      readonly name: "WebOffer";
      readonly dev: string;
      readonly session: string;
      readonly sdp?: Sdp;
      readonly error?: { readonly code: ErrorCode; readonly detail?: string };
    };

/** Whom to call and how to appear there. */
interface Target {
  readonly target: SipUri;
  readonly origin?: string;
  readonly display?: string;
  readonly muted?: boolean;
}

export type CommandName = Command["name"];
export type CommandOf<Name extends CommandName> = Extract<Command, { name: Name }>;

/** A command with what every command may carry. */
export interface Request {
  /** Chosen by the client; missing in the paper's own notation. */
  readonly req: string | undefined;
  /** How long the client waits for the Result. */
  readonly timeoutMs: number | undefined;
  readonly command: Command;
}

/** The namespace of version 1. */
export const API_NAMESPACE = "urn:partyline:api:1";
