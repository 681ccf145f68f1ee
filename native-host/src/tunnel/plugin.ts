/**
 * What a plug-in of the SIP service is written against: the paper's "add-on plugin implementing the interface", for SIP
 * flows that no command of the XML API has. A plug-in is a module named in the user's configuration (docs/plug-ins.md).
 */

import type { CallView } from "../api/call-control.ts";

/**
 * What a plug-in may do. `request`: send requests and answer those of a call's far end; `dialog`: among them BYE, REFER and
 * NOTIFY, which change or end what others have made; `subscribe`: follow event packages (RFC 6665); `transport`: reach
 * hosts that are neither of the user's accounts nor in his calls.
 */
export type PluginRight = "request" | "dialog" | "subscribe" | "transport";

/** Header names as one likes; values of one line. Those of routing and identity are the service's and refused. */
export type PluginHeaders = Readonly<Record<string, string>>;

export interface PluginRequest {
  readonly method: string;
  /** Whom it is for; in a channel with a call it goes to the call's far end, whatever this says. */
  readonly uri: string;
  readonly headers?: PluginHeaders;
  /** Its media type is the Content-Type header; `text/plain` when missing. */
  readonly body?: string;
}

export interface PluginResponse {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: PluginHeaders;
  readonly body?: string;
}

export interface PluginSubscription {
  /** Unsubscribes; never rejects. */
  end(): Promise<void>;
}

export interface PluginSubscribe {
  /** The event package: `dialog`, `message-summary`. */
  readonly event: string;
  /** Media types that are read. */
  readonly accept: string;
  readonly expiresS?: number;
  /** Each NOTIFY with a body. */
  onNotify(type: string, body: string): void;
  /** It is over and not by end(). */
  onEnded(reason: string): void;
}

/** What the service is to a plug-in, for the life of one channel. Every method throws ServiceError `tunnel-denied` without its right. */
export interface TunnelContext {
  /** The call the client named, as it was then. */
  readonly call?: CallView;
  /** Aborted when the channel is closed: by the client, with the client, or with the call. */
  readonly signal: AbortSignal;
  /** Sends one request; resolves with its final response, 408 when there is none. Throws ServiceError. */
  send(request: PluginRequest): Promise<PluginResponse>;
  /** Answers later requests of that method from the call's far end. */
  onRequest(
    method: string,
    handler: (request: PluginRequest) => PluginResponse | Promise<PluginResponse>,
  ): void;
  subscribe(target: string, options: PluginSubscribe): PluginSubscription;
  /** Tells the client, as `<Tunnel><Data>`. */
  emit(type: string, body: Uint8Array): void;
}

/** One open tunnel between a client and the plug-in. */
export interface TunnelChannel {
  /** What the client sent. Throw ServiceError to refuse it; the client's Result does not wait for more than this returns. */
  data(type: string, body: Uint8Array): void | Promise<void>;
  close(): void;
}

/** What happened, for a reaction of the configuration (`actions`). */
export interface Occasion {
  readonly when: string;
  /** Who called, came or went: an address, perhaps anonymous. */
  readonly who: string;
  /** Which call or conference it is about. */
  readonly where: string;
}

export interface TunnelPlugin {
  readonly name: string;
  /** What it needs; the configuration must grant each. */
  readonly rights: readonly PluginRight[];
  /** One for each tunnel; without it the plug-in is for `actions` only. */
  open?(context: TunnelContext): TunnelChannel | Promise<TunnelChannel>;
  /** Functions that `actions` of the configuration may name. */
  readonly reactions?: Readonly<Record<string, (occasion: Occasion) => void | Promise<void>>>;
}

/** What a plug-in's module exports as `plugin`: the plug-in, or a function that makes it of its `options` in the configuration. */
export type PluginExport = TunnelPlugin | ((options: unknown) => TunnelPlugin | Promise<TunnelPlugin>);
