/** Plug-ins and reactions of the configuration, wired to the service and the log. */

import type { Logger } from "pino";
import { Actions } from "./actions/actions.ts";
import { Occasions } from "./actions/occasions.ts";
import type { CallControl } from "./api/call-control.ts";
import { ClientConnection } from "./api/connection.ts";
import type { Config } from "./config.ts";
import { loadPlugins } from "./tunnel/load.ts";
import type { Granted } from "./tunnel/tunnels.ts";

/** Who the service's own reactions are, as a client of its API. */
const CLIENT = "actions";

/** The plug-ins that can be used; what is wrong with the others is logged. */
export function openPlugins({ plugins = [] }: Config, log: Logger): Promise<readonly Granted[]> {
  return loadPlugins(plugins, (trouble) => log.error({ err: trouble }, trouble.message));
}

export interface Reactions {
  readonly service: CallControl;
  readonly plugins: readonly Granted[];
  readonly log: Logger;
  /** Shows a text to the user. */
  notify(text: string): void;
}

/** Does what the configuration wants done, for as long as the service runs. */
export function startActions({ actions = [] }: Config, { service, plugins, log, notify }: Reactions): void {
  if (actions.length === 0) return;
  const connection = ownConnection(service, log);
  const performed = new Actions({
    actions,
    plugins: plugins.map(({ plugin }) => plugin),
    notify,
    send: (document) => connection.receive(document),
    onTrouble: (what, err) => log.warn({ err }, what),
  });
  const occasions = new Occasions((occasion) => performed.happened(occasion));
  for (const topic of ["calls", "presence"] as const)
    service.subscribe(topic, { client: CLIENT }, (event) => occasions.happened(event));
}

/** A client of the API in this process; it reads nothing but refusals, for the log. */
function ownConnection(service: CallControl, log: Logger): ClientConnection {
  return new ClientConnection({
    client: CLIENT,
    rights: ["control", "tunnel"],
    service,
    name: "partyline",
    log,
    wire: {
      send: (document) => {
        if (document.includes('status="error"')) log.warn({ document }, "a command of an action was refused");
      },
      queuedBytes: 0,
      end: () => undefined,
      cut: () => undefined,
    },
  });
}
