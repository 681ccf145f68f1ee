/** Tunnel: low-level SIP for clients that need it, through plug-ins the user configured (paper §IV; promise W7). */

import type { ClientId } from "../api/call-control.ts";
import type { TunnelData, TunnelRequest } from "../api/requests.ts";
import { ServiceError } from "../errors.ts";
import type { Call } from "../service/call.ts";
import { Context, type Requester } from "./context.ts";
import { isKnownHost } from "./outgoing.ts";
import type { PluginRight, TunnelChannel, TunnelPlugin } from "./plugin.ts";

/** A plug-in of the configuration, and what it grants it. */
export interface Granted {
  readonly plugin: TunnelPlugin;
  readonly rights: ReadonlySet<PluginRight>;
}

/** A call as a tunnel needs it; its far end may be another one after a switch. */
export type TunnelledCall = Pick<Call, "view" | "over" | "far" | "end" | "farRequests">;

export interface TunnelsOptions {
  readonly plugins: readonly Granted[];
  readonly agent: Requester;
  /** Whether this client may use tunnels at all. */
  mayTunnel(client: ClientId): boolean;
  /** The call a client means by a handle. Throws ServiceError. */
  call(name: string, client: ClientId): TunnelledCall;
  /** Whom the user has to do with: requests may go to their hosts without the right `transport`. */
  known(): readonly { readonly id: string }[];
}

/** Open at once, for one client. */
const MOST_CHANNELS = 16;

interface Open {
  readonly client: ClientId;
  readonly plugin: string;
  readonly channel: TunnelChannel;
  readonly over: AbortController;
}

export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #granted: ReadonlyMap<string, Granted>;
  readonly #channels = new Map<string, Open>();
  #count = 0;

  constructor(options: TunnelsOptions) {
    this.#options = options;
    this.#granted = new Map(options.plugins.map((one) => [one.plugin.name, one]));
  }

  clientGone(client: ClientId): void {
    for (const [name, open] of this.#channels) if (open.client === client) this.#close(name, open);
  }

  /** Opens a channel or uses one; resolves with its name. Throws ServiceError. */
  async tunnel(request: TunnelRequest): Promise<{ readonly channel: string }> {
    if (!this.#options.mayTunnel(request.client)) throw new ServiceError("tunnel-denied", []);
    const named = this.#named(request);
    const [channel, open] = named ?? (await this.#open(request));
    try {
      if (request.data) await this.#give(open, request.data);
    } catch (refused) {
      // The client does not learn the name of a new one.
      if (!named) this.#close(channel, open);
      throw refused;
    }
    if (request.close) this.#close(channel, open);
    return { channel };
  }

  close(): void {
    for (const [name, open] of this.#channels) this.#close(name, open);
  }

  #named({ channel, client }: TunnelRequest): [string, Open] | undefined {
    if (channel === undefined) return undefined;
    const open = this.#channels.get(channel);
    if (open?.client !== client) throw new ServiceError("bad-request", [`there is no channel "${channel}"`]);
    return [channel, open];
  }

  async #open(request: TunnelRequest): Promise<[string, Open]> {
    const { client } = request;
    const granted = this.#plugin(request.plugin);
    const { plugin } = granted;
    if (!plugin.open) throw new ServiceError("no-such-plugin", [plugin.name]);
    const own = [...this.#channels.values()].filter((open) => open.client === client);
    if (own.length >= MOST_CHANNELS)
      throw new ServiceError("limit-exceeded", [`${MOST_CHANNELS} tunnels of one client`]);
    this.#count += 1;
    const name = `t${this.#count}`;
    const over = new AbortController();
    const context = this.#context(request, { granted, over, name });
    try {
      const open: Open = { client, plugin: plugin.name, channel: await plugin.open(context), over };
      this.#channels.set(name, open);
      over.signal.addEventListener("abort", () => this.#close(name, open), { once: true });
      if (over.signal.aborted) this.#close(name, open);
      return [name, open];
    } catch (cause) {
      over.abort();
      throw asRefusal(plugin.name, cause);
    }
  }

  #plugin(name: string): Granted {
    const granted = this.#granted.get(name);
    if (granted) return granted;
    // The built-in one is there, but not allowed.
    throw name === "sip" ? new ServiceError("tunnel-denied", []) : new ServiceError("no-such-plugin", [name]);
  }

  #context(
    request: TunnelRequest,
    {
      granted,
      over,
      name,
    }: { readonly granted: Granted; readonly over: AbortController; readonly name: string },
  ): Context {
    const call = request.call === undefined ? undefined : this.#options.call(request.call, request.client);
    call?.over.addEventListener("abort", () => over.abort(), { once: true, signal: over.signal });
    const { agent, known } = this.#options;
    const mayReach = (uri: string) => isKnownHost(uri, known());
    const emit = (data: TunnelData) => {
      if (!over.signal.aborted) request.emit(name, data);
    };
    return new Context({ agent, call, mayReach, emit, rights: granted.rights, signal: over.signal });
  }

  async #give({ channel, plugin }: Open, { type, body }: TunnelData): Promise<void> {
    try {
      await channel.data(type, body);
    } catch (cause) {
      throw asRefusal(plugin, cause);
    }
  }

  #close(name: string, open: Open): void {
    if (!this.#channels.delete(name)) return;
    open.over.abort();
    try {
      open.channel.close();
    } catch {
      // Its own matter: the channel is closed all the same.
    }
  }
}

/** A mistake of a plug-in is told as one: it is not ours, and its author reads it. */
function asRefusal(plugin: string, cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ServiceError("bad-request", [`the plug-in ${plugin} says: ${why}`], { cause });
}
