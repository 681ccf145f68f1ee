/** The stack as one channel of a plug-in sees it, within the rights that the configuration grants. */

import type { CallView } from "../api/call-control.ts";
import type { TunnelData } from "../api/requests.ts";
import { ServiceError } from "../errors.ts";
import type { Body } from "../sip/header-values.ts";
import type { InDialogAnswer } from "../sip/leg.ts";
import type { SipRequest, SipResponse } from "../sip/message.ts";
import type { SubscribeOptions, Subscription } from "../sip/subscribe.ts";
import { isSipUri } from "../sip/uri.ts";
import type { RequestOptions, UserAgent } from "../sip/user-agent.ts";
import { checkOutgoing, shownHeaders } from "./outgoing.ts";
import type {
  PluginRequest,
  PluginResponse,
  PluginRight,
  PluginSubscribe,
  PluginSubscription,
  TunnelContext,
} from "./plugin.ts";
import type { TunnelledCall } from "./tunnels.ts";

/** The user agent, as far as plug-ins use it. */
export type Requester = Pick<UserAgent, "request" | "subscribe">;

interface ContextOptions {
  readonly agent: Requester;
  readonly call: TunnelledCall | undefined;
  readonly rights: ReadonlySet<PluginRight>;
  readonly signal: AbortSignal;
  mayReach(uri: string): boolean;
  emit(data: TunnelData): void;
}

/** Waiting for an answer, of one channel. */
const MOST_OPEN = 16;
const MOST_SUBSCRIPTIONS = 32;

export class Context implements TunnelContext {
  readonly call?: CallView;
  readonly signal: AbortSignal;
  readonly #options: ContextOptions;
  readonly #subscriptions = new Set<Subscription>();
  #open = 0;

  constructor(options: ContextOptions) {
    this.#options = options;
    this.signal = options.signal;
    if (options.call) this.call = options.call.view;
    this.signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  async send(request: PluginRequest): Promise<PluginResponse> {
    const { rights, call } = this.#options;
    checkOutgoing(request, rights);
    this.signal.throwIfAborted();
    if (this.#open >= MOST_OPEN)
      throw new ServiceError("limit-exceeded", [`${MOST_OPEN} requests of one tunnel at a time`]);
    this.#open += 1;
    try {
      return call ? await this.#sendInDialog(call, request) : await this.#sendOutside(request);
    } finally {
      this.#open -= 1;
    }
  }

  onRequest(
    method: string,
    handler: (request: PluginRequest) => PluginResponse | Promise<PluginResponse>,
  ): void {
    const { rights, call } = this.#options;
    if (!rights.has("request")) throw new ServiceError("tunnel-denied", []);
    if (!call) throw new ServiceError("wrong-state", ["a tunnel without a call hears no requests"]);
    if (!call.farRequests) throw new ServiceError("no-control", [call.view.call]);
    const remove = call.farRequests.add(method.toUpperCase(), async (request) =>
      inDialogAnswer(await handler(pluginRequest(request))),
    );
    this.signal.addEventListener("abort", remove, { once: true });
  }

  subscribe(target: string, options: PluginSubscribe): PluginSubscription {
    if (!this.#options.rights.has("subscribe")) throw new ServiceError("tunnel-denied", []);
    this.signal.throwIfAborted();
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS)
      throw new ServiceError("limit-exceeded", [`${MOST_SUBSCRIPTIONS} subscriptions of one tunnel`]);
    const subscription = this.#options.agent.subscribe(this.#reachable(target), this.#heard(options));
    this.#subscriptions.add(subscription);
    return {
      end: () => {
        this.#subscriptions.delete(subscription);
        return subscription.end();
      },
    };
  }

  emit(type: string, body: Uint8Array): void {
    this.#options.emit({ type, body });
  }

  #heard({ event, accept, expiresS, onNotify, onEnded }: PluginSubscribe): SubscribeOptions {
    return {
      event,
      accept,
      ...(expiresS !== undefined && { expiresS }),
      onNotify: ({ type, content }) => onNotify(type, content),
      onEnded,
    };
  }

  async #sendInDialog(call: TunnelledCall, request: PluginRequest): Promise<PluginResponse> {
    const leg = call.far?.leg;
    if (!leg) throw new ServiceError("wrong-state", ["the call has no far end"]);
    // A call has two ends to be told: it is ended as a whole.
    if (request.method === "BYE") {
      await call.end();
      return { status: 200, reason: "OK" };
    }
    return pluginResponse(await leg.request(request.method, bodyOf(request), request.headers));
  }

  async #sendOutside(request: PluginRequest): Promise<PluginResponse> {
    const { method, uri, headers } = request;
    const body = bodyOf(request);
    const options: RequestOptions = { ...(headers && { headers }), ...(body && { body }) };
    return pluginResponse(await this.#options.agent.request(method, this.#reachable(uri), options));
  }

  #reachable(uri: string) {
    if (!isSipUri(uri)) throw new ServiceError("bad-uri", [uri.slice(0, 80), "it is not a SIP URI"]);
    const { rights, mayReach } = this.#options;
    if (!rights.has("transport") && !mayReach(uri)) throw new ServiceError("tunnel-denied", []);
    return uri;
  }

  #end(): void {
    for (const subscription of this.#subscriptions) void subscription.end();
    this.#subscriptions.clear();
  }
}

function bodyOf({ headers = {}, body = "" }: PluginRequest): Body | undefined {
  if (body === "") return undefined;
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  return { type: type ?? "text/plain", content: body };
}

function pluginRequest({ method, uri, headers, content }: SipRequest): PluginRequest {
  return { method, uri, headers: shownHeaders(headers), ...(content !== "" && { body: content }) };
}

function pluginResponse({ status, reason, headers, content }: SipResponse): PluginResponse {
  return { status, reason, headers: shownHeaders(headers), ...(content !== "" && { body: content }) };
}

function inDialogAnswer({ status, reason, headers, body }: PluginResponse): InDialogAnswer {
  const right = Number.isInteger(status) && status >= 200 && status <= 699;
  return {
    status: right ? status : 500,
    ...(reason !== undefined && { reason }),
    ...(headers && { headers }),
    ...(body !== undefined && { content: body }),
  };
}
