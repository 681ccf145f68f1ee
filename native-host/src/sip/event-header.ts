/** The Event header: which package, which of several subscriptions to it, and how often (RFC 6665 §8.4, RFC 6446 §8). */
import { oneLine, parseParameters } from "./header-values.ts";
import { type SipMessage, textHeader } from "./message.ts";

export interface EventHeader {
  /** Lower case, "" when there is none. */
  readonly name: string;
  readonly id: string | undefined;
  /** NOTIFYs in a second: not more, not fewer. */
  readonly maxRate: number | undefined;
  readonly minRate: number | undefined;
  /** Not fewer on average. */
  readonly adaptiveMinRate: number | undefined;
}

export function eventOf(message: SipMessage): EventHeader {
  const { value, params } = parseParameters(textHeader(message, "event") ?? "");
  return {
    name: value.toLowerCase(),
    id: params.get("id"),
    maxRate: rate(params.get("max-rate")),
    minRate: rate(params.get("min-rate")),
    adaptiveMinRate: rate(params.get("adaptive-min-rate")),
  };
}

/** Whether both name the same subscription of a dialog (RFC 6665 §8.2.1). */
export function sameEvent(one: EventHeader, other: EventHeader): boolean {
  return one.name === other.name && one.id === other.id;
}

export function formatEvent({ name, id }: Pick<EventHeader, "name" | "id">): string {
  return oneLine(id === undefined ? name : `${name};id=${id}`);
}

function rate(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d{1,6}(?:\.\d{1,10})?$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : undefined;
}
