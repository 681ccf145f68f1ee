/** What clients ask of calls, and what they get: the requests of `CallControl`, their fields checked already. */
import type { SipUri } from "../sip/message.ts";
import type { ClientId, Failure } from "./call-control.ts";

export interface JoinRequest {
  readonly target: SipUri;
  /** The web page that asks, set by the extension; decides whose remembered choice and consent apply. */
  readonly origin?: string;
  /** Name to show in that conference; missing with an origin: anonymous; missing without: the configured identity. */
  readonly display?: string;
  readonly muted?: boolean;
  readonly client: ClientId;
  /** Aborted when the command ran out of time; a client that goes away is told by `clientGone`. */
  readonly signal: AbortSignal;
  /** Called once, before the first event of the call. */
  onAccepted(call: string): void;
}

export interface Joined {
  readonly call: string;
  /** The conference, when the far end is one. */
  readonly conf?: SipUri;
}

export interface Switched extends Joined {
  /** How long the device heard nothing new, in ms. */
  readonly gapMs: number;
}

/** Which call a command is about: the client's current one when none is named. */
export interface OnCall {
  readonly call?: string;
  readonly client: ClientId;
}

/** Somebody who is to come into the conference. */
export interface Invitee {
  readonly id: SipUri;
  readonly display?: string;
}

export interface InviteRequest extends OnCall {
  readonly invitees: readonly Invitee[];
  /** The device of a call that must be made first; the user is asked when missing. */
  readonly device?: string;
  readonly signal: AbortSignal;
  onAccepted(call: string): void;
}

/** How far one invitee has come; `referred` when the conference took the wish and tells no more. */
export interface InviteeState {
  readonly id: SipUri;
  readonly state: "joined" | "ringing" | "failed" | "referred";
  readonly error?: Failure;
}

export interface Invited extends Joined {
  readonly invitees: readonly InviteeState[];
}

/** What a plug-in is told or tells: a media type and its bytes. */
export interface TunnelData {
  readonly type: string;
  readonly body: Uint8Array;
}

export interface TunnelRequest extends OnCall {
  /** `sip` is built in. */
  readonly plugin: string;
  /** An open channel; a new one is opened when missing. */
  readonly channel?: string;
  readonly close: boolean;
  readonly data?: TunnelData;
  /** What the plug-in says on this channel, until it is closed or the client is gone. */
  emit(channel: string, data: TunnelData): void;
}
