/** What every call of the service is to those who list, change and end it, whoever carries its media. */

import type { CallState, CallView, ClientId } from "../api/call-control.ts";
import type { Codec, Device } from "../devices/device.ts";
import type { ServiceError } from "../errors.ts";
import type { Caller } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import type { CallerIdentity, Destination, FarEnd } from "./far-end.ts";
import type { FarRequests } from "./far-requests.ts";
import type { MediaPath } from "./media-path.ts";
import type { Roster, Subscriber } from "./roster.ts";

export interface Call {
  readonly id: string;
  /** Who made it; nobody for a call that came in. */
  readonly client: ClientId | undefined;
  readonly state: CallState;
  /** Aborted when the call is over, whoever ended it. */
  readonly over: AbortSignal;
  readonly device: Device | undefined;
  readonly view: CallView;
  readonly roster: Roster | undefined;
  /** The conference we are in, if the far end is one. */
  readonly conference: SipUri | undefined;
  /** Our leg to the far end; none before it answered, nor in a call that was handed to its device. */
  readonly far: FarEnd | undefined;
  /** What the far end asks beyond the call itself; none where there is no far leg of ours. */
  readonly farRequests?: FarRequests;
  /** From of the current or coming far leg. */
  readonly from: CallerIdentity;
  /** Handed to its device for good: we could not even end it. */
  readonly outOfReach: boolean;
  /** Whether a switch has something to move: a far end is there, or being called. */
  readonly movable: boolean;
  /** Whether the device is in this call, or on its way into it. */
  holds(device: Device): boolean;
  /** Exchanges the far end under the device; resolves with the gap at the device in ms. Throws ServiceError. */
  switchTo(to: NewFarEnd, signal: AbortSignal): Promise<number>;
  /**
   * Puts another device in the place of this one, which stays on a failure; resolves with the call that goes on under
   * the same name, where it is another one. Throws ServiceError.
   */
  useDevice(device: Device, options: LineOptions): Promise<Call | undefined>;
  setMuted(muted: boolean): Promise<void>;
  /** Puts the far end on hold, or takes it off. Throws ServiceError. */
  setHeld(held: boolean): Promise<void>;
  /** Plays digits to the far end; resolves when the last one is over. Throws ServiceError. */
  dtmf(tones: Tones): Promise<void>;
  /** What is done to a call that was handed to its device; missing in others. Throws ServiceError `switch-failed`, `switch-lost`. */
  redial?(to: NewFarEnd, signal: AbortSignal): Promise<void>;
  /** Ends both sides; idempotent, resolves when all have heard it. */
  end(error?: ServiceError): Promise<void>;
  /** Ends the far leg; `keep` is given the device first, in silence on the line, or it is hung up where it cannot be kept. */
  park(keep: (parked: ParkedDevice) => void): Promise<void>;
  dump(): Record<string, unknown>;
}

/** For a device that is called into a call. */
export interface LineOptions {
  readonly signal: AbortSignal;
  /** Resolves when its line is free; it is taken for this call from the first moment. */
  readonly lineFree?: Promise<void> | undefined;
}

/** `0-9A-D*#`, and `,` for a second of silence. */
export interface Tones {
  readonly digits: string;
  /** Of each, in ms; 100 when missing. */
  readonly durationMs?: number;
  readonly signal: AbortSignal;
}

export interface CallOptions {
  readonly id: string;
  readonly client: ClientId | undefined;
  readonly target: SipUri;
  readonly display?: string | undefined;
  readonly muted: boolean;
  /** `out` when missing. */
  readonly dir?: CallView["dir"];
  /** As whom we speak, where that is known already. */
  readonly from?: CallerIdentity;
}

/** What every call of the service is given to live on. */
export interface CallSurroundings {
  readonly caller: Caller;
  readonly subscriber: Subscriber;
  /** Our address towards far ends, a literal one. */
  readonly mediaHost: string;
  /** What a device is offered, best first; all we have when undefined. */
  readonly codecs: readonly Codec[] | undefined;
  /** The call looks different now: its view, or its device's. */
  readonly onChange: (call: Call) => void;
  readonly onRoster: () => void;
  /** Something failed that nobody waits for. */
  readonly onTrouble: (what: string, cause: unknown) => void;
}

/** Whom a call is moved to, and under which name it is listed from then on. */
export type NewFarEnd = Destination & { readonly display?: string | undefined };

/** A device already on the line, in silence, for a call to take over. */
export interface ParkedDevice {
  readonly device: Device;
  readonly path: MediaPath;
}
