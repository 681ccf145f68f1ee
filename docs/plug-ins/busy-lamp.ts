/**
 * A busy-lamp field: for each address a client names, whether its phone is idle, ringing or busy, by the dialog event
 * package (RFC 4235). The client opens a tunnel and says the addresses, one a line; each change comes as `ADDRESS STATE`.
 */

import type { PluginSubscription, TunnelChannel, TunnelContext, TunnelPlugin } from "partyline/plugin";

type Lamp = "idle" | "ringing" | "busy" | "unknown";

/** States of a dialog (RFC 4235 §3.7.1). */
const RINGS = ["trying", "proceeding", "early"];
const MOST_ADDRESSES = 32;

export const plugin: TunnelPlugin = {
  name: "busy-lamp",
  rights: ["subscribe"],
  open: (context) => new BusyLamps(context),
};

class BusyLamps implements TunnelChannel {
  readonly #context: TunnelContext;
  readonly #watched = new Map<string, PluginSubscription>();

  constructor(context: TunnelContext) {
    this.#context = context;
  }

  data(_type: string, body: Uint8Array): void {
    const named = new TextDecoder().decode(body).split(/\s+/).filter(Boolean);
    const fresh = [...new Set(named)].filter((address) => !this.#watched.has(address));
    if (this.#watched.size + fresh.length > MOST_ADDRESSES)
      throw new Error(`${MOST_ADDRESSES} lamps at most`);
    for (const address of fresh) this.#watch(address);
  }

  close(): void {
    // The subscriptions end with the channel.
  }

  #watch(address: string): void {
    const dialogs = new Map<string, string>();
    const subscription = this.#context.subscribe(address, {
      event: "dialog",
      accept: "application/dialog-info+xml",
      onNotify: (_type, document) => {
        merge(dialogs, document);
        this.#show(address, lampOf(dialogs.values()));
      },
      onEnded: () => {
        this.#watched.delete(address);
        this.#show(address, "unknown");
      },
    });
    this.#watched.set(address, subscription);
  }

  #show(address: string, lamp: Lamp): void {
    this.#context.emit("text/plain", new TextEncoder().encode(`${address} ${lamp}`));
  }
}

/** A full document is all there is; a partial one names the dialogs that changed (RFC 4235 §4.3). */
function merge(dialogs: Map<string, string>, document: string): void {
  if (/<(?:[\w.-]+:)?dialog-info\b[^>]*\bstate="full"/.test(document)) dialogs.clear();
  for (const [, id = "", inside = ""] of document.matchAll(
    /<(?:[\w.-]+:)?dialog\b[^>]*\bid="([^"]*)"[^>]*>([\s\S]*?)<\/(?:[\w.-]+:)?dialog>/g,
  )) {
    const [, state = "terminated"] = /<(?:[\w.-]+:)?state\b[^>]*>\s*([a-z]+)\s*</.exec(inside) ?? [];
    if (state === "terminated") dialogs.delete(id);
    else dialogs.set(id, state);
  }
}

function lampOf(states: Iterable<string>): Lamp {
  const all = [...states];
  if (all.includes("confirmed")) return "busy";
  return all.some((state) => RINGS.includes(state)) ? "ringing" : "idle";
}
