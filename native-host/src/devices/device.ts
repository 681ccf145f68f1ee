/** What the service knows of a phone: how it is named, made ready, and brought onto a call. */

import type { ExtraHeaders } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import type { MediaPort } from "./media-port.ts";

export type DeviceKind = "softphone" | "sip" | "pstn" | "http" | "web";

/** `busy` and `ringing` are the service's to say: it knows the calls. */
export type DeviceReadiness = "ready" | "offline" | "unknown";

export type Codec = "PCMU" | "PCMA";

/** One phone the user may talk through. */
export interface Device {
  readonly id: string;
  readonly kind: DeviceKind;
  /** For people; from the configuration or the browser, at most 256 characters. */
  readonly name: string;
  /** Tokens of the API: loop transfer dial answer hangup hold mute dtmf events. */
  readonly caps: readonly string[];
  readonly readiness: DeviceReadiness;
  /** Whether its media run through our relay, which then keeps it one continuous stream. */
  readonly anchored: boolean;
  /** Makes the phone ready; resolves with where and how it answers. Throws ServiceError `device-*`. */
  wake(signal: AbortSignal): Promise<DeviceEnd>;
  /** As `wake`, to ring for a call that comes in: nothing is started for it; undefined where nothing runs that rings. */
  bell?(signal: AbortSignal): Promise<DeviceEnd | undefined>;
  /** Asks the phone whether it is there, which may change `readiness`; resolves in half a second at most, never rejects. */
  check?(): Promise<void>;
  /**
   * Has the phone call `target` by itself (transfer mode). Throws ServiceError `device-*`, or SipError with what the
   * target answered. Without it there is loop mode only.
   */
  dial?(target: SipUri, options: DialOptions): Promise<DialledCall>;
  /** Tries it out without a call, for phones that are not called; resolves with a sentence. Throws ServiceError. */
  probe?(signal: AbortSignal): Promise<string>;
  /** The service ends: release what the wrapper holds. */
  close?(): Promise<void>;
}

export interface DialOptions {
  /** Who asks, for Referred-By (RFC 3892). */
  readonly from?: SipUri;
  /** The far end rings. */
  readonly onRinging?: () => void;
  readonly signal: AbortSignal;
}

/** A call the phone made by itself. What it offers can still be asked of it; nothing after a REFER (RFC 3515). */
export interface DialledCall {
  /** Set by the owner: the phone says that the call is over. Only phones that report do. */
  onEnded: (reason: string) => void;
  hangUp?(): Promise<void>;
  setHeld?(held: boolean): Promise<void>;
  setMuted?(muted: boolean): Promise<void>;
  dtmf?(digits: string): Promise<void>;
}

/** A phone that is awake. */
export interface DeviceEnd {
  /** Where an INVITE reaches it; a phone without one can only be anchored. */
  readonly address?: SipUri;
  /** Headers that make it answer by itself. */
  readonly headers: ExtraHeaders;
  /** Whether it can ring for a call that comes in: without `headers` it waits to be picked up. */
  readonly rings?: boolean;
  /** Calls the phone with media of ours; resolves when it has answered. Throws ServiceError `device-*`. */
  connect(options: ConnectOptions): Promise<DeviceLeg>;
}

export interface ConnectOptions {
  /** Codecs to offer, best first; one alone when the far end has already chosen. */
  readonly codecs: readonly Codec[];
  /** Rings for this long instead of answering by itself: somebody picks it up. */
  readonly ringMs?: number;
  /** Whose call it rings for, as the phone's display shows it. */
  readonly from?: { readonly name?: string; readonly uri: SipUri };
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
