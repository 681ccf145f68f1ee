/** All connections of one stack, each used both ways (RFC 3261 §18, RFC 5923). */
import type { Limits } from "../limits.ts";
import type { Hop } from "../message.ts";
import type { Admission } from "./admission.ts";
import type { Channel } from "./channel.ts";
import { Connection } from "./connection.ts";
import { dial } from "./dial.ts";
import type { Frame } from "./framer.ts";
import type { Trust } from "./trust.ts";

export interface ConnectionsOptions {
  /** Our own address. */
  readonly host: string;
  readonly limits: Limits;
  readonly trust: Trust;
  readonly admission: Admission;
  /** Returns false to have the connection closed. */
  onFrame(frame: Frame, source: Hop): boolean;
  /** A connection is gone, whoever closed it. */
  onClosed(peer: Hop): void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  /** By protocol, address and port; several only to one server of several domains. */
  readonly #byPeer = new Map<string, Connection[]>();
  /** By the name a peer gave itself that is in no DNS, and back. */
  readonly #byName = new Map<string, Connection>();
  readonly #nameOf = new Map<Connection, string>();
  /** Under which other key of `#byPeer` a connection is. */
  readonly #aliasOf = new Map<Connection, string>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Whether there is a connection that what goes to `hop` can use. */
  connected(hop: Hop): boolean {
    return this.#find(hop) !== undefined;
  }

  /** Opens a connection unless there is one; false when the peer does not take it within `withinMs`. */
  async reach(hop: Hop, withinMs: number): Promise<boolean> {
    return await this.#to(hop).opened(withinMs);
  }

  /** Over the connection there is, else over a new one; returns whether `bytes` may be written over. */
  send(bytes: Buffer, hop: Hop, onFailed: (error: Error) => void): boolean {
    return this.#to(hop).send(bytes, onFailed);
  }

  /** One that came to us. */
  take(channel: Channel, peer: Hop): void {
    // The request for a WebSocket was a first message already.
    const start = peer.protocol === "WS" || peer.protocol === "WSS" ? "idle" : "fresh";
    this.#adopt(channel, peer, start);
  }

  /** Keeps the flow to `hop` alive as long as it is there. */
  keepAlive(hop: Hop, everyMs?: number): void {
    this.#find(hop)?.keepAlive(everyMs);
  }

  /** From now on `name` leads back to the peer that calls itself so; the first to say it keeps it (RFC 7118 §5). */
  introduce(name: string, source: Hop): void {
    const connection = this.#find(source);
    if (!connection || this.#nameOf.has(connection) || this.#byName.has(name)) return;
    this.#byName.set(name, connection);
    this.#nameOf.set(connection, name);
  }

  /** The peer of this connection listens at this port, too, and wants to be asked over the connection (RFC 5923 §5). */
  alias(source: Hop, port: number): void {
    const connection = this.#find(source);
    const key = keyOf({ ...source, port });
    if (!connection?.accepted || this.#aliasOf.has(connection)) return;
    this.#aliasOf.set(connection, key);
    this.#add(key, connection);
  }

  /** The secure WebSocket there is to a peer that is to be reached by WebSocket. */
  secureSister(hop: Hop): Hop | undefined {
    if (hop.protocol !== "WS" || this.#find(hop)) return undefined;
    return this.#byPeer.get(keyOf({ ...hop, protocol: "WSS" }))?.find(({ usable }) => usable)?.peer;
  }

  named(name: string): Hop | undefined {
    return this.#byName.get(name)?.peer;
  }

  /** What was sent before still leaves. */
  finish(): void {
    for (const connection of [...this.#byPeer.values()].flat()) connection.finish();
  }

  #to(hop: Hop): Connection {
    const known = this.#find(hop);
    if (known) return known;
    const { admission } = this.#options;
    const connection = this.#adopt(dial(hop, this.#options), hop, "connecting", () =>
      admission.leave(hop.address),
    );
    admission.enter(hop.address);
    return connection;
  }

  #find(hop: Hop): Connection | undefined {
    return this.#byPeer.get(keyOf(hop))?.find((connection) => connection.usable && mayCarry(connection, hop));
  }

  #adopt(channel: Channel, peer: Hop, start: "connecting" | "fresh" | "idle", onLeft = () => {}): Connection {
    const { limits, admission, onFrame } = this.#options;
    const connection = new Connection(channel, {
      start,
      peer,
      limits,
      onFrame,
      onUnfinished: (bytes) => admission.keeps(bytes),
      onClosed: () => {
        onLeft();
        this.#forget(connection);
        // Those whose message never left hear first why.
        queueMicrotask(() => this.#options.onClosed(peer));
      },
    });
    this.#add(keyOf(peer), connection);
    return connection;
  }

  #add(key: string, connection: Connection): void {
    this.#byPeer.set(key, [...(this.#byPeer.get(key) ?? []), connection]);
  }

  #remove(key: string, connection: Connection): void {
    const left = this.#byPeer.get(key)?.filter((other) => other !== connection) ?? [];
    if (left.length > 0) this.#byPeer.set(key, left);
    else this.#byPeer.delete(key);
  }

  #forget(connection: Connection): void {
    this.#remove(keyOf(connection.peer), connection);
    const alias = this.#aliasOf.get(connection);
    this.#aliasOf.delete(connection);
    if (alias !== undefined) this.#remove(alias, connection);
    const name = this.#nameOf.get(connection);
    this.#nameOf.delete(connection);
    if (name !== undefined) this.#byName.delete(name);
  }
}

/** What is to be encrypted for one domain goes to nobody who has not proved to be it (RFC 5923 §5). */
function mayCarry(connection: Connection, hop: Hop): boolean {
  const { peer } = connection;
  if (hop === peer || (hop.protocol !== "TLS" && hop.protocol !== "WSS")) return true;
  // The very flow its peer opened: nobody can listen there beside it.
  if (hop.name === undefined && connection.accepted && hop.port === peer.port) return true;
  return connection.proves(hop.name ?? hop.address);
}

function keyOf({ protocol, address, port }: Hop): string {
  return `${protocol} ${address} ${port}`;
}
