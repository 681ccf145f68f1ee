/** What a server counts for Prometheus: of its process, and of the SIP it speaks. */

import { Counter, collectDefaultMetrics, Registry } from "prom-client";
import type { Watch } from "#sip/trace.ts";

/** A stack's `onTrace`. */
export type OnTrace = Watch["trace"];

/** Each other method is "other", so that nobody makes names of his own here. */
const METHODS: ReadonlySet<string> = new Set(
  "INVITE ACK BYE CANCEL OPTIONS REGISTER SUBSCRIBE NOTIFY REFER INFO UPDATE PRACK MESSAGE PUBLISH".split(
    " ",
  ),
);

/** How fine the delay of the event loop is seen; it is a clock that ticks so often. */
const LAG_PRECISION_MS = 20;

export class Metrics {
  readonly registry = new Registry();
  readonly #watchers: OnTrace[] = [];
  readonly #requests: Counter<"direction" | "method">;
  readonly #responses: Counter<"direction" | "class">;

  constructor(server: string) {
    const { registry } = this;
    registry.setDefaultLabels({ server });
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
    this.#requests = new Counter({
      name: "partyline_sip_requests_total",
      help: "SIP requests, each time they were sent or heard",
      labelNames: ["direction", "method"],
      registers: [registry],
    });
    this.#responses = new Counter({
      name: "partyline_sip_responses_total",
      help: "SIP responses, each time they were sent or heard",
      labelNames: ["direction", "class"],
      registers: [registry],
    });
  }

  /** Sees every message that is sent or heard; `trace` must not throw. */
  watch(trace: OnTrace): void {
    this.#watchers.push(trace);
  }

  /** The `onTrace` of the stack. */
  readonly trace: OnTrace = (direction, message, hop) => {
    if ("method" in message) this.#requests.inc({ direction, method: methodOf(message.method) });
    else this.#responses.inc({ direction, class: `${Math.trunc(message.status / 100)}xx` });
    for (const watcher of this.#watchers) watcher(direction, message, hop);
  };

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

function methodOf(method: string): string {
  return METHODS.has(method) ? method : "other";
}
