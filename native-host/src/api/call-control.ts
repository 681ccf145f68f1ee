/** What the XML API needs of the SIP service; the service does not know that XML exists. */
import type { ErrorCode } from "../errors.ts";
import type { Sdp, SipUri } from "../sip/message.ts";
import type { Traced } from "../sip/trace.ts";
import type {
  Invited,
  InviteRequest,
  Joined,
  JoinRequest,
  OnCall,
  Switched,
  TunnelRequest,
} from "./requests.ts";

/** Handle of one connection to the API, as `<Welcome client>` names it. */
export type ClientId = string;
/** What a client may do beyond its own calls: end and change those of others, send SIP of its own. */
export type Right = "control" | "tunnel";
/** How a call is held: `loop` keeps the service between device and far end, `transfer` hands the device the call. */
export type Mode = "auto" | "loop" | "transfer";
export type CallState =
  | "choosing"
  | "calling-device"
  | "dialing"
  | "ringing"
  | "incoming"
  | "active"
  | "held"
  | "switching"
  | "transferred"
  | "ended";
export type DeviceKind = "softphone" | "sip" | "pstn" | "http" | "web";
export type DeviceState = "ready" | "busy" | "ringing" | "offline" | "unknown";
/** What a document says of its subject (RFC 4575 §4.4). */
export type DocumentState = "full" | "partial" | "deleted";
export type Topic =
  | "calls"
  | "devices"
  | "roster"
  | "talking"
  | "presence"
  | "prompts"
  | "trace"
  | "accounts";
export type MutedBy = "self" | "moderator";
export type Remember = "no" | "origin" | "always";
export type Fallback = "external" | "error" | "redial";

/** Why something ended or failed, as data: the code, what the SIP peer answered, and a sentence for people. */
export interface Failure {
  readonly code: ErrorCode;
  readonly sip?: number;
  readonly reason?: string;
  readonly detail?: string;
}

export interface CallView {
  /** Stable over a switch of far end or device. */
  readonly call: string;
  readonly id: SipUri;
  readonly display?: string;
  readonly dir: "out" | "in";
  readonly state: CallState;
  readonly dev?: string;
  readonly mode: "loop" | "transfer";
  /** The far end is a conference (`isfocus`, RFC 4579 §4). */
  readonly focus: boolean;
  /** The others do not hear the user. */
  readonly muted: boolean;
  /** Whose mute that is; only there while muted. A moderator's is for a moderator to lift. */
  readonly mutedBy?: MutedBy;
  /** The server of the conference is gone, and is being called again; only told while it is so. */
  readonly rejoining?: boolean;
  /** In the waiting room of the conference: somebody in it must let us in. */
  readonly waiting?: boolean;
  readonly secure?: string;
  readonly client?: ClientId;
  readonly since?: Date;
  readonly error?: Failure;
}

export interface DeviceView {
  readonly dev: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly state: DeviceState;
  readonly caps: readonly string[];
  readonly default: boolean;
}

/** One address at which the user is registered; why not, when that failed. */
export interface AccountView {
  readonly id: SipUri;
  readonly state: "registering" | "registered" | "failed" | "off";
  /** What the registrar answered last. */
  readonly sip?: number;
  readonly reason?: string;
}

export interface RosterEndpoint {
  readonly entity: string;
  readonly state: DocumentState;
  /** `connected` or `on-hold`, `dialing-out` or `alerting` … as RFC 4575 §5.7.2 has them. */
  readonly status?: string;
  readonly muted?: boolean;
  readonly talking?: boolean;
  /** Raised, to ask for the floor. */
  readonly hand?: boolean;
  readonly joined?: Date;
}

export interface RosterUser {
  readonly entity: string;
  readonly display?: string;
  readonly state: DocumentState;
  readonly role?: string;
  readonly me: boolean;
  readonly endpoints: readonly RosterEndpoint[];
}

/** RFC 4575 flattened, with its merge rules: a partial of version n + 1 is merged into version n. */
export interface RosterView {
  readonly conf: SipUri;
  readonly version: number;
  readonly state: "full" | "partial";
  /** People in the conference, listed here or not; who is still being called is listed and does not count. */
  readonly count: number;
  readonly title?: string;
  /** Nobody more is let in (RFC 4575 §5.2). */
  readonly locked?: boolean;
  readonly users: readonly RosterUser[];
}

/** One member of a conference: there, or gone. */
export interface PresenceView {
  readonly conf: SipUri;
  readonly entity: string;
  readonly display?: string;
  readonly here: boolean;
}

/** A question to the user: with which device shall `id` be called? */
export interface PromptView {
  readonly prompt: string;
  readonly id: SipUri;
  readonly origin?: string;
  /** Seconds until the call is cancelled for want of an answer. */
  readonly expiresS: number;
  readonly devices: readonly DeviceView[];
}

