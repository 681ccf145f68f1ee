/** A way in for clients: a Unix socket, a TCP port, a WebSocket port. */
import { once } from "node:events";
import type { Server } from "node:net";
import type { Right } from "./call-control.ts";
import type { Log, Wire } from "./connection.ts";
import type { Party } from "./gate.ts";

/** The port cannot be opened; the message is one sentence with what to do. */
export class DoorError extends Error {
  override readonly name = "DoorError";
}

export interface Door {
  /** Undefined where there is no port. */
  readonly port: number | undefined;
  /** Lets nobody more in; resolves when everybody has left. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  cutAll(): void;
}

export interface DoorOptions {
  readonly admit: (wire: Wire) => Party | undefined;
  /** How long a client may take for its first document, and for any once begun. */
  readonly patienceMs: number;
  readonly log?: Log;
}

/** A port on this machine only, and what must be shown there. */
export interface PortOptions {
  /** 0 for any. */
  readonly port: number;
  readonly token: string;
  readonly rights: readonly Right[];
}

/** Nobody on another machine reaches a port that is opened here. */
export const LOOPBACK = "127.0.0.1";

/** Listens, or throws what `listen` ends in: DoorError for a port that is taken. */
export async function listening(server: Server, where: { path: string } | { host: string; port: number }) {
  server.listen(where);
  try {
    await once(server, "listening");
  } catch (cause) {
    const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    if (!taken || !("port" in where)) throw cause;
    throw new DoorError(`Port ${where.port} for the API is taken; choose another in the configuration.`, {
      cause,
    });
  }
}

/** The port a server listens on. */
export function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === "object" ? address?.port : undefined;
}
