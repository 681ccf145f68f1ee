/** What the service says about calls and devices, read from its events. */
import { spoken } from "../call-uri.ts";
import { label } from "../label.ts";
import type { DeviceView } from "../messages.ts";
import { child, childrenOf, type XmlElement } from "./xml.ts";

export interface Call {
  readonly call: string;
  readonly uri: string;
  /** The name the far end gives itself, or its address. */
  readonly who: string;
  readonly dir: "in" | "out";
  readonly state: string;
  readonly device?: string;
  readonly muted: boolean;
  /** A moderator of the conference has muted the user, and only one can lift it. */
  readonly mutedByModerator: boolean;
  /** The far end is a conference. */
  readonly focus: boolean;
  readonly rejoining: boolean;
  readonly waiting: boolean;
  readonly error?: { readonly code: string; readonly detail: string; readonly reason: string };
}

export function readCall(element: XmlElement): Call {
  const { call = "", id = "", display, dir, state = "", dev } = element.attributes;
  const is = (attribute: string) => element.attributes[attribute] === "true";
  const error = child(element, "Error")?.attributes;
  return {
    call,
    uri: id,
    who: label(display, 64) || spoken(id),
    dir: dir === "in" ? "in" : "out",
    state,
    ...(dev !== undefined && { device: dev }),
    muted: is("muted"),
    mutedByModerator: is("muted") && element.attributes["muted-by"] === "moderator",
    focus: is("focus"),
    rejoining: is("rejoining"),
    waiting: is("waiting"),
    ...(error && {
      error: {
        code: error["code"] ?? "internal",
        detail: label(error["detail"] ?? error["reason"], 256),
        reason: label(error["reason"], 64),
      },
    }),
  };
}

/** A call that comes in and is not answered yet. */
export function comesIn({ dir, state }: Call): boolean {
  return dir === "in" && (state === "incoming" || state === "calling-device");
}

export function readDevice(element: XmlElement): DeviceView {
  const { dev = "", kind = "", name, state = "unknown", caps = "" } = element.attributes;
  return {
    id: dev,
    kind,
    name: label(name, 64) || dev,
    state,
    chosen: element.attributes["default"] === "true",
    caps: caps.split(" ").filter(Boolean).slice(0, 16),
  };
}

export interface Prompt {
  readonly prompt: string;
  readonly uri: string;
  readonly origin?: string;
  /** The call it is about, where the service has one already. */
  readonly call?: string;
  readonly expiresAt: number;
  readonly devices: readonly DeviceView[];
}

/** A question which device to use; it expires when the service says so. `calls` are those known, oldest first. */
export function readPrompt(element: XmlElement, now: number, calls: readonly Call[]): Prompt {
  const { prompt = "", id = "", origin, expires } = element.attributes;
  const call = callOf(id, calls);
  return {
    prompt,
    uri: id,
    ...(origin !== undefined && { origin }),
    ...(call && { call: call.call }),
    expiresAt: now + 1000 * (Number(expires) || 60),
    devices: childrenOf(element, "Device").map(readDevice),
  };
}

// A telephone number is asked about as it was dialled, while its call already has the gateway's address.
function callOf(uri: string, calls: readonly Call[]): Call | undefined {
  const waits = ({ state }: Call) => state === "choosing" || state === "incoming";
  const waiting = calls.filter(waits).toReversed();
  const same = waiting.find((call) => call.uri === uri);
  return same ?? (uri.startsWith("tel:") ? waiting.find(({ state }) => state === "choosing") : undefined);
}

/** The devices after one of them changed. */
export function mergeDevice(devices: readonly DeviceView[], changed: DeviceView): DeviceView[] {
  const known = devices.some((device) => device.id === changed.id);
  return known
    ? devices.map((device) => (device.id === changed.id ? changed : device))
    : [...devices, changed];
}
