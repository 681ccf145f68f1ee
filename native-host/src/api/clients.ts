/** Everybody who is connected, by whatever carriage: handles are given here, and here the service says goodbye to all. */
import { randomBytes } from "node:crypto";
import type { CallControl, Right } from "./call-control.ts";
import { ClientConnection, type Log, type Wire } from "./connection.ts";
import { Departed } from "./departed.ts";
import type { Party } from "./gate.ts";

export interface ClientsOptions {
  readonly service: CallControl;
  /** Name and version, for Welcome. */
  readonly name: string;
  readonly log?: Log;
}

const MAX_CLIENTS = 64;

export class Clients {
  readonly #options: ClientsOptions;
  readonly #here = new Map<Wire, ClientConnection>();
  readonly #departed = new Departed();
  /** Tells handles of this run of the service from those of another. */
  readonly #run = randomBytes(8).toString("hex");
  #count = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#here.size;
  }

  /** Takes in a client with these rights until its wire is gone; undefined when there are too many. */
  admit(wire: Wire, rights: readonly Right[]): Party | undefined {
    if (this.#here.size >= MAX_CLIENTS) return undefined;
    this.#count += 1;
    const client = `k${this.#count}`;
    const connection = new ClientConnection({
      ...this.#options,
      client,
      resume: `${client}.${this.#run}`,
      rights,
      departed: this.#departed,
      wire,
    });
    this.#here.set(wire, connection);
    return {
      receive: (text) => connection.receive(text),
      refuse: (why) => connection.refuse(why),
      finish: () => connection.finish(),
      shutDown: () => connection.shutDown(),
      drained: () => connection.drained(),
      close: () => {
        this.#here.delete(wire);
        connection.close();
      },
    };
  }

  /** Answers everything open with `shutting-down`. */
  shutDown(): void {
    for (const connection of this.#here.values()) connection.shutDown();
    this.#departed.close();
  }
}
