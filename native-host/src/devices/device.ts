/** What the service knows of a phone: how it is named, made ready, and brought onto a call. */

import type { ExtraHeaders } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import type { MediaPort } from "./media-port.ts";

export type DeviceKind = "softphone" | "sip" | "web";

/** `busy` and `ringing` are the service's to say: it knows the calls. */
export type DeviceReadiness = "ready" | "offline" | "unknown";

export type Codec = "PCMU" | "PCMA";

/** One phone the user may talk through. */
export interface Device {
  readonly id: string;
  readonly kind: DeviceKind;
  /** For people; from the configuration or the browser, at most 256 characters. */
  readonly name: string;
  readonly caps: readonly string[];
  readonly readiness: DeviceReadiness;
  /** Whether its media run through our relay, which then keeps it one continuous stream. */
  readonly anchored: boolean;
  /** Makes the phone ready; resolves with where and how it answers. Throws ServiceError `device-*`. */
  wake(signal: AbortSignal): Promise<DeviceEnd>;
  /** The service ends: release what the wrapper holds. */
  close?(): Promise<void>;
}

/** A phone that is awake. */
export interface DeviceEnd {
  /** Where an INVITE reaches it; a phone without one can only be anchored. */
  readonly address?: SipUri;
  /** Headers that make it answer by itself. */
  readonly headers: ExtraHeaders;
  /** Calls the phone with media of ours; resolves when it has answered. Throws ServiceError `device-*`. */
  connect(options: ConnectOptions): Promise<DeviceLeg>;
}

export interface ConnectOptions {
  /** Codecs to offer, best first; one alone when the far end has already chosen. */
  readonly codecs: readonly Codec[];
  readonly signal: AbortSignal;
}

/** A phone on the line, its media with us. */
export interface DeviceLeg {
  readonly port: MediaPort;
  readonly codec: Codec;
  /** Payload type of the codec towards the phone; its usual one when missing. */
  readonly payload?: number;
  /** Payload type of telephone-event towards and from the phone (RFC 4733). */
  readonly telephoneEvent: number | undefined;
  /** Set by the owner: the phone hung up, or was lost. Not called after hangUp. */
  onEnded: (reason: string) => void;
  /** Set by the owner: the payload types are others now. */
  onChanged?: () => void;
  /** Idempotent; never throws. */
  hangUp(reason?: string): Promise<void>;
}