export type ServiceEvent =
  | { readonly name: "Call"; readonly call: CallView }
  | { readonly name: "Account"; readonly account: AccountView }
  | { readonly name: "Device"; readonly device: DeviceView }
  | { readonly name: "Roster"; readonly roster: RosterView }
  | { readonly name: "Talking"; readonly conf: SipUri; readonly entity: string; readonly on: boolean }
  /** Somebody is in the conference, or no longer. */
  | { readonly name: "Presence"; readonly presence: PresenceView }
  | { readonly name: "Prompt"; readonly prompt: PromptView }
  /** That question is answered, withdrawn or too old: nobody need show it any more. */
  | { readonly name: "PromptOver"; readonly prompt: string }
  /** A SIP message that was sent or heard. */
  | { readonly name: "Trace"; readonly message: Traced }
  /** The subscription is over. */
  | { readonly name: "Ended"; readonly error?: Failure };

/** All methods fail with ServiceError; whatever else they throw is answered as `internal`. */
export interface CallControl {
  join(request: JoinRequest & { readonly device: string; readonly mode: Mode }): Promise<Joined>;
  /** Asks the user for the device through whoever follows `prompts`, unless a choice is remembered. */
  externalJoin(request: JoinRequest & { readonly mode: Mode }): Promise<Joined>;
  switchTo(request: JoinRequest & { readonly call?: string; readonly fallback: Fallback }): Promise<Switched>;
  /** `signal`: the command's time is over; the call stays with the device it has. */
  useDevice(request: OnCall & { readonly device: string; readonly signal?: AbortSignal }): Promise<void>;
  /** Without `hangup` the device is parked for a following Join. */
  leave(request: OnCall & { readonly all: boolean; readonly hangup: boolean }): Promise<void>;
  mute(request: OnCall & { readonly muted: boolean }): Promise<void>;
  choose(request: {
    readonly prompt: string;
    readonly device?: string;
    readonly cancel: boolean;
    readonly remember: Remember;
    readonly client: ClientId;
  }): void;
  /** Puts a call that comes in through to a device, chosen by the user when not named. */
  answer(request: {
    readonly call: string;
    readonly device?: string;
    readonly client: ClientId;
    readonly signal: AbortSignal;
  }): Promise<Joined>;
  /** Refuses a call that comes in, with this SIP status (400 to 699). */
  decline(request: {
    readonly call: string;
    readonly code: number;
    readonly client: ClientId;
  }): Promise<void>;
  hold(request: OnCall & { readonly held: boolean }): Promise<void>;
  /** Plays digits to the far end; `,` is a second of silence. Resolves when the last one is over. */
  dtmf(
    request: OnCall & { readonly digits: string; readonly durationMs?: number; readonly signal: AbortSignal },
  ): Promise<void>;
  /** Closes the conference to those who are not in it, or opens it again. */
  lock(request: OnCall & { readonly locked: boolean }): Promise<void>;
  /** Silences somebody else in the conference. */
  muteUser(request: OnCall & { readonly user: SipUri; readonly muted: boolean }): Promise<void>;
  /** Raises or lowers the user's hand in the conference, or lowers that of somebody else. */
  hand(request: OnCall & { readonly raised: boolean; readonly user?: SipUri }): Promise<void>;
  /** Brings people into the current conference, which is made when there is none. */
  invite(request: InviteRequest): Promise<Invited>;
  /** Expels people from the current conference. */
  remove(request: OnCall & { readonly users: readonly SipUri[] }): Promise<void>;
  tunnel(request: TunnelRequest): Promise<{ readonly channel: string }>;
  /** Tries the device out: it is called, hears a tone and is heard. Resolves with a sentence for people. */
  testDevice(request: {
    readonly device: string;
    readonly client: ClientId;
    readonly signal: AbortSignal;
  }): Promise<string>;
  /** A client connected; calls of others are out of its reach without the right `control`. */
  clientCame(client: ClientId, rights: readonly Right[]): void;
  /** Asks the phones that can be asked whether they are there; resolves in half a second, never rejects. */
  checkDevices(): Promise<void>;
  devices(): readonly DeviceView[];
  calls(): readonly CallView[];
  accounts(): readonly AccountView[];
  /** The client is a browser that can be a phone; the callbacks reach that browser while it is connected. */
  webPhone(request: {
    readonly dev: string;
    readonly name?: string;
    readonly client: ClientId;
    ring(session: string): void;
    hangup(session: string): void;
  }): void;
  /** The browser's offer for a session it was rung for, answered; or why it cannot. */
  webOffer(request: {
    readonly dev: string;
    readonly session: string;
    readonly sdp?: Sdp;
    readonly error?: { readonly code: ErrorCode; readonly detail?: string };
  }): Promise<Sdp | undefined>;
  /** Cancels the client's open prompts, not its calls. */
  clientGone(client: ClientId): void;
  /** Emits the full state at once, then every change; returns how to stop. */
  subscribe(
    topic: Topic,
    about: { readonly id?: SipUri | undefined; readonly client: ClientId },
    emit: (event: ServiceEvent) => void,
  ): () => void;
}
