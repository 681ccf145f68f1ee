/** How the media of a call run: through our relay, or from device to far end directly. */

import type { DeviceEnd } from "../devices/device.ts";
import type { KeyPress } from "../rtp/telephone-event.ts";
import type { Direction } from "../sdp/session.ts";
import type { Sdp } from "../sip/message.ts";
import type { SharedLine, Waiting } from "./shared-line.ts";

/** One far end's media, from our offer to its end. */
export interface FarMedia {
  /** Set by the owner of the leg: the device's own offer to this far end, where media run directly. */
  onOffer: (offer: Sdp) => Promise<Sdp>;
  /** What an INVITE or re-INVITE to this far end says, given what we want of it. */
  offer(wish: Direction): Sdp;
  /** The far end answered. Throws ServiceError when nothing can be heard so, or the device refuses it. */
  answered(answer: Sdp): Promise<void>;
  /** Makes the device hear this far end; resolves when it does. */
  hear(): Promise<void>;
  /** The far end's own re-INVITE. Throws SipError 488. */
  offered(offer: Sdp): Promise<Sdp>;
  /** Plays one key press into our stream to the far end (RFC 4733). Throws ServiceError; missing where we have no stream. */
  press?(key: KeyPress): Promise<void>;
  close(): void;
}

export interface MediaPath {
  /** Set by the owner: the device hung up or was lost. */
  onEnded: (reason: string) => void;
  /** What we want of the far end: nothing is sent while the user is muted, nothing heard while the call is on hold. */
  wish: Direction;
  /** Whether `wish` takes effect by itself; without it the far end must be told. */
  readonly gates: boolean;
  /** Calls the device; resolves when a far end may be invited. Throws ServiceError `device-*`. */
  connect(end: DeviceEnd, signal: AbortSignal): Promise<void>;
  /** Room for one more far end. */
  openFar(): Promise<FarMedia>;
  /**
   * Puts another device in the place of this one, the far end none the wiser; on a refusal the old one stays. Throws
   * ServiceError `device-*`. Missing where the far end must be told.
   */
  replaceDevice?(end: DeviceEnd, signal: AbortSignal): Promise<void>;
  /** Set by the owner, for a path whose line can be shared: what is done when the device was hung up on another call. */
  waiting?: Waiting;
  /** The device's line for another call beside this one; missing, or undefined, where it cannot be shared. */
  share?(): SharedLine | undefined;
  /** The device hears this call now, of those that share its line. */
  turnLine?(): void;
  /** Watches the stream to the device; the function returned ends that and says the largest gap in ms. */
  measureGap(): () => number;
  /** Keeps the device on the line, in silence; says whether this path can. */
  park(): boolean;
  /** Ends the device's leg and all media; idempotent. */
  hangUp(reason?: string): Promise<void>;
  dump(): Record<string, unknown>;
}
