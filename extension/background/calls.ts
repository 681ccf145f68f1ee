/** What the service says about calls and devices, read from its events. */
import { label } from "../label.ts";
import type { DeviceView } from "../messages.ts";
import { child, childrenOf, type XmlElement } from "./xml.ts";

export interface Call {
  readonly call: string;
  readonly uri: string;
  readonly state: string;
  readonly device?: string;
  readonly muted: boolean;
  readonly error?: { readonly code: string; readonly detail: string };
}

export function readCall(element: XmlElement): Call {
  const { call = "", id = "", state = "", dev, muted } = element.attributes;
  const error = child(element, "Error")?.attributes;
  return {
    call,
    uri: id,
    state,
    ...(dev !== undefined && { device: dev }),
    muted: muted === "true",
    ...(error && {
      error: { code: error["code"] ?? "internal", detail: label(error["detail"] ?? error["reason"], 256) },
    }),
  };
}

export function readDevice(element: XmlElement): DeviceView {
  const { dev = "", kind = "", name, state = "unknown" } = element.attributes;
  return {
    id: dev,
    kind,
    name: label(name, 64) || dev,
    state,
    chosen: element.attributes["default"] === "true",
  };
}

export interface Prompt {
  readonly prompt: string;
  readonly uri: string;
  readonly origin?: string;
  readonly expiresAt: number;
  readonly devices: readonly DeviceView[];
}

/** A question which device to use; it expires when the service says so. */
export function readPrompt(element: XmlElement, now: number): Prompt {
  const { prompt = "", id = "", origin, expires } = element.attributes;
  return {
    prompt,
    uri: id,
    ...(origin !== undefined && { origin }),
    expiresAt: now + 1000 * (Number(expires) || 60),
    devices: childrenOf(element, "Device").map(readDevice),
  };
}

/** The devices after one of them changed. */
export function mergeDevice(devices: readonly DeviceView[], changed: DeviceView): DeviceView[] {
  const known = devices.some((device) => device.id === changed.id);
  return known
    ? devices.map((device) => (device.id === changed.id ? changed : device))
    : [...devices, changed];
}
